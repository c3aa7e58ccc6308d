//! Spans of Checks, exported over OTLP.
//!
//! A span is made when its Check is over, from times that were taken anyway, and only if it is
//! sampled. It crosses to the exporter's thread as decision records do: through a bounded queue
//! that is polled. Without `distributed_tracing` there is no [`Tracer`], and nothing of this runs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crossbeam_queue::ArrayQueue;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::metrics::{Exposition, Outcome};
use super::{Encryption, TracingConfig};

mod export;
mod propagation;
mod request;

pub use export::{Connector, Exporting, FlushError};
pub use request::{Parent, RequestSpan, Sent};

/// Makes spans for Checks; data threads share one.
#[derive(Debug)]
pub struct Tracer {
    queue: Arc<Queue>,
    scope: InstrumentationScope,
    /// Of 2^63: traces whose id is below are sampled.
    threshold: u64,
}

/// A Check that has begun.
#[derive(Debug)]
pub struct CheckSpan {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent: Option<[u8; 8]>,
    state: TraceState,
    sampled: bool,
}

/// A Check that is over.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// The span's name: `service/method`.
    pub name: &'static str,
    /// The decision's id.
    pub decision_id: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// When the request arrived.
    pub started: SystemTime,
    /// How long it took.
    pub total: Duration,
    /// Building of the input.
    pub input: Option<Stage>,
    /// Evaluation of the policy.
    pub eval: Option<Stage>,
    /// Making of the answer.
    pub response: Option<Stage>,
}

/// A part of a Check's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// From the request's arrival to the stage's begin.
    pub begin: Duration,
    /// How long the stage took.
    pub length: Duration,
}

