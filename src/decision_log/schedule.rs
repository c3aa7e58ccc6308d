//! When to upload: the time between uploads, and the patience after failures.

use std::time::{Duration, Instant};

/// The first wait after a failure.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait after a failure, unless the configured delay is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// The longest wait after a failure at the end.
const HURRIED: Duration = Duration::from_millis(500);

/// However long a service wants to be left alone, it is asked again after an hour.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// The times of one upload.
#[derive(Debug)]
pub(super) struct Schedule {
    min: Duration,
    max: Duration,
    next: Instant,
    failures: u32,
    not_before: Option<Instant>,
    hurried: bool,
}

// === impl Schedule ===

impl Schedule {
    pub(super) fn new(min: Duration, max: Duration, now: Instant) -> Self {
        Self {
            min,
            max,
            next: now + between(min, max),
            failures: 0,
            not_before: None,
            hurried: false,
        }
    }

    pub(super) fn configure(&mut self, min: Duration, max: Duration, now: Instant) {
        if (self.min, self.max) != (min, max) {
            (self.min, self.max) = (min, max);
            self.next = self.next.min(now + between(min, max));
        }
    }

    /// Whether a delay is over; then the next one begins.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + between(self.min, self.max);
        }
        due
    }

    /// How many of `most` chunks may be on their way now.
    pub(super) fn window(&self, now: Instant, most: usize) -> usize {
        match self.not_before {
            Some(earliest) if now < earliest => 0,
            // One is enough to learn whether the service is back.
            Some(_) => 1,
            None => most,
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    pub(super) fn failed(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let doubled = FIRST.saturating_mul(2u32.saturating_pow(self.failures - 1));
        let longest = if self.hurried {
            HURRIED
        } else {
            LONGEST.min(self.max).max(FIRST)
        };
        let wait = doubled.min(longest);
        let mut wait = between(wait / 2, wait);
        if !self.hurried {
            wait = wait.max(retry_after.unwrap_or_default().min(LONGEST_REST));
        }
        self.not_before = Some(now + wait);
    }

    /// The end is near: no long waits any more.
    pub(super) fn hurry(&mut self) {
        self.hurried = true;
        self.not_before = None;
    }
}

/// A time between `min` and `max`, so that the many clients of one service do not come together.
fn between(min: Duration, max: Duration) -> Duration {
    // Without a random number nothing is lost but the spread.
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    let fraction = f64::from(random) / f64::from(u32::MAX);
    min + max.saturating_sub(min).mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(now: Instant) -> Schedule {
        Schedule::new(Duration::from_secs(10), Duration::from_secs(20), now)
    }

    /// How long after `now` the next chunk may go.
    fn wait(schedule: &Schedule, now: Instant) -> Duration {
        schedule.not_before.map_or(Duration::ZERO, |at| at - now)
    }

    #[test]
    fn delays_are_between_the_bounds() {
        let start = Instant::now();
        for _ in 0..100 {
            let mut schedule = schedule(start);
            assert!(!schedule.is_due(start + Duration::from_millis(9_999)));
            let late = start + Duration::from_secs(20);
            assert!(schedule.is_due(late));
            assert!(!schedule.is_due(late), "the next one has begun");
        }
    }

    #[test]
    fn failures_wait_longer_until_one_succeeds() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        for longest in [
            100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000,
        ] {
            schedule.failed(None, now);
            let longest = Duration::from_millis(longest);
            let wait = wait(&schedule, now);
            assert!(
                (longest / 2..=longest).contains(&wait),
                "{wait:?} of {longest:?}"
            );
            assert_eq!(
                (schedule.window(now, 4), schedule.window(now + wait, 4)),
                (0, 1)
            );
        }
        schedule.succeeded();
        assert_eq!(schedule.window(now, 4), 4);
        schedule.failed(None, now);
        assert!(wait(&schedule, now) <= FIRST);
    }

    #[test]
    fn a_service_that_wants_rest_gets_it_but_not_for_ever_and_not_at_the_end() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.failed(Some(Duration::from_mins(5)), now);
        assert_eq!(wait(&schedule, now), Duration::from_mins(5));
        schedule.failed(Some(Duration::from_hours(99)), now);
        assert_eq!(wait(&schedule, now), LONGEST_REST);
        schedule.hurry();
        assert_eq!(schedule.window(now, 4), 4);
        schedule.failed(Some(Duration::from_mins(5)), now);
        assert!(wait(&schedule, now) <= HURRIED);
    }
}
