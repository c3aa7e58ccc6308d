//! One call: checked, routed, read, handed over, answered.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::body::{self, Body};
use super::stats::CountedCall;
use super::worker::{DEFECT, Worker};
use super::{Call, Called, Code, Metadata, Reply, Status, Unary, message, timeout};

/// What becomes of a request, judged by its head alone.
enum Route {
    Unary { method: usize, counted: CountedCall },
    Routes,
    Refused(Response<Body>),
}

/// Answers one request. The call counts from here, not from when its stream is first polled.
pub(super) fn answer<H: Unary>(
    worker: &Rc<Worker<H>>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<H> {
    let received = Instant::now();
    let route = route(worker, &request);
    let worker = Rc::clone(worker);
    async move {
        Ok(match route {
            Route::Unary { method, counted } => {
                let answered = unary(&worker, request, method, received).await;
                drop(counted);
                answered.unwrap_or_else(|status| body::error(&status))
            }
            Route::Routes => {
                // Boxed, for else each Check would carry the room that this needs.
                let shutdown = worker.shutdown.clone();
                Box::pin(body::routes(worker.routes.clone(), request, shutdown)).await
            }
            Route::Refused(response) => response,
        })
    }
}

fn route<H: Unary>(worker: &Worker<H>, request: &Request<Incoming>) -> Route {
    if request.method() != Method::POST {
        let allow = (header::ALLOW, HeaderValue::from_static("POST"));
        return Route::Refused(body::plain(StatusCode::METHOD_NOT_ALLOWED, Some(allow)));
    }
    if !is_grpc(request.headers()) {
        return Route::Refused(body::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, None));
    }
    let config = &worker.config;
    let path = request.uri().path();
    let Some(method) = config.paths.iter().position(|known| *known == path) else {
        return Route::Routes;
    };
    match worker.stats.admit(config.max_concurrent_calls) {
        Some(counted) => Route::Unary { method, counted },
        None => Route::Refused(body::error(&Status::new(
            Code::ResourceExhausted,
            format!(
                "regate: too many requests in flight, more than {} at once are refused",
                config.max_concurrent_calls
            ),
        ))),
    }
}

/// `application/grpc`, with or without a format or parameters.
fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

async fn unary<H: Unary>(
    worker: &Worker<H>,
    request: Request<Incoming>,
    method: usize,
    received: Instant,
) -> Result<Response<Body>, Status> {
    let (head, body) = request.into_parts();
    let timeout = timeout::parse(&head.headers)?;
    let wait = timeout
        .unwrap_or(Duration::MAX)
        .min(worker.config.read_timeout);
    let read = message::read(body, worker.config.max_recv);
    // The message is mostly there at the first poll, and then no timer is ever armed.
    let message = tokio::time::timeout_at((received + wait).into(), read)
        .await
        .map_err(|_| Status::new(Code::DeadlineExceeded, "the call's message did not arrive"))??;
    let call = Call {
        method,
        received,
        deadline: timeout.and_then(|timeout| received.checked_add(timeout)),
        metadata: Metadata(&head.headers),
    };
    let reply = match worker.call(call, message) {
        Called::Done(reply) => reply,
        Called::Later(reply) => reply
            .await
            .unwrap_or_else(|_| Reply::Error(Status::new(Code::Internal, DEFECT))),
    };
    match reply {
        Reply::Framed(framed) => sized(framed, worker.config.max_send),
        Reply::Error(status) => Err(status),
    }
}

fn sized(framed: bytes::Bytes, max: usize) -> Result<Response<Body>, Status> {
    let length = framed.len().saturating_sub(message::PREFIX);
    if length <= max {
        return Ok(body::message(framed));
    }
    let message =
        format!("the answer has {length} bytes, more than `grpc-max-send-msg-size` ({max}) allows");
    Err(Status::new(Code::ResourceExhausted, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpcs", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(value))];
            assert_eq!(is_grpc(&headers.into_iter().collect()), expected, "{value}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
