//! Decision logs: records are taken from the Check path through bounded queues and become events
//! off the path, which go to the console, to a file and to a service.
//!
//! A record is handed over without a lock, a wait or a wake-up; one thread looks for records every
//! few milliseconds, makes an event of each and gives a batch at once to every sink. What does not fit is
//! counted; only where `on_full` says so a Check waits or is denied. This room knows nothing of Envoy or of the
//! policy engine: the input document and the mask and drop decisions come through [`Inputs`] and [`Rules`].

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::data::Value;
use crate::decision::Record;
use crate::http::client::Client;
use crate::telemetry::LineFormat;

mod backlog;
mod chunk;
mod config;
mod cut;
mod delivery;
mod event;
mod file;
pub mod mask;
mod packed;
mod queue;
mod rate;
mod report;
mod schedule;
mod sinks;
mod spool;
mod stats;
mod upload;
mod worker;

pub use crate::decision::Subject;
pub use config::{BufferLimit, Config, Fsync, OnFull, SpoolConfig, Trigger, UploadConfig};
pub use queue::{Full, Producer};
pub use stats::{Counters, Loss, Stats, UploadProblem};

use worker::Command;

/// The thread's stack: documents are written by recursion, and bodies may be nested 10,000 deep.
const STACK: usize = 16 << 20;

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
    /// The way to the service that the configuration names, if it names one.
    pub way: Option<Way>,
}

/// The way to a service: its client, and the runtime that the requests run on.
#[derive(Debug, Clone)]
pub struct Way {
    /// The service's client.
    pub client: Client,
    /// Where its requests run.
    pub runtime: Handle,
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
    commands: mpsc::Sender<Command>,
    thread: Option<JoinHandle<()>>,
    done: Option<oneshot::Receiver<usize>>,
}

/// Makes producers of a log.
#[derive(Debug, Clone)]
pub struct Intake(Arc<queue::Queue>);

/// Records that were not written before the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{left} decision log records found no taker in time; is the log read, and the collector up?"
)]
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
    pub fn spawn(config: Config, parts: Parts) -> io::Result<Self> {
        let queue = Arc::new(queue::Queue::new(&config));
        let events = event::Events::new(&config, parts.subject, parts.line, parts.inputs)?;
        let (commands, orders) = mpsc::channel();
        let (ended, done) = oneshot::channel();
        let shared = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("decision-log".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                // Here, since a spool is read when it is opened.
                let sinks = sinks::Sinks::new(Arc::clone(&shared), parts.sink, config, parts.way);
                let worker = worker::Worker::new(shared, orders, sinks, events, parts.rules);
                // Nobody listens when the log was dropped instead of flushed.
                let _ = ended.send(worker.run());
            })?;
        Ok(Self {
            queue,
            commands,
            thread: Some(thread),
            done: Some(done),
        })
    }

    /// The way in, for whoever makes data threads.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake(Arc::clone(&self.queue))
    }

    /// The log's counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters::new(Arc::clone(&self.queue))
    }

    /// Goes on with another configuration: labels, limits and sinks. What waits for its upload goes to the service
    /// that is named now, or where none is, to the one that was. `mask_decision`, `drop_decision` and
    /// `nd_builtin_cache` are for others to change.
    pub fn reconfigure(&self, config: Config, way: Option<Way>) {
        self.tell(Command::Configure(Box::new(config), way));
    }

    /// Uploads what waits, whatever the trigger.
    pub fn upload(&self) {
        self.tell(Command::Upload);
    }

    /// Opens the file again, for whoever has moved it away.
    pub fn reopen(&self) {
        self.tell(Command::Reopen);
    }

    /// Takes no more records, writes and uploads those that wait, and ends the thread.
    ///
    /// # Errors
    ///
    /// The sinks did not take all within `timeout`; what is left is lost.
    pub async fn flush(mut self, timeout: Duration) -> Result<(), FlushError> {
        // The rest is for what the thread does at the end: a spool is written.
        self.tell(Command::End(Instant::now() + timeout / 10 * 9));
        self.queue.close();
        let Some(done) = self.done.take() else {
            return Ok(());
        };
        let left = match tokio::time::timeout(timeout, done).await {
            Ok(Ok(left)) => left,
            Ok(Err(_)) => {
                tracing::error!("The decision log's thread panicked.");
                self.queue.waiting()
            }
            Err(_) => {
                return Err(FlushError {
                    left: self.queue.waiting(),
                });
            }
        };
        if let Some(thread) = self.thread.take() {
            // It has told of its end already, or of its panic.
            let _ = thread.join();
        }
        if left > 0 {
            return Err(FlushError { left });
        }
        Ok(())
    }

    fn tell(&self, command: Command) {
        // Without a thread there is nothing to tell: its panic was told of.
        let _ = self.commands.send(command);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.close();
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
