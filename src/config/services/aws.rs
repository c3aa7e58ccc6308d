//! `s3_signing` and `aws_signing`: which keys sign, with what of them the environment says.

use std::path::{Path, PathBuf};

use ::http::Uri;

use super::Reader;
use crate::config::section::Section;
use crate::http::credentials::TokenSource;
use crate::http::credentials::aws::{
    AssumeRole, Config, Container, DOMAIN, Instance, Keys, Profile, Provider, Source, Sso, Version,
    WebIdentity,
};

/// The machine's metadata service.
const INSTANCE: &str = "http://169.254.169.254";
/// The container's credentials endpoint, where the environment names a path alone.
const CONTAINER: &str = "http://169.254.170.2";
/// Who may be asked without TLS for a container's keys, beside this machine.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
/// The name of a session, unless the configuration says otherwise: OPA's.
const SESSION: &str = "open-policy-agent";

/// Whether the environment has what a section needs, or why it cannot be used.
type Usable<T> = Result<T, String>;

// === impl Reader ===

impl Reader<'_> {
    /// Reads the section of keys for `service`, unless it names another one.
    pub(super) fn aws(&mut self, section: &Section<'_>, service: &str) -> Option<Config> {
        let version = match section.text("signature_version") {
            None | Some("4") => Version::V4,
            Some("4a") => Version::V4a,
            Some(_) => {
                let message = "expected `4` or `4a`";
                return self.wrong_key(section, "signature_version", message);
            }
        };
        // The order is OPA's, wherever the sections stand.
        let kinds = [
            "environment_credentials",
            "assume_role_credentials",
            "web_identity_credentials",
            "profile_credentials",
            "sso_credentials",
            "metadata_credentials",
        ];
        let providers = self.usable(section, &kinds, |reader, kind, inside| match kind {
            "assume_role_credentials" => reader.assume_role(inside).map(Provider::AssumeRole),
            "web_identity_credentials" => reader.web_identity(inside).map(Provider::WebIdentity),
            "sso_credentials" => reader.sso(inside).map(Provider::Sso),
            other => reader.source(other, inside).map(Provider::Source),
        })?;
        let ecr = match self.endpoint_variable("AWS_ENDPOINT_URL_ECR") {
            Ok(endpoint) => endpoint,
            Err(reason) => return self.wrong(section, reason),
        };
        Some(Config {
            service: section.text("service").unwrap_or(service).to_owned(),
            version,
            providers,
            ecr,
        })
    }

    /// What can be used of the sections `kinds` in `section`. None can never be: that is wrong.
    fn usable<T>(
        &mut self,
        section: &Section<'_>,
        kinds: &[&str],
        read: impl Fn(&mut Self, &str, &Section<'_>) -> Usable<T>,
    ) -> Option<Vec<T>> {
        let mut usable = Vec::new();
        let mut unusable = Vec::new();
        for kind in kinds {
            let inside = section.section(kind);
            if !inside.is_there() {
                continue;
            }
            match read(self, kind, &inside) {
                Ok(one) => usable.push(one),
                Err(reason) => unusable.push((inside, reason)),
            }
        }
        if !usable.is_empty() {
            for (inside, reason) in unusable {
                let message = format!("without effect: {reason}");
                self.report.note(inside.line(), &inside.path, &message);
            }
            return Some(usable);
        }
        if unusable.is_empty() {
            let message = format!("expected at least one of {}", kinds.join(", "));
            return self.wrong(section, message);
        }
        for (inside, reason) in unusable {
            self.report.error(inside.line(), &inside.path, reason);
        }
        None
    }

    fn source(&mut self, kind: &str, section: &Section<'_>) -> Usable<Source> {
        match kind {
            "environment_credentials" => self.environment().map(Source::Environment),
            "profile_credentials" => self.profile(section).map(Source::Profile),
            _ => self.metadata(section),
        }
    }

    fn environment(&self) -> Usable<Keys> {
        let token = self.variable("AWS_SESSION_TOKEN");
        let token = token.or_else(|| self.variable("AWS_SECURITY_TOKEN"));
        Ok(Keys {
            access_key: self.needed("AWS_ACCESS_KEY_ID")?,
            secret_key: self.needed("AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: token.unwrap_or_default().into(),
            region: self.needed("AWS_REGION")?,
        })
    }

    fn profile(&self, section: &Section<'_>) -> Usable<Profile> {
        Ok(Profile {
            path: self.shared_file(section, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
            profile: self.profile_name(section),
            region: self.region(section)?,
        })
    }

    fn sso(&self, section: &Section<'_>) -> Usable<Sso> {
        let cache = match section.path_buf("cache") {
            Some(cache) => cache,
            None => self.home()?.join(".aws/sso/cache"),
        };
        Ok(Sso {
            path: self.shared_file(section, "AWS_CONFIG_FILE", "config")?,
            cache,
            profile: self.profile_name(section),
            region: self.region(section)?,
            portal: self.endpoint_variable("AWS_ENDPOINT_URL_SSO")?,
            oidc: self.endpoint_variable("AWS_ENDPOINT_URL_SSO_OIDC")?,
        })
    }

    fn metadata(&self, section: &Section<'_>) -> Usable<Source> {
        let region = self.region(section)?;
        if let Some(role) = section.text("iam_role") {
            let base = self.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
            let base = base.as_deref().unwrap_or(INSTANCE).trim_end_matches('/');
            return Ok(Source::Instance(Instance {
                token_url: url(&format!("{base}/latest/api/token"))?,
                keys_url: url(&format!(
                    "{base}/latest/meta-data/iam/security-credentials/{role}"
                ))?,
                region,
            }));
        }
        let relative = self.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let url = match relative {
            Some(path) => url(&format!("{CONTAINER}{path}"))?,
            None => container(&self.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok_or(
                "expected `iam_role`, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI in the environment",
            )?)?,
        };
        let file = self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let token = file.map(|file| TokenSource::File(file.into()));
        let text = || self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        Ok(Source::Container(Container {
            url,
            token: token.or_else(|| text().map(TokenSource::Text)),
            region,
        }))
    }

    fn assume_role(&mut self, section: &Section<'_>) -> Usable<AssumeRole> {
        let signing = section.section("aws_signing");
        let kinds = [
            "environment_credentials",
            "profile_credentials",
            "metadata_credentials",
        ];
        let sources = self.usable(&signing, &kinds, Self::source);
        let role = section.text("iam_role_arn").map(str::to_owned);
        let role = role.or_else(|| self.variable("AWS_ROLE_ARN"));
        Ok(AssumeRole {
            endpoint: self.sts(section)?,
            region: self.region(section)?,
            role: role.ok_or("expected `iam_role_arn`, or AWS_ROLE_ARN in the environment")?,
            session: section.text("session_name").unwrap_or(SESSION).to_owned(),
            sources: sources.ok_or("`aws_signing` says of no keys that could ask for the role")?,
        })
    }

    fn web_identity(&self, section: &Section<'_>) -> Usable<WebIdentity> {
        Ok(WebIdentity {
            endpoint: self.sts(section)?,
            region: self.region(section)?,
            role: self.needed("AWS_ROLE_ARN")?,
            session: section.text("session_name").unwrap_or(SESSION).to_owned(),
            token: self.needed("AWS_WEB_IDENTITY_TOKEN_FILE")?.into(),
        })
    }

    fn sts(&self, section: &Section<'_>) -> Usable<Uri> {
        if let Some(endpoint) = self.endpoint_variable("AWS_ENDPOINT_URL_STS")? {
            return Ok(endpoint);
        }
        let domain = section.text("aws_domain").map(str::to_owned);
        let domain = domain.or_else(|| self.variable("AWS_DOMAIN"));
        let domain = domain.as_deref().unwrap_or(DOMAIN);
        let region = section
            .text("aws_region")
            .map(|region| format!("{region}."));
        url(&format!(
            "https://sts.{}{domain}/",
            region.unwrap_or_default()
        ))
    }

    /// Where a service of Amazon's is asked in place of its address, as Amazon's own tools read it.
    pub(super) fn endpoint_variable(&self, name: &str) -> Usable<Option<Uri>> {
        let said = self.variable(name);
        let endpoint = said.map(|said| url(&format!("{}/", said.trim_end_matches('/'))));
        endpoint
            .transpose()
            .map_err(|error| format!("{name} of the environment: {error}"))
    }

    fn region(&self, section: &Section<'_>) -> Usable<String> {
        let region = section.text("aws_region").map(str::to_owned);
        region
            .or_else(|| self.variable("AWS_REGION"))
            .ok_or_else(|| "expected `aws_region`, or AWS_REGION in the environment".to_owned())
    }

    fn profile_name(&self, section: &Section<'_>) -> String {
        let profile = section.text("profile").map(str::to_owned);
        let profile = profile.or_else(|| self.variable("AWS_PROFILE"));
        profile.unwrap_or_else(|| "default".to_owned())
    }

    fn shared_file(&self, section: &Section<'_>, variable: &str, name: &str) -> Usable<PathBuf> {
        let path = section.path_buf("path");
        match path.or_else(|| self.variable(variable).map(PathBuf::from)) {
            Some(path) => Ok(path),
            None => Ok(self.home()?.join(".aws").join(name)),
        }
    }

    fn home(&self) -> Usable<PathBuf> {
        let home = self.needed("HOME")?;
        Ok(Path::new(&home).to_owned())
    }

    fn needed(&self, variable: &str) -> Usable<String> {
        let missing = || format!("{variable} is missing in the environment");
        self.variable(variable).ok_or_else(missing)
    }
}

fn url(text: &str) -> Usable<Uri> {
    let url: Option<Uri> = text.parse().ok();
    url.filter(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some())
        .ok_or_else(|| format!("`{text}` is no URL with http or https"))
}

/// Where a container's keys come from. They are asked for without TLS on this machine only, and where Amazon has them.
fn container(text: &str) -> Usable<Uri> {
    let url = url(text)?;
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = bare.parse().ok();
    let near = host == "localhost"
        || CONTAINER_HOSTS.contains(&host)
        || address.is_some_and(|address| address.is_loopback());
    if near || url.scheme_str() == Some("https") {
        return Ok(url);
    }
    Err(format!(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to `{host}` without TLS; expected https, or this machine"
    ))
}
