//! What the command line says, as plain values.

use std::path::PathBuf;
use std::time::Duration;

use super::ProcessConfig;
use crate::engine::RegoVersion;
use crate::rest::{Authentication, Authorization};
use crate::telemetry::LogConfig;
use crate::tls::TlsVersion;

/// The flags of `run`, without those that have no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// `--config-file`.
    pub config_file: Option<PathBuf>,
    /// `--set`, each as it was written.
    pub set: Vec<String>,
    /// `--set-file`, each as it was written.
    pub set_file: Vec<String>,
    /// Files, directories and bundle URLs.
    pub paths: Vec<String>,
    /// `--bundle`: the paths are bundles.
    pub bundle: bool,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--watch`.
    pub watch: bool,
    /// `--v0-compatible`.
    pub rego_version: RegoVersion,
    /// `--max-errors`.
    pub max_errors: usize,
    /// `--addr`.
    pub addrs: Vec<String>,
    /// `--diagnostic-addr`.
    pub diagnostic_addrs: Vec<String>,
    /// `--authentication`.
    pub authentication: Authentication,
    /// `--authorization`.
    pub authorization: Authorization,
    /// `--pprof`.
    pub pprof: bool,
    /// `--h2c`.
    pub h2c: bool,
    /// TLS of the HTTP listeners.
    pub tls: TlsFlags,
    /// `--log-level`, `--log-format`, `--log-timestamp-format`.
    pub log: LogConfig,
    /// Times, and the mode of sockets.
    pub process: ProcessConfig,
}

/// TLS of the HTTP listeners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFlags {
    /// `--tls-cert-file`.
    pub cert_file: Option<PathBuf>,
    /// `--tls-private-key-file`.
    pub private_key_file: Option<PathBuf>,
    /// `--tls-ca-cert-file`.
    pub ca_cert_file: Option<PathBuf>,
    /// `--tls-cert-refresh-period`.
    pub cert_refresh_period: Duration,
    /// `--min-tls-version`.
    pub min_version: TlsVersion,
    /// `--tls-cipher-suites`.
    pub cipher_suites: Vec<String>,
}

// === impl Flags ===

impl Default for Flags {
    fn default() -> Self {
        Self {
            config_file: None,
            set: Vec::new(),
            set_file: Vec::new(),
            paths: Vec::new(),
            bundle: false,
            ignore: Vec::new(),
            watch: false,
            rego_version: RegoVersion::default(),
            max_errors: 10,
            addrs: vec!["localhost:8181".to_owned()],
            diagnostic_addrs: Vec::new(),
            authentication: Authentication::Off,
            authorization: Authorization::Off,
            pprof: false,
            h2c: false,
            tls: TlsFlags::default(),
            log: LogConfig {
                level: crate::telemetry::LogLevel::default(),
                format: crate::telemetry::LogFormat::default(),
                timestamp_format: None,
            },
            process: ProcessConfig {
                shutdown_grace_period: Duration::from_secs(10),
                shutdown_wait_period: Duration::ZERO,
                ready_timeout: Duration::ZERO,
                unix_socket_perm: 0o755,
            },
        }
    }
}
