//! How a service's client shows who it is: what is configured, and what that adds to each request.
//!
//! One file a kind. What must be asked for elsewhere (tokens, temporary keys) is kept until shortly before its end.
//! It never decides whether a request is tried again later: that is up to whoever asks the service.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};

use super::ServiceConfig;
use super::client::{ClientError, Identity, Question, Transport, sensitive};

pub mod aws;
pub mod azure;
pub mod bearer;
pub mod client_tls;
mod form;
pub mod gcp;
mod jws;
mod kept;
pub mod oauth2;
pub mod registry;
mod secret;

pub use bearer::TokenSource;
pub use secret::Secret;

/// The most bytes of an answer that a token or key is read from.
const LARGEST_ANSWER: u64 = 1 << 20;

/// How a client of a service authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// `credentials.bearer`.
    Bearer(bearer::Config),
    /// `credentials.client_tls`.
    ClientTls(client_tls::Config),
    /// `credentials.oauth2`.
    OAuth2(Box<oauth2::Config>),
    /// `credentials.s3_signing`.
    S3Signing(aws::Config),
    /// `credentials.gcp_metadata`.
    GcpMetadata(gcp::Config),
    /// `credentials.azure_managed_identity`.
    AzureManagedIdentity(azure::Config),
}

/// The credentials of one service, in use.
#[derive(Debug)]
pub(super) struct Proof {
    service: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    None,
    Bearer(bearer::Config),
    ClientTls(Arc<Identity>),
    OAuth2(Box<oauth2::Tokens>),
    S3Signing(aws::Signer),
    Gcp(gcp::Tokens),
    Azure(azure::Tokens),
}

// === impl Proof ===

impl Proof {
    /// The credentials of `service`; the certificate that it names is read.
    pub(super) fn new(service: &ServiceConfig) -> Result<Self, ClientError> {
        let kind = match &service.credentials {
            Credentials::None => Kind::None,
            Credentials::Bearer(config) => Kind::Bearer(bearer::Config {
                // Registries take names with passwords, which stand in the configuration as they are.
                encode: config.encode.or(Some(service.registry)),
                ..config.clone()
            }),
            Credentials::ClientTls(config) => {
                Kind::ClientTls(Arc::new(Identity::load(config.clone())?))
            }
            Credentials::OAuth2(config) => {
                let tokens = oauth2::Tokens::new((**config).clone());
                let tokens = tokens.map_err(|reason| ClientError::Credentials {
                    service: service.name.clone(),
                    kind: "oauth2",
                    reason,
                })?;
                Kind::OAuth2(Box::new(tokens))
            }
            Credentials::S3Signing(config) => Kind::S3Signing(aws::Signer::new(config.clone())),
            Credentials::GcpMetadata(config) => Kind::Gcp(gcp::Tokens::new(config.clone())),
            Credentials::AzureManagedIdentity(config) => {
                Kind::Azure(azure::Tokens::new(config.clone()))
            }
        };
        Ok(Self {
            service: service.name.clone(),
            kind,
        })
    }

    /// The certificate to show on connections.
    pub(super) fn identity(&self) -> Option<Arc<Identity>> {
        match &self.kind {
            Kind::ClientTls(identity) => Some(identity.clone()),
            _ => None,
        }
    }

    /// Adds to `question` what proves it. True where that was kept from an earlier one and could be had anew.
    pub(super) async fn add(
        &self,
        question: &mut Question,
        transport: &Transport,
    ) -> Result<bool, ClientError> {
        let (kind, added) = match &self.kind {
            Kind::None => return Ok(false),
            Kind::ClientTls(identity) => return identity.refresh().await.map(|()| false),
            Kind::Bearer(config) => {
                let word = config.header().await?;
                ("bearer", authorize(question, &word).map(|()| false))
            }
            Kind::OAuth2(tokens) => ("oauth2", tokens.add(question, transport).await),
            Kind::S3Signing(signer) => ("s3_signing", signer.add(question, transport).await),
            Kind::Gcp(tokens) => ("gcp_metadata", tokens.add(question, transport).await),
            Kind::Azure(tokens) => (
                "azure_managed_identity",
                tokens.add(question, transport).await,
            ),
        };
        added.map_err(|reason| ClientError::Credentials {
            service: self.service.clone(),
            kind,
            reason,
        })
    }

    /// Lets go of what was kept.
    pub(super) fn forget(&self) {
        match &self.kind {
            Kind::None | Kind::Bearer(_) | Kind::ClientTls(_) => {}
            Kind::OAuth2(tokens) => tokens.forget(),
            Kind::S3Signing(signer) => signer.forget(),
            Kind::Gcp(tokens) => tokens.forget(),
            Kind::Azure(tokens) => tokens.forget(),
        }
    }
}

/// Sets the header that proves who asks.
fn authorize(question: &mut Question, value: &str) -> Result<(), String> {
    let value = header(value, "the Authorization header")?;
    question.headers.insert(AUTHORIZATION, value);
    Ok(())
}

fn header(value: &str, what: &str) -> Result<HeaderValue, String> {
    sensitive(value).ok_or_else(|| format!("{what} would hold characters that HTTP does not allow"))
}

/// The body of a good answer to `question`, which `what` gives out; otherwise words without anything secret.
async fn ask(transport: &Transport, question: Question, what: &str) -> Result<Vec<u8>, String> {
    let (status, body) = answer(transport, question, what).await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(match problem(&body) {
        Some(problem) => format!("{what} answered {status}: {problem}"),
        None => format!("{what} answered {status}"),
    })
}

async fn answer(
    transport: &Transport,
    question: Question,
    what: &str,
) -> Result<(StatusCode, Vec<u8>), String> {
    let failed = |error: ClientError| format!("{what} did not answer: {error}");
    let response = transport.send(question).await.map_err(failed)?;
    let status = response.status;
    let body = response.bytes(LARGEST_ANSWER).await.map_err(failed)?;
    Ok((status, body))
}

/// The code by which servers name what is wrong, of which nothing else is shown: an answer may repeat what was sent.
fn problem(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let code = match &json {
        Some(json) => ["error", "__type", "code", "Code"]
            .iter()
            .find_map(|key| json.get(key))
            .and_then(|code| code.as_str().or_else(|| code.get("code")?.as_str())),
        None => aws::xml::element(text, "Code"),
    }?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.#:/".contains(c);
    (code.len() <= 80 && code.chars().all(plain)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn only_the_code_of_an_error_is_shown() {
        for (body, expected) in [
            (
                r#"{"error": "invalid_client", "error_description": "secret x"}"#,
                Some("invalid_client"),
            ),
            (r#"{"error": {"code": "Forbidden"}}"#, Some("Forbidden")),
            (
                r#"{"__type": "NotFoundException"}"#,
                Some("NotFoundException"),
            ),
            (
                "<Error><Code>ExpiredToken</Code><Message>secret</Message></Error>",
                Some("ExpiredToken"),
            ),
            (r#"{"error": "a sentence with a secret"}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(problem(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
