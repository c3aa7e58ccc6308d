//! A map bounded in bytes and entries, in which what is asked for again lives on.
//!
//! It knows nothing of what it keeps. Each shard holds two generations, each of which may take half of the shard's part.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;

/// A bounded map.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    shards: Box<[RwLock<Shard<K, V>>]>,
    hasher: RandomState,
    limit: Limit,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often what was asked for was there, since the map was made, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeptStats {
    /// It was there.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
    /// About how many bytes are held.
    pub bytes: usize,
    /// How many are held.
    pub entries: usize,
}

/// What a shard may hold.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Bytes of one generation.
    bytes: usize,
    /// Entries of both.
    entries: usize,
}

#[derive(Debug)]
struct Shard<K, V> {
    young: Generation<K, V>,
    old: Generation<K, V>,
}

#[derive(Debug)]
struct Generation<K, V> {
    kept: HashMap<K, (V, usize), RandomState>,
    bytes: usize,
}

/// About what an entry of a map costs beside what it holds.
const ENTRY: usize = 64;

/// Fewer entries than this for a shard are not parted: where they happen to lie would decide how many stay.
const FEW: usize = 64;

// === impl Kept ===

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// One of at most so many bytes and entries, in at most so many shards.
    pub(super) fn new(bytes: usize, entries: usize, shards: usize) -> Self {
        let shards = (entries / FEW).clamp(1, shards);
        Self {
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            hasher: RandomState::default(),
            limit: Limit {
                bytes: bytes / (2 * shards),
                entries: entries / shards,
            },
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What is kept of `key`; counts whether it is.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let found = self.find(key);
        let count = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps it, if it fits.
    pub(super) fn insert(&self, key: K, value: &V, bytes: usize) {
        let bytes = bytes + size_of::<K>() + size_of::<V>() + ENTRY;
        if bytes <= self.limit.bytes
            && let Some(shard) = self.shard(&key)
        {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.insert(key, value.clone(), bytes, self.limit);
        }
    }

    /// What there is to know about it.
    pub(super) fn stats(&self) -> KeptStats {
        let mut stats = KeptStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            ..KeptStats::default()
        };
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            for generation in [&shard.young, &shard.old] {
                stats.bytes += generation.bytes;
                stats.entries += generation.kept.len();
            }
        }
        stats
    }

    fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let shard = self.shard(key)?;
        {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((value, _)) = shard.young.kept.get(key) {
                return Some(value.clone());
            }
            shard.old.kept.get(key)?;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let (key, value, bytes) = shard.old.remove(key)?;
        let found = value.clone();
        shard.insert(key, value, bytes, self.limit);
        Some(found)
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> Option<&RwLock<Shard<K, V>>> {
        let hash = self.hasher.hash_one(key);
        let at = usize::try_from(hash >> 32).ok()?;
        self.shards.get(at % self.shards.len())
    }
}

// === impl Shard ===

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self {
            young: Generation::default(),
            old: Generation::default(),
        }
    }
}

impl<K: Eq + Hash, V> Shard<K, V> {
    fn insert(&mut self, key: K, value: V, bytes: usize, limit: Limit) {
        self.old.remove(&key);
        self.young.remove(&key);
        let half = (limit.entries / 2).max(1);
        if self.young.bytes + bytes > limit.bytes || self.young.kept.len() >= half {
            self.old = std::mem::take(&mut self.young);
        }
        if limit.entries < 2 {
            self.old = Generation::default();
        }
        self.young.kept.insert(key, (value, bytes));
        self.young.bytes += bytes;
    }
}

// === impl Generation ===

impl<K, V> Default for Generation<K, V> {
    fn default() -> Self {
        Self {
            kept: HashMap::default(),
            bytes: 0,
        }
    }
}

impl<K: Eq + Hash, V> Generation<K, V> {
    fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<(K, V, usize)>
    where
        K: Borrow<Q>,
    {
        let (key, (value, bytes)) = self.kept.remove_entry(key)?;
        self.bytes -= bytes;
        Some((key, value, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        for entries in [2, 3, 10, 64, 1000] {
            let kept: Kept<usize, usize> = Kept::new(usize::MAX, entries, 8);
            kept.insert(0, &0, 0);
            for n in 1..5000 {
                kept.insert(n, &n, 0);
                assert_eq!(kept.get(&0), Some(0), "{n} of {entries}");
            }
            let held = kept.stats().entries;
            assert!(
                held <= entries && held * 4 >= entries,
                "{held} of {entries}"
            );
            assert_eq!(kept.get(&1), None, "of {entries}");
        }
    }

    #[test]
    fn bytes_are_counted_as_they_come_and_go() {
        let kept: Kept<u8, ()> = Kept::new(4000, usize::MAX, 1);
        kept.insert(1, &(), 1000);
        let one = kept.stats().bytes;
        assert!((1000..1200).contains(&one), "{one}");
        kept.insert(1, &(), 1000);
        assert_eq!(kept.stats().bytes, one, "the same again");
        kept.insert(2, &(), 3000);
        assert_eq!(kept.stats().bytes, one, "what fits no generation");
        for key in 0..100 {
            kept.insert(key, &(), 300);
        }
        assert!(kept.stats().bytes <= 4000, "{:?}", kept.stats());
    }
}
