//! What an instance says of itself, to health, metrics and status reports.

use std::time::{Duration, SystemTime};

use super::history::Past;

/// The state of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The configured bundles, in their order.
    pub bundles: Vec<BundleStatus>,
    /// The snapshot in force; 0 before the first.
    pub generation: u64,
    /// How many snapshots were activated.
    pub activations: u64,
    /// How many candidates were refused.
    pub failures: u64,
    /// Whether the snapshot in force has to prove itself still.
    pub on_trial: bool,
    /// How many snapshots were taken out of force for their decisions.
    pub rollbacks: u64,
    /// How long the last activation took, from candidate to swap.
    pub last_activation: Duration,
    /// When the snapshot in force was activated.
    pub snapshot_activated_at: Option<SystemTime>,
    /// The snapshots that are and were in force, the newest first.
    pub snapshots: Vec<Past>,
    /// The snapshot that somebody wants in force whatever arrives.
    pub pinned: Option<u64>,
    /// The bundles of which nothing was heard for longer than `activation.stale_after`.
    pub stale: Vec<String>,
    /// What an operator should know about the policy in force.
    pub warnings: Vec<String>,
    /// Why the files could not be loaded again, until they can.
    pub files_error: Option<String>,
}

/// The state of one configured bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundleStatus {
    /// Its name.
    pub name: String,
    /// The revision in force; `None` before the first activation, empty when it has no revision.
    pub active_revision: Option<String>,
    /// When it was asked for, whatever came of it.
    pub last_request: Option<SystemTime>,
    /// When a server last answered properly.
    pub last_successful_request: Option<SystemTime>,
    /// When a new version last arrived.
    pub last_successful_download: Option<SystemTime>,
    /// When a version was last put in force.
    pub last_successful_activation: Option<SystemTime>,
    /// What went wrong last, until something goes well.
    pub error: Option<BundleError>,
}

/// What went wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleError {
    /// The stable code.
    pub code: String,
    /// The reason.
    pub message: String,
    /// The HTTP status, where there was one.
    pub http_status: Option<u16>,
}

// === impl Status ===

impl Status {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let bundle = |name| BundleStatus {
            name,
            ..BundleStatus::default()
        };
        Self {
            bundles: names.into_iter().map(bundle).collect(),
            ..Self::default()
        }
    }

    /// Whether there is a snapshot and every configured bundle is in it.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.generation > 0 && self.bundles.iter().all(|b| b.active_revision.is_some())
    }

    pub(super) fn bundle(&mut self, name: &str) -> Option<&mut BundleStatus> {
        self.bundles.iter_mut().find(|bundle| bundle.name == name)
    }
}

// === impl BundleError ===

impl BundleError {
    /// What went wrong beyond the download.
    pub(super) fn plain(message: String) -> Self {
        Self {
            code: "bundle_error".to_owned(),
            message,
            http_status: None,
        }
    }
}

// === impl BundleStatus ===

impl BundleStatus {
    pub(super) fn arrived(&mut self, now: SystemTime) {
        self.unchanged(now);
        self.last_successful_download = Some(now);
    }

    pub(super) fn unchanged(&mut self, now: SystemTime) {
        self.last_request = Some(now);
        self.last_successful_request = Some(now);
    }

    pub(super) fn failed(&mut self, now: SystemTime, error: BundleError) {
        self.last_request = Some(now);
        self.error = Some(error);
    }

    pub(super) fn activated(&mut self, now: SystemTime, revision: &str) {
        self.last_successful_activation = Some(now);
        self.active_revision = Some(revision.to_owned());
        self.error = None;
    }
}
