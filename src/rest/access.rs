//! Who may ask: `--authentication` and `--authorization`, before anything else of a request is looked at.
//!
//! The policy gets what OPA gives it, and only `true` lets a request pass: an error, an odd answer or none refuses it.

use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::BASE64;

use super::answer::Refusal;
use super::data::no_policy;
use super::evaluate::{How, Question, Trouble};
use super::params::{Params, decoded};
use super::{Rest, identity};
use crate::data::{Object, Value};
use crate::engine::Evaluator;
use crate::http::server::Client;

/// `--authentication`: by what a client says who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authentication {
    /// It does not.
    #[default]
    Off,
    /// By a bearer token, which is its identity.
    Token,
    /// By its certificate, whose subject is its identity.
    Tls,
}

/// `--authorization`: what lets a request pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authorization {
    /// That it came.
    #[default]
    Off,
    /// A policy.
    Basic,
}

/// What makes a certificate readable to policies.
const CERTIFICATES: &str = "x = crypto.x509.parse_certificates(input)";

/// What is said to those who are refused without a reason.
const REFUSED: &str = "request rejected by administrative policy";

impl Rest {
    /// Lets the authorization policy decide on a request, where there is to be one.
    pub(super) async fn authorize(&self, head: &Head, body: Option<Value>) -> Result<(), Refusal> {
        let Some(decision) = &self.config.authorization else {
            return Ok(());
        };
        let input = self.asked_to_authorize(head, body).await?;
        let how = How {
            input: Some(input),
            ..How::default()
        };
        let question = Question::Document(decision.clone());
        let asked = self.asking.ask(question, how, Evaluator::document).await;
        let asked = asked.ok_or_else(no_policy)?;
        verdict(asked.result.map_err(Trouble::of_query)?)
    }

    async fn asked_to_authorize(&self, head: &Head, body: Option<Value>) -> Result<Value, Refusal> {
        let client = head.extensions.get::<Client>().cloned().unwrap_or_default();
        let certificates = self.certificates(&client).await?;
        let identity = match self.config.authentication {
            Authentication::Off => None,
            Authentication::Token => token(&head.headers),
            Authentication::Tls => certificates.as_ref().and_then(identity::subject),
        };
        let params = Params::read(head.uri.query().unwrap_or_default());
        let params = params.by_name().into_iter().map(|(name, values)| {
            let values: Vec<Value> = values.into_iter().map(Value::from).collect();
            (Value::from(name), Value::from(values))
        });
        let members = [
            ("path", Some(path(head.uri.path())?)),
            ("method", Some(Value::from(head.method.as_str()))),
            ("params", Some(Value::Object(params.collect()))),
            ("headers", Some(Value::Object(headers(&head.headers)))),
            ("identity", identity.map(Value::from)),
            ("body", body),
            ("client_certificates", certificates),
        ];
        let members = members.into_iter();
        let members = members.filter_map(|(name, value)| Some((Value::from(name), value?)));
        Ok(Value::Object(members.collect()))
    }

    /// The certificates that a client showed, as policies read them.
    async fn certificates(&self, client: &Client) -> Result<Option<Value>, Refusal> {
        if client.certificates.is_empty() {
            return Ok(None);
        }
        let chain = client.certificates.concat();
        let how = How {
            input: Some(Value::from(BASE64.encode(&chain))),
            strict_builtin_errors: true,
            logged: false,
        };
        let question = Question::Body(CERTIFICATES.to_owned());
        let asked = self.asking.ask(question, how, Evaluator::rows).await;
        let rows = asked
            .ok_or_else(no_policy)?
            .result
            .map_err(Trouble::of_query)?;
        let parsed = rows.first().and_then(|row| row.get_str("x")).cloned();
        let unread = || Refusal::internal("the client's certificate cannot be read");
        parsed.ok_or_else(unread).map(Some)
    }
}

// === helpers ===

