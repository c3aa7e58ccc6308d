//! The data listener: HTTP/2 on single-threaded runtimes, unary gRPC framing, `Bytes` in and
//! `Bytes` out.
//!
//! Nothing in here knows Envoy or policies. A [`Unary`] handler gets the message of a call to one
//! of its paths and answers at once; every other path goes to the fallback routes (health,
//! reflection).

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::tls;

mod authority;
mod body;
mod call;
mod connection;
pub mod health;
mod message;
pub mod reflection;
mod serve;
mod stats;
mod timeout;
mod worker;

pub use crate::socket::{Address, BindError, BoundAddress};
pub use serve::{Bound, ServeError, Serving, bind, default_threads};
pub use stats::Stats;
pub use tonic::service::Routes;

/// What the data listener is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub addrs: Vec<Address>,
    /// TLS, on all of the addresses.
    pub tls: Option<tls::Acceptor>,
    /// Data threads; at least one is started.
    pub threads: usize,
    /// Stack of each data thread. Policies are evaluated on it, by recursion.
    pub stack_size: usize,
    /// The `:path`s that the handler answers; [`Call::method`] is an index into them.
    pub paths: Vec<&'static str>,
    /// `grpc-max-recv-msg-size`: larger messages are refused.
    pub max_recv: usize,
    /// `grpc-max-send-msg-size`: larger answers become an error.
    pub max_send: usize,
    /// Calls in flight over all threads; more are refused at once.
    pub max_concurrent_calls: usize,
    /// Streams that one connection may have open.
    pub max_concurrent_streams: u32,
    /// How long a call's message may take to arrive, and a TLS handshake to finish.
    pub read_timeout: Duration,
    /// After which silence a connection is pinged over HTTP/2. None leaves the question to TCP's own
    /// keep-alive, and saves a twentieth of what a call costs.
    pub keep_alive: Option<Duration>,
}

/// What a handler may know of a call beside its message.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Index into the paths that the handler was registered with.
    pub method: usize,
    /// When the call's headers were read.
    pub received: Instant,
    /// When the caller stops waiting (`grpc-timeout`).
    pub deadline: Option<Instant>,
    /// The call's metadata, for trace propagation.
    pub metadata: Metadata<'a>,
}

/// A look-up into a call's metadata.
#[derive(Debug, Clone, Copy)]
pub struct Metadata<'a>(pub(crate) &'a ::http::HeaderMap);

/// What a handler answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A message, already behind its 5-byte gRPC frame header.
    Framed(Bytes),
    /// A gRPC error.
    Error(Status),
}

/// A handler's answer, now or when another thread has it.
#[derive(Debug)]
pub enum Called {
    /// It is here.
    Done(Reply),
    /// It comes. When it never does the call ends as an internal error.
    Later(oneshot::Receiver<Reply>),
}

/// A gRPC error: a code other than OK, and a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What kind of error.
    pub code: Code,
    /// What happened.
    pub message: String,
}

/// The gRPC status codes that this program answers with; OK is not among them on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// 1: the caller went away.
    Cancelled = 1,
    /// 2: an error without a better code.
    Unknown = 2,
    /// 4: the deadline passed.
    DeadlineExceeded = 4,
    /// 8: too large, or too many.
    ResourceExhausted = 8,
    /// 12: no such method.
    Unimplemented = 12,
    /// 13: a message that does not decode or encode, or a defect.
    Internal = 13,
    /// 14: not now.
    Unavailable = 14,
}

/// A service of unary methods that answers inline, on the connection's thread.
///
/// Each data thread has a handler of its own, so `call` may keep per-thread state.
pub trait Unary: 'static {
    /// Answers one call. Must not block for long: every other call of the thread waits.
    fn call(&mut self, call: Call<'_>, message: Bytes) -> Called;
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            addrs: Vec::new(),
            tls: None,
            threads: 1,
            stack_size: 16 << 20,
            paths: Vec::new(),
            max_recv: 4 << 20,
            max_send: i32::MAX as usize,
            max_concurrent_calls: 4096,
            max_concurrent_streams: 4096,
            read_timeout: Duration::from_secs(10),
            keep_alive: None,
        }
    }
}

// === impl Status ===

impl Status {
    /// A status from its parts.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

// === impl Metadata ===

impl Metadata<'_> {
    /// The first value of `name`, when it is there and is visible ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
