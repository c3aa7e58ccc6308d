//! The data listener: HTTP/2 on single-threaded runtimes, unary gRPC framing, `Bytes` in and
//! `Bytes` out.
//!
//! Nothing in here knows Envoy or policies. A [`Unary`] handler gets the message of a call to one
//! of its paths and answers at once; every other path goes to the fallback routes (health,
//! reflection).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `grpc://host:port`, or without a scheme.
    Tcp(String),
    /// `unix:///path/to.sock`, with the mode the socket gets (none: as the umask leaves it).
    Unix {
        /// The socket's path.
        path: PathBuf,
        /// File mode, such as `0o660`.
        mode: Option<u32>,
    },
    /// `unix://@name`: a socket in Linux' abstract namespace.
    Abstract(String),
}

/// Where a listener came to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundAddress {
    /// A TCP address with its real port.
    Tcp(SocketAddr),
    /// A socket file.
    Unix(PathBuf),
    /// An abstract name.
    Abstract(String),
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
    fn call(&mut self, call: Call<'_>, message: Bytes) -> Reply;
}

// === impl Metadata ===

impl Metadata<'_> {
    /// The first value of `name`, when it is there and is visible ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
