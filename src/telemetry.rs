//! Logs, metrics and traces of this program itself.

use std::path::PathBuf;
use std::time::Duration;

mod layout;
mod line;
pub mod logs;
pub mod metrics;
pub mod trace;

pub use layout::{Layout, LayoutError};
pub use line::{LineFormat, push_json_string};

/// `--log-level`, `--log-format`, `--log-timestamp-format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The least severe level that is shown.
    pub level: LogLevel,
    /// The form of a line.
    pub format: LogFormat,
    /// A Go time layout; none is RFC 3339.
    pub timestamp_format: Option<String>,
}

/// `--log-level`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What an operator wants to read.
    #[default]
    Info,
    /// Only what went wrong.
    Error,
}

/// `--log-format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// The same, indented.
    JsonPretty,
    /// `[LEVEL] message`, then a line per field.
    Text,
}

/// `distributed_tracing`.
#[derive(Debug, Clone, PartialEq)]
pub struct TracingConfig {
    /// `type`.
    pub protocol: OtlpProtocol,
    /// `address`: `host:port` of the collector.
    pub address: String,
    /// `service_name`.
    pub service_name: String,
    /// `sample_percentage`: of the requests that come without a sampling decision.
    pub sample_percentage: f64,
    /// `encryption` and its certificates.
    pub encryption: Encryption,
    /// `allow_insecure_tls`: the collector's certificate is not verified.
    pub allow_insecure_tls: bool,
    /// `resource`: attributes by their OpenTelemetry names.
    pub resource: Vec<(String, String)>,
    /// `batch_span_processor_options`.
    pub batch: BatchConfig,
}

/// How spans leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP with protobuf bodies.
    Http,
}

/// Encryption towards the collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// None.
    Off,
    /// TLS, with the authorities of a PEM file when one is named.
    Tls {
        /// `tls_ca_cert_file`.
        ca_cert_file: Option<PathBuf>,
    },
    /// TLS with a client certificate.
    Mtls {
        /// `tls_ca_cert_file`.
        ca_cert_file: Option<PathBuf>,
        /// `tls_cert_file`.
        cert_file: PathBuf,
        /// `tls_private_key_file`.
        private_key_file: PathBuf,
    },
}

/// Bounds of the span exporter's batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchConfig {
    /// `max_export_batch_size`.
    pub max_export_batch_size: usize,
    /// `max_queue_size`.
    pub max_queue_size: usize,
    /// `batch_timeout_ms`.
    pub batch_timeout: Duration,
    /// `export_timeout_ms`.
    pub export_timeout: Duration,
}
