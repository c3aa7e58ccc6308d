//! Listening sockets: addresses, binding, and accepting that survives every error.
//!
//! What is spoken over an accepted [`Stream`] is the business of the rooms above.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

mod accept;
mod bind;
mod stream;

pub use accept::AcceptErrors;
pub use bind::{BindError, bind};
pub use stream::{Detached, Stream};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `host:port`. No host, `0.0.0.0` and `[::]` are every address of the machine, of both families.
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

/// A socket that is bound and listens, but is not yet part of a runtime.
///
/// A socket file is removed when its listener is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: BoundAddress,
    file: Option<bind::SocketFile>,
}

/// A listener that accepts on the runtime it was made on.
#[derive(Debug)]
pub struct Acceptor {
    socket: RuntimeSocket,
    address: BoundAddress,
    backoff: accept::Backoff,
    #[expect(dead_code, reason = "its drop is what it is for")]
    file: Option<bind::SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

#[derive(Debug)]
enum RuntimeSocket {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

// === impl Listener ===

impl Listener {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &BoundAddress {
        &self.address
    }

    /// Makes it part of the current runtime.
    pub fn into_acceptor(self) -> io::Result<Acceptor> {
        let socket = match self.socket {
            Socket::Tcp(socket) => RuntimeSocket::Tcp(tokio::net::TcpListener::from_std(socket)?),
            Socket::Unix(socket) => {
                RuntimeSocket::Unix(tokio::net::UnixListener::from_std(socket)?)
            }
        };
        Ok(Acceptor {
            socket,
            address: self.address,
            backoff: accept::Backoff::default(),
            file: self.file,
        })
    }
}

// === impl BoundAddress ===

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Abstract(name) => write!(f, "unix://@{name}"),
        }
    }
}

// === impl Address ===

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix://{}", path.display()),
            Self::Abstract(name) => write!(f, "unix://@{name}"),
        }
    }
}
