//! What leaves the listener: a message with its trailers, an error without a body, or a stream of
//! the routes.

use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Frame;

use super::{Code, Routes, Status};
use crate::task::Shutdown;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";

/// The body of a response.
pub(super) enum Body {
    /// A framed message, then OK.
    Message(Bytes),
    /// OK, after the message.
    Ok,
    /// Nothing more.
    End,
    /// A stream of the routes.
    Routes(Box<RoutesBody>),
}

/// The body of a response of the routes. It ends with the process, for a health watch never would.
pub(super) struct RoutesBody {
    inner: tonic::body::Body,
    shutdown: Pin<Box<dyn Future<Output = ()>>>,
}

/// An answer that is a message.
pub(super) fn message(framed: Bytes) -> Response<Body> {
    respond(
        StatusCode::OK,
        Some((header::CONTENT_TYPE, GRPC)),
        Body::Message(framed),
    )
}

/// An answer that is an error: trailers only.
pub(super) fn error(status: &Status) -> Response<Body> {
    let mut response = respond(
        StatusCode::OK,
        Some((header::CONTENT_TYPE, GRPC)),
        Body::End,
    );
    extend(response.headers_mut(), status);
    response
}

/// An answer to what is not gRPC.
pub(super) fn plain(
    code: StatusCode,
    head: Option<(header::HeaderName, HeaderValue)>,
) -> Response<Body> {
    respond(code, head, Body::End)
}

/// An answer of the routes.
pub(super) async fn routes<B>(
    mut routes: Routes,
    request: http::Request<B>,
    mut shutdown: Shutdown,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Ok(response) = tower::Service::call(&mut routes, request).await;
    response.map(|inner| {
        let shutdown = Box::pin(async move { shutdown.wait().await });
        Body::Routes(Box::new(RoutesBody { inner, shutdown }))
    })
}

fn respond(
    code: StatusCode,
    head: Option<(header::HeaderName, HeaderValue)>,
    body: Body,
) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
        .headers_mut()
        .extend(head.map(|(name, value)| (Some(name), value)));
    response
}

fn extend(headers: &mut HeaderMap, status: &Status) {
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code as u16));
    // The encoded text is visible ASCII, so this always holds.
    if let Ok(message) = HeaderValue::from_str(&percent_encode(&status.message)) {
        headers.insert(GRPC_MESSAGE, message);
    }
}

/// As gRPC wants its messages: everything but visible ASCII and space as `%XX`, and `%` itself.
fn percent_encode(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

// === impl Body ===

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let body = self.get_mut();
        if let Self::Routes(routes) = body {
            return routes.poll_frame(cx);
        }
        match std::mem::replace(body, Self::End) {
            Self::Message(framed) => {
                *body = Self::Ok;
                Poll::Ready(Some(Ok(Frame::data(framed))))
            }
            Self::Ok => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Self::End | Self::Routes(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::End => true,
            Self::Message(_) | Self::Ok => false,
            Self::Routes(routes) => routes.inner.is_end_stream(),
        }
    }
}

// === impl RoutesBody ===

impl RoutesBody {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        // The routes first: a watcher learns that we are not serving before its stream ends.
        let frame = http_body::Body::poll_frame(Pin::new(&mut self.inner), cx);
        if frame.is_pending() && self.shutdown.as_mut().poll(cx).is_ready() {
            self.inner = tonic::body::Body::empty();
            self.shutdown = Box::pin(std::future::pending());
            let mut trailers = HeaderMap::new();
            let status = Status::new(Code::Unavailable, "regate is shutting down");
            extend(&mut trailers, &status);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        for (message, encoded) in [
            (
                "plain text, with ~ and \"quotes\"",
                "plain text, with ~ and \"quotes\"",
            ),
            ("100%", "100%25"),
            ("two\nlines\r\0", "two%0Alines%0D%00"),
            ("ü", "%C3%BC"),
        ] {
            assert_eq!(percent_encode(message), encoded);
            assert!(HeaderValue::from_str(encoded).is_ok());
        }
    }
}
