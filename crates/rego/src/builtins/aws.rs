//! Signatures of requests to Amazon's services, version 4 and 4a: what is signed, and by which key.
//!
//! `providers.aws.sign_req` signs with it, and hosts sign requests of their own. It reads no clock and sends nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use data_encoding::HEXLOWER;

use crate::builtins::strings::to_lower;
use crate::builtins::time::Moment;
use crate::value::octets;

mod asymmetric;

pub use asymmetric::sign_for_all_regions;

/// Who signs, and for which service.
#[derive(Clone, Copy)]
pub struct Credentials<'c> {
    /// The id of the key.
    pub access_key: &'c str,
    /// The key.
    pub secret_key: &'c str,
    /// Empty, where there is none.
    pub session_token: &'c str,
    /// `us-east-1`; version 4a signs for all of them.
    pub region: &'c str,
    /// `s3`, `sts`, …
    pub service: &'c str,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `GET`, …
    pub method: &'r str,
    /// The host, with its port unless it is the scheme's own.
    pub host: &'r str,
    /// The path with its escapes.
    pub path: &'r str,
    /// The query as it is signed.
    pub query: &'r str,
    /// The headers that are signed beside those that are added.
    pub headers: &'r BTreeMap<&'r str, &'r str>,
    /// What is said of the body: its [`payload_hash`], or [`UNSIGNED_PAYLOAD`].
    pub payload: &'r str,
    /// Who signs.
    pub credentials: &'r Credentials<'r>,
    /// When: nanoseconds since 1970.
    pub time_ns: i64,
}

/// The headers that services read: the signature is about what they say.
pub type Added = BTreeMap<&'static str, String>;

/// In place of the hash of a body that the signature says nothing about.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Headers that what stands between may change.
const UNSIGNED: [&str; 3] = ["authorization", "user-agent", "x-amzn-trace-id"];

/// The headers to add, the signature among them.
#[must_use]
pub fn sign(request: &Request<'_>) -> Added {
    let Credentials {
        access_key,
        region,
        service,
        ..
    } = request.credentials;
    let (date, time) = date_and_time(request.time_ns);
    let mut added = added(request, &time);
    let (canonical, names) = canonical(request, &added);
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = to_sign("AWS4-HMAC-SHA256", &time, &scope, &canonical);
    let key = key(request.credentials, &date);
    let signature = HEXLOWER.encode(mac(&key, &to_sign).as_ref());
    let proof = format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"
    );
    added.insert("Authorization", proof);
    added
}

/// The hash of a body, as it is signed.
#[must_use]
pub fn payload_hash(body: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, body).as_ref())
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key itself reaches no log.
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

fn added(request: &Request<'_>, time: &str) -> Added {
    let credentials = request.credentials;
    let mut added = Added::from([
        ("host", request.host.to_owned()),
        ("x-amz-date", time.to_owned()),
    ]);
    if matches!(credentials.service, "s3" | "glacier") {
        added.insert("x-amz-content-sha256", request.payload.to_owned());
    }
    if !credentials.session_token.is_empty() {
        let token = credentials.session_token.to_owned();
        added.insert("x-amz-security-token", token);
    }
    added
}

/// The request in the one form that both sides hash, and the names of the headers in it.
fn canonical(request: &Request<'_>, added: &Added) -> (String, String) {
    // A header of the request is signed in place of the added one of that name, though the added one is sent: OPA's
    // way, and what does not verify there must not here.
    let mut headers: BTreeMap<String, &str> = added
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_str()))
        .collect();
    for (name, value) in request.headers {
        let name: String = name.chars().map(to_lower).collect();
        if !UNSIGNED.contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
    let Request {
        method,
        path,
        query,
        payload,
        ..
    } = request;
    let mut text = format!("{method}\n{path}\n{query}\n");
    for (name, value) in &headers {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}:{value}");
    }
    let names: Vec<String> = headers.into_keys().collect();
    let names = names.join(";");
    let _ = write!(text, "\n{names}\n{payload}");
    (text, names)
}

fn to_sign(algorithm: &str, time: &str, scope: &str, canonical: &str) -> String {
    let hash = payload_hash(&octets::to_bytes(canonical));
    format!("{algorithm}\n{time}\n{scope}\n{hash}")
}

/// The key for one day, region and service.
fn key(credentials: &Credentials<'_>, date: &str) -> hmac::Key {
    let secret = format!("AWS4{}", credentials.secret_key);
    let mut key = hmac::Key::new(HMAC_SHA256, &octets::to_bytes(&secret));
    for part in [
        date,
        credentials.region,
        credentials.service,
        "aws4_request",
    ] {
        key = hmac::Key::new(HMAC_SHA256, mac(&key, part).as_ref());
    }
    key
}

fn mac(key: &hmac::Key, text: &str) -> hmac::Tag {
    hmac::sign(key, &octets::to_bytes(text))
}

/// `20151228` and `20151228T140825Z`.
fn date_and_time(ns: i64) -> (String, String) {
    let moment = Moment::utc(ns);
    let date = moment.date();
    let [hour, minute, second] = moment.clock();
    let date = format!("{:04}{:02}{:02}", date.year, date.month, date.day);
    let time = format!("{date}T{hour:02}{minute:02}{second:02}Z");
    (date, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Amazon's documentation of S3: an object is read, in part.
    #[test]
    fn the_signature_is_the_published_one() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            session_token: "",
            region: "us-east-1",
            service: "s3",
        };
        let added = sign(&Request {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: "",
            headers: &BTreeMap::from([("range", "bytes=0-9")]),
            payload: &payload_hash(b""),
            credentials: &credentials,
            time_ns: 1_369_353_600_000_000_000,
        });
        assert_eq!(
            added["Authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn the_secret_key_is_not_shown() {
        let credentials = Credentials {
            access_key: "id",
            secret_key: "hush",
            session_token: "hush",
            region: "r",
            service: "s",
        };
        assert!(!format!("{credentials:?}").contains("hush"));
    }
}
