//! TLS of our listeners: rustls configurations built from files and replaced when the files change.
//!
//! Clients' TLS is not here; `http::client` builds its own.

use std::path::PathBuf;
use std::time::Duration;

mod acceptor;
mod files;
mod reload;

pub use acceptor::{Acceptor, TlsStream, is_h2, peer_certificates};
pub use files::{TlsError, check_cipher_suites};
pub use reload::{Checked, Reloader};

/// TLS of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// PEM file with the certificate chain, the server's own first.
    pub cert_file: PathBuf,
    /// PEM file with the private key (PKCS #8, PKCS #1 or SEC 1).
    pub private_key_file: PathBuf,
    /// PEM file with the authorities that client certificates are verified against.
    pub ca_cert_file: Option<PathBuf>,
    /// Whether a client must show a certificate.
    pub client_auth: ClientAuth,
    /// The oldest protocol version that is accepted.
    pub min_version: TlsVersion,
    /// The cipher suites of TLS 1.2 that are spoken, by IANA's names; none: all there are. Those of TLS 1.3 are always.
    pub cipher_suites: Vec<String>,
    /// How often the files are looked at for changes; zero never looks again.
    pub refresh_period: Duration,
}

/// What is asked of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nothing.
    #[default]
    None,
    /// A certificate, if there is one; a bad one is refused.
    Optional,
    /// A certificate that verifies.
    Require,
}

/// TLS protocol versions that can be asked for as a minimum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// The application protocols that a listener offers in its handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/2 alone: gRPC.
    H2,
    /// HTTP/2 and HTTP/1.1.
    Http,
}
