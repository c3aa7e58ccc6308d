//! The log's thread: looks for records, makes events of them, gives each batch to every sink.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::event::{Events, Made};
use super::queue::Queue;
use super::report::Report;
use super::sinks::Sinks;
use super::stats::Counts;
use super::{Config, Defined, Rules, Way};
use crate::decision::Record;

/// How long to sleep while records come.
const BUSY_WAIT: Duration = Duration::from_millis(5);

/// How long to sleep at most while none come.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// How many records become one write.
const BATCH: usize = 256;

/// How much nicer than the data threads this one is, by `nice(2)`.
const NICE: i32 = 10;

/// What the thread is told beside records.
#[derive(Debug)]
pub(super) enum Command {
    /// Go on with another configuration.
    Configure(Box<Config>, Option<Way>),
    /// Upload what waits.
    Upload,
    /// Open files again.
    Reopen,
    /// No more records come; be done by then.
    End(Instant),
}

pub(super) struct Worker {
    queue: Arc<Queue>,
    commands: mpsc::Receiver<Command>,
    sinks: Sinks,
    events: Events,
    rules: Option<Box<dyn Rules>>,
    batch: Vec<Record>,
    report: Report,
    /// When the end must be over, once it has begun.
    deadline: Option<Instant>,
}

// === impl Worker ===

impl Worker {
    pub(super) fn new(
        queue: Arc<Queue>,
        commands: mpsc::Receiver<Command>,
        sinks: Sinks,
        events: Events,
        rules: Option<Box<dyn Rules>>,
    ) -> Self {
        Self {
            queue,
            commands,
            sinks,
            events,
            rules,
            batch: Vec::new(),
            report: Report::default(),
            deadline: None,
        }
    }

    /// Works until the queue is closed and empty and the sinks have all, or the time is up; returns how many records
    /// are lost by that.
    pub(super) fn run(mut self) -> usize {
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::debug!(%error, "The decision log's thread could not be made nicer.");
        }
        let mut wait = BUSY_WAIT;
        loop {
            self.obey();
            let closed = self.queue.is_closed();
            // What is not taken fills the queue, and there `on_full` says what becomes of Checks.
            let held_back = self.sinks.hold_back();
            let records = if held_back { 0 } else { self.work() };
            self.sinks.tick(&mut self.report);
            let drained = closed && records == 0 && self.queue.waiting() == 0;
            let late = closed
                && self
                    .deadline
                    .is_none_or(|deadline| Instant::now() >= deadline);
            if drained && self.sinks.have_ended() || late && (held_back || drained) {
                break;
            }
            self.report.tell(&self.queue, false);
            if !held_back && (closed && !drained || self.queue.waiting() >= BATCH / 2) {
                // A record that is counted but not there yet is there in a moment.
                thread::yield_now();
                continue;
            }
            wait = if records > 0 || closed {
                BUSY_WAIT
            } else {
                (wait * 2).min(IDLE_WAIT)
            };
            // Nobody wakes this thread for a record, and to sleep costs less than to park does.
            thread::sleep(wait);
        }
        let left = self.sinks.leave(&mut self.report) + self.queue.waiting();
        self.report.tell(&self.queue, true);
        left
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Configure(config, way) => {
                    self.queue.configure(&config);
                    self.events.label(&config.labels);
                    self.sinks.configure(*config, way);
                }
                Command::Upload => self.sinks.upload(),
                Command::Reopen => self.sinks.reopen(),
                Command::End(deadline) => {
                    self.deadline = Some(deadline);
                    self.sinks.end(deadline);
                }
            }
        }
    }

    /// Makes and writes one batch; returns how many records it had.
    fn work(&mut self) -> usize {
        let mut batch = std::mem::take(&mut self.batch);
        self.queue.take(BATCH, &mut batch);
        let records = batch.len();
        if records > 0 {
            for record in batch.drain(..) {
                let defined = self.defined(&record);
                if self.make(&record, defined) {
                    self.sinks.take(&mut self.events, &record);
                }
            }
            self.sinks.end_batch(&mut self.report);
        }
        self.batch = batch;
        records
    }

    fn defined(&mut self, record: &Record) -> Defined {
        let Some(rules) = &mut self.rules else {
            return Defined::default();
        };
        catch_unwind(AssertUnwindSafe(|| rules.defined(record)))
            // As if both were there: then they are asked, and fail for each event by themselves.
            .unwrap_or(Defined {
                mask: true,
                drop: true,
            })
    }

    /// Makes the event of `record`; false when the drop decision left it out.
    fn make(&mut self, record: &Record, defined: Defined) -> bool {
        let Self { events, rules, .. } = self;
        let made = catch_unwind(AssertUnwindSafe(|| {
            let rules = rules
                .as_deref_mut()
                .map(|rules| (rules as &mut dyn Rules, defined));
            events.make(record, rules)
        }));
        let Ok((made, drop_failed)) = made else {
            let error = "the event could not be made: an internal error";
            self.events.make_bare(record, error);
            self.count_error(|counts| &counts.event_errors, error.to_owned());
            return true;
        };
        if let Some(failed) = drop_failed {
            self.count_error(|counts| &counts.drop_errors, failed.0);
        }
        match made {
            Made::Whole => true,
            Made::Unmasked => {
                let error = "a mask decision failed".to_owned();
                self.count_error(|counts| &counts.mask_errors, error);
                true
            }
            Made::Filtered => {
                self.queue.counts.filtered.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    fn count_error(&mut self, counter: impl Fn(&Counts) -> &AtomicU64, newest: String) {
        counter(&self.queue.counts).fetch_add(1, Ordering::Relaxed);
        self.report.error(newest);
    }
}
