//! The `CheckRequest` that Envoy would have sent over gRPC for a request that came over HTTP.

use std::convert::Infallible;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version, request};
use thiserror::Error;

use super::HttpOptions;
use crate::authz::encode::Encoder;

/// Envoy says with it that it sent the body in part. Nobody else may.
const PARTIAL_BODY: &str = "x-envoy-auth-partial-body";

/// What concerns the hop to us, and not the request that is checked.
const HOP: [&str; 5] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
];

/// Why it is not clear what is to be checked. Each is answered with 400: whoever guesses could
/// authorize one request and let another one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum RequestError {
    #[error("the request names more than one host")]
    Hosts,
    #[error("a CONNECT request has no path that could be checked")]
    Connect,
    #[error("neither `x-forwarded-uri` nor `x-original-uri` says what is to be checked")]
    NoUri,
    #[error("`{0}` is missing: the proxy must set it")]
    Missing(&'static str),
    #[error("`{0}` is there more than once")]
    Repeated(&'static str),
    #[error("`{0}` is not what was expected of it")]
    Malformed(&'static str),
    #[error(
        "`x-forwarded-uri` and `x-original-uri` differ: the proxy must remove what it does not set"
    )]
    Families,
}

/// What the request was before a proxy made a question of it.
struct Original {
    method: String,
    path: String,
    host: String,
    scheme: String,
}

/// The headers with which a proxy names the original request. They count only as one: a client can
/// add those that its proxy does not set.
struct Family {
    method: &'static str,
    uri: &'static str,
    host: &'static str,
    scheme: &'static str,
}

const FORWARDED: Family = Family {
    method: "x-forwarded-method",
    uri: "x-forwarded-uri",
    host: "x-forwarded-host",
    scheme: "x-forwarded-proto",
};

const ORIGINAL: Family = Family {
    method: "x-original-method",
    uri: "x-original-uri",
    host: "x-original-host",
    scheme: "x-original-proto",
};

/// The `CheckRequest` of a request with this head and this body.
pub(super) fn check_request(
    head: &request::Parts,
    body: &Bytes,
    options: HttpOptions,
) -> Result<Vec<u8>, RequestError> {
    let original = Original::of(head, options)?;
    let mut out = Encoder::default();
    message(&mut out, 1, |attributes| {
        message(attributes, 4, |request| {
            message(request, 1, timestamp);
            message(request, 2, |http| {
                http.string(2, &original.method);
                headers(http, head, &original, options);
                http.string(4, &original.path);
                http.string(5, &original.host);
                http.string(6, &original.scheme);
                if !body.is_empty() {
                    http.varint(9, body.len() as u64);
                }
                http.string(10, protocol(head.version));
                match std::str::from_utf8(body) {
                    Ok(text) => http.string(11, text),
                    Err(_) => http.bytes(12, body),
                }
            });
        });
    });
    Ok(out.into_message())
}

// === impl Original ===

impl Original {
    fn of(head: &request::Parts, options: HttpOptions) -> Result<Self, RequestError> {
        if head.method == Method::CONNECT {
            return Err(RequestError::Connect);
        }
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let itself = Self {
            method: head.method.to_string(),
            path: path.to_owned(),
            host: host(head)?,
            // Not `x-forwarded-proto`, which the client may have sent.
            scheme: head.uri.scheme_str().unwrap_or("http").to_owned(),
        };
        if options.forwarded_headers {
            itself.replaced(&head.headers)
        } else {
            Ok(itself)
        }
    }

    fn replaced(self, headers: &HeaderMap) -> Result<Self, RequestError> {
        let (forwarded, original) = (one(headers, FORWARDED.uri)?, one(headers, ORIGINAL.uri)?);
        let (family, uri) = match (forwarded, original) {
            (Some(forwarded), Some(original)) if forwarded != original => {
                return Err(RequestError::Families);
            }
            (Some(uri), _) => (FORWARDED, uri),
            (None, Some(uri)) => (ORIGINAL, uri),
            (None, None) => return Err(RequestError::NoUri),
        };
        // A URL with a host would be taken for a path.
        if !uri.starts_with('/') {
            return Err(RequestError::Malformed(family.uri));
        }
        let method = one(headers, family.method)?.ok_or(RequestError::Missing(family.method))?;
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| RequestError::Malformed(family.method))?;
        Ok(Self {
            method: method.to_string(),
            path: uri.to_owned(),
            host: one(headers, family.host)?.map_or(self.host, str::to_owned),
            scheme: one(headers, family.scheme)?.map_or(self.scheme, str::to_owned),
        })
    }
}

/// The host: `Host` in HTTP/1, `:authority` in HTTP/2; where both are given they must agree.
fn host(head: &request::Parts) -> Result<String, RequestError> {
    let mut hosts = head
        .headers
        .get_all(header::HOST)
        .iter()
        .map(|value| value.to_str().map_err(|_| RequestError::Malformed("host")))
        .collect::<Result<Vec<_>, _>>()?;
    if hosts.len() > 1 {
        return Err(RequestError::Hosts);
    }
    hosts.extend(head.uri.authority().map(http::uri::Authority::as_str));
    match hosts.as_slice() {
        [] => Ok(String::new()),
        [first, others @ ..] if others.iter().all(|other| other == first) => {
            Ok((*first).to_owned())
        }
        _ => Err(RequestError::Hosts),
    }
}

/// The only value of a header.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, RequestError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(RequestError::Repeated(name));
    }
    let text = std::str::from_utf8(value.as_bytes()).ok();
    let text = text.filter(|text| !text.is_empty());
    text.map(Some).ok_or(RequestError::Malformed(name))
}

/// The headers as Envoy sends them: pseudo headers among them, several values joined.
fn headers(http: &mut Encoder, head: &request::Parts, original: &Original, options: HttpOptions) {
    let pseudo = [
        (":authority", original.host.as_str()),
        (":method", &original.method),
        (":path", &original.path),
        (":scheme", &original.scheme),
    ];
    for (name, value) in pseudo {
        header_entry(http, name, value);
    }
    for name in head.headers.keys() {
        let forged = options.forwarded_headers && name == PARTIAL_BODY;
        if forged || HOP.contains(&name.as_str()) {
            continue;
        }
        let values: Vec<_> = head.headers.get_all(name).iter().map(text).collect();
        header_entry(http, name.as_str(), &values.join(separator(name)));
    }
}

fn separator(name: &HeaderName) -> &'static str {
    if *name == header::COOKIE { "; " } else { "," }
}

/// The value as text, with a `!` for each byte that is none: so Envoy does it.
fn text(value: &HeaderValue) -> String {
    let mut text = String::with_capacity(value.len());
    for chunk in value.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '!'));
    }
    text
}

fn header_entry(http: &mut Encoder, name: &str, value: &str) {
    message(http, 3, |entry| {
        entry.string(1, name);
        entry.string(2, value);
    });
}

fn timestamp(out: &mut Encoder) {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    out.varint(1, now.as_secs());
    out.varint(2, u64::from(now.subsec_nanos()));
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

fn message(out: &mut Encoder, field: u32, write: impl FnOnce(&mut Encoder)) {
    let Ok(()) = out.message(field, |out| {
        write(out);
        Ok::<_, Infallible>(())
    });
}

#[cfg(test)]
mod tests;
