//! `gcp_metadata`: access and identity tokens from the metadata server of Google's machines.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use http::header::HeaderName;
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;

use super::kept::{Kept, Obtained};
use super::{ask, authorize, form, oauth2};
use crate::http::client::{Question, Transport};

/// Where the metadata server is.
pub const ENDPOINT: &str = "http://metadata.google.internal";
/// Its path for access tokens.
pub const ACCESS_TOKEN_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
/// Its path for identity tokens.
pub const ID_TOKEN_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";

const WHAT: &str = "the metadata server (`gcp_metadata`)";
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
/// How long an identity token is used whose end cannot be read; Google's are good for an hour.
const UNREADABLE: Duration = Duration::from_mins(5);

/// `credentials.gcp_metadata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The whole URL, with the scopes or the audience.
    pub url: Uri,
    /// What is asked for.
    pub kind: Kind,
}

/// The two kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For Google's own services: `scopes` say which.
    Access,
    /// For anybody: `audience` says whom.
    Identity,
}

/// The tokens of one service.
#[derive(Debug)]
pub(super) struct Tokens {
    config: Config,
    kept: Kept<String>,
}

/// What is read of an identity token.
#[derive(Deserialize)]
struct Claims {
    exp: u64,
}

/// The URL that asks for a token.
pub fn url(endpoint: &str, path: &str, field: &str, value: &str) -> Option<Uri> {
    let (endpoint, path) = (endpoint.trim_end_matches('/'), path.trim_start_matches('/'));
    format!("{endpoint}/{path}?{}", form::query([(field, value)]))
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
        let flavor = HeaderValue::from_static("Google");
        question.headers.insert(FLAVOR, flavor);
        let answer = ask(transport, question, WHAT).await?;
        match self.config.kind {
            Kind::Access => oauth2::token(&answer, WHAT),
            Kind::Identity => {
                let token = String::from_utf8(answer);
                let token = token.map_err(|_| format!("{WHAT} answered without a token"))?;
                let value = token.trim().to_owned();
                Ok(Obtained {
                    lifetime: lifetime(&value),
                    value,
                })
            }
        }
    }
}

/// How long the token is good for, by its own word.
fn lifetime(token: &str) -> Duration {
    let claims = token.split('.').nth(1);
    let claims = claims.and_then(|it| BASE64URL_NOPAD.decode(it.as_bytes()).ok());
    let claims: Option<Claims> = claims.and_then(|it| serde_json::from_slice(&it).ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    match (claims, now) {
        (Some(claims), Ok(now)) => Duration::from_secs(claims.exp).saturating_sub(now),
        _ => UNREADABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_token_says_how_long_it_is_good_for() {
        let claims = |exp: u64| {
            let claims = format!(r#"{{"exp": {exp}}}"#);
            format!("h.{}.s", BASE64URL_NOPAD.encode(claims.as_bytes()))
        };
        assert_eq!(lifetime(&claims(1)), Duration::ZERO);
        assert!(lifetime(&claims(99_999_999_999)) > Duration::from_hours(24));
        for unreadable in ["", "a.b", "a.%.c", "opaque"] {
            assert_eq!(lifetime(unreadable), UNREADABLE, "{unreadable}");
        }
    }

    #[test]
    fn what_is_asked_for_is_escaped() {
        let url = url("http://m/", "a/b", "audience", "https://x y").unwrap();
        assert_eq!(url, "http://m/a/b?audience=https%3A%2F%2Fx%20y");
    }
}
