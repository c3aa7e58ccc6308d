//! What was decided: plain data that the Check path, the decision log and the metrics agree on.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::data::Value;

mod id;

pub use id::DecisionId;

/// Which version of the ext_authz API a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiVersion {
    /// `envoy.service.auth.v2`.
    V2,
    /// `envoy.service.auth.v3`.
    V3,
}

/// One decision as the decision log gets it: everything an event needs, and nothing computed yet.
///
/// The input document is not in here; it is built from `request` off the path.
#[derive(Debug, Clone)]
pub struct Record {
    /// The decision's id, as the caller saw it.
    pub id: DecisionId,
    /// When the request arrived.
    pub timestamp: SystemTime,
    /// Which API `request` speaks.
    pub version: ApiVersion,
    /// The `CheckRequest` message as received, without its gRPC frame.
    pub request: Bytes,
    /// The revisions in force when the request was answered.
    pub revisions: Arc<Revisions>,
    /// The snapshot that decided, for those who know its type: its own masks apply to its events,
    /// also when another is in force by then.
    pub snapshot: Option<Arc<dyn Any + Send + Sync>>,
    /// The policy's decision, or why there is none.
    pub result: Result<Value, CheckError>,
    /// What non-deterministic built-ins gave, where that is wanted and there is a decision.
    pub nd_builtin_cache: Option<Value>,
    /// The `labels` of the rules that held, those of their document and packages included: objects, each once. None
    /// without a decision.
    pub rule_labels: Box<[Value]>,
    /// Where the time went.
    pub timers: Timers,
    /// The trace the request belongs to, when tracing is on.
    pub trace: Option<TraceIds>,
    /// What was asked through the REST API; then there is no `request`.
    pub asked: Option<Box<Asked>>,
}

/// What a decision is a decision on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `path`, exactly as it is configured, or below `data` without a slash before it.
    Path(String),
    /// `query`, exactly as it is configured or asked.
    Query(String),
}

/// A question that came through the REST API.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What was asked.
    pub subject: Subject,
    /// The input, if there was one.
    pub input: Option<Value>,
    /// Whether the answer is that there is none, which is no error.
    pub undefined: bool,
    /// The client's address; empty where it has none.
    pub requested_by: String,
    /// The request's number in this process.
    pub number: u64,
    /// The batch that it was asked in.
    pub batch: Option<DecisionId>,
}

/// The revisions of the bundles that a snapshot was made from, by bundle name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revisions(pub Vec<(String, String)>);

impl fmt::Display for Revisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, revision)) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={revision}")?;
        }
        Ok(())
    }
}

/// Durations of the stages of one Check; a stage that was not reached is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timers {
    /// From the request's arrival to its answer (`timer_server_handler_ns`).
    pub handler: Duration,
    /// Building of the input (`timer_rego_input_parse_ns`).
    pub input: Option<Duration>,
    /// Evaluation of the policy (`timer_rego_query_eval_ns`).
    pub eval: Option<Duration>,
}

/// W3C trace context ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceIds {
    /// The trace's 16 bytes.
    pub trace_id: [u8; 16],
    /// The server span's 8 bytes.
    pub span_id: [u8; 8],
}

/// Why a Check got no decision. Each is a refusal, never an allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckError {
    /// The stage that failed.
    pub stage: Stage,
    /// The stable code, as metric label `reason` and in the decision log (`request_parse_error`).
    pub code: &'static str,
    /// What went wrong, for the caller and the log.
    pub message: String,
    /// Where in the policy it went wrong (`policy.rego:7`), when that is known.
    pub location: Option<String>,
}

/// The stage of a Check that an error belongs to; it decides the form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The request's path, query or body does not parse: denied with 400.
    Request,
    /// The operator wants it refused, whatever the policy would say: denied with 403.
    Refused,
    /// The deadline had passed, or passed during evaluation: gRPC `DEADLINE_EXCEEDED`.
    Deadline,
    /// There is no policy yet, or too many requests are waiting: gRPC `UNAVAILABLE`.
    Unavailable,
    /// Evaluation failed or gave no decision: gRPC `UNKNOWN`.
    Evaluation,
    /// The decision has a form that no answer can be made from: gRPC `UNKNOWN`.
    Result,
    /// The answer cannot be encoded (bytes outside UTF-8): gRPC `INTERNAL`.
    Answer,
    /// A defect of this program (a caught panic): gRPC `INTERNAL`.
    Internal,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CheckError {}
