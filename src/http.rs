//! HTTP beside the data listener: the client for services and its credentials, the server under the HTTP APIs.

use std::path::PathBuf;
use std::time::Duration;

use crate::tls;

pub mod client;
pub mod credentials;
pub mod server;

pub use credentials::Credentials;

/// A configured service (`services.<name>`): where it is and how to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The name that other parts of the configuration use.
    pub name: String,
    /// The base URL; resources are appended to its path.
    pub url: String,
    /// Headers sent with each request.
    pub headers: Vec<(String, String)>,
    /// `allow_insecure_tls`: the server's certificate is not verified.
    pub allow_insecure_tls: bool,
    /// `response_header_timeout_seconds`: how long to wait for the head of a response.
    pub response_header_timeout: Duration,
    /// `tls.ca_cert`: PEM file of authorities for the server's certificate.
    pub ca_cert: Option<PathBuf>,
    /// `tls.system_ca_required`: the system's authorities count beside `ca_cert`.
    pub system_ca_required: bool,
    /// `type: oci`: it is a registry of container images.
    pub registry: bool,
    /// How the client shows who it is.
    pub credentials: Credentials,
}

/// One or more HTTP listeners that serve the same API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// Addresses as OPA spells them: `host:port`, `http://…`, `https://…`, `unix://…`.
    pub addrs: Vec<String>,
    /// TLS, when the flags name a certificate.
    pub tls: Option<tls::Config>,
    /// `--h2c`: HTTP/2 without TLS is served as well.
    pub h2c: bool,
    /// `--unix-socket-perm`: the mode of sockets in the file system.
    pub unix_socket_mode: Option<u32>,
}
