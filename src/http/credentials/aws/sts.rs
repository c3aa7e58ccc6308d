//! `assume_role_credentials` and `web_identity_credentials`: keys from Amazon's Security Token Service.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use jiff::Timestamp;

use super::{Keys, Obtained, Source, Version, sign, xml};
use crate::http::client::{Question, Transport};
use crate::http::credentials::{TokenSource, ask, form};

const WHAT: &str = "the Security Token Service";
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// `assume_role_credentials`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// Where the service is asked.
    pub endpoint: Uri,
    /// `aws_region`.
    pub region: String,
    /// `iam_role_arn`.
    pub role: String,
    /// `session_name`.
    pub session: String,
    /// `aws_signing`: whose keys ask, in the order in which they are tried.
    pub sources: Vec<Source>,
}

/// `web_identity_credentials`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// Where the service is asked.
    pub endpoint: Uri,
    /// `aws_region`.
    pub region: String,
    /// `AWS_ROLE_ARN` of the environment.
    pub role: String,
    /// `session_name`.
    pub session: String,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` of the environment.
    pub token: PathBuf,
}

// === impl AssumeRole ===

impl AssumeRole {
    pub(super) async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let keys = self.keys(transport).await?;
        let fields = [
            ("Action", "AssumeRole"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("Version", "2011-06-15"),
        ];
        let mut question = question(&self.endpoint, &form::body(fields));
        sign(&mut question, &keys, "sts", Version::V4, SystemTime::now())?;
        read(&ask(transport, question, WHAT).await?, &self.region)
    }

    async fn keys(&self, transport: &Transport) -> Result<Keys, String> {
        let mut reasons = Vec::new();
        for source in &self.sources {
            match source.obtain(transport).await {
                Ok(obtained) => return Ok(obtained.value),
                Err(reason) => reasons.push(reason),
            }
        }
        let reasons = reasons.join("; ");
        Err(format!("no keys to assume the role with: {reasons}"))
    }
}

// === impl WebIdentity ===

impl WebIdentity {
    pub(super) async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let token = TokenSource::File(self.token.clone());
        let token = token.read("the web identity token").await;
        let token = token.map_err(|error| error.to_string())?;
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("Version", "2011-06-15"),
            ("WebIdentityToken", &token),
        ];
        let question = question(&self.endpoint, &form::body(fields));
        read(&ask(transport, question, WHAT).await?, &self.region)
    }
}

fn question(endpoint: &Uri, body: &str) -> Question {
    let mut question = Question::new(Method::POST, endpoint.clone());
    question.headers.insert(CONTENT_TYPE, FORM);
    question.body = body.to_owned().into();
    question
}

/// The keys in an answer.
fn read(answer: &[u8], region: &str) -> Result<Obtained<Keys>, String> {
    let xml = String::from_utf8_lossy(answer);
    let text = |name| {
        let text = xml::text(&xml, name).filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("{WHAT} answered without `{name}`"))
    };
    Ok(Obtained {
        value: Keys {
            access_key: text("AccessKeyId")?,
            secret_key: text("SecretAccessKey")?.into(),
            session_token: text("SessionToken")?.into(),
            region: region.to_owned(),
        },
        lifetime: until(&text("Expiration")?),
    })
}

/// How long it is until `time`; none where it is over or no time.
pub(super) fn until(time: &str) -> Duration {
    let time: Option<Timestamp> = time.parse().ok();
    let time = time.map(SystemTime::from);
    let left = time.and_then(|time| time.duration_since(SystemTime::now()).ok());
    left.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_an_answer() {
        let answer = |end: &str| {
            format!(
                "<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><Credentials>\
                 <AccessKeyId>A</AccessKeyId><SecretAccessKey>s/</SecretAccessKey>\
                 <SessionToken>t</SessionToken>{end}</Credentials></AssumeRoleResponse>"
            )
        };
        let later = answer("<Expiration>2999-01-01T00:00:00Z</Expiration>");
        let read_now = read(later.as_bytes(), "r").unwrap();
        assert_eq!(read_now.value.access_key, "A");
        assert_eq!(read_now.value.secret_key.reveal(), "s/");
        assert!(read_now.lifetime > Duration::from_hours(1));
        let over = answer("<Expiration>2011-07-15T23:28:33.359Z</Expiration>");
        assert_eq!(read(over.as_bytes(), "r").unwrap().lifetime, Duration::ZERO);
        let error = read(answer("").as_bytes(), "r").err().unwrap();
        assert!(
            error.contains("Expiration") && !error.contains("s/"),
            "{error}"
        );
    }
}
