//! The policy in force, and how it came into force.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Exposition, Histogram, Registry};

/// Bounds in seconds.
const BUCKETS: [f64; 10] = [1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0];

/// The policy in force, as a scrape sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SnapshotView {
    /// Rises by one with each activation; zero before the first.
    pub generation: u64,
    /// How long it has been in force; none before the first activation.
    pub age: Option<Duration>,
    /// Bundles by name, with their revisions.
    pub bundles: Vec<(String, String)>,
}

/// Attempts to bring a new policy into force.
#[derive(Debug)]
pub struct Activations {
    durations: Mutex<Histogram>,
    failures: AtomicU64,
}

// === impl SnapshotView ===

impl SnapshotView {
    /// Shows what `read` returns at every scrape.
    pub fn register(registry: &Registry, read: impl Fn() -> Self + Send + Sync + 'static) {
        registry.collect(move |out| read().collect(out));
    }

    fn collect(&self, out: &mut Exposition) {
        #[expect(clippy::cast_precision_loss, reason = "never near 2^52")]
        out.gauge(
            "regate_snapshot_generation",
            "How many times a policy came into force; 0 before the first.",
            &[],
            self.generation as f64,
        );
        if let Some(age) = self.age {
            out.gauge(
                "regate_snapshot_age_seconds",
                "How long the policy has been in force.",
                &[],
                age.as_secs_f64(),
            );
        }
        for (bundle, revision) in &self.bundles {
            out.gauge(
                "regate_snapshot_info",
                "Always 1; the labels are a bundle of the policy in force and its revision.",
                &[("bundle", bundle), ("revision", revision)],
                1.0,
            );
        }
    }
}

// === impl Activations ===

impl Activations {
    /// None so far.
    #[must_use]
    pub fn new() -> Self {
        Self {
            durations: Mutex::new(Histogram::new(&BUCKETS)),
            failures: AtomicU64::new(0),
        }
    }

    /// Counts an attempt that took `duration`, and whether it brought a policy into force.
    pub fn observe(&self, duration: Duration, succeeded: bool) {
        self.durations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .observe(duration);
        self.failures
            .fetch_add(u64::from(!succeeded), Ordering::Relaxed);
    }

    /// Writes what was counted.
    pub fn collect(&self, out: &mut Exposition) {
        out.histogram(
            "regate_activation_duration_seconds",
            "Time it took to compile and activate a policy, or to fail at it.",
            &[],
            &self
                .durations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        out.counter(
            "regate_activation_failures_total",
            "Policies that could not be activated; the one before stayed in force.",
            &[],
            self.failures.load(Ordering::Relaxed),
        );
    }
}

impl Default for Activations {
    fn default() -> Self {
        Self::new()
    }
}
