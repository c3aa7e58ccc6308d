//! `services`, with their credentials, into [`ServiceConfig`]s.

use std::path::PathBuf;
use std::time::Duration;

use super::problem::Report;
use super::section::Section;
use super::sources::is_url;
use super::variables::Strings;
use crate::http::ServiceConfig;
use crate::http::credentials::{Credentials, TokenSource, azure, bearer, client_tls, gcp};

mod aws;
mod oauth2;

/// What reading credentials needs beside their section.
struct Reader<'r> {
    env: &'r dyn Strings,
    report: &'r mut Report,
}

pub(super) fn read(
    root: &Section<'_>,
    env: &dyn Strings,
    report: &mut Report,
) -> Vec<ServiceConfig> {
    let keys = root.section("keys");
    let mut reader = Reader { env, report };
    root.section("services")
        .members()
        .map(|(name, section)| reader.service(name, &section, &keys))
        .collect()
}

// === impl Reader ===

impl Reader<'_> {
    fn service(&mut self, name: &str, section: &Section<'_>, keys: &Section<'_>) -> ServiceConfig {
        let url = section.text("url").unwrap_or_default();
        if !is_url(url) {
            let message = "expected a URL that begins with http:// or https://";
            self.wrong_key::<()>(section, "url", message);
        }
        let tls = section.section("tls");
        let registry = section.text("type") == Some("oci");
        let credentials = section.section("credentials");
        let (ca_cert, system_ca_required) =
            self.authorities(&tls, &credentials.section("client_tls"));
        ServiceConfig {
            name: name.to_owned(),
            url: url.to_owned(),
            headers: self.headers(&section.section("headers")),
            allow_insecure_tls: section.flag("allow_insecure_tls"),
            response_header_timeout: seconds(section, "response_header_timeout_seconds"),
            ca_cert,
            system_ca_required,
            registry,
            credentials: self.credentials(&credentials, keys).unwrap_or_default(),
        }
    }

    /// The authorities of `tls`, or of `client_tls`, which OPA reads as well.
    fn authorities(&mut self, tls: &Section<'_>, client: &Section<'_>) -> (Option<PathBuf>, bool) {
        if tls.text("ca_cert").is_some() && client.text("ca_cert").is_some() {
            let message = "authorities stand in `tls.ca_cert` already; keep one of them";
            self.wrong_key::<()>(client, "ca_cert", message);
        }
        let system = tls.flag("system_ca_required") || client.flag("system_ca_required");
        let ca_cert = tls.path_buf("ca_cert");
        (ca_cert.or_else(|| client.path_buf("ca_cert")), system)
    }

    fn headers(&mut self, section: &Section<'_>) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        for (name, value) in section.members() {
            let text = value.own_text().unwrap_or_default();
            if ::http::HeaderName::from_bytes(name.as_bytes()).is_err()
                || ::http::HeaderValue::from_str(text).is_err()
            {
                self.wrong::<()>(&value, "not a header's name and value");
            }
            headers.push((name.to_owned(), text.to_owned()));
        }
        headers
    }

    fn credentials(&mut self, section: &Section<'_>, keys: &Section<'_>) -> Option<Credentials> {
        let kinds: Vec<(&str, Section<'_>)> = section.members().collect();
        let (kind, inside) = match kinds.as_slice() {
            [] => return None,
            [one] => one,
            _ => {
                return self.wrong(section, "a service has at most one kind of credentials");
            }
        };
        match *kind {
            "bearer" => self.bearer(inside).map(Credentials::Bearer),
            "client_tls" => self.client_tls(inside).map(Credentials::ClientTls),
            "oauth2" => {
                let oauth2 = self.oauth2(inside, keys)?;
                Some(Credentials::OAuth2(Box::new(oauth2)))
            }
            "s3_signing" => self.aws(inside, "s3").map(Credentials::S3Signing),
            "gcp_metadata" => self.gcp(inside).map(Credentials::GcpMetadata),
            "azure_managed_identity" => {
                let resource = inside.text("resource").unwrap_or(STORAGE);
                let azure = self.azure(inside, resource)?;
                Some(Credentials::AzureManagedIdentity(azure))
            }
            _ => None,
        }
    }

    fn bearer(&mut self, section: &Section<'_>) -> Option<bearer::Config> {
        let token = match (section.text("token"), section.path_buf("token_path")) {
            (Some(token), None) => TokenSource::Text(token.to_owned()),
            (None, Some(path)) => TokenSource::File(path),
            _ => return self.wrong(section, "expected one of `token` and `token_path`"),
        };
        let encode = section.section("encode").is_there();
        Some(bearer::Config {
            token,
            scheme: section.text("scheme").unwrap_or("Bearer").to_owned(),
            encode: encode.then(|| section.flag("encode")),
        })
    }

    fn client_tls(&mut self, section: &Section<'_>) -> Option<client_tls::Config> {
        let files = (section.path_buf("cert"), section.path_buf("private_key"));
        let (Some(cert), Some(private_key)) = files else {
            return self.wrong(section, "expected both `cert` and `private_key`");
        };
        Some(client_tls::Config {
            cert,
            private_key,
            passphrase: section.text("private_key_passphrase").map(Into::into),
            reread: seconds(section, "cert_reread_interval_seconds"),
        })
    }

    fn gcp(&mut self, section: &Section<'_>) -> Option<gcp::Config> {
        let scopes: Vec<&str> = section.texts("scopes").into_iter().map(|it| it.1).collect();
        let endpoint = section.text("endpoint").unwrap_or(gcp::ENDPOINT);
        let (kind, path, default, field, value) = match section.text("audience") {
            Some(audience) if scopes.is_empty() => {
                let path = section.text("id_token_path");
                (
                    gcp::Kind::Identity,
                    path,
                    gcp::ID_TOKEN_PATH,
                    "audience",
                    audience.to_owned(),
                )
            }
            None if !scopes.is_empty() => {
                let path = section.text("access_token_path");
                (
                    gcp::Kind::Access,
                    path,
                    gcp::ACCESS_TOKEN_PATH,
                    "scopes",
                    scopes.join(","),
                )
            }
            _ => return self.wrong(section, "expected one of `audience` and `scopes`"),
        };
        let url = gcp::url(endpoint, path.unwrap_or(default), field, &value);
        match url.filter(|_| is_url(endpoint)) {
            Some(url) => Some(gcp::Config { url, kind }),
            None => self.wrong_key(section, "endpoint", "endpoint and path make no URL"),
        }
    }

    fn azure(&mut self, section: &Section<'_>, resource: &str) -> Option<azure::Config> {
        let from_env = self
            .env
            .get("IDENTITY_ENDPOINT")
            .filter(|it| !it.is_empty());
        let app = section.text("endpoint").is_none() && from_env.is_some()
            || section.flag("use_app_service_msi");
        let endpoint = section.text("endpoint").map(str::to_owned);
        let endpoint = endpoint.or(from_env);
        let endpoint = endpoint.as_deref().unwrap_or(azure::ENDPOINT);
        let version = if app { "2019-08-01" } else { "2018-02-01" };
        let url = azure::url(
            endpoint,
            &[
                ("api-version", section.text("api_version").or(Some(version))),
                ("client_id", section.text("client_id")),
                ("mi_res_id", section.text("mi_res_id")),
                ("object_id", section.text("object_id")),
                ("resource", Some(resource)),
            ],
        );
        let Some(url) = url.filter(|_| is_url(endpoint)) else {
            return self.wrong_key(section, "endpoint", "not a URL with http or https");
        };
        let identity_header = self.env.get("IDENTITY_HEADER").filter(|_| app);
        if app && identity_header.is_none() {
            let message = "IDENTITY_HEADER of the environment is missing, which goes with the App Service's endpoint";
            return self.wrong(section, message);
        }
        Some(azure::Config {
            url,
            identity_header: identity_header.map(Into::into),
        })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).filter(|value| !value.is_empty())
    }

    /// Reports what is wrong with `section` as a whole.
    fn wrong<T>(&mut self, section: &Section<'_>, message: impl Into<String>) -> Option<T> {
        self.report.error(section.line(), &section.path, message);
        None
    }

    /// Reports what is wrong with its key `name`.
    fn wrong_key<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        message: impl Into<String>,
    ) -> Option<T> {
        let (line, path) = (section.line_of(name), section.path_of(name));
        self.report.error(line, &path, message);
        None
    }
}

/// What tokens of Azure are for, unless the configuration says otherwise.
const STORAGE: &str = "https://storage.azure.com/";

fn seconds(section: &Section<'_>, name: &str) -> Duration {
    Duration::from_secs(section.count(name).unwrap_or_default())
}
