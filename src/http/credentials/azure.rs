//! `azure_managed_identity`: tokens from the metadata service of Azure's machines, or of its App Service.

use http::header::HeaderName;
use http::{HeaderValue, Method, Uri};

use super::kept::{Kept, Obtained};
use super::{Secret, ask, authorize, form, header, oauth2};
use crate::http::client::{Question, Transport};

/// Where machines ask.
pub const ENDPOINT: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

const WHAT: &str = "the identity endpoint (`azure_managed_identity`)";
const METADATA: HeaderName = HeaderName::from_static("metadata");
const IDENTITY: HeaderName = HeaderName::from_static("x-identity-header");

/// `credentials.azure_managed_identity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `endpoint` with the query that asks for the token.
    pub url: Uri,
    /// `IDENTITY_HEADER` of the environment, where the App Service set its endpoint there.
    pub identity_header: Option<Secret>,
}

/// The tokens of one service.
#[derive(Debug)]
pub(super) struct Tokens {
    config: Config,
    kept: Kept<String>,
}

/// The URL that asks `endpoint` for a token; `fields` without a value are left out.
pub fn url(endpoint: &str, fields: &[(&str, Option<&str>)]) -> Option<Uri> {
    let fields = fields.iter();
    let fields = fields.filter_map(|(name, value)| value.map(|value| (*name, value)));
    let sign = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{sign}{}", form::query(fields))
        .parse()
        .ok()
}

// === impl Tokens ===

impl Tokens {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            kept: Kept::new(),
        }
    }

    pub(super) async fn add(
        &self,
        question: &mut Question,
        transport: &Transport,
    ) -> Result<bool, String> {
        let token = self.kept.get(|| self.obtain(transport)).await?;
        authorize(question, &format!("Bearer {}", token.value))?;
        Ok(token.old)
    }

    pub(super) fn forget(&self) {
        self.kept.forget();
    }

    async fn obtain(&self, transport: &Transport) -> Result<Obtained<String>, String> {
        let mut question = Question::new(Method::GET, self.config.url.clone());
        let (name, value) = match &self.config.identity_header {
            Some(secret) => (IDENTITY, header(secret.reveal(), "IDENTITY_HEADER")?),
            None => (METADATA, HeaderValue::from_static("true")),
        };
        question.headers.insert(name, value);
        oauth2::token(&ask(transport, question, WHAT).await?, WHAT)
    }
}
