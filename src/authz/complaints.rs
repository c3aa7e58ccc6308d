//! How often the Check path says that evaluations fail.

use std::time::{Duration, Instant};

/// Lets a line a second through to the log: whoever sends requests must not fill it.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    last: Option<Instant>,
    silent: u64,
}

// === impl Complaints ===

impl Complaints {
    /// Whether to speak now, and how often there was silence since the last time.
    pub(super) fn next(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self
            .last
            .is_some_and(|last| now.duration_since(last) < Duration::from_secs(1))
        {
            self.silent += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}
