//! The data listener through real sockets: framing, errors, limits, panics, drain.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use regate::grpc::{
    self, Address, BoundAddress, Call, Code, Config, Reply, Routes, Serving, Stats, Status, Unary,
};
use regate::task::{self, Drain, DrainGuard, ShutdownTrigger};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;

mod errors;
mod life;
mod routes;
mod sockets;

pub(crate) const PATH: &str = "/test.Service/Echo";
const OTHER: &str = "/test.Service/Other";

/// A listener with an [`Echo`] handler.
pub(crate) struct Server {
    pub(crate) addresses: Vec<BoundAddress>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) trigger: ShutdownTrigger,
    pub(crate) serving: Serving,
    pub(crate) drain: Drain,
}

/// Answers with its message, or does what the message says.
pub(crate) struct Echo {
    thread: usize,
    calls: usize,
}

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

pub(crate) fn config(addrs: Vec<Address>) -> Config {
    Config {
        addrs,
        paths: vec![PATH, OTHER],
        ..Config::default()
    }
}

pub(crate) fn tcp() -> Config {
    config(vec![Address::Tcp("127.0.0.1:0".to_owned())])
}

pub(crate) fn serve(config: Config, routes: Routes) -> Server {
    let bound = grpc::bind(config).unwrap();
    let (trigger, shutdown) = task::shutdown();
    let (drain, guard): (Drain, DrainGuard) = task::drain();
    let (addresses, stats) = (bound.addresses(), bound.stats());
    let make = |thread| Echo { thread, calls: 0 };
    let serving = bound.serve(make, routes, &shutdown, &guard).unwrap();
    Server {
        addresses,
        stats,
        trigger,
        serving,
        drain,
    }
}

pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// A POST of gRPC to the echo method.
pub(crate) fn post() -> http::request::Builder {
    Request::post(format!("http://regate{PATH}")).header("content-type", "application/grpc")
}

impl Unary for Echo {
    fn call(&mut self, call: Call<'_>, message: Bytes) -> Reply {
        self.calls += 1;
        let text = match &*message {
            b"panic" => panic!("as asked"),
            b"error" => return Reply::Error(Status::new(Code::Unavailable, "not now: 100%\n")),
            b"thread" => self.thread.to_string(),
            b"calls" => self.calls.to_string(),
            b"method" => call.method.to_string(),
            b"deadline" => format!("{:?}", call.deadline.map(|at| at - call.received)),
            b"metadata" => call.metadata.get("x-test").unwrap_or("none").to_owned(),
            _ => return Reply::Framed(framed(&message)),
        };
        Reply::Framed(framed(text.as_bytes()))
    }
}

impl Server {
    pub(crate) async fn connect(&self) -> Client {
        match &self.addresses[0] {
            BoundAddress::Tcp(address) => {
                Client::new(TcpStream::connect(address).await.unwrap()).await
            }
            BoundAddress::Unix(path) => Client::new(UnixStream::connect(path).await.unwrap()).await,
            BoundAddress::Abstract(name) => {
                use std::os::linux::net::SocketAddrExt;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
                let stream = std::os::unix::net::UnixStream::connect_addr(&address).unwrap();
                stream.set_nonblocking(true).unwrap();
                Client::new(UnixStream::from_std(stream).unwrap()).await
            }
        }
    }

    /// Shuts down, and returns whether everything in flight could be finished.
    pub(crate) async fn stop(self) -> bool {
        self.trigger.trigger();
        let clean = self.serving.finish(Duration::from_secs(30)).await;
        self.drain.wait().await;
        clean
    }
}

impl Client {
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
        Answer::read(self.send.send_request(request).await.unwrap()).await
    }

    /// Begins a call and leaves its message open.
    pub(crate) fn begin(
        &mut self,
        head: http::request::Builder,
    ) -> (mpsc::Sender<Frame<Bytes>>, tokio::task::JoinHandle<Answer>) {
        let (frames, receiver) = mpsc::channel(16);
        let request = head.body(StreamBody::new(FrameStream(receiver))).unwrap();
        let sent = self.send.send_request(request);
        let answer = tokio::spawn(async { Answer::read(sent.await.unwrap()).await });
        (frames, answer)
    }

    pub(crate) async fn post(&mut self, head: http::request::Builder, body: Bytes) -> Answer {
        let (frames, receiver) = mpsc::channel(1);
        frames.send(Frame::data(body)).await.unwrap();
        drop(frames);
        self.send(head, receiver).await
    }

    pub(crate) async fn call(&mut self, message: &[u8]) -> Answer {
        self.post(post(), framed(message)).await
    }

    /// The text of an answer that is OK.
    pub(crate) async fn ask(&mut self, message: &str) -> String {
        self.call(message.as_bytes()).await.text()
    }
}

impl Answer {
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

    pub(crate) fn text(&self) -> String {
        let trailers = self
            .trailers
            .as_ref()
            .unwrap_or_else(|| panic!("no trailers: {self:?}"));
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(self.headers["content-type"], "application/grpc");
        String::from_utf8(self.body[5..].to_vec()).unwrap()
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

impl futures_util::Stream for FrameStream {
    type Item = Result<Frame<Bytes>, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}