/// Why there can be no tracer.
#[derive(Debug, thiserror::Error)]
pub enum TracerError {
    /// The collector's address is none.
    #[error("`distributed_tracing.address`: `{address}` is no `host:port`: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The exporter does not take its configuration.
    #[error("`distributed_tracing`: the exporter cannot be made: {0}")]
    Exporter(String),
    /// The system has no thread to give.
    #[error("the thread that exports spans cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

#[derive(Debug)]
struct Queue {
    spans: ArrayQueue<SpanData>,
    dropped: AtomicU64,
    exported: AtomicU64,
    failed: AtomicU64,
}

// === impl Tracer ===

impl Tracer {
    /// Starts the exporter's thread; `connector` opens connections to the collector and speaks TLS
    /// to it if the configuration asks for that.
    ///
    /// # Errors
    ///
    /// The configuration cannot be used, or there is no thread.
    pub fn new<C: Connector>(
        config: &TracingConfig,
        connector: C,
    ) -> Result<(Self, Exporting), TracerError> {
        let queue = Arc::new(Queue {
            spans: ArrayQueue::new(config.batch.max_queue_size.max(1)),
            dropped: AtomicU64::new(0),
            exported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let exporting = export::start(config, connector, Arc::clone(&queue))?;
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok((
            Self {
                queue,
                scope,
                threshold: threshold(config.sample_percentage),
            },
            exporting,
        ))
    }

    /// Begins a Check's span below the caller's, which `lookup` finds in the call's metadata (W3C
    /// trace context, else B3).
    pub fn start_check<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> CheckSpan {
        let caller = propagation::extract(lookup);
        let span_id = random_ids().1;
        let (trace_id, parent) = match caller.parent {
            Some((trace_id, parent)) => (trace_id, Some(parent)),
            None => (random_ids().0, None),
        };
        let sampled = caller.sampled.unwrap_or_else(|| self.samples(&trace_id));
        CheckSpan {
            trace_id,
            span_id,
            parent,
            state: caller.state,
            sampled,
        }
    }

    /// Ends a Check's span; it and its children are exported if the trace is sampled.
    pub fn finish(&self, span: &CheckSpan, check: &Finished<'_>) {
        if !span.sampled {
            return;
        }
        for (name, stage) in [
            ("input", check.input),
            ("eval", check.eval),
            ("response", check.response),
        ] {
            if let Some(stage) = stage {
                self.push(self.child(span, name, check.started, stage));
            }
        }
        self.push(self.root(span, check));
    }

    /// Writes the exporter's counters.
    pub fn collect(&self, out: &mut Exposition) {
        for (result, count) in [
            ("exported", &self.queue.exported),
            ("dropped", &self.queue.dropped),
            ("failed", &self.queue.failed),
        ] {
            out.counter(
                "regate_trace_spans_total",
                "Spans by what became of them: exported, dropped at a full queue, or refused.",
                &[("result", result)],
                count.load(Ordering::Relaxed),
            );
        }
    }

    fn samples(&self, trace_id: &[u8; 16]) -> bool {
        // As OpenTelemetry's SDKs do: the id's lower half, without its lowest bit.
        let id = u128::from_be_bytes(*trace_id) & u128::from(u64::MAX);
        id >> 1 < u128::from(self.threshold)
    }

    fn push(&self, span: SpanData) {
        if self.queue.spans.push(span).is_err() {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn child(
        &self,
        span: &CheckSpan,
        name: &'static str,
        start: SystemTime,
        stage: Stage,
    ) -> SpanData {
        let begin = start + stage.begin;
        SpanData {
            span_context: span.context(random_ids().1),
            parent_span_id: SpanId::from_bytes(span.span_id),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Borrowed(name),
            start_time: begin,
            end_time: begin + stage.length,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn root(&self, span: &CheckSpan, check: &Finished<'_>) -> SpanData {
        let (service, method) = check.name.split_once('/').unwrap_or((check.name, ""));
        let (outcome, status) = match check.outcome {
            Outcome::Allowed => ("allowed", Status::Unset),
            Outcome::Denied => ("denied", Status::Unset),
            Outcome::Error(code) => ("error", Status::error(code)),
        };
        SpanData {
            span_context: span.context(span.span_id),
            parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
            parent_span_is_remote: span.parent.is_some(),
            span_kind: SpanKind::Server,
            name: Cow::Borrowed(check.name),
            start_time: check.started,
            end_time: check.started + check.total,
            attributes: vec![
                KeyValue::new("rpc.system", "grpc"),
                KeyValue::new("rpc.service", service),
                KeyValue::new("rpc.method", method),
                KeyValue::new("decision_id", check.decision_id.to_owned()),
                KeyValue::new("outcome", outcome),
            ],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

// === impl CheckSpan ===

impl CheckSpan {
    /// The trace's id and the span's own, for the decision log.
    #[must_use]
    pub fn ids(&self) -> ([u8; 16], [u8; 8]) {
        (self.trace_id, self.span_id)
    }

    fn context(&self, span_id: [u8; 8]) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id),
            SpanId::from_bytes(span_id),
            TraceFlags::SAMPLED,
            false,
            self.state.clone(),
        )
    }
}

/// The share of all ids that is to be sampled.
fn threshold(percentage: f64) -> u64 {
    const ALL: u64 = 1 << 63;
    if percentage >= 100.0 {
        return ALL;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share needs no exactness, and the cast saturates"
    )]
    let threshold = (percentage / 100.0 * ALL as f64) as u64;
    threshold
}

/// New ids, drawn from a block of random bytes per thread: many for one system call.
fn random_ids() -> ([u8; 16], [u8; 8]) {
    const BLOCK: usize = 24 * 64;
    thread_local! {
        static RANDOM: RefCell<([u8; BLOCK], usize)> = const { RefCell::new(([0; BLOCK], BLOCK)) };
    }
    RANDOM.with_borrow_mut(|(block, used)| {
        if *used == BLOCK {
            // Without randomness ids may repeat; a trace that is mixed up harms no decision.
            let _ = getrandom::fill(block);
            *used = 0;
        }
        let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
        trace_id.copy_from_slice(&block[*used..*used + 16]);
        span_id.copy_from_slice(&block[*used + 16..*used + 24]);
        *used += 24;
        // Zero stands for no id.
        trace_id[0] |= 1;
        span_id[0] |= 1;
        (trace_id, span_id)
    })
}

#[cfg(test)]
mod tests;
