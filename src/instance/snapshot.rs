//! The finished thing that requests are answered from, and the handle that they take it by.

use std::sync::Arc;
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
pub struct Cell(Arc<ArcSwapOption<Snapshot>>);

// === impl Cell ===

impl Cell {
    /// A cell without a snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The snapshot in force, without a reference count; for short use on a request's thread.
    pub fn load(&self) -> Guard<Option<Arc<Snapshot>>> {
        self.0.load()
    }

    /// The snapshot in force, to keep.
    #[must_use]
    pub fn load_full(&self) -> Option<Arc<Snapshot>> {
        self.0.load_full()
    }

    /// Puts `snapshot` in force and gives back the one before.
    pub(super) fn swap(&self, snapshot: Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        self.0.swap(Some(snapshot))
    }
}
