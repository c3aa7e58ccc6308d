//! A gRPC client that shows everything: heads, frames and trailers as they come.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{
    HttpRequest, Request as AuthRequest,
};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use regate::grpc::BoundAddress;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long an answer may take: what a test has evaluated may take its time.
const ANSWERED: Duration = Duration::from_mins(2);

type Frames = mpsc::Receiver<Frame<Bytes>>;
type Body = StreamBody<FrameStream>;

/// The frames of a request, as the test sends them.
pub(crate) struct FrameStream(Frames);

/// A client of one connection.
pub(crate) struct Client {
    send: SendRequest<Body>,
    /// Ends with the connection.
    pub(crate) ended: tokio::task::JoinHandle<Result<(), hyper::Error>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

// === impl Client ===

impl Client {
    /// A connection to where a listener is bound.
    pub(crate) async fn connect(address: &BoundAddress) -> Self {
        match address {
            BoundAddress::Tcp(address) => {
                Self::new(TcpStream::connect(address).await.unwrap()).await
            }
            BoundAddress::Unix(path) => Self::new(UnixStream::connect(path).await.unwrap()).await,
            BoundAddress::Abstract(name) => {
                use std::os::linux::net::SocketAddrExt;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
                let stream = std::os::unix::net::UnixStream::connect_addr(&address).unwrap();
                stream.set_nonblocking(true).unwrap();
                Self::new(UnixStream::from_std(stream).unwrap()).await
            }
        }
    }

    /// A connection over this stream.
    pub(crate) async fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let io = TokioIo::new(io);
        let (send, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
        Self {
            send,
            ended: tokio::spawn(connection),
        }
    }

    /// Sends a request whose frames come from the channel, and waits for the whole answer.
    pub(crate) async fn send(&mut self, head: http::request::Builder, frames: Frames) -> Answer {
        let request = head.body(StreamBody::new(FrameStream(frames))).unwrap();
        Answer::of(self.send.send_request(request)).await
    }

    /// Begins a call and leaves its message open.
    pub(crate) fn begin(
        &mut self,
        head: http::request::Builder,
    ) -> (mpsc::Sender<Frame<Bytes>>, tokio::task::JoinHandle<Answer>) {
        let (frames, receiver) = mpsc::channel(16);
        let request = head.body(StreamBody::new(FrameStream(receiver))).unwrap();
        let sent = self.send.send_request(request);
        let answer = tokio::spawn(Answer::of(sent));
        (frames, answer)
    }

    /// Sends a request with this body, and waits for the whole answer.
    pub(crate) async fn post(&mut self, head: http::request::Builder, body: Bytes) -> Answer {
        let (frames, receiver) = mpsc::channel(1);
        frames.send(Frame::data(body)).await.unwrap();
        drop(frames);
        self.send(head, receiver).await
    }
}

// === impl Answer ===

impl Answer {
    async fn of(
        response: impl Future<Output = hyper::Result<Response<hyper::body::Incoming>>>,
    ) -> Self {
        let answer = async { Self::read(response.await.unwrap()).await };
        timeout(ANSWERED, answer).await.expect("an answer in time")
    }

    async fn read(response: Response<hyper::body::Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        Self {
            code: head.status,
            headers: head.headers,
            body: collected.to_bytes(),
            trailers,
        }
    }

    /// The message of an answer that must be OK, as text.
    pub(crate) fn text(&self) -> String {
        let trailers = self
            .trailers
            .as_ref()
            .unwrap_or_else(|| panic!("no trailers: {self:?}"));
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(self.headers["content-type"], "application/grpc");
        String::from_utf8(self.body[5..].to_vec()).unwrap()
    }

    /// Code and message of the call's end, wherever they are.
    pub(crate) fn status(&self) -> tonic::Status {
        let head = self.trailers.as_ref().unwrap_or(&self.headers);
        tonic::Status::from_header_map(head).unwrap_or_else(|| panic!("no status: {self:?}"))
    }

    /// The message, without its frame; `None` when there is none.
    pub(crate) fn message(&self) -> Option<&[u8]> {
        self.body.get(5..)
    }

    /// Code and message of an error, which must be trailers-only.
    pub(crate) fn error(&self) -> (&str, &str) {
        assert_eq!(
            (self.code, self.body.len()),
            (StatusCode::OK, 0),
            "{self:?}"
        );
        assert!(self.trailers.is_none(), "{self:?}");
        let header = |name: &str| self.headers[name].to_str().unwrap();
        (header("grpc-status"), header("grpc-message"))
    }
}

// === impl FrameStream ===

impl futures_util::Stream for FrameStream {
    type Item = Result<Frame<Bytes>, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

/// A `CheckRequest` of this HTTP request, in its gRPC frame.
pub(crate) fn check_request(http: HttpRequest) -> Bytes {
    let attributes = AttributeContext {
        request: Some(AuthRequest {
            http: Some(http),
            ..AuthRequest::default()
        }),
        ..AttributeContext::default()
    };
    let check = CheckRequest {
        attributes: Some(attributes),
    };
    framed(&check.encode_to_vec())
}

/// A message in its gRPC frame.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}
