//! The hash index of large objects and sets: from a key to its position.
//!
//! Also the hash that builders use. It is seeded at random once a process, so that nobody outside can aim at collisions.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Value, compare};

/// Up to this many members a scan or a binary search is as fast, and spares the making of an index.
pub(super) const SMALL: usize = 8;

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Positions by the hash of the key there.
#[derive(Debug, Default)]
pub(super) struct Index(HashTable<u32>);

// === impl Index ===

impl Index {
    /// Indexes keys that are distinct.
    pub(super) fn over<'a>(keys: impl ExactSizeIterator<Item = &'a Value>) -> Self {
        let mut table = HashTable::with_capacity(keys.len());
        // The hashes are kept only while the table is made; it has room, and never asks for them again.
        for (at, key) in keys.enumerate() {
            if let Ok(at) = u32::try_from(at) {
                table.insert_unique(hash_of(key), at, |_| 0);
            }
        }
        Self(table)
    }

    /// The position with this hash for which `is` holds.
    pub(super) fn find(&self, hash: u64, is: impl Fn(usize) -> bool) -> Option<usize> {
        self.0
            .find(hash, |at| is(*at as usize))
            .map(|at| *at as usize)
    }

    /// Adds a position; `rehash` tells the hash of a position from before.
    pub(super) fn add(&mut self, hash: u64, at: usize, rehash: impl Fn(usize) -> u64) {
        if let Ok(at) = u32::try_from(at) {
            self.0.insert_unique(hash, at, |at| rehash(*at as usize));
        }
    }
}

/// The hash of a value, the same within a process.
pub(super) fn hash_of(value: &Value) -> u64 {
    SEED.hash_one(value)
}

/// The hash of the string value `text`.
pub(super) fn hash_of_str(text: &str) -> u64 {
    let mut state = SEED.build_hasher();
    compare::hash_str(text, &mut state);
    state.finish()
}
