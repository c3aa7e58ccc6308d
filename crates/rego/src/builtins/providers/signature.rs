//! Signature Version 4: what is signed, and by which key.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use data_encoding::HEXLOWER;

use crate::builtins::strings::to_lower;
use crate::builtins::time::Moment;
use crate::builtins::uri::Parts;
use crate::value::octets;

/// Who signs, and for which service.
pub(super) struct Credentials<'c> {
    pub access_key: &'c str,
    pub secret_key: &'c str,
    /// Empty, where there is none.
    pub session_token: &'c str,
    pub region: &'c str,
    pub service: &'c str,
}

/// What is signed.
pub(super) struct Request<'r> {
    pub method: &'r str,
    pub url: &'r Parts,
    pub headers: &'r BTreeMap<&'r str, &'r str>,
    pub body: &'r str,
    /// Whether the signature says nothing about the body.
    pub unsigned_payload: bool,
    pub credentials: &'r Credentials<'r>,
    /// Nanoseconds since 1970.
    pub time_ns: i64,
}

/// The headers that services read: the signature is about what they say.
type Added = BTreeMap<&'static str, String>;

/// Headers that what stands between may change.
const UNSIGNED: [&str; 3] = ["authorization", "user-agent", "x-amzn-trace-id"];

/// The headers to add, the signature among them.
pub(super) fn sign(request: &Request<'_>) -> Added {
    let Credentials {
        access_key,
        region,
        service,
        ..
    } = request.credentials;
    let (date, time) = date_and_time(request.time_ns);
    let payload = if request.unsigned_payload {
        "UNSIGNED-PAYLOAD".to_owned()
    } else {
        sha256(&octets::to_bytes(request.body))
    };
    let mut added = added(request, &time, &payload);
    let (canonical, names) = canonical(request, &added, &payload);
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let hash = sha256(&octets::to_bytes(&canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
    let key = key(request.credentials, &date);
    let signature = HEXLOWER.encode(mac(&key, &to_sign).as_ref());
    let proof = format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"
    );
    added.insert("Authorization", proof);
    added
}

fn added(request: &Request<'_>, time: &str, payload: &str) -> Added {
    let credentials = request.credentials;
    let mut added = Added::from([
        ("host", request.url.host.clone()),
        ("x-amz-date", time.to_owned()),
    ]);
    if matches!(credentials.service, "s3" | "glacier") {
        added.insert("x-amz-content-sha256", payload.to_owned());
    }
    if !credentials.session_token.is_empty() {
        let token = credentials.session_token.to_owned();
        added.insert("x-amz-security-token", token);
    }
    added
}

/// The request in the one form that both sides hash, and the names of the headers in it.
fn canonical(request: &Request<'_>, added: &Added, payload: &str) -> (String, String) {
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
    let Request { method, url, .. } = request;
    let mut text = format!("{method}\n{}\n{}\n", url.escaped_path(), url.query);
    for (name, value) in &headers {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}:{value}");
    }
    let names: Vec<String> = headers.into_keys().collect();
    let names = names.join(";");
    let _ = write!(text, "\n{names}\n{payload}");
    (text, names)
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

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
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
