//! What the log tells of itself in the program's own log: losses, errors and troubles, each not too often.

use std::time::{Duration, Instant};

use super::queue::Queue;

/// How often losses and errors are told of.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What was told last, and what is to be told next.
#[derive(Debug, Default)]
pub(super) struct Report {
    told: Option<Instant>,
    lost: u64,
    errors: u64,
    /// The newest error's words.
    newest: Option<String>,
    troubles: u64,
    /// The newest trouble's words.
    trouble: Option<String>,
    /// An upload that failed was told of.
    is_in_trouble: bool,
}

// === impl Report ===

impl Report {
    /// Something is wrong with an event, or with a write of events.
    pub(super) fn error(&mut self, error: String) {
        self.errors += 1;
        self.newest = Some(error);
    }

    /// Something keeps events from their service or from their disk; they are not lost by that.
    pub(super) fn trouble(&mut self, trouble: String) {
        self.troubles += 1;
        self.trouble = Some(trouble);
    }

    /// Tells of what is new, unless it was told of something just before.
    pub(super) fn tell(&mut self, queue: &Queue, last: bool) {
        self.tell_of_recovery(queue);
        let lost = queue.counts.all_lost();
        if lost == self.lost && self.newest.is_none() && self.trouble.is_none() {
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
        if let Some(error) = self.trouble.take() {
            tracing::error!(
                times = self.troubles,
                error,
                "Decision log events have to wait."
            );
            self.is_in_trouble = queue.counts.problem().is_some();
        }
        self.told = Some(Instant::now());
        self.lost = lost;
        self.errors = 0;
        self.troubles = 0;
    }

    fn tell_of_recovery(&mut self, queue: &Queue) {
        if self.is_in_trouble && queue.counts.problem().is_none() {
            tracing::info!("Decision log events are uploaded again.");
            self.is_in_trouble = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::stats::Loss;
    use super::*;
    use crate::telemetry::logs::Logs;
    use crate::telemetry::{LogConfig, LogFormat, LogLevel};

    /// Tells of `losses`, one after the other, and returns the lines.
    fn told(losses: &[(usize, bool)]) -> Vec<String> {
        let path = tempfile::NamedTempFile::new().expect("a file");
        let config = LogConfig {
            level: LogLevel::Error,
            format: LogFormat::Json,
            timestamp_format: None,
        };
        let logs = Logs::to_writer(&config, path.reopen().expect("a file")).expect("a log");
        let (subscriber, guard) = logs.into_subscriber();
        tracing::subscriber::with_default(subscriber, || {
            let (queue, mut report) = (Queue::new(&Config::default()), Report::default());
            for (records, last) in losses {
                queue.counts.lose(Loss::Sink, *records);
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
}
