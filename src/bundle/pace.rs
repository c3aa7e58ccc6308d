//! When to ask again: the time between polls, and after failures.

use std::time::Duration;

/// The first wait after a failed download.
pub(super) const DOWNLOAD: Duration = Duration::from_millis(100);
/// The first wait after a failed activation. Each try is a whole download and a compilation, and
/// what is mostly waited for is another bundle that this one needs.
pub(super) const ACTIVATION: Duration = Duration::from_secs(1);

/// A time between `min` and `max`, any as likely as any other.
pub(super) fn between(min: Duration, max: Duration) -> Duration {
    min + max.saturating_sub(min).mul_f64(fraction())
}

/// The wait after `failures` failures in a row: doubled each time, at most `max`, and up to a half
/// less, so that the many clients of a server that failed do not come back together.
pub(super) fn back_off(first: Duration, failures: u32, max: Duration) -> Duration {
    let doubled = first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    let longest = doubled.min(max.max(first));
    between(longest / 2, longest)
}

/// A number from 0 to 1.
fn fraction() -> f64 {
    // Without a random number nothing is lost but the spread.
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_stay_between_the_bounds() {
        let (min, max) = (Duration::from_mins(1), Duration::from_mins(2));
        for _ in 0..1000 {
            assert!((min..=max).contains(&between(min, max)));
        }
        assert_eq!(between(max, max), max);
        assert_eq!(
            between(max, min),
            max,
            "a lower maximum counts as the minimum"
        );
    }

    #[test]
    fn failures_wait_longer_and_longer() {
        let max = Duration::from_secs(10);
        for (failures, longest) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (7, 6400),
            (8, 10_000),
            (u32::MAX, 10_000),
        ] {
            let longest = Duration::from_millis(longest);
            for _ in 0..100 {
                let wait = back_off(DOWNLOAD, failures, max);
                assert!(
                    (longest / 2..=longest).contains(&wait),
                    "{failures}: {wait:?}"
                );
            }
        }
    }
}
