//! Bundles under OPA's names, shown with `status.prometheus`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Exposition;

/// What happened to bundles, by name.
#[derive(Debug, Default)]
pub struct BundleMetrics(Mutex<BTreeMap<String, Bundle>>);

#[derive(Debug, Default)]
struct Bundle {
    loaded: u64,
    failed: BTreeMap<String, u64>,
    requested: Option<SystemTime>,
    answered: Option<SystemTime>,
    downloaded: Option<SystemTime>,
    activated: Option<(String, SystemTime)>,
}

// === impl BundleMetrics ===

impl BundleMetrics {
    /// A download of `name` began.
    pub fn requested(&self, name: &str, now: SystemTime) {
        self.with(name, |bundle| bundle.requested = Some(now));
    }

    /// A download of `name` was answered, with a new bundle or with the word that nothing changed.
    pub fn answered(&self, name: &str, changed: bool, now: SystemTime) {
        self.with(name, |bundle| {
            bundle.answered = Some(now);
            if changed {
                bundle.downloaded = Some(now);
            }
        });
    }

    /// `revision` of `name` is in force.
    pub fn activated(&self, name: &str, revision: &str, now: SystemTime) {
        self.with(name, |bundle| {
            bundle.loaded += 1;
            bundle.activated = Some((revision.to_owned(), now));
        });
    }

    /// A download or an activation of `name` failed.
    pub fn failed(&self, name: &str, code: &str) {
        self.with(name, |bundle| {
            *bundle.failed.entry(code.to_owned()).or_default() += 1;
        });
    }

    /// Writes what was counted.
    pub fn collect(&self, out: &mut Exposition) {
        for (name, bundle) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            bundle.collect(name, out);
        }
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Bundle)) {
        let mut bundles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(bundles.entry(name.to_owned()).or_default());
    }
}

// === impl Bundle ===

impl Bundle {
    fn collect(&self, name: &str, out: &mut Exposition) {
        let labels = [("name", name)];
        out.counter(
            "bundle_loaded_counter",
            "Activations of a bundle.",
            &labels,
            self.loaded,
        );
        for (code, count) in &self.failed {
            out.counter(
                "bundle_failed_load_counter",
                "Downloads and activations of a bundle that failed.",
                &[("name", name), ("code", code)],
                *count,
            );
        }
        for (metric, help, time) in [
            (
                "last_bundle_request",
                "When a download last began, in ns of Unix time.",
                self.requested,
            ),
            (
                "last_success_bundle_request",
                "When a download was last answered, in ns of Unix time.",
                self.answered,
            ),
            (
                "last_success_bundle_download",
                "When a new bundle was last downloaded, in ns of Unix time.",
                self.downloaded,
            ),
        ] {
            if let Some(time) = time {
                out.gauge(metric, help, &labels, nanos(time));
            }
        }
        if let Some((revision, time)) = &self.activated {
            out.gauge(
                "last_success_bundle_activation",
                "When a bundle last came into force, in ns of Unix time.",
                &[("name", name), ("active_revision", revision)],
                nanos(*time),
            );
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "OPA shows nanoseconds as a float, too"
)]
fn nanos(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_nanos() as f64)
}
