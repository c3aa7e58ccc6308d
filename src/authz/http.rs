//! HTTP ext_authz: Envoy's `http_service`, and forward authentication as Traefik and nginx do it.
//!
//! The checked request comes as an HTTP request of its own. It is written down as the
//! `CheckRequest` that Envoy would have sent over gRPC, and goes the same way from there: one input,
//! one policy, one decision log.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, request};

use crate::authz::check::{Answer, Call, Checker};
use crate::authz::encode::Encoder;
use crate::authz::response::Context;
use crate::authz::verdict::{Details, FORBIDDEN, Header, Verdict};
use crate::authz::wire::WireError;
use crate::data::octets;
use crate::decision::{ApiVersion, CheckError, Stage};

/// Envoy takes the request headers that it shall remove from this header of an allow.
const HEADERS_TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// How HTTP answers are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpResponder {
    /// `dry-run`.
    pub dry_run: bool,
    /// `decision-id-header`.
    pub decision_id_header: Option<String>,
}

/// How HTTP requests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpOptions {
    /// The largest body that is read; a larger one is refused with 413.
    pub max_body: usize,
    /// `http-forwarded-headers`: the request's method, path, host and scheme are those that
    /// `X-Forwarded-*` or `X-Original-*` name. Only for a proxy that sets them itself: whoever can
    /// send them chooses what is authorized.
    pub forwarded_headers: bool,
}

#[derive(Clone)]
struct Gate {
    // Never contended: the router is served by one thread. The lock only satisfies `Send`.
    checker: Arc<Mutex<Checker>>,
    responder: Arc<HttpResponder>,
    options: HttpOptions,
}

/// Routes that answer every request with whether it may pass.
pub fn router(checker: Checker, responder: HttpResponder, options: HttpOptions) -> Router {
    Router::new().fallback(check).with_state(Gate {
        checker: Arc::new(Mutex::new(checker)),
        responder: Arc::new(responder),
        options,
    })
}

async fn check(State(gate): State<Gate>, request: Request) -> Response {
    let received = Instant::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, gate.options.max_body).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large to be checked",
        );
    };
    let metadata = head.headers.clone();
    let message = Bytes::from(check_request(&head, &body, gate.options));
    let call = Call {
        version: ApiVersion::V3,
        received,
        deadline: None,
        metadata: &|name| metadata.get(name)?.to_str().ok(),
    };
    let mut checker = gate.checker.lock().unwrap_or_else(PoisonError::into_inner);
    checker.check(&*gate.responder, call, &message)
}

// === impl HttpResponder ===

impl Answer for HttpResponder {
    type Output = Response;

    fn verdict(&self, verdict: &Verdict<'_>, context: Context<'_>) -> Result<Response, CheckError> {
        let nothing = Details::default();
        let details = verdict.details.as_ref().unwrap_or(&nothing);
        let mut response = match verdict.allowed {
            true => allowed(details)?,
            false if self.dry_run => Response::new(Body::empty()),
            false => denied(details)?,
        };
        if let Some(name) = &self.decision_id_header {
            let (name, value) = header(&Header {
                key: name,
                value: context.id.as_str(),
                action: None,
            })?;
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }

    fn error(&self, error: &CheckError, _version: ApiVersion) -> Response {
        match error.stage {
            // The client sent something that does not parse, and may know why.
            Stage::Request => plain(
                StatusCode::BAD_REQUEST,
                &format!("{}: {}", error.code, error.message),
            ),
            // Everything else is the operator's business; the log has the message.
            Stage::Deadline => plain(StatusCode::GATEWAY_TIMEOUT, error.code),
            Stage::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE, error.code),
            Stage::Evaluation | Stage::Result | Stage::Answer | Stage::Internal => {
                plain(StatusCode::INTERNAL_SERVER_ERROR, error.code)
            }
        }
    }

    fn undecodable(&self, error: &WireError) -> Response {
        plain(StatusCode::BAD_REQUEST, &error.to_string())
    }
}

