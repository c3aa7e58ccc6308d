//! Responses of `http.send` that other queries may use: what is kept, how much, for how long.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use regate_rego::value::Object;

use super::freshness::Freshness;
use crate::data::{Value, footprint};

/// The most that is kept, whatever is configured: without a bound whoever sends requests could fill the memory.
const LARGEST: u64 = 64 << 20;

/// What a key and an entry cost beside their values.
const OVERHEAD: u64 = 512;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// `max_size_bytes`; 0 is 64 MiB.
    pub max_bytes: u64,
    /// `forced_eviction_threshold_percentage`: from how full on the oldest make way.
    pub threshold: u64,
    /// `stale_entry_eviction_period_seconds`: how often what is stale is thrown away; zero: only when in the way.
    pub stale_after: Duration,
}

/// What was learnt.
#[derive(Debug)]
pub(super) struct Cache {
    config: CacheConfig,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Object, (u64, Entry)>,
    /// Keys by the order in which they came.
    order: BTreeMap<u64, Object>,
    next: u64,
    bytes: u64,
    swept: Option<Instant>,
}

/// A response that may be used again.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) answer: Value,
    pub(super) freshness: Freshness,
    bytes: u64,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) entries: usize,
    pub(super) bytes: u64,
}

// === impl CacheConfig ===

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            max_bytes: 0,
            threshold: 100,
            stale_after: Duration::ZERO,
        }
    }
}

impl CacheConfig {
    fn most(&self) -> u64 {
        let most = match self.max_bytes {
            0 => LARGEST,
            most => most,
        };
        most / 100 * self.threshold.min(100) + most % 100 * self.threshold.min(100) / 100
    }
}

// === impl Cache ===

impl Cache {
    pub(super) fn new(config: CacheConfig) -> Self {
        Self {
            config,
            entries: Mutex::default(),
        }
    }

    /// The entry, fresh or not.
    pub(super) fn get(&self, key: &Object) -> Option<Entry> {
        let entries = self.entries();
        entries.by_key.get(key).map(|(_, entry)| entry.clone())
    }

    /// Keeps `answer`; the oldest make way. What is larger than the whole is not kept.
    pub(super) fn keep(&self, key: Object, answer: Value, freshness: Freshness) {
        let bytes = OVERHEAD + footprint(&Value::Object(key.clone())) + footprint(&answer);
        let most = self.config.most();
        let mut entries = self.entries();
        entries.remove(&key);
        self.sweep(&mut entries);
        if bytes > most {
            return;
        }
        while entries.bytes + bytes > most && entries.remove_oldest() {}
        let entry = Entry {
            answer,
            freshness,
            bytes,
        };
        entries.insert(key, entry);
    }

    pub(super) fn size(&self) -> Size {
        let entries = self.entries();
        Size {
            entries: entries.by_key.len(),
            bytes: entries.bytes,
        }
    }

    /// Throws away what is stale, as often as configured.
    fn sweep(&self, entries: &mut Entries) {
        let period = self.config.stale_after;
        if period.is_zero() || entries.swept.is_some_and(|last| last.elapsed() < period) {
            return;
        }
        entries.swept = Some(Instant::now());
        entries.remove_stale(SystemTime::now());
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Entries ===

impl Entries {
    fn insert(&mut self, key: Object, entry: Entry) {
        let number = self.next;
        self.next += 1;
        self.bytes += entry.bytes;
        self.order.insert(number, key.clone());
        self.by_key.insert(key, (number, entry));
    }

    fn remove(&mut self, key: &Object) {
        if let Some((number, entry)) = self.by_key.remove(key) {
            self.order.remove(&number);
            self.bytes -= entry.bytes;
        }
    }

    fn remove_oldest(&mut self) -> bool {
        let Some((_, key)) = self.order.pop_first() else {
            return false;
        };
        if let Some((_, entry)) = self.by_key.remove(&key) {
            self.bytes -= entry.bytes;
        }
        true
    }

    fn remove_stale(&mut self, now: SystemTime) {
        let stale = self.by_key.iter();
        let stale = stale.filter(|(_, (_, entry))| entry.freshness.until <= now);
        let stale: Vec<Object> = stale.map(|(key, _)| key.clone()).collect();
        for key in stale {
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Object {
        [("url".into(), name.into())].into_iter().collect()
    }

    fn fresh(length: u64) -> Freshness {
        Freshness {
            until: SystemTime::now() + Duration::from_secs(length),
            validators: Vec::new(),
        }
    }

    fn cache(config: CacheConfig) -> Cache {
        Cache::new(config)
    }

    #[test]
    fn the_oldest_make_way_for_what_comes() {
        let cache = cache(CacheConfig {
            max_bytes: 2 * (OVERHEAD + 150),
            ..CacheConfig::default()
        });
        for name in ["a", "b", "a", "c"] {
            cache.keep(key(name), true.into(), fresh(60));
        }
        let there = |name| cache.get(&key(name)).is_some();
        assert_eq!((there("a"), there("b"), there("c")), (true, false, true));
        assert_eq!(cache.size().entries, 2);

        cache.keep(key("d"), "x".repeat(2000).as_str().into(), fresh(60));
        assert!(!there("d"), "larger than the whole");
        assert_eq!(cache.size().entries, 2);
    }

    #[test]
    fn the_threshold_is_a_part_of_the_whole() {
        let cache = cache(CacheConfig {
            max_bytes: 2 * (OVERHEAD + 150),
            threshold: 50,
            ..CacheConfig::default()
        });
        for name in ["a", "b"] {
            cache.keep(key(name), true.into(), fresh(60));
        }
        assert_eq!(cache.size().entries, 1);
    }

    #[test]
    fn what_is_stale_goes_when_it_is_time() {
        let cache = cache(CacheConfig {
            stale_after: Duration::from_nanos(1),
            ..CacheConfig::default()
        });
        cache.keep(key("a"), true.into(), fresh(0));
        cache.keep(key("b"), true.into(), fresh(60));
        assert!(cache.get(&key("a")).is_none());
        assert!(cache.get(&key("b")).is_some());
    }
}
