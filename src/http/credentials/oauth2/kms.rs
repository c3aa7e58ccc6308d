//! `aws_kms`: assertions signed by a key that never leaves Amazon's Key Management Service.

use data_encoding::BASE64;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::json;

use crate::http::client::{Question, Transport};
use crate::http::credentials::{ask, aws, jws};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const SIGN: HeaderValue = HeaderValue::from_static("TrentService.Sign");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// `oauth2.aws_kms`, with `oauth2.aws_signing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kms {
    /// `aws_kms.name`: the key's id, its ARN, or an alias of it.
    pub name: String,
    /// `aws_kms.algorithm`: `ECDSA_SHA_256` and so on.
    pub algorithm: String,
    /// `aws_signing`: who asks.
    pub signing: aws::Config,
    /// Where the service is asked; none: at its address in the region of the keys.
    pub endpoint: Option<Uri>,
}

/// The key in use.
#[derive(Debug)]
pub(super) struct Signing {
    kms: Kms,
    signer: aws::Signer,
    /// The token's name of the algorithm, and how long a number of its signatures is.
    algorithm: (&'static str, usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    signature: String,
}

// === impl Signing ===

impl Signing {
    pub(super) fn new(kms: Kms) -> Result<Self, String> {
        let algorithm = match kms.algorithm.as_str() {
            "ECDSA_SHA_256" => ("ES256", 32),
            "ECDSA_SHA_384" => ("ES384", 48),
            "ECDSA_SHA_512" => ("ES512", 66),
            _ => {
                let known = "ECDSA_SHA_256, ECDSA_SHA_384 or ECDSA_SHA_512";
                return Err(format!("expected `aws_kms.algorithm` to be {known}"));
            }
        };
        Ok(Self {
            signer: aws::Signer::new(kms.signing.clone()),
            kms,
            algorithm,
        })
    }

    pub(super) fn algorithm(&self) -> &str {
        self.algorithm.0
    }

    pub(super) async fn sign(
        &self,
        message: &[u8],
        transport: &Transport,
    ) -> Result<Vec<u8>, String> {
        let what = "the Key Management Service (`aws_kms`)";
        let (algorithm, size) = self.algorithm;
        let hash = jws::hash(algorithm, message).unwrap_or_default();
        let body = json!({
            "KeyId": self.kms.name,
            "Message": BASE64.encode(&hash),
            "MessageType": "DIGEST",
            "SigningAlgorithm": self.kms.algorithm,
        });
        let endpoint = self.endpoint(transport).await?;
        let mut question = Question::new(Method::POST, endpoint);
        question.headers.insert(CONTENT_TYPE, JSON);
        question.headers.insert(TARGET, SIGN);
        question.body = body.to_string().into();
        self.signer.add(&mut question, transport).await?;
        let answer = ask(transport, question, what).await?;
        let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
        let signature = answer.and_then(|it| BASE64.decode(it.signature.as_bytes()).ok());
        let signature = signature.and_then(|der| jws::fixed(&der, size));
        signature.ok_or_else(|| format!("{what} answered without a signature in the form it has"))
    }

    async fn endpoint(&self, transport: &Transport) -> Result<Uri, String> {
        if let Some(endpoint) = &self.kms.endpoint {
            return Ok(endpoint.clone());
        }
        let region = self.signer.region(transport).await?;
        aws::endpoint("kms", &region, aws::DOMAIN)
    }
}
