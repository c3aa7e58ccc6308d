//! What built-ins keep across queries: compiled patterns, bounded in number.
//!
//! A hit takes a read lock of one of several shards and clones an [`Arc`]. What a policy pins stays; of the rest,
//! what was not asked for while a whole generation of others came is dropped. It compiles nothing itself.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;

use super::json::Schema;
use super::jwt::cache::TokenCache;
use super::regex::Regex;
use super::{Budget, Error, glob};

/// Compiled patterns, keys and the like; one for a policy, used by all its threads.
#[derive(Debug, Default)]
pub struct Caches {
    regexes: Kept<Arc<Regex>>,
    globs: Kept<Arc<::regex::Regex>>,
    schemas: Kept<Arc<Schema>>,
    tokens: OnceLock<Arc<TokenCache>>,
}

/// What was compiled, by its text.
#[derive(Debug)]
struct Kept<T> {
    shards: [RwLock<Shard<T>>; SHARDS],
    hasher: RandomState,
}

#[derive(Debug)]
struct Shard<T> {
    pinned: HashMap<Box<str>, T, RandomState>,
    young: HashMap<Box<str>, T, RandomState>,
    old: HashMap<Box<str>, T, RandomState>,
}

const SHARDS: usize = 8;

/// How much one generation of a shard holds; at most two generations live.
const GENERATION: usize = 32;

/// The longest text that is kept, in bytes: a pattern this long is rather a request's than a policy's.
const LONGEST: usize = 4096;

// === impl Caches ===

impl Caches {
    /// The pattern, compiled now or before. Compiling is charged to `budget`.
    pub fn regex(&self, pattern: &str, budget: &mut Budget) -> Result<Arc<Regex>, Error> {
        self.regexes
            .get_or_make(pattern, || Regex::compile(pattern, budget).map(Arc::new))
    }

    /// Compiles a pattern that a policy names itself, and keeps it for as long as these caches live.
    pub fn pin_regex(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        let compiled = Regex::compile(pattern, &mut Budget::default()).map(Arc::new)?;
        self.regexes.pin(pattern, &compiled);
        Ok(compiled)
    }

    /// Compiles a glob that a policy names itself, with its delimiters, and keeps it for as long as these caches
    /// live. No delimiters stand for `null`.
    pub fn pin_glob(&self, glob: &str, delimiters: &[char]) -> Result<(), Error> {
        let key = glob::key(glob, delimiters);
        let compiled = glob::compile(glob, delimiters, &mut Budget::default())?;
        self.globs.pin(&key, &Arc::new(compiled));
        Ok(())
    }

    /// Hands in keys and verified tokens that outlive these caches; whether it comes before any was asked for, else
    /// it changes nothing.
    pub fn share_tokens(&self, tokens: Arc<TokenCache>) -> bool {
        self.tokens.set(tokens).is_ok()
    }

    /// Keys and verified tokens: those that were handed in, else its own.
    pub fn tokens(&self) -> &TokenCache {
        self.tokens.get_or_init(Arc::default)
    }

    pub(super) fn glob(
        &self,
        glob: &str,
        delimiters: &[char],
        budget: &mut Budget,
    ) -> Result<Arc<::regex::Regex>, Error> {
        self.globs.get_or_make(&glob::key(glob, delimiters), || {
            glob::compile(glob, delimiters, budget).map(Arc::new)
        })
    }

    /// The JSON schema of that text, made now or before.
    pub(super) fn schema(
        &self,
        text: &str,
        make: impl FnOnce() -> Result<Arc<Schema>, Error>,
    ) -> Result<Arc<Schema>, Error> {
        self.schemas.get_or_make(text, make)
    }
}

// === impl Kept ===

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::default(),
        }
    }
}

impl<T: Clone> Kept<T> {
    /// What does not compile is not kept: it is refused quickly.
    fn get_or_make(&self, key: &str, make: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let Some(shard) = self.shard(key) else {
            return make();
        };
        let (found, young) = read(shard).get(key);
        let value = match found {
            Some(value) if young => return Ok(value),
            Some(value) => value,
            None => make()?,
        };
        write(shard).insert(key, &value);
        Ok(value)
    }

    fn pin(&self, key: &str, value: &T) {
        if let Some(shard) = self.shard(key) {
            write(shard).pinned.insert(Box::from(key), value.clone());
        }
    }

    /// Where `key` is kept, if it is.
    fn shard(&self, key: &str) -> Option<&RwLock<Shard<T>>> {
        let hash = self.hasher.hash_one(key);
        let at = usize::try_from(hash >> 32).ok()? % SHARDS;
        self.shards.get(at).filter(|_| key.len() <= LONGEST)
    }
}

// === impl Shard ===

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self {
            pinned: HashMap::default(),
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }
}

impl<T: Clone> Shard<T> {
    /// What is kept of `key`, and whether it needs no move to live on.
    fn get(&self, key: &str) -> (Option<T>, bool) {
        let young = self.young.get(key).or_else(|| self.pinned.get(key));
        match young {
            Some(value) => (Some(value.clone()), true),
            None => (self.old.get(key).cloned(), false),
        }
    }

    fn insert(&mut self, key: &str, value: &T) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(key);
        self.young.insert(Box::from(key), value.clone());
    }
}

// A thread that panicked in here left no half-written shard: whole values go in and out.

fn read<T>(shard: &RwLock<Shard<T>>) -> RwLockReadGuard<'_, Shard<T>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(shard: &RwLock<Shard<T>>) -> RwLockWriteGuard<'_, Shard<T>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let kept = Kept::default();
        kept.pin("pinned", &0);
        let mut made = Vec::new();
        for i in 0..GENERATION * SHARDS * 5 {
            for key in ["often".to_owned(), "pinned".to_owned(), format!("once {i}")] {
                let make = || {
                    made.push(key.clone());
                    Ok(i)
                };
                kept.get_or_make(&key, make).expect("a value");
            }
        }
        assert_eq!(made.iter().filter(|key| *key == "often").count(), 1);
        assert_eq!(made.iter().filter(|key| *key == "pinned").count(), 0);
        for shard in &kept.shards {
            let shard = read(shard);
            assert!(shard.young.len() + shard.old.len() <= GENERATION * 2);
        }
    }

    #[test]
    fn a_long_text_and_a_failure_are_not_kept() {
        let kept = Kept::default();
        let long = "a".repeat(LONGEST + 1);
        for want in 0..2 {
            assert_eq!(kept.get_or_make(&long, || Ok(want)), Ok(want));
        }
        let refused = || Err(Error::Undefined);
        assert_eq!(kept.get_or_make("b", refused), Err(Error::Undefined));
        assert_eq!(kept.get_or_make("b", || Ok(1)), Ok(1));
    }
}
