//! `oauth2`: tokens from an authorization server, for a client that proves who it is by a secret or a signed assertion.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::kept::{Kept, Obtained};
use super::{Secret, TokenSource, ask, authorize, form, header, jws};
use crate::decision::DecisionId;
use crate::http::client::{Question, Transport};

mod keyvault;
mod kms;

pub use keyvault::KeyVault;
pub use kms::Kms;

/// How long an assertion is good for: as long as in OPA.
const ASSERTION: Duration = Duration::from_mins(10);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `credentials.oauth2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `grant_type`.
    pub grant: Grant,
    /// `token_url`, with `https`.
    pub token_url: Uri,
    /// `client_id`.
    pub client_id: Option<String>,
    /// How the client proves who it is.
    pub client: ClientProof,
    /// `scopes`.
    pub scopes: Vec<String>,
    /// `additional_headers`.
    pub headers: HeaderMap,
    /// `additional_parameters`.
    pub parameters: BTreeMap<String, Secret>,
}

/// `grant_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// `client_credentials`: the client asks for itself.
    ClientCredentials,
    /// `jwt_bearer`: the assertion itself is what is exchanged.
    JwtBearer,
}

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// `client_secret`.
    Secret(Secret),
    /// `client_assertion` and `client_assertion_path`: a token that somebody else signs.
    Assertion {
        /// Where it comes from.
        token: TokenSource,
        /// `client_assertion_type`.
        kind: String,
    },
    /// A token that is signed for each request.
    Signed(Box<Assertion>),
}

/// A token to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who signs it.
    pub signer: Signer,
    /// `additional_claims`.
    pub claims: Map<String, Value>,
    /// `include_jti_claim`.
    pub jti: bool,
    /// `thumbprint`, as the header `x5t` has it.
    pub thumbprint: Option<String>,
}

/// Who signs assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// `signing_key`.
    Key {
        /// `keys.<id>.algorithm`.
        algorithm: String,
        /// `keys.<id>.private_key`.
        key: Secret,
    },
    /// `aws_kms`.
    Kms(Kms),
    /// `azure_keyvault`.
    KeyVault(KeyVault),
}

/// What the client assertion is said to be, unless the configuration says otherwise.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The tokens of one service.
#[derive(Debug)]
pub(super) struct Tokens {
    config: Config,
    signer: Option<Prepared>,
    kept: Kept<String>,
}

/// A signer in use.
#[derive(Debug)]
enum Prepared {
    Key(jws::SigningKey),
    Kms(Box<kms::Signing>),
    KeyVault(Box<keyvault::Signing>),
}

/// What an authorization server answers.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Option<Value>,
}

// === impl Signer ===

impl Signer {
    /// Whether it can sign at all: a key that cannot be used is found before anything is asked.
    pub fn check(&self) -> Result<(), String> {
        Prepared::new(self).map(|_| ())
    }
}

// === impl Tokens ===

impl Tokens {
    pub(super) fn new(config: Config) -> Result<Self, String> {
        let signer = match &config.client {
            ClientProof::Signed(assertion) => Some(Prepared::new(&assertion.signer)?),
            ClientProof::Secret(_) | ClientProof::Assertion { .. } => None,
        };
        Ok(Self {
            config,
            signer,
            kept: Kept::new(),
        })
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
        let question = self.question(transport).await?;
        let answer = ask(transport, question, "the token endpoint (`token_url`)").await?;
        token(&answer, "the token endpoint")
    }

    /// The request for a token.
    async fn question(&self, transport: &Transport) -> Result<Question, String> {
        let config = &self.config;
        let mut question = Question::new(Method::POST, config.token_url.clone());
        question.headers.insert(CONTENT_TYPE, FORM);
        question.headers.insert(ACCEPT, JSON);
        let additional = config.parameters.iter();
        let mut fields: BTreeMap<&str, String> = additional
            .map(|(name, value)| (name.as_str(), value.reveal().to_owned()))
            .collect();
        if !config.scopes.is_empty() {
            fields.insert("scope", config.scopes.join(" "));
        }
        let id = config.client_id.as_deref().unwrap_or_default();
        let (assertion, kind) = match &config.client {
            ClientProof::Secret(secret) => {
                let user = format!("{id}:{}", secret.reveal());
                let basic = format!("Basic {}", BASE64.encode(user.as_bytes()));
                let basic = header(&basic, "the Authorization header")?;
                question.headers.insert(AUTHORIZATION, basic);
                (None, "")
            }
            ClientProof::Assertion { token, kind } => {
                let token = token.read("the client assertion").await;
                (Some(token.map_err(|error| error.to_string())?), &**kind)
            }
            ClientProof::Signed(assertion) => {
                let signed = self.signed(assertion, transport).await?;
                (Some(signed), ASSERTION_TYPE)
            }
        };
        match config.grant {
            Grant::ClientCredentials => {
                fields.insert("grant_type", "client_credentials".to_owned());
                if let Some(assertion) = assertion {
                    fields.insert("client_assertion", assertion);
                    fields.insert("client_assertion_type", kind.to_owned());
                    if !id.is_empty() {
                        fields.insert("client_id", id.to_owned());
                    }
                }
            }
            Grant::JwtBearer => {
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                fields.insert("grant_type", grant.to_owned());
                fields.insert("assertion", assertion.unwrap_or_default());
            }
        }
        question.headers.extend(config.headers.clone());
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        question.body = form::body(fields).into();
        Ok(question)
    }

