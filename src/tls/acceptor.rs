//! The server's side of a handshake, with whatever configuration is current when it begins.

use std::fmt;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection after its handshake.
pub type TlsStream<S> = tokio_rustls::server::TlsStream<S>;

/// Does handshakes. Clones share the configuration that the reloader replaces.
#[derive(Clone)]
pub struct Acceptor(pub(super) Arc<ArcSwap<ServerConfig>>);

// === impl Acceptor ===

impl Acceptor {
    /// Does one handshake; a deadline is the caller's.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tokio_rustls::TlsAcceptor::from(self.0.load_full())
            .accept(stream)
            .await
    }
}

/// Whether the client chose HTTP/2 in the handshake.
#[must_use]
pub fn is_h2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// The certificates that the client showed, in DER, its own first.
#[must_use]
pub fn peer_certificates<S>(stream: &TlsStream<S>) -> Vec<Vec<u8>> {
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    shown.iter().map(|der| der.as_ref().to_vec()).collect()
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor(..)")
    }
}
