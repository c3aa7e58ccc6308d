//! HTTP ext_authz: Envoy's `http_service`, and forward authentication as Traefik and nginx do it.
//!
//! The checked request comes as an HTTP request of its own. It is written down as the
//! `CheckRequest` that Envoy would have sent over gRPC, and goes the same way from there: one input,
//! one policy, one decision log.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body_util::LengthLimitError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::authz::check::{Answer, Call, Checked, Checker, Run};
use crate::authz::later::Later;
use crate::authz::response::Context;
use crate::authz::verdict::{Details, FORBIDDEN, Header, Verdict};
use crate::authz::wire::WireError;
use crate::data::octets;
use crate::decision::{ApiVersion, CheckError, Stage};

mod request;

/// Envoy takes the request headers that it shall remove from this header of an allow.
const HEADERS_TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// Envoy says with it how long it waits for the answer, in milliseconds.
const EXPECTED_TIMEOUT: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");

/// How long a request's body may take to arrive: what is checked waits for it.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes of bodies may be held at once, or one body if that is more.
const BODIES: usize = 256 << 20;

/// What frames the answer itself. With one of these a decision could make another answer of it.
const FRAMING: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

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
    /// How many requests may be in flight; more are refused with 503.
    pub max_checks: usize,
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
    room: Arc<Room>,
    later: Later,
}

/// What requests in flight may take together, for a body may be long under way.
#[derive(Debug)]
struct Room {
    checks: Semaphore,
    bytes: Semaphore,
}

/// Routes that answer every request with whether it may pass.
pub fn router(
    checker: Checker,
    responder: HttpResponder,
    options: HttpOptions,
    later: Later,
) -> Router {
    Router::new().fallback(check).with_state(Gate {
        checker: Arc::new(Mutex::new(checker)),
        responder: Arc::new(responder),
        options,
        room: Arc::new(Room::new(options)),
        later,
    })
}

async fn check(State(gate): State<Gate>, request: Request) -> Response {
    let received = Instant::now();
    let (head, body) = request.into_parts();
    let message = match gate.room.enter(&body, gate.options.max_body) {
        Ok(_held) => read(body, gate.options.max_body).await.and_then(|body| {
            request::check_request(&head, &body, gate.options)
                .map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))
        }),
        Err(refusal) => Err(refusal),
    };
    let message = match message {
        Ok(message) => Bytes::from(message),
        Err(Refusal(status, why)) => {
            gate.checker().refuse(received);
            return plain(status, &why);
        }
    };
    let call = Call {
        version: ApiVersion::V3,
        received,
        deadline: patience(&head.headers).and_then(|patience| received.checked_add(patience)),
        metadata: &|name| head.headers.get(name)?.to_str().ok(),
    };
    let checked = gate.checker().check(&*gate.responder, call, &message);
    match checked {
        Checked::Answered(response) => response,
        Checked::PutOff(run) => gate.later(run).await,
        Checked::Held(held) => held.settle().await,
    }
}

/// Why a request cannot be checked at all.
#[derive(Debug)]
struct Refusal(StatusCode, String);

// === impl Gate ===

impl Gate {
    fn checker(&self) -> MutexGuard<'_, Checker> {
        self.checker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a Check that was put off done elsewhere.
    async fn later(&self, run: Box<Run>) -> Response {
        let responder = Arc::clone(&self.responder);
        let response = self.later.put_off(&self.checker(), responder, run);
        response.await.unwrap_or_else(|_| {
            let why = "the request could not be handled because of a defect";
            plain(StatusCode::INTERNAL_SERVER_ERROR, why)
        })
    }
}

// === impl Room ===

impl Room {
    fn new(options: HttpOptions) -> Self {
        Self {
            checks: Semaphore::new(options.max_checks.min(Semaphore::MAX_PERMITS)),
            bytes: Semaphore::new(BODIES.max(options.max_body).min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Takes the room for one request, at once or not at all. A body that does not say its size may
    /// become as large as one is read.
    fn enter(&self, body: &Body, max: usize) -> Result<[SemaphorePermit<'_>; 2], Refusal> {
        let size = body.size_hint().upper().unwrap_or(u64::MAX);
        let size = u32::try_from(size.min(max as u64)).unwrap_or(u32::MAX);
        let permits = self
            .checks
            .try_acquire()
            .and_then(|check| Ok([check, self.bytes.try_acquire_many(size)?]));
        permits.map_err(|_| {
            let why = "too many requests are in flight";
            Refusal(StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
        })
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let refuse = |status, why: &str| Err(Refusal(status, why.to_owned()));
    match timeout(BODY_TIMEOUT, to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error))
            if error
                .source()
                .is_some_and(<dyn Error>::is::<LengthLimitError>) =>
        {
            refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large to be checked",
            )
        }
        Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "the body is broken off"),
        Err(_) => refuse(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        ),
    }
}

/// How long the caller waits, where it says so. It can only shorten `max-eval-time`.
fn patience(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(EXPECTED_TIMEOUT)?.to_str().ok()?;
    let milliseconds = text.parse().ok().filter(|milliseconds| *milliseconds > 0)?;
    Some(Duration::from_millis(milliseconds))
}

// === impl HttpResponder ===

impl<T: Answer> Answer for Arc<T> {
    type Output = T::Output;

    fn verdict(
        &self,
        verdict: &Verdict<'_>,
        context: Context<'_>,
    ) -> Result<T::Output, CheckError> {
        (**self).verdict(verdict, context)
    }

    fn error(&self, error: &CheckError, version: ApiVersion) -> T::Output {
        (**self).error(error, version)
    }

    fn undecodable(&self, error: &WireError) -> T::Output {
        (**self).undecodable(error)
    }
}

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
            let (name, value) = entry(&Header {
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
            Stage::Refused => plain(StatusCode::FORBIDDEN, error.code),
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
    // An allow whose terms nobody carries out is not the one that the policy gave.
    if !details.parameters_to_set.is_empty() || !details.parameters_to_remove.is_empty() {
        return Err(unsendable("query parameters"));
    }
    let mut response = Response::new(Body::empty());
    for edit in details.headers.iter().chain(&details.response_headers) {
        let (name, value) = entry(edit)?;
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
        let (name, value) = entry(edit)?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Over HTTP the status *is* the decision: a denial whose policy asks for a success, or for an
/// interim status, is a 403. So is one that asks for a 5xx, for Envoy would take it for a failure to
/// decide, and with `failure_mode_allow` let the request pass.
fn denial_status(asked: Option<u16>) -> StatusCode {
    asked
        .filter(|status| (300..500).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .or(StatusCode::from_u16(FORBIDDEN).ok())
        .unwrap_or(StatusCode::FORBIDDEN)
}

fn entry(edit: &Header<'_>) -> Result<(HeaderName, HeaderValue), CheckError> {
    if octets::has_octets(edit.key) || octets::has_octets(edit.value) {
        return Err(unsendable(edit.key));
    }
    let name = HeaderName::try_from(edit.key).map_err(|_| unsendable(edit.key))?;
    let value = HeaderValue::try_from(edit.value).map_err(|_| unsendable(edit.key))?;
    if FRAMING.contains(&name) {
        return Err(unsendable(edit.key));
    }
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
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests;
