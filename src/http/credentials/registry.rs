//! Registries of container images: a token for each repository, from where the registry sends the client to.
//!
//! Such a token takes the place of the service's own credentials, which are shown to get it. It is kept while it is good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;

use super::kept::{Kept, Lent, Obtained};
use super::{ask, authorize, form};
use crate::http::client::{Question, Transport};

/// As long as tokens are good for whose answer does not say it (Docker's specification).
const UNSAID: u64 = 60;
/// The longest challenge that is read.
const LONGEST: usize = 4096;
const WHAT: &str = "the registry's token server";

/// The tokens of one registry, by repository.
#[derive(Debug, Default)]
pub(in crate::http) struct Tokens(Mutex<BTreeMap<String, Arc<Kept<String>>>>);

/// Where a registry sends its clients to for a token: the parameters of a `Bearer` challenge.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the token is asked for.
    pub realm: String,
    /// Whom it is for.
    pub service: Option<String>,
    /// What it is for.
    pub scope: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

// === impl Tokens ===

impl Tokens {
    /// Adds the token that is kept for the repository of `question`; false where there is none.
    pub(in crate::http) async fn add_kept(&self, question: &mut Question) -> bool {
        let kept = self
            .of(&question.uri)
            .get(async || Err(String::new()))
            .await;
        kept.is_ok_and(|token| authorize(question, &bearer(&token)).is_ok())
    }

    /// Adds a token as `challenge` asks for it, which `proof` is shown for if it is a password.
    pub(in crate::http) async fn add_fresh(
        &self,
        question: &mut Question,
        challenge: &Challenge,
        proof: Option<&HeaderValue>,
        transport: &Transport,
    ) -> Result<(), String> {
        let kept = self.of(&question.uri);
        kept.forget();
        let asked = token_request(challenge, &question.uri, proof)?;
        let token = kept.get(|| obtain(asked, transport)).await?;
        authorize(question, &bearer(&token))
    }

    fn of(&self, uri: &Uri) -> Arc<Kept<String>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let repository = repository(uri.path()).to_owned();
        let entry = kept.entry(repository);
        entry.or_insert_with(|| Arc::new(Kept::new())).clone()
    }
}

// === impl Challenge ===

impl Challenge {
    /// The challenge in an answer's headers, if it has one for tokens.
    pub(in crate::http) fn find(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .find_map(Self::parse)
    }

    /// Reads `Bearer name="value",…`. What it says twice or in another form counts as not said.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, mut rest) = text.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") || text.len() > LONGEST {
            return None;
        }
        let mut challenge = Self::default();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let Some((name, after)) = rest.split_once('=') else {
                break;
            };
            let (value, after) = value(after)?;
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
            rest = after;
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }
}

/// A value with or without quotes, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end)?;
        return Some((value.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

fn token_request(
    challenge: &Challenge,
    registry: &Uri,
    proof: Option<&HeaderValue>,
) -> Result<Question, String> {
    let Challenge {
        realm,
        service,
        scope,
    } = challenge;
    let fields = [("scope", scope), ("service", service)];
    let fields = fields.iter();
    let fields = fields.filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let sign = if realm.contains('?') { '&' } else { '?' };
    let url: Option<Uri> = format!("{realm}{sign}{}", form::query(fields)).parse().ok();
    let url = url.filter(|url| url.host().is_some());
    let url = url.ok_or("the registry sends to a token server whose URL is none")?;
    let secure = url.scheme_str() == Some("https");
    if !secure && registry.scheme_str() == Some("https") {
        return Err("the registry sends to a token server without TLS".to_owned());
    }
    let mut question = Question::new(Method::GET, url);
    // A signature or a token is for the registry alone; a password is what token servers exist for.
    let password = proof.filter(|proof| proof.as_bytes().starts_with(b"Basic "));
    if let Some(password) = password {
        question.headers.insert(AUTHORIZATION, password.clone());
    }
    Ok(question)
}

async fn obtain(question: Question, transport: &Transport) -> Result<Obtained<String>, String> {
    let answer = ask(transport, question, WHAT).await?;
    let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
    let missing = || format!("{WHAT} answered without a token");
    let answer = answer.ok_or_else(missing)?;
    Ok(Obtained {
        lifetime: Duration::from_secs(answer.expires_in.unwrap_or(UNSAID)),
        value: answer.token.or(answer.access_token).ok_or_else(missing)?,
    })
}

fn bearer(token: &Lent<String>) -> String {
    format!("Bearer {}", token.value)
}

/// What a token is for: the path before manifests and blobs.
fn repository(path: &str) -> &str {
    let ends = ["/manifests/", "/blobs/"].into_iter();
    let end = ends.filter_map(|end| path.rfind(end)).max();
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let full = Challenge {
            realm: "https://r/t".to_owned(),
            service: Some("s".to_owned()),
            scope: Some("repository:a/b:pull,push".to_owned()),
        };
        let only = |realm: &str| Challenge {
            realm: realm.to_owned(),
            ..Challenge::default()
        };
        for (text, expected) in [
            (
                r#"Bearer realm="https://r/t",service="s",scope="repository:a/b:pull,push""#,
                Some(full),
            ),
            (r#"bearer  realm="a\"b" , x=y"#, Some(only("a\"b"))),
            ("Bearer realm=r, charset=utf-8", Some(only("r"))),
            (r#"Bearer realm="open"#, None),
            (r#"Bearer service="s""#, None),
            (r#"Basic realm="r""#, None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn passwords_go_to_token_servers_with_tls_only() {
        let challenge = |realm: &str| Challenge {
            realm: realm.to_owned(),
            ..Challenge::default()
        };
        let password = HeaderValue::from_static("Basic x");
        let asked = |realm: &str, registry: &'static str, proof| {
            let registry = Uri::from_static(registry);
            let asked = token_request(&challenge(realm), &registry, proof);
            asked.map(|asked| asked.headers.contains_key(AUTHORIZATION))
        };
        assert_eq!(asked("https://t/", "https://r/", Some(&password)), Ok(true));
        assert_eq!(asked("http://t/", "http://r/", Some(&password)), Ok(true));
        assert!(asked("http://t/", "https://r/", Some(&password)).is_err());
        assert!(asked("nowhere", "http://r/", None).is_err());
        let token = HeaderValue::from_static("Bearer x");
        assert_eq!(asked("https://t/", "https://r/", Some(&token)), Ok(false));
    }

    #[test]
    fn tokens_are_for_a_repository() {
        assert_eq!(repository("/v2/a/b/manifests/v1"), "/v2/a/b");
        assert_eq!(repository("/v2/a/blobs/sha256:x"), "/v2/a");
        assert_eq!(
            repository("/v2/a/manifests/blobs/sha256:x"),
            "/v2/a/manifests"
        );
    }
}
