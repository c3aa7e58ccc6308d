//! What is remembered of tokens across queries: keys that have been read, and tokens whose signatures were right.
//!
//! A token is remembered by its digest, the very keys or secret that it was verified with, and what was asked of it,
//! so nothing else can be taken for it. Only what verified is remembered, never what did not; claims are not part of
//! it and are checked each time. Bounded in bytes: what was not asked for while a whole generation of others came is
//! dropped.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::digest;

use super::algorithm::Algorithm;
use super::keys::KeySet;
use crate::builtins::kept::{Kept, KeptStats};
use crate::builtins::{Context, Error};
use crate::value::{Object, Value};

/// How much of each is remembered; 0 remembers none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLimits {
    /// Bytes of certificates, public keys and JWK sets, made ready to verify.
    pub keys: usize,
    /// Bytes of tokens that verified. Without keys there are none, except by secrets.
    pub tokens: usize,
    /// How many tokens, whatever their bytes.
    pub entries: usize,
}

/// What there is to know about a token cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenStats {
    /// Of the keys that have been read.
    pub keys: KeptStats,
    /// Of the tokens that verified.
    pub tokens: KeptStats,
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

/// All of a policy's tokens ask for the same few keys, and a set may be large: parts would only be smaller.
const KEY_SHARDS: usize = 1;

const TOKEN_SHARDS: usize = 8;

// === impl TokenLimits ===

impl Default for TokenLimits {
    fn default() -> Self {
        Self {
            keys: 4 << 20,
            tokens: 8 << 20,
            entries: usize::MAX,
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
            keys: Kept::new(limits.keys, usize::MAX, KEY_SHARDS),
            tokens: Kept::new(limits.tokens, limits.entries, TOKEN_SHARDS),
        }
    }

    /// What there is to know about it.
    #[must_use]
    pub fn stats(&self) -> TokenStats {
        TokenStats {
            keys: self.keys.stats(),
            tokens: self.tokens.stats(),
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
        (self.limits.keys > 0 && self.remembers()).then(|| TokenId {
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
        self.remembers().then(|| {
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

    fn remembers(&self) -> bool {
        self.limits.tokens > 0 && self.limits.entries > 0
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
