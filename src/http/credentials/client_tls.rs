//! `client_tls`: a certificate that the client shows.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// `credentials.client_tls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `cert`: PEM file of the certificate chain.
    pub cert: PathBuf,
    /// `private_key`: PEM file of the key.
    pub private_key: PathBuf,
    /// `private_key_passphrase`: what the key is encrypted with.
    pub passphrase: Option<Secret>,
    /// `cert_reread_interval_seconds`: how long the files are believed to be the same; zero: never.
    pub reread: Duration,
}
