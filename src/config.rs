//! The configuration file and the flags that change it: read once, checked whole, handed to the
//! rooms as their own `Config` values.

use crate::{authz, decision_log, http, instance, telemetry};

/// Everything that a run is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Envoy's side.
    pub authz: authz::Config,
    /// Policy and data.
    pub instance: instance::Config,
    /// Decision logs.
    pub decision_log: decision_log::Config,
    /// `--addr`: the HTTP API.
    pub api: http::ListenConfig,
    /// `--diagnostic-addr`: health and metrics alone.
    pub diagnostic: http::ListenConfig,
    /// This program's own log.
    pub log: telemetry::LogConfig,
    /// Spans, when `distributed_tracing` is configured.
    pub tracing: Option<telemetry::TracingConfig>,
    /// Times that bound the start and the end.
    pub process: ProcessConfig,
}

/// Times that bound the start and the end of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessConfig {
    /// `--shutdown-grace-period`: how long requests in flight may take.
    pub shutdown_grace_period: std::time::Duration,
    /// `--shutdown-wait-period`: how long to serve on after health says no.
    pub shutdown_wait_period: std::time::Duration,
    /// `--ready-timeout`: how long the start may wait for bundles; zero does not wait.
    pub ready_timeout: std::time::Duration,
}
