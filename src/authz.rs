//! Envoy's external authorization: a `CheckRequest` becomes an input, the policy decides, the
//! decision becomes a `CheckResponse`. Every failure on the way is a refusal.

use std::path::PathBuf;
use std::time::Duration;

use crate::{engine, grpc, tls};

pub mod attributes;
pub mod body;
pub mod check;
mod complaints;
mod encode;
pub mod heavy;
pub mod held;
pub mod http;
pub mod input;
pub mod later;
pub mod logging;
mod refusal;
pub mod response;
pub mod service;
pub mod url;
pub mod verdict;
pub mod wire;

/// `plugins.envoy_ext_authz_grpc`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `addr`: one address or several.
    pub addrs: Vec<grpc::Address>,
    /// `http_addr`: where HTTP ext_authz (Envoy's `http_service`) is served, if at all.
    pub http_addr: Option<String>,
    /// `http-forwarded-headers`: HTTP ext_authz believes `X-Forwarded-*` and `X-Original-*`.
    pub http_forwarded_headers: bool,
    /// `path` or `query`.
    pub entrypoint: engine::Entrypoint,
    /// `dry-run`: decisions are logged, and everything passes.
    pub dry_run: bool,
    /// `enable-reflection`.
    pub enable_reflection: bool,
    /// `proto-descriptor`: a serialized `FileDescriptorSet` for gRPC bodies.
    pub proto_descriptor: Option<PathBuf>,
    /// `grpc-max-recv-msg-size`.
    pub max_recv_msg_size: usize,
    /// `grpc-max-send-msg-size`.
    pub max_send_msg_size: usize,
    /// `skip-request-body-parse`.
    pub skip_request_body_parse: bool,
    /// `enable-performance-metrics`.
    pub performance_metrics: bool,
    /// `grpc-request-duration-seconds-buckets`.
    pub duration_buckets: Vec<f64>,
    /// `error-response`: engine errors are answered through `error_response`.
    pub error_response: bool,
    /// `decision-id-header`: the header that carries the decision id to the client.
    pub decision_id_header: Option<String>,
    /// `parsed-body-errors`.
    pub parsed_body_errors: ParsedBodyErrors,
    /// `input-encoding`.
    pub input_encoding: InputEncoding,
    /// `max-eval-time`.
    pub max_eval_time: Duration,
    /// `max-concurrent-checks`: requests beyond it are refused at once.
    pub max_concurrent_checks: usize,
    /// `threads`: data threads; zero chooses by the CPU quota.
    pub threads: usize,
    /// `tls_cert_file` and its kin: TLS on the gRPC listener.
    pub tls: Option<tls::Config>,
}

/// What a body that does not parse does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ParsedBodyErrors {
    /// The request is denied with 400, as opa-envoy-plugin does.
    #[default]
    Deny,
    /// The policy decides, with the error in `input.parsed_body_error`.
    Policy,
}

/// How the request's attributes are shown to the policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputEncoding {
    /// As opa-envoy-plugin really does since 1.1: numbers stay numbers, times are objects.
    #[default]
    Protomap,
    /// As proto3 JSON: 64-bit integers are strings, enums are names, times are RFC 3339.
    Protojson,
}
