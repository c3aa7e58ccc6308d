//! What is remembered of tokens across queries: keys that have been read, and tokens whose signatures were right.
//!
//! A token is remembered by its digest, the very keys or secret that it was verified with, and what was asked of it,
//! so nothing else can be taken for it. Only what verified is remembered, never what did not; claims are not part of
//! it and are checked each time. Bounded in bytes: what was not asked for while a whole generation of others came is
//! dropped.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use foldhash::fast::RandomState;

use super::algorithm::Algorithm;
use super::keys::KeySet;
use crate::builtins::{Context, Error};
use crate::value::{Object, Value};

/// How many bytes of each are remembered; 0 remembers none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLimits {
    /// Certificates, public keys and JWK sets, made ready to verify.
    pub keys: usize,
    /// Tokens that verified. Without keys there are none, except by secrets.
    pub tokens: usize,
}

/// How often what was asked for was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Keys that had been read before.
    pub key_hits: u64,
    /// Keys that had to be read.
    pub key_misses: u64,
    /// Tokens that had been verified before.
    pub token_hits: u64,
    /// Tokens that had to be verified.
    pub token_misses: u64,
}

/// Keys and verified tokens; one may serve any number of policies and threads.
#[derive(Debug)]
pub struct TokenCache {
    limits: TokenLimits,
    keys: Kept<Box<str>, Arc<KeySet>>,
    tokens: Kept<TokenId, Verified>,
}

/// What is remembered of a token that verified.
#[derive(Debug, Clone)]
pub(super) enum Verified {
    /// That its signature is right.
    Signature,
    /// Its header and payload, too.
    Parts(Object, Object),
}

/// What was asked of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Use {
    /// `io.jwt.verify_*`.
    Verify(Algorithm),
    /// `io.jwt.decode_verify`, with its constraint `alg`.
    DecodeVerify(Option<Algorithm>),
}

/// A token, what it was verified with, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenId {
    /// Of the token, and of the secret where there is one.
    digest: [u8; digest::SHA256_OUTPUT_LEN],
    /// The number of the keys; 0 stands for a secret.
    keys: u64,
    what_for: Use,
}

/// A bounded map.
#[derive(Debug)]
struct Kept<K, V> {
    shards: [RwLock<Shard<K, V>>; SHARDS],
    hasher: RandomState,
    /// How many bytes one generation of a shard holds; at most two live.
    generation: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug)]
struct Shard<K, V> {
    young: HashMap<K, (V, usize), RandomState>,
    old: HashMap<K, (V, usize), RandomState>,
    /// The bytes of the young.
    bytes: usize,
}

const SHARDS: usize = 8;

/// About what an entry of a map costs beside what it holds.
const ENTRY: usize = 64;

// === impl TokenLimits ===

impl Default for TokenLimits {
    fn default() -> Self {
        Self {
            keys: 4 << 20,
            tokens: 8 << 20,
        }
    }
}

// === impl TokenCache ===

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(TokenLimits::default())
    }
}

impl TokenCache {
    /// An empty one.
    #[must_use]
    pub fn new(limits: TokenLimits) -> Self {
        Self {
            limits,
            keys: Kept::new(limits.keys),
            tokens: Kept::new(limits.tokens),
        }
    }

    /// How often what was asked for was there, since it was made.
    #[must_use]
    pub fn counts(&self) -> TokenCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        TokenCounts {
            key_hits: read(&self.keys.hits),
            key_misses: read(&self.keys.misses),
            token_hits: read(&self.tokens.hits),
            token_misses: read(&self.tokens.misses),
        }
    }

    /// The keys of a text, read now or before.
    pub(super) fn keys(&self, text: &str, context: &mut Context<'_>) -> Result<Arc<KeySet>, Error> {
        if let Some(keys) = self.keys.get(text) {
            return Ok(keys);
        }
        let keys = Arc::new(KeySet::parse(text, context)?);
        let bytes = size_of::<KeySet>() + text.len() + keys.size();
        self.keys.insert(Box::from(text), &keys, bytes);
        Ok(keys)
    }

    /// What a token is remembered by under these keys; `None` where nothing is remembered.
    pub(super) fn id(&self, token: &str, keys: &KeySet, what_for: Use) -> Option<TokenId> {
        (self.limits.keys > 0 && self.limits.tokens > 0).then(|| TokenId {
            digest: digest_of(&[token.as_bytes()]),
            keys: keys.number(),
            what_for,
        })
    }

    /// The same under a secret.
    pub(super) fn id_by_secret(
        &self,
        token: &str,
        secret: &[u8],
        what_for: Use,
    ) -> Option<TokenId> {
        (self.limits.tokens > 0).then(|| {
            // Its length in front keeps secret and token apart.
            let length = (secret.len() as u64).to_be_bytes();
            TokenId {
                digest: digest_of(&[&length, secret, token.as_bytes()]),
                keys: 0,
                what_for,
            }
        })
    }

    /// What is remembered of a token that verified.
    pub(super) fn verified(&self, id: Option<&TokenId>) -> Option<Verified> {
        self.tokens.get(id?)
    }

    /// Remembers that a token verified.
    pub(super) fn remember(&self, id: Option<TokenId>, verified: &Verified) {
        if let Some(id) = id {
            let bytes = match verified {
                Verified::Signature => 0,
                Verified::Parts(header, payload) => size(header) + size(payload),
            };
            self.tokens.insert(id, verified, bytes);
        }
    }
}

// === impl Kept ===

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    fn new(bytes: usize) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::default(),
            generation: bytes / (2 * SHARDS),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
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

    fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let shard = self.shard(key)?;
        {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((value, _)) = shard.young.get(key) {
                return Some(value.clone());
            }
            shard.old.get(key)?;
        }
        // What is asked for again lives on.
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let (key, (value, bytes)) = shard.old.remove_entry(key)?;
        let found = value.clone();
        shard.insert(key, value, bytes, self.generation);
        Some(found)
    }

    /// Keeps it, if it fits a generation.
    fn insert(&self, key: K, value: &V, bytes: usize) {
        let bytes = bytes + size_of::<K>() + size_of::<V>() + ENTRY;
        if bytes <= self.generation
            && let Some(shard) = self.shard(&key)
        {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.insert(key, value.clone(), bytes, self.generation);
        }
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> Option<&RwLock<Shard<K, V>>> {
        let hash = self.hasher.hash_one(key);
        let at = usize::try_from(hash >> 32).ok()? % SHARDS;
        self.shards.get(at)
    }
}

// === impl Shard ===

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            bytes: 0,
        }
    }
}

impl<K: Eq + Hash, V> Shard<K, V> {
    fn insert(&mut self, key: K, value: V, bytes: usize, generation: usize) {
        if self.bytes + bytes > generation {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        let before = self.young.insert(key, (value, bytes));
        self.bytes += bytes;
        self.bytes -= before.map_or(0, |(_, bytes)| bytes);
    }
}

fn digest_of(parts: &[&[u8]]) -> [u8; digest::SHA256_OUTPUT_LEN] {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finish();
    let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// About how many bytes an object takes.
fn size(object: &Object) -> usize {
    let mut bytes = 0;
    let whole = Value::from(object.clone());
    let mut rest = vec![&whole];
    while let Some(value) = rest.pop() {
        bytes += size_of::<Value>();
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Number(number) => bytes += usize::try_from(number.span()).unwrap_or(0),
            Value::Array(array) => rest.extend(array.iter()),
            Value::Set(set) => rest.extend(set.iter()),
            Value::Object(object) => {
                rest.extend(object.iter().flat_map(|(key, value)| [key, value]));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    bytes
}
