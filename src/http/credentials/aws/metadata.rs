//! `metadata_credentials`: keys that Amazon gives to a machine (EC2) or to a container (ECS, EKS).

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;

use super::{Keys, Obtained, sts};
use crate::http::client::{Question, Transport};
use crate::http::credentials::{TokenSource, ask, header};

const INSTANCE: &str = "the machine's metadata service (`metadata_credentials`)";
const CONTAINER: &str = "the container's credentials endpoint (`metadata_credentials`)";

const TOKEN_LIFETIME: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
/// The token is used for the one question that comes after it.
const MINUTE: HeaderValue = HeaderValue::from_static("60");

/// The metadata service of EC2, in its second version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Where its tokens come from.
    pub token_url: Uri,
    /// Where the keys of the role come from.
    pub keys_url: Uri,
    /// `aws_region`.
    pub region: String,
}

/// The credentials endpoint of ECS and EKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Where it is, as the environment says.
    pub url: Uri,
    /// What it wants to see, as the environment says.
    pub token: Option<TokenSource>,
    /// `aws_region`.
    pub region: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    code: Option<String>,
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

// === impl Instance ===

impl Instance {
    pub(super) async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let mut question = Question::new(Method::PUT, self.token_url.clone());
        question.headers.insert(TOKEN_LIFETIME, MINUTE);
        let token = ask(transport, question, INSTANCE).await?;
        let token = header(String::from_utf8_lossy(&token).trim(), "the metadata token")?;
        let mut question = Question::new(Method::GET, self.keys_url.clone());
        question.headers.insert(TOKEN, token);
        let answer = ask(transport, question, INSTANCE).await?;
        read(&answer, &self.region, INSTANCE)
    }
}

// === impl Container ===

impl Container {
    pub(super) async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let mut question = Question::new(Method::GET, self.url.clone());
        if let Some(token) = &self.token {
            let token = token.read("the container's authorization token").await;
            let token = token.map_err(|error| error.to_string())?;
            let token = header(&token, "the Authorization header")?;
            question.headers.insert(AUTHORIZATION, token);
        }
        let answer = ask(transport, question, CONTAINER).await?;
        read(&answer, &self.region, CONTAINER)
    }
}

fn read(answer: &[u8], region: &str, what: &str) -> Result<Obtained<Keys>, String> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| format!("{what} answered without keys"))?;
    // Machines say whether it went well; containers say nothing of it.
    if answer.code.is_some_and(|code| code != "Success") {
        return Err(format!("{what} answered that it has no keys for the role"));
    }
    Ok(Obtained {
        value: Keys {
            access_key: answer.access_key_id,
            secret_key: answer.secret_access_key.into(),
            session_token: answer.token.into(),
            region: region.to_owned(),
        },
        lifetime: sts::until(&answer.expiration),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_an_answer() {
        let keys = r#""AccessKeyId": "A", "SecretAccessKey": "s", "Token": "t",
            "Expiration": "2999-01-01T00:00:00Z""#;
        for (answer, good) in [
            (format!("{{{keys}}}"), true),
            (format!(r#"{{"Code": "Success", {keys}}}"#), true),
            (format!(r#"{{"Code": "Failed", {keys}}}"#), false),
            (r#"{"Code": "Success"}"#.to_owned(), false),
            (String::new(), false),
        ] {
            let read = read(answer.as_bytes(), "r", "it");
            assert_eq!(read.is_ok(), good, "{answer}");
        }
    }
}
