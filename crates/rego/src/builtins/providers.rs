//! `providers.aws.sign_req`: requests to Amazon's services, signed by version 4 of their scheme.
//!
//! The query of the URL is signed as it is written: who wants its parameters sorted writes them so.

use std::collections::BTreeMap;

use super::aws::{self, Credentials, Request};
use super::declare::{named, number, takes};
use super::text::{self, Style};
use super::uri::Parts;
use super::{Builtin, Context, Error, http, operand};
use crate::types::Type;
use crate::value::{Object, Value, octets};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[Builtin::new(
    "providers.aws.sign_req",
    "Signs an HTTP request for Amazon Web Services (Signature Version 4), by a header.",
    sign_request,
)
.declared(|| {
    let options = || Type::object(Type::String, Type::any());
    let signed = Type::object(Type::any(), Type::any());
    takes([
        named("request", options(), "the request, as `http.send` takes it"),
        named("aws_config", options(), "key, region, service and the like"),
        number("time_ns", "when it is signed, in nanoseconds since 1970"),
    ])
    .gives(named(
        "signed_request",
        signed,
        "the request with the headers that prove who sent it",
    ))
})
.categories(&["providers.aws"])];

/// What the configuration must say.
const NEEDED: [&str; 4] = [
    "aws_access_key",
    "aws_region",
    "aws_secret_access_key",
    "aws_service",
];

/// Bytes hashed in a step, about.
const BYTES_A_STEP: u64 = 64;

fn sign_request(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let request = operand::object(args, 0)?;
    let config = operand::object(args, 1)?;
    let credentials = credentials(config)?;
    let time = operand::number(args, 2)?;
    let time = time
        .as_i64()
        .filter(|_| !time.with_text(|text| text.contains(['e', 'E'])));
    let time_ns = time.ok_or_else(|| {
        operand::wrong(2, "could not convert time_ns value into a unix timestamp")
    })?;
    http::parameters(request)?;
    let headers = match request.get_str("headers") {
        None => BTreeMap::new(),
        Some(Value::Object(headers)) => texts(headers),
        Some(other) => return Err(operand::mismatch(0, other, &["object"])),
    };
    let invalid = ["method", "url"].into_iter().filter(|key| {
        let text = request.get_str(key).and_then(Value::as_str);
        text.is_none()
    });
    none_of(
        invalid,
        0,
        "invalid values for required request parameters(s)",
    )?;
    let url = text_of(request, "url");
    context.budget.build(url.len() as u64 * 8)?;
    let url =
        Parts::parse(url).ok_or_else(|| Error::Failed(format!("parse {url:?}: not a URI")))?;
    let body = body(context, request)?;
    let unsigned_payload = match config.get_str("disable_payload_signing") {
        None => false,
        Some(Value::Bool(disable)) => *disable,
        Some(_) => {
            let what = "invalid value for 'disable_payload_signing' in AWS config";
            return Err(operand::wrong(1, what));
        }
    };
    let size: usize = headers.iter().map(|(k, v)| k.len() + v.len()).sum();
    let size = (size + body.len()) as u64;
    context.budget.build(size.saturating_mul(4))?;
    context.budget.step(size / BYTES_A_STEP)?;
    let payload = if unsigned_payload {
        aws::UNSIGNED_PAYLOAD.to_owned()
    } else {
        aws::payload_hash(&octets::to_bytes(&body))
    };
    let added = aws::sign(&Request {
        method: text_of(request, "method"),
        host: &url.host,
        path: &url.escaped_path(),
        query: &url.query,
        headers: &headers,
        payload: &payload,
        credentials: &credentials,
        time_ns,
    });
    Ok(with_headers(request, headers, added))
}

/// The request with its headers as texts, and what was `added` over them.
fn with_headers(
    request: &Object,
    mut headers: BTreeMap<&str, &str>,
    added: BTreeMap<&'static str, String>,
) -> Value {
    headers.retain(|name, _| !added.contains_key(name));
    let kept = headers
        .into_iter()
        .map(|(k, v)| (Value::from(k), Value::from(v)));
    let added = added
        .into_iter()
        .map(|(k, v)| (Value::from(k), Value::from(v)));
    let headers = Value::Object(kept.chain(added).collect::<Object>());
    let others = request
        .iter()
        .filter(|(key, _)| key.as_str() != Some("headers"));
    let others = others.map(|(key, value)| (key.clone(), value.clone()));
    let members = others.chain([(Value::from("headers"), headers)]);
    Value::Object(members.collect::<Object>())
}

fn credentials(config: &Object) -> Result<Credentials<'_>, Error> {
    let missing = NEEDED
        .into_iter()
        .filter(|key| config.get_str(key).is_none());
    none_of(missing, 1, "missing required AWS config parameters(s)")?;
    let invalid = NEEDED.into_iter().filter(|key| {
        let text = config.get_str(key).and_then(Value::as_str);
        text.is_none()
    });
    none_of(
        invalid,
        1,
        "invalid values for required AWS config parameters(s)",
    )?;
    Ok(Credentials {
        access_key: text_of(config, "aws_access_key"),
        secret_key: text_of(config, "aws_secret_access_key"),
        session_token: text_of(config, "aws_session_token"),
        region: text_of(config, "aws_region"),
        service: text_of(config, "aws_service"),
    })
}

/// That no key is left of `keys`, which are what is wrong with the argument at `at`.
fn none_of<'k>(keys: impl Iterator<Item = &'k str>, at: usize, what: &str) -> Result<(), Error> {
    let keys: Vec<String> = keys.map(|key| format!("{key:?}")).collect();
    if keys.is_empty() {
        return Ok(());
    }
    Err(operand::wrong(
        at,
        format_args!("{what}: {{{}}}", keys.join(", ")),
    ))
}

/// Keys and values as texts; what is none counts as empty, and of values with one key the last counts.
fn texts(headers: &Object) -> BTreeMap<&str, &str> {
    let members = headers.iter();
    let members = members.map(|(key, value)| (key.as_str(), value.as_str()));
    members
        .map(|(key, value)| (key.unwrap_or_default(), value.unwrap_or_default()))
        .collect()
}

/// A member that is a text; anything else counts as empty.
fn text_of<'o>(object: &'o Object, key: &str) -> &'o str {
    let text = object.get_str(key).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// What is sent: `raw_body` as it is, or else `body` as JSON.
fn body(context: &mut Context<'_>, request: &Object) -> Result<String, Error> {
    match (request.get_str("raw_body"), request.get_str("body")) {
        (Some(raw), _) => {
            let raw = raw.as_str().unwrap_or_default();
            context.budget.build(raw.len() as u64)?;
            Ok(raw.to_owned())
        }
        (None, Some(body)) => text::write(body, Style::Json, context.budget),
        (None, None) => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests;
