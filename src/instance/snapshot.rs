//! The finished thing that requests are answered from, and the handle that they take it by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use arc_swap::{ArcSwapOption, Guard};

use crate::decision::Revisions;
use crate::engine::{Module, Policy};

/// One version of an instance. It never changes; a newer one takes its place.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts the versions of this process, from 1.
    pub generation: u64,
    /// The policy with its data.
    pub policy: Policy,
    /// The revisions of the bundles in it.
    pub revisions: Arc<Revisions>,
    /// The modules that it was compiled from.
    pub modules: Arc<[Module]>,
    /// When it took its place.
    pub activated_at: SystemTime,
}

/// Where the snapshot in force is found. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    snapshot: ArcSwapOption<Snapshot>,
    stale: AtomicBool,
}

// === impl Cell ===

impl Cell {
    /// A cell without a snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The snapshot in force, without a reference count; for short use on a request's thread.
    pub fn load(&self) -> Guard<Option<Arc<Snapshot>>> {
        self.0.snapshot.load()
    }

    /// The snapshot in force, to keep.
    #[must_use]
    pub fn load_full(&self) -> Option<Arc<Snapshot>> {
        self.0.snapshot.load_full()
    }

    /// Whether the snapshot is too old to decide by (`activation.stale_policy: deny`).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.stale.load(Ordering::Relaxed)
    }

    /// Puts `snapshot` in force and gives back the one before.
    pub(super) fn swap(&self, snapshot: Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        self.0.snapshot.swap(Some(snapshot))
    }

    /// Says whether the snapshot is too old to decide by.
    pub(super) fn set_stale(&self, stale: bool) {
        self.0.stale.store(stale, Ordering::Relaxed);
    }
}
