//! A distribution of durations over buckets, kept by one owner.

use std::sync::Arc;
use std::time::Duration;

/// Counts of durations by their upper bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    bounds: Arc<[f64]>,
    counts: Vec<u64>,
    sum: Duration,
}

// === impl Histogram ===

impl Histogram {
    /// An empty one; `bounds` are in seconds and rise.
    #[must_use]
    pub fn new(bounds: &[f64]) -> Self {
        Self {
            bounds: bounds.into(),
            counts: vec![0; bounds.len() + 1],
            sum: Duration::ZERO,
        }
    }

    /// Counts one duration.
    pub fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let at = self.bounds.partition_point(|bound| *bound < seconds);
        self.counts[at] += 1;
        self.sum += duration;
    }

    /// How many durations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum.
    #[must_use]
    pub fn sum_seconds(&self) -> f64 {
        self.sum.as_secs_f64()
    }

    /// Each bound, and how many durations were not above it; the last bound is infinite.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        bounds.zip(counts)
    }

    pub(super) fn add(&mut self, bucket: usize, count: u64) {
        if let Some(counts) = self.counts.get_mut(bucket) {
            *counts += count;
        }
    }

    pub(super) fn add_sum(&mut self, sum: Duration) {
        self.sum = self.sum.saturating_add(sum);
    }
}
