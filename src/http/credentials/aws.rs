//! `s3_signing`: requests to Amazon's services signed by version 4 or 4a, with keys from where the configuration says.
//!
//! Providers are tried in order; the first that gives keys wins. Keys with an end are kept until shortly before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::Uri;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use regate_rego::builtins::aws as signature;

use super::kept::{Kept, Lent, Obtained};
use super::{Secret, authorize, header};
use crate::http::client::{Question, Transport};

mod canonical;
mod ecr;
mod metadata;
pub mod profile;
mod sso;
mod sts;
pub mod xml;

pub use metadata::{Container, Instance};
pub use profile::Profile;
pub use sso::Sso;
pub use sts::{AssumeRole, WebIdentity};

/// The domain of Amazon's services, unless the configuration or the environment says otherwise.
pub const DOMAIN: &str = "amazonaws.com";

/// `credentials.s3_signing`, and `aws_signing` where something else asks Amazon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `service`: `s3` by default.
    pub service: String,
    /// `signature_version`.
    pub version: Version,
    /// Where keys come from, in the order in which they are tried.
    pub providers: Vec<Provider>,
    /// Where passwords of registries are asked for with `service: ecr`; none: at the address in the region of the keys.
    pub ecr: Option<Uri>,
}

/// `signature_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `4`: for one region.
    V4,
    /// `4a`: for all regions.
    V4a,
}

/// Where keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// `environment_credentials`, or another one that needs nobody else's keys.
    Source(Source),
    /// `assume_role_credentials`.
    AssumeRole(AssumeRole),
    /// `web_identity_credentials`.
    WebIdentity(WebIdentity),
    /// `sso_credentials`.
    Sso(Sso),
}

/// Where keys come from that somebody else's are not needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `environment_credentials`.
    Environment(Keys),
    /// `profile_credentials`.
    Profile(Profile),
    /// `metadata_credentials` with a role: the machine's.
    Instance(Instance),
    /// `metadata_credentials` without one: the container's.
    Container(Container),
}

/// Keys, and the region that they sign for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret,
    /// What goes with keys that end; empty for others.
    pub session_token: Secret,
    /// `us-east-1`, …
    pub region: String,
}

/// The keys of one service, in use.
#[derive(Debug)]
pub(super) struct Signer {
    config: Config,
    kept: Kept<Keys>,
    password: Kept<String>,
}

/// The address of a service of Amazon's.
pub(super) fn endpoint(service: &str, region: &str, domain: &str) -> Result<Uri, String> {
    let host = if region.is_empty() {
        format!("{service}.{domain}")
    } else {
        format!("{service}.{region}.{domain}")
    };
    format!("https://{host}/")
        .parse()
        .map_err(|_| format!("region and domain make no host: `{host}`"))
}

// === impl Signer ===

impl Signer {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            kept: Kept::new(),
            password: Kept::new(),
        }
    }

    /// Signs `question`, or adds the password that a signed one gets.
    pub(super) async fn add(
        &self,
        question: &mut Question,
        transport: &Transport,
    ) -> Result<bool, String> {
        if self.config.service == "ecr" {
            let password = self.password.get(|| self.password(transport)).await?;
            authorize(question, &format!("Basic {}", password.value))?;
            return Ok(password.old);
        }
        self.sign(question, transport).await
    }

    pub(super) fn forget(&self) {
        self.kept.forget();
        self.password.forget();
    }

    async fn sign(&self, question: &mut Question, transport: &Transport) -> Result<bool, String> {
        let Lent { value: keys, old } = self.keys(transport).await?;
        let Config {
            service, version, ..
        } = &self.config;
        sign(question, &keys, service, *version, SystemTime::now())?;
        Ok(old)
    }

    async fn password(&self, transport: &Transport) -> Result<Obtained<String>, String> {
        let endpoint = match &self.config.ecr {
            Some(endpoint) => endpoint.clone(),
            None => endpoint("ecr", &self.region(transport).await?, DOMAIN)?,
        };
        let mut question = ecr::question(endpoint);
        self.sign(&mut question, transport).await?;
        ecr::obtain(question, transport).await
    }

    /// The region that is signed for.
    pub(super) async fn region(&self, transport: &Transport) -> Result<String, String> {
        let keys: Arc<Keys> = self.keys(transport).await?.value;
        Ok(keys.region.clone())
    }

    async fn keys(&self, transport: &Transport) -> Result<Lent<Keys>, String> {
        self.kept.get(|| self.obtain(transport)).await
    }

    async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let mut reasons = Vec::new();
        for provider in &self.config.providers {
            let obtained = match provider {
                Provider::Source(source) => source.obtain(transport).await,
                Provider::AssumeRole(role) => role.obtain(transport).await,
                Provider::WebIdentity(identity) => identity.obtain(transport).await,
                Provider::Sso(sso) => sso.obtain(transport).await,
            };
            match obtained {
                Ok(keys) => return Ok(keys),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(format!("no keys: {}", reasons.join("; ")))
    }
}

// === impl Source ===

impl Source {
    async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        match self {
            Self::Environment(keys) => Ok(profile::unending(keys.clone())),
            Self::Profile(profile) => profile.obtain().await,
            Self::Instance(instance) => instance.obtain(transport).await,
            Self::Container(container) => container.obtain(transport).await,
        }
    }
}

/// Adds the signature of `question` to it. Signed are the host, the kind of content and Amazon's own headers: all that
/// what stands between here and there does not change.
fn sign(
    question: &mut Question,
    keys: &Keys,
    service: &str,
    version: Version,
    now: SystemTime,
) -> Result<(), String> {
    let signed = signed_headers(&question.headers);
    let headers: BTreeMap<&str, &str> = signed
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let now = now.duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos());
    let credentials = signature::Credentials {
        access_key: &keys.access_key,
        secret_key: keys.secret_key.reveal(),
        session_token: keys.session_token.reveal(),
        region: &keys.region,
        service,
    };
    let request = signature::Request {
        method: question.method.as_str(),
        host: &canonical::host(&question.uri),
        path: &canonical::path(question.uri.path(), service),
        query: &canonical::query(question.uri.query().unwrap_or_default()),
        headers: &headers,
        payload: &signature::payload_hash(&question.body),
        credentials: &credentials,
        time_ns: i64::try_from(now).unwrap_or(i64::MAX),
    };
    let added = match version {
        Version::V4 => signature::sign(&request),
        Version::V4a => signature::sign_for_all_regions(&request)
            .ok_or("the secret key makes no key for version 4a")?,
    };
    for (name, value) in added {
        // The connection adds it by the URL, as it was signed.
        if name == "host" {
            continue;
        }
        let value = header(&value, name)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        question.headers.insert(name, value);
    }
    Ok(())
}

/// The headers that are signed beside those that the signature adds, by name; values in the form that is hashed.
fn signed_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let signed = |name: &&HeaderName| **name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
    let names = headers.keys().filter(signed);
    names
        .map(|name| {
            let values = headers.get_all(name).iter();
            let values: Vec<String> = values
                .map(|value| {
                    let text = String::from_utf8_lossy(value.as_bytes());
                    text.split_whitespace().collect::<Vec<_>>().join(" ")
                })
                .collect();
            (name.as_str().to_owned(), values.join(","))
        })
        .collect()
}

#[cfg(test)]
mod tests;