fn verdict(decision: Option<Value>) -> Result<(), Refusal> {
    let refused = |reason: &str| Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", reason);
    match decision {
        None => Err(Refusal::internal(
            "authorization policy missing or undefined",
        )),
        Some(Value::Bool(true)) => Ok(()),
        Some(answer @ Value::Object(_)) => match answer.get_str("allowed") {
            None => Err(Refusal::internal("document missing or undefined")),
            Some(Value::Bool(true)) => Ok(()),
            Some(_) => {
                let reason = answer.get_str("reason").and_then(Value::as_str);
                Err(refused(reason.unwrap_or(REFUSED)))
            }
        },
        Some(_) => Err(refused(REFUSED)),
    }
}

/// The names of a path, decoded; what cannot be decoded is not let past a policy.
fn path(path: &str) -> Result<Value, Refusal> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let names = path.split('/').map(|name| decoded(name, false));
    let names: Option<Vec<Value>> = names.map(|name| name.map(Value::from)).collect();
    let names = names.ok_or_else(|| Refusal::invalid("the path has an escape that is none"))?;
    Ok(Value::from(names))
}

/// The token of the first `Authorization` header.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let one = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme == "Bearer" && one).then(|| token.to_owned())
}

/// Headers by the names that Go's server gives them.
fn headers(headers: &HeaderMap) -> Object {
    let named = headers.keys().filter(|name| {
        // They are of the connection, and not among a request's headers there.
        **name != header::HOST && **name != header::TRANSFER_ENCODING
    });
    let named = named.map(|name| {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| Value::from(&*String::from_utf8_lossy(value.as_bytes())));
        (
            Value::from(canonical(name.as_str())),
            Value::from(values.collect::<Vec<_>>()),
        )
    });
    named.collect()
}

/// `X-Request-Id` of `x-request-id`.
fn canonical(name: &str) -> String {
    let mut begins = true;
    let cased = name.chars().map(|c| {
        let cased = if begins { c.to_ascii_uppercase() } else { c };
        begins = c == '-';
        cased
    });
    cased.collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::data::read;

    #[test]
    fn only_true_lets_a_request_pass() {
        let json = |text: &str| read::json_value(text.as_bytes()).expect("JSON");
        for pass in ["true", r#"{"allowed": true}"#] {
            assert_eq!(verdict(Some(json(pass))), Ok(()), "{pass}");
        }
        for (answer, status, message) in [
            ("false", 401, REFUSED),
            ("null", 401, REFUSED),
            ("1", 401, REFUSED),
            (r#""true""#, 401, REFUSED),
            ("[true]", 401, REFUSED),
            (r#"{"allowed": "true"}"#, 401, REFUSED),
            (r#"{"allowed": false, "reason": "no"}"#, 401, "no"),
            (r#"{"allowed": false, "reason": {}}"#, 401, REFUSED),
            (r#"{"reason": "no"}"#, 500, "document missing or undefined"),
        ] {
            let refusal = verdict(Some(json(answer))).expect_err(answer);
            assert_eq!(refusal.status().as_u16(), status, "{answer}");
            assert!(
                refusal.told().ends_with(message),
                "{answer}: {}",
                refusal.told()
            );
        }
        assert_eq!(verdict(None).expect_err("undefined").status().as_u16(), 500);
    }

    #[test]
    fn a_token_is_one_word_after_bearer() {
        for (value, want) in [
            ("Bearer abc", Some("abc")),
            ("Bearer  abc", Some("abc")),
            ("Bearer a b", None),
            ("Bearer ", None),
            ("Bearer", None),
            ("bearer abc", None),
            ("Basic abc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(token(&headers).as_deref(), want, "{value}");
        }
    }

    #[test]
    fn header_names_are_those_of_go() {
        assert_eq!(canonical("x-request-id"), "X-Request-Id");
        assert_eq!(canonical("etag"), "Etag");
    }
}
