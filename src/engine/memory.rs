//! What built-ins remember from one policy to the next, and how much: keys and verified tokens.
//!
//! Only our own engine has such built-ins. A token is remembered with the very key that verified it, so a policy that
//! comes with other keys finds nothing.

use std::sync::Arc;

use regate_rego::builtins::{TokenCache, TokenLimits, TokenStats};

/// How much is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryLimits {
    /// How many tokens that verified, within [`TokenLimits`]' bytes; `None` is as many as fit, 0 remembers none.
    pub tokens: Option<usize>,
    /// How many compiled patterns of each kind, beside those that are a policy's constants; `None` is a number that
    /// suits most.
    pub patterns: Option<usize>,
}

/// What the policies of one process remember together. Clones share it.
#[derive(Debug, Clone)]
pub struct Memory {
    limits: MemoryLimits,
    tokens: Arc<TokenCache>,
}

// === impl Memory ===

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        let tokens = TokenCache::new(TokenLimits {
            entries: limits.tokens.unwrap_or(usize::MAX),
            ..TokenLimits::default()
        });
        Self {
            limits,
            tokens: Arc::new(tokens),
        }
    }

    /// What there is to know about keys and tokens.
    #[must_use]
    pub fn tokens(&self) -> TokenStats {
        self.tokens.stats()
    }

    /// Lets a policy that nobody has asked yet remember here, and compiles its constant patterns.
    pub(super) fn lend(&self, policy: &regate_rego::eval::Policy) {
        policy.compile_constants();
        policy.caches().share_tokens(Arc::clone(&self.tokens));
        if let Some(patterns) = self.limits.patterns {
            policy.caches().limit_patterns(patterns);
        }
    }
}
