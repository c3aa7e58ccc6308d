//! Spans of requests that a Check leads to, and the headers by which servers know them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{CheckSpan, Tracer, random_ids};

/// The span that requests lead back to: a Check's.
#[derive(Debug, Clone)]
pub struct Parent {
    tracer: Arc<Tracer>,
    trace_id: [u8; 16],
    span_id: [u8; 8],
    state: TraceState,
    sampled: bool,
}

/// A request that has begun.
#[derive(Debug)]
pub struct RequestSpan<'a> {
    parent: &'a Parent,
    span_id: [u8; 8],
    started: SystemTime,
}

/// A request that is over.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Its method.
    pub method: &'a str,
    /// The host that was asked.
    pub host: &'a str,
    /// The response's status, if one came.
    pub status: Option<u16>,
}

// === impl Parent ===

impl Parent {
    /// The parent of what `span`'s Check leads to.
    #[must_use]
    pub fn new(tracer: &Arc<Tracer>, span: &CheckSpan) -> Self {
        Self {
            tracer: Arc::clone(tracer),
            trace_id: span.trace_id,
            span_id: span.span_id,
            state: span.state.clone(),
            sampled: span.sampled,
        }
    }

    /// Begins a request's span.
    #[must_use]
    pub fn begin(&self) -> RequestSpan<'_> {
        RequestSpan {
            parent: self,
            span_id: random_ids().1,
            started: SystemTime::now(),
        }
    }
}

// === impl RequestSpan ===

impl RequestSpan<'_> {
    /// The headers that tell the server of it (W3C trace context).
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let Parent {
            trace_id,
            state,
            sampled,
            ..
        } = self.parent;
        let (trace_id, span_id) = (HEXLOWER.encode(trace_id), HEXLOWER.encode(&self.span_id));
        let flags = u8::from(*sampled);
        let traceparent = format!("00-{trace_id}-{span_id}-{flags:02}");
        let mut headers = vec![("traceparent".to_owned(), traceparent)];
        let state = state.header();
        if !state.is_empty() {
            headers.push(("tracestate".to_owned(), state));
        }
        headers
    }

    /// Ends it; it is exported if the trace is sampled.
    pub fn finish(self, sent: &Sent<'_>) {
        let Parent {
            tracer,
            trace_id,
            span_id,
            state,
            sampled,
        } = self.parent;
        if !sampled {
            return;
        }
        let mut attributes = vec![
            KeyValue::new("http.request.method", sent.method.to_owned()),
            KeyValue::new("server.address", sent.host.to_owned()),
        ];
        let status = match sent.status {
            Some(status) => {
                attributes.push(KeyValue::new(
                    "http.response.status_code",
                    i64::from(status),
                ));
                Status::Unset
            }
            None => Status::error("no response"),
        };
        tracer.push(SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(*trace_id),
                SpanId::from_bytes(self.span_id),
                TraceFlags::SAMPLED,
                false,
                state.clone(),
            ),
            parent_span_id: SpanId::from_bytes(*span_id),
            parent_span_is_remote: false,
            span_kind: SpanKind::Client,
            name: Cow::Owned(format!("HTTP {}", sent.method)),
            start_time: self.started,
            end_time: SystemTime::now(),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: tracer.scope.clone(),
        });
    }
}
