//! `azure_keyvault`: assertions signed by a key that never leaves a vault of Azure.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::json;

use crate::http::client::{Question, Transport};
use crate::http::credentials::{ask, azure, form, jws};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `oauth2.azure_keyvault`, with `oauth2.azure_signing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVault {
    /// `key`: its name.
    pub key: String,
    /// `key_version`; none: the latest.
    pub version: Option<String>,
    /// `key_algorithm`: `ES256` and so on.
    pub algorithm: String,
    /// `vault`: the URL that its name stands for.
    pub vault: String,
    /// `api_version`.
    pub api_version: String,
    /// `azure_signing.azure_managed_identity`: who asks.
    pub identity: azure::Config,
}

/// The key in use.
#[derive(Debug)]
pub(super) struct Signing {
    vault: KeyVault,
    url: Uri,
    tokens: azure::Tokens,
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

// === impl Signing ===

impl Signing {
    pub(super) fn new(vault: KeyVault) -> Result<Self, String> {
        if jws::hash(&vault.algorithm, b"").is_none() {
            let known = "ES256, ES256K, ES384, ES512, PS256, PS384, PS512, RS256, RS384 or RS512";
            return Err(format!(
                "expected `azure_keyvault.key_algorithm` to be {known}"
            ));
        }
        let version = vault.version.as_ref();
        let version = version.map_or_else(String::new, |version| format!("/{version}"));
        let query = form::query([("api-version", vault.api_version.as_str())]);
        let url = format!("{}/keys/{}{version}/sign?{query}", vault.vault, vault.key);
        let url = url.parse();
        Ok(Self {
            url: url.map_err(|_| "vault, key and version of `azure_keyvault` make no URL")?,
            tokens: azure::Tokens::new(vault.identity.clone()),
            vault,
        })
    }

    pub(super) fn algorithm(&self) -> &str {
        &self.vault.algorithm
    }

    pub(super) async fn sign(
        &self,
        message: &[u8],
        transport: &Transport,
    ) -> Result<Vec<u8>, String> {
        let what = "the key vault (`azure_keyvault`)";
        let hash = jws::hash(&self.vault.algorithm, message).unwrap_or_default();
        let body = json!({"alg": self.vault.algorithm, "value": BASE64.encode(&hash)});
        let mut question = Question::new(Method::POST, self.url.clone());
        question.headers.insert(CONTENT_TYPE, JSON);
        question.body = body.to_string().into();
        self.tokens.add(&mut question, transport).await?;
        let answer = ask(transport, question, what).await?;
        let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
        let value = answer.map(|answer| answer.value);
        let value = value.as_deref().map(|value| value.trim_end_matches('='));
        value
            .and_then(|value| BASE64URL_NOPAD.decode(value.as_bytes()).ok())
            .ok_or_else(|| format!("{what} answered without a signature"))
    }
}