fn allowed(details: &Details<'_>) -> Result<Response, CheckError> {
    let mut response = Response::new(Body::empty());
    for edit in details.headers.iter().chain(&details.response_headers) {
        let (name, value) = header(edit)?;
        response.headers_mut().append(name, value);
    }
    if !details.headers_to_remove.is_empty() {
        let names = details.headers_to_remove.join(",");
        let value = HeaderValue::from_str(&names).map_err(|_| unsendable(&names))?;
        response.headers_mut().insert(HEADERS_TO_REMOVE, value);
    }
    Ok(response)
}

fn denied(details: &Details<'_>) -> Result<Response, CheckError> {
    if octets::has_octets(details.body) {
        return Err(unsendable("body"));
    }
    let mut response = Response::new(Body::from(details.body.to_owned()));
    *response.status_mut() = denial_status(details.http_status);
    for edit in &details.headers {
        let (name, value) = header(edit)?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Over HTTP the status *is* the decision: a denial whose policy asks for a success, or for an
/// interim status, is a 403.
fn denial_status(asked: Option<u16>) -> StatusCode {
    asked
        .filter(|status| *status >= 300)
        .and_then(|status| StatusCode::from_u16(status).ok())
        .or(StatusCode::from_u16(FORBIDDEN).ok())
        .unwrap_or(StatusCode::FORBIDDEN)
}

fn header(edit: &Header<'_>) -> Result<(HeaderName, HeaderValue), CheckError> {
    if octets::has_octets(edit.key) || octets::has_octets(edit.value) {
        return Err(unsendable(edit.key));
    }
    let name = HeaderName::try_from(edit.key).map_err(|_| unsendable(edit.key))?;
    let value = HeaderValue::try_from(edit.value).map_err(|_| unsendable(edit.key))?;
    Ok((name, value))
}

fn unsendable(what: &str) -> CheckError {
    CheckError {
        stage: Stage::Answer,
        code: "envoyauth_result_error",
        message: format!("the decision's `{what}` cannot stand in an HTTP response"),
        location: None,
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// What the request was before a proxy made a question of it.
struct Original {
    method: String,
    path: String,
    host: String,
    scheme: String,
}

// === impl Original ===

impl Original {
    fn of(head: &request::Parts, options: HttpOptions) -> Self {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = text(&head.headers, "host").or_else(|| head.uri.host().map(str::to_owned));
        let mut original = Self {
            method: head.method.to_string(),
            path: path.to_owned(),
            host: host.unwrap_or_default(),
            scheme: text(&head.headers, "x-forwarded-proto").unwrap_or_else(|| "http".to_owned()),
        };
        if options.forwarded_headers {
            original.replace(&head.headers);
        }
        original
    }

    fn replace(&mut self, headers: &HeaderMap) {
        let first = |names: [&str; 2]| names.iter().find_map(|name| text(headers, name));
        if let Some(method) = first(["x-forwarded-method", "x-original-method"]) {
            self.method = method;
        }
        if let Some(path) = first(["x-forwarded-uri", "x-original-uri"]) {
            self.path = path;
        }
        if let Some(host) = first(["x-forwarded-host", "x-original-host"]) {
            self.host = host;
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The `CheckRequest` that Envoy would have sent.
fn check_request(head: &request::Parts, body: &Bytes, options: HttpOptions) -> Vec<u8> {
    let original = Original::of(head, options);
    let mut out = Encoder::default();
    message(&mut out, 1, |attributes| {
        message(attributes, 4, |request| {
            message(request, 1, timestamp);
            message(request, 2, |http| {
                http.string(2, &original.method);
                headers(http, head, &original);
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
    out.into_message()
}

/// The headers as Envoy sends them: pseudo headers among them, several values joined by a comma.
fn headers(http: &mut Encoder, head: &request::Parts, original: &Original) {
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
        let values: Vec<_> = head
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        header_entry(http, name.as_str(), &values.join(","));
    }
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

fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2",
        http::Version::HTTP_3 => "HTTP/3",
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
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_never_a_success_over_http() {
        for asked in [None, Some(100), Some(200), Some(204), Some(226)] {
            assert_eq!(denial_status(asked), StatusCode::FORBIDDEN, "{asked:?}");
        }
        assert_eq!(denial_status(Some(302)), StatusCode::FOUND);
        assert_eq!(denial_status(Some(401)), StatusCode::UNAUTHORIZED);
    }
}
