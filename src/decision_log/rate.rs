//! `max_decisions_per_second`: how many events may go to the service.

use std::time::Instant;

/// A bucket that fills evenly and holds what one second brings.
#[derive(Debug)]
pub(super) struct Limiter {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

// === impl Limiter ===

impl Limiter {
    pub(super) fn new(per_second: f64, now: Instant) -> Self {
        Self {
            per_second,
            tokens: per_second.max(1.0),
            filled: now,
        }
    }

    /// Whether one more event may go.
    pub(super) fn takes(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        let most = self.per_second.max(1.0);
        self.tokens = since.mul_add(self.per_second, self.tokens).min(most);
        let takes = self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn so_many_a_second_and_one_at_least() {
        let start = Instant::now();
        for (per_second, at_once, later) in [(3.0, 3, 3), (0.5, 1, 0), (2.5, 2, 2)] {
            let mut limiter = Limiter::new(per_second, start);
            let mut taken = |now| (0..10).filter(|_| limiter.takes(now)).count();
            assert_eq!(taken(start), at_once, "{per_second}");
            assert_eq!(taken(start + Duration::from_secs(1)), later, "{per_second}");
        }
    }
}