    async fn signed(&self, assertion: &Assertion, transport: &Transport) -> Result<String, String> {
        let signer = self.signer.as_ref();
        let signer = signer.ok_or("nobody signs the client's assertion")?;
        let claims = self.claims(assertion)?;
        let thumbprint = assertion.thumbprint.as_deref();
        let token = jws::unsigned(signer.algorithm(), thumbprint, &claims);
        let signature = signer.sign(token.as_bytes(), transport).await?;
        Ok(format!("{token}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    /// The claims, of which the configured ones come last.
    fn claims(&self, assertion: &Assertion) -> Result<Value, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let mut claims = Map::from_iter([
            ("iat".to_owned(), json!(now)),
            ("exp".to_owned(), json!(now + ASSERTION.as_secs())),
        ]);
        if !self.config.scopes.is_empty() {
            claims.insert("scope".to_owned(), json!(self.config.scopes.join(" ")));
        }
        if assertion.jti {
            let id = DecisionId::random().map_err(|error| error.to_string())?;
            let id = id.to_string();
            claims.insert("jti".to_owned(), json!(id));
        }
        claims.extend(assertion.claims.clone());
        Ok(Value::Object(claims))
    }
}

// === impl Prepared ===

impl Prepared {
    fn new(signer: &Signer) -> Result<Self, String> {
        Ok(match signer {
            Signer::Key { algorithm, key } => Self::Key(jws::SigningKey::read(algorithm, key)?),
            Signer::Kms(kms) => Self::Kms(Box::new(kms::Signing::new(kms.clone())?)),
            Signer::KeyVault(vault) => {
                Self::KeyVault(Box::new(keyvault::Signing::new(vault.clone())?))
            }
        })
    }

    fn algorithm(&self) -> &str {
        match self {
            Self::Key(key) => key.algorithm(),
            Self::Kms(kms) => kms.algorithm(),
            Self::KeyVault(vault) => vault.algorithm(),
        }
    }

    async fn sign(&self, message: &[u8], transport: &Transport) -> Result<Vec<u8>, String> {
        match self {
            Self::Key(key) => key.sign(message),
            Self::Kms(kms) => kms.sign(message, transport).await,
            Self::KeyVault(vault) => vault.sign(message, transport).await,
        }
    }
}

/// The token in `answer`, which came from `what`. One whose end is not told is used once.
pub(super) fn token(answer: &[u8], what: &str) -> Result<Obtained<String>, String> {
    let answer: Answer = serde_json::from_slice(answer)
        .map_err(|_| format!("{what} answered without a JSON object that has an `access_token`"))?;
    let bearer = answer.token_type.is_empty() || answer.token_type.eq_ignore_ascii_case("bearer");
    if !bearer {
        return Err(format!("{what} gave a token that is no bearer token"));
    }
    // Some write the number as a string.
    let seconds = match answer.expires_in {
        Some(Value::Number(seconds)) => seconds.as_u64(),
        Some(Value::String(seconds)) => seconds.parse().ok(),
        _ => None,
    };
    Ok(Obtained {
        value: answer.access_token,
        lifetime: Duration::from_secs(seconds.unwrap_or_default()),
    })
}

/// `additional_headers` as they are sent; otherwise the name of the one that cannot be.
pub fn headers<'h>(
    headers: impl Iterator<Item = (&'h str, &'h str)>,
) -> Result<HeaderMap, &'h str> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| name)?;
        map.insert(key, header(value, name).map_err(|_| name)?);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read() {
        for (answer, seconds) in [
            (r#"{"access_token": "t", "expires_in": 60}"#, 60),
            (
                r#"{"access_token": "t", "expires_in": "60", "token_type": "bearer"}"#,
                60,
            ),
            (r#"{"access_token": "t"}"#, 0),
            (r#"{"access_token": "t", "expires_in": -1}"#, 0),
        ] {
            let token = token(answer.as_bytes(), "it").unwrap();
            assert_eq!(
                (token.value.as_str(), token.lifetime.as_secs()),
                ("t", seconds)
            );
        }
        for bad in [
            "",
            "{}",
            r#"{"access_token": 1}"#,
            r#"{"access_token": "t", "token_type": "mac"}"#,
        ] {
            assert!(token(bad.as_bytes(), "it").is_err(), "{bad}");
        }
    }
}
