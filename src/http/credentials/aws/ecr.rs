//! `service: ecr`: Amazon's registry of container images takes no signatures but a password, which signed requests get.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;

use crate::http::client::{Question, Transport};
use crate::http::credentials::ask;
use crate::http::credentials::kept::Obtained;

const WHAT: &str = "Amazon's registry service (`service: ecr`)";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const GET_TOKEN: HeaderValue =
    HeaderValue::from_static("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    authorization_data: Vec<Password>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Password {
    /// User and password as the Authorization header has them.
    authorization_token: String,
    /// Seconds since 1970.
    expires_at: f64,
}

/// The request for a password, to be signed.
pub(super) fn question(endpoint: Uri) -> Question {
    let mut question = Question::new(Method::POST, endpoint);
    question.headers.insert(CONTENT_TYPE, JSON);
    question.headers.insert(TARGET, GET_TOKEN);
    question.body = "{}".into();
    question
}

/// The password for which `signed` asks.
pub(super) async fn obtain(
    signed: Question,
    transport: &Transport,
) -> Result<Obtained<String>, String> {
    read(&ask(transport, signed, WHAT).await?)
}

fn read(answer: &[u8]) -> Result<Obtained<String>, String> {
    let answer: Option<Answer> = serde_json::from_slice(answer).ok();
    let password = answer.and_then(|answer| answer.authorization_data.into_iter().next());
    let password = password.ok_or_else(|| format!("{WHAT} answered without a password"))?;
    let end = Duration::try_from_secs_f64(password.expires_at).unwrap_or_default();
    let end = UNIX_EPOCH.checked_add(end);
    let left = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
    Ok(Obtained {
        value: password.authorization_token,
        lifetime: left.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read() {
        let answer = |end: &str| {
            format!(
                r#"{{"authorizationData": [{{"authorizationToken": "QQ==", "expiresAt": {end}}}]}}"#
            )
        };
        let good = read(answer("32503680000.25").as_bytes()).unwrap();
        assert_eq!(good.value, "QQ==");
        assert!(good.lifetime > Duration::from_hours(1));
        for over in ["1", "-1", "1e300"] {
            let read = read(answer(over).as_bytes()).unwrap();
            assert_eq!(read.lifetime, Duration::ZERO, "{over}");
        }
        assert!(read(br#"{"authorizationData": []}"#).is_err());
    }
}
