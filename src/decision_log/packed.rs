//! Records while they wait: with nothing that is seldom there taking room, and with a request of their own.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::data::Value;
use crate::decision::{
    ApiVersion, Asked, CheckError, DecisionId, Record, Revisions, Timers, TraceIds,
};

/// Nanoseconds of a stage that was not reached.
const NOT_REACHED: u64 = u64::MAX;

/// A record that waits.
#[derive(Debug)]
pub(super) struct Packed {
    id: DecisionId,
    version: ApiVersion,
    timestamp: SystemTime,
    request: Box<[u8]>,
    revisions: Arc<Revisions>,
    snapshot: Option<Arc<dyn Any + Send + Sync>>,
    result: Result<Value, Box<CheckError>>,
    nd_builtin_cache: Option<Box<Value>>,
    rule_labels: Box<[Value]>,
    timers: [u64; 3],
    trace: Option<Box<TraceIds>>,
    asked: Option<Box<Asked>>,
}

// === impl Packed ===

impl Packed {
    pub(super) fn new(record: Record) -> Self {
        let Timers {
            handler,
            input,
            eval,
        } = record.timers;
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(NOT_REACHED - 1);
        Self {
            id: record.id,
            version: record.version,
            timestamp: record.timestamp,
            // The request is a slice of its connection's read buffer, which it would keep alive.
            request: Box::from(&*record.request),
            revisions: record.revisions,
            snapshot: record.snapshot,
            result: record.result.map_err(Box::new),
            nd_builtin_cache: record.nd_builtin_cache.map(Box::new),
            rule_labels: record.rule_labels,
            timers: [Some(handler), input, eval].map(|time| time.map_or(NOT_REACHED, nanos)),
            trace: record.trace.map(Box::new),
            asked: record.asked,
        }
    }

    pub(super) fn unpack(self) -> Record {
        let time = |nanos| (nanos != NOT_REACHED).then(|| Duration::from_nanos(nanos));
        let [handler, input, eval] = self.timers.map(time);
        Record {
            id: self.id,
            version: self.version,
            timestamp: self.timestamp,
            request: Bytes::from(self.request),
            revisions: self.revisions,
            snapshot: self.snapshot,
            result: self.result.map_err(|error| *error),
            nd_builtin_cache: self.nd_builtin_cache.map(|calls| *calls),
            rule_labels: self.rule_labels,
            timers: Timers {
                handler: handler.unwrap_or_default(),
                input,
                eval,
            },
            trace: self.trace.map(|trace| *trace),
            asked: self.asked,
        }
    }
}
