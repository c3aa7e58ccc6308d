//! Decision logs: records are taken from the Check path through bounded queues and become events
//! off the path.
//!
//! A record is handed over without a lock, a wait or a wake-up; one thread looks for records every
//! few milliseconds, makes an event of each and writes a batch at once. What does not fit is
//! counted, never waited for. This room knows nothing of Envoy or of the policy engine: the input
//! document and the mask and drop decisions come through [`Inputs`] and [`Rules`].

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::data::Value;
use crate::decision::Record;
use crate::telemetry::LineFormat;

mod event;
pub mod mask;
mod queue;
mod worker;

pub use crate::decision::Subject;
pub use queue::{Loss, Producer, Stats};

/// The thread's stack: documents are written by recursion, and bodies may be nested 10,000 deep.
const STACK: usize = 16 << 20;

/// `decision_logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `console`: events go to the log.
    pub console: bool,
    /// `mask_decision`, as a data path; `/system/log/mask` by default.
    pub mask_decision: String,
    /// `drop_decision`, as a data path; `/system/log/drop` by default.
    pub drop_decision: String,
    /// `nd_builtin_cache`: events carry the results of non-deterministic built-ins.
    pub nd_builtin_cache: bool,
    /// How many records may wait.
    pub queue_records: usize,
    /// How many bytes of requests may wait.
    pub queue_bytes: usize,
    /// `labels` of the configuration, without `id` and `version`.
    pub labels: Vec<(String, String)>,
}

/// What the log is made of beside its configuration.
pub struct Parts {
    /// Where events go; standard error, unless a test wants them.
    pub sink: Box<dyn Write + Send>,
    /// How lines look.
    pub line: LineFormat,
    /// What was asked, as each event names it.
    pub subject: Subject,
    /// The input documents.
    pub inputs: Box<dyn Inputs>,
    /// The mask and drop decisions, if a policy can have any.
    pub rules: Option<Box<dyn Rules>>,
}

/// Makes the input document of a record again, off the path.
pub trait Inputs: Send {
    /// Appends the document as JSON; `null` for a request that does not parse.
    fn write(&mut self, record: &Record, out: &mut Vec<u8>);

    /// The document as a value, for mask and drop policies; null for a request that does not parse.
    fn value(&mut self, record: &Record) -> Value;
}

/// The mask and drop decisions of the policy that decided.
///
/// The event they get has `labels`, `decision_id`, `bundles`, `path` or `query`, `input`, `result`
/// and `timestamp`, but neither `error` nor `metrics`.
pub trait Rules: Send {
    /// Which of the two the policy defines that decided `record`; it is asked of that policy from
    /// then on.
    fn defined(&mut self, record: &Record) -> Defined;

    /// The mask rules for `event`; none when the decision is undefined.
    fn mask(&mut self, event: &Value) -> Result<Option<Value>, String>;

    /// Whether `event` is left out; only the boolean `true` says so.
    fn drop(&mut self, event: &Value) -> Result<bool, String>;
}

/// Which decisions on events a policy defines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defined {
    /// The mask decision.
    pub mask: bool,
    /// The drop decision.
    pub drop: bool,
}

/// A running decision log; it ends when it is flushed or dropped.
#[derive(Debug)]
pub struct Log {
    queue: Arc<queue::Queue>,
    thread: Option<JoinHandle<()>>,
    done: mpsc::Receiver<()>,
}

/// Makes producers of a log.
#[derive(Debug, Clone)]
pub struct Intake(Arc<queue::Queue>);

/// Records that were not written before the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{left} decision log records were not written in time; is the log being read?")]
pub struct FlushError {
    /// How many were still waiting.
    pub left: usize,
}

// === impl Intake ===

impl Intake {
    /// The way in of one thread; each gets one of its own.
    #[must_use]
    pub fn producer(&self) -> Producer {
        queue::Queue::producer(&self.0)
    }
}

// === impl Log ===

impl Log {
    /// Starts the log's thread.
    ///
    /// # Errors
    ///
    /// The system has no thread, or no randomness for the process' id, to give.
    pub fn spawn(config: &Config, parts: Parts) -> io::Result<Self> {
        let queue = Arc::new(queue::Queue::new(config.queue_records, config.queue_bytes));
        let events = event::Events::new(config, parts.subject, parts.line, parts.inputs)?;
        let worker = worker::Worker::new(Arc::clone(&queue), parts.sink, events, parts.rules);
        let (ended, done) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("decision-log".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                worker.run();
                // Nobody listens when the log was dropped instead of flushed.
                let _ = ended.try_send(());
            })?;
        Ok(Self {
            queue,
            thread: Some(thread),
            done,
        })
    }

    /// The way in, for whoever makes data threads.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake(Arc::clone(&self.queue))
    }

    /// The log's counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::new(Arc::clone(&self.queue))
    }

    /// Takes no more records, writes those that wait, and ends the thread.
    ///
    /// # Errors
    ///
    /// The sink did not take all within `timeout`; what is left is lost.
    pub fn flush(mut self, timeout: Duration) -> Result<(), FlushError> {
        self.stop();
        if self.done.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            return Err(FlushError {
                left: self.queue.waiting(),
            });
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The decision log's thread panicked.");
            return Err(FlushError {
                left: self.queue.waiting(),
            });
        }
        Ok(())
    }

    fn stop(&self) {
        self.queue.close();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
