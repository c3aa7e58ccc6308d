//! Answers that wait for room in the decision log, so that none goes out without its record: `on_full: block`.
//!
//! They wait on the control runtime: the thread of the Check goes on with others.

use std::time::Instant;

use super::refusal::unlogged;
use crate::decision::{CheckError, Record};
use crate::decision_log::Producer;

/// An answer whose record there is no room for yet.
#[derive(Debug)]
pub struct Held<T> {
    output: T,
    /// The answer in place of `output` when there is no room in time.
    refused: T,
    record: Record,
    log: Producer,
    until: Instant,
}

// === impl Held ===

impl<T> Held<T> {
    pub(super) fn new(
        output: T,
        refused: T,
        record: Record,
        log: &Producer,
        until: Instant,
    ) -> Self {
        log.count_waiting();
        Self {
            output,
            refused,
            record,
            log: log.clone(),
            until,
        }
    }

    /// The answer, once its record has room; or a refusal when its time is up.
    pub async fn settle(self) -> T {
        match self.log.push_in_time(self.record, self.until).await {
            Ok(()) => self.output,
            Err(record) => {
                deny(record, unlogged(), &self.log);
                self.refused
            }
        }
    }
}

/// Leaves the record of a Check that is denied since its decision cannot be logged.
pub(super) fn deny(mut record: Record, error: CheckError, log: &Producer) {
    record.result = Err(error);
    record.nd_builtin_cache = None;
    record.rule_labels = Box::default();
    log.push_denied(record);
}
