//! The log's thread: looks for records, makes events of them, writes a batch at a time.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::event::{Events, Rendered};
use super::queue::{Loss, Queue};
use super::{Defined, Rules};
use crate::decision::Record;

/// How long to sleep while records come.
const BUSY_WAIT: Duration = Duration::from_millis(5);

/// How long to sleep at most while none come.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// How many records become one write.
const BATCH: usize = 256;

/// A batch's buffer is given back when an event has made it larger than this.
const KEPT_BUFFER: usize = 1 << 20;

/// How often losses and errors are told of in the program's own log.
const REPORT_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Worker {
    queue: Arc<Queue>,
    sink: Box<dyn Write + Send>,
    events: Events,
    rules: Option<Box<dyn Rules>>,
    batch: Vec<Record>,
    buffer: Vec<u8>,
    report: Report,
}

/// What was told last, and what is to be told next.
#[derive(Default)]
struct Report {
    told: Option<Instant>,
    lost: u64,
    errors: u64,
    /// The newest error's words.
    newest: Option<String>,
}

// === impl Worker ===

impl Worker {
    pub(super) fn new(
        queue: Arc<Queue>,
        sink: Box<dyn Write + Send>,
        events: Events,
        rules: Option<Box<dyn Rules>>,
    ) -> Self {
        Self {
            queue,
            sink,
            events,
            rules,
            batch: Vec::new(),
            buffer: Vec::new(),
            report: Report::default(),
        }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut wait = BUSY_WAIT;
        loop {
            let closed = self.queue.is_closed();
            let records = self.work();
            let ended = closed && records == 0 && self.queue.waiting() == 0;
            self.report.tell(&self.queue, ended);
            if ended {
                break;
            }
            if closed || self.queue.waiting() >= BATCH / 2 {
                // A record that is counted but not there yet is there in a moment.
                thread::yield_now();
                continue;
            }
            wait = if records > 0 {
                BUSY_WAIT
            } else {
                (wait * 2).min(IDLE_WAIT)
            };
            // Nobody wakes this thread for a record, and to sleep costs less than to park does.
            thread::sleep(wait);
        }
        if let Err(error) = self.sink.flush() {
            self.count_error(|counts| &counts.write_errors, error.to_string());
            self.report.tell(&self.queue, true);
        }
    }

    /// Makes and writes one batch; returns how many records it had.
    fn work(&mut self) -> usize {
        let mut batch = std::mem::take(&mut self.batch);
        self.queue.take(BATCH, &mut batch);
        let records = batch.len();
        if records > 0 {
            let mut events = 0;
            for record in batch.drain(..) {
                let defined = self.defined(&record);
                events += u64::from(self.render(&record, defined));
            }
            self.write(events);
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

    /// Appends the event of `record`; false when the drop decision left it out.
    fn render(&mut self, record: &Record, defined: Defined) -> bool {
        let start = self.buffer.len();
        let Self {
            events,
            rules,
            buffer,
            ..
        } = self;
        let rendered = catch_unwind(AssertUnwindSafe(|| {
            let rules = rules
                .as_deref_mut()
                .map(|rules| (rules as &mut dyn Rules, defined));
            events.render(record, rules, buffer)
        }));
        let Ok((rendered, drop_failed)) = rendered else {
            self.buffer.truncate(start);
            let error = "the event could not be made: an internal error";
            self.events.render_bare(record, error, &mut self.buffer);
            self.count_error(|counts| &counts.event_errors, error.to_owned());
            return true;
        };
        if let Some(failed) = drop_failed {
            self.count_error(|counts| &counts.drop_errors, failed.0);
        }
        match rendered {
            Rendered::Whole => true,
            Rendered::Unmasked => {
                let error = "a mask decision failed".to_owned();
                self.count_error(|counts| &counts.mask_errors, error);
                true
            }
            Rendered::Filtered => {
                self.queue.counts.filtered.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    fn write(&mut self, events: u64) {
        match write_all(&mut *self.sink, &self.buffer) {
            Ok(()) => {
                let bytes = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
                self.queue
                    .counts
                    .written
                    .fetch_add(events, Ordering::Relaxed);
                self.queue
                    .counts
                    .written_bytes
                    .fetch_add(bytes, Ordering::Relaxed);
            }
            Err(error) => {
                self.queue.lose(Loss::Sink, events);
                self.count_error(|counts| &counts.write_errors, error.to_string());
            }
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER);
    }

    fn count_error(
        &mut self,
        counter: impl Fn(&super::queue::Counts) -> &AtomicU64,
        newest: String,
    ) {
        counter(&self.queue.counts).fetch_add(1, Ordering::Relaxed);
        self.report.errors += 1;
        self.report.newest = Some(newest);
    }
}

// === impl Report ===

impl Report {
    /// Tells of what is new, unless it was told of something just before.
    fn tell(&mut self, queue: &Queue, last: bool) {
        let lost = queue.lost();
        if lost == self.lost && self.newest.is_none() {
            return;
        }
        if !last && self.told.is_some_and(|told| told.elapsed() < REPORT_EVERY) {
            return;
        }
        if lost > self.lost {
            tracing::error!(
                records = lost - self.lost,
                total = lost,
                waiting = queue.waiting(),
                "Decision log records were lost."
            );
        }
        if let Some(error) = self.newest.take() {
            tracing::error!(
                errors = self.errors,
                error,
                "Decision log events had errors."
            );
        }
        self.told = Some(Instant::now());
        self.lost = lost;
        self.errors = 0;
    }
}

/// Writes all of `bytes`, also to a pipe that someone has made non-blocking.
fn write_all(sink: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(BUSY_WAIT),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::logs::Logs;
    use crate::telemetry::{LogConfig, LogFormat, LogLevel};

    /// Tells of `losses`, one after the other, and returns the lines.
    fn told(losses: &[(u64, bool)]) -> Vec<String> {
        let path = tempfile::NamedTempFile::new().expect("a file");
        let config = LogConfig {
            level: LogLevel::Error,
            format: LogFormat::Json,
            timestamp_format: None,
        };
        let logs = Logs::to_writer(&config, path.reopen().expect("a file")).expect("a log");
        let (subscriber, guard) = logs.into_subscriber();
        tracing::subscriber::with_default(subscriber, || {
            let (queue, mut report) = (Queue::new(1, 1), Report::default());
            for (records, last) in losses {
                queue.lose(Loss::Sink, *records);
                report.tell(&queue, *last);
            }
        });
        drop(guard);
        let text = std::fs::read_to_string(path.path()).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn losses_are_told_at_once_then_seldom_then_at_the_end() {
        let lines = told(&[(0, false), (2, false), (3, false), (0, true), (0, true)]);
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (line, records, total) in [(&lines[0], 2, 2), (&lines[1], 3, 5)] {
            let line: serde_json::Value = serde_json::from_str(line).expect("json");
            assert_eq!(line["msg"], "Decision log records were lost.");
            assert_eq!(
                (line["records"].as_u64(), line["total"].as_u64()),
                (Some(records), Some(total))
            );
        }
    }

    /// Takes a few bytes at a time, and sometimes none.
    #[derive(Default)]
    struct Slow(Vec<u8>, usize);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            match self.1 % 3 {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                1 => Err(io::ErrorKind::Interrupted.into()),
                _ => {
                    let taken = bytes.len().min(3);
                    self.0.extend_from_slice(&bytes[..taken]);
                    Ok(taken)
                }
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_takes_little_gets_all() {
        let mut sink = Slow::default();
        write_all(&mut sink, b"0123456789").expect("written");
        assert_eq!(sink.0, b"0123456789");
    }
}
