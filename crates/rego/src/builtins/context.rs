//! What a built-in may use while it runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::{Caches, Error, Outside};
use crate::value::Value;

/// What bounds an evaluation. Everything that takes time or memory in proportion to what a policy or a request
/// says is charged to it.
#[derive(Debug, Clone)]
pub struct Budget {
    /// When it must have ended.
    pub deadline: Option<Instant>,
    /// How many steps it may take.
    pub steps: u64,
    /// How many bytes it may build.
    pub memory: u64,
    /// Set from outside to end it.
    pub cancel: Option<Arc<AtomicBool>>,
    used: u64,
    built: u64,
    next_look: u64,
}

/// What one evaluation's built-ins share.
#[derive(Debug)]
pub struct Context<'e> {
    /// What it may spend.
    pub budget: &'e mut Budget,
    /// Nanoseconds since 1970: one time for the whole query.
    pub now_ns: i64,
    /// The seed of what is random in this query.
    pub seed: u64,
    /// The process' environment and the like, as `opa.runtime()` shows it.
    pub runtime: &'e Value,
    /// Compiled patterns and the like, shared by all queries of a policy.
    pub caches: &'e Caches,
    /// What the host lends of the world; `None` where it lends nothing.
    pub outside: Option<&'e mut dyn Outside>,
    /// Values that a built-in keeps for the rest of the query, by a name of its own.
    pub memo: &'e mut HashMap<(&'static str, Value), Value>,
}

/// Numbers of fewer decimal places than this cost no more than others.
const FEW_PLACES: u64 = 128;

/// How much of the square of a number's decimal places is one step.
const PLACES_SQUARED: u64 = 1 << 12;

/// Steps between two looks at the clock.
const LOOK: u64 = 1024;

// === impl Budget ===

impl Default for Budget {
    fn default() -> Self {
        Self {
            deadline: None,
            steps: u64::MAX,
            memory: u64::MAX,
            cancel: None,
            used: 0,
            built: 0,
            next_look: 0,
        }
    }
}

impl Budget {
    /// Takes `steps` steps.
    #[inline]
    pub fn step(&mut self, steps: u64) -> Result<(), Error> {
        self.used = self.used.saturating_add(steps);
        if self.used < self.next_look {
            return Ok(());
        }
        self.look()
    }

    /// Builds `bytes` bytes; call it before building them.
    #[inline]
    pub fn build(&mut self, bytes: u64) -> Result<(), Error> {
        self.built = self.built.saturating_add(bytes);
        if self.built > self.memory {
            // Where nobody heeds this error, the next step says it again.
            self.next_look = 0;
            return Err(Error::Cancelled);
        }
        self.step(bytes / 64)
    }

    /// Pays for calculating with a number of so many decimal places: its text becomes a number and a text again,
    /// which costs their square.
    #[inline]
    pub(super) fn calculate(&mut self, places: u64) -> Result<(), Error> {
        if places < FEW_PLACES {
            return Ok(());
        }
        // What has more places than this is refused.
        let places = places.min(1 << 18);
        self.build(places)?;
        self.step(places * places / PLACES_SQUARED)
    }

    /// Whether more than so many steps are left.
    pub(crate) fn has(&self, steps: u64) -> bool {
        self.steps.saturating_sub(self.used) > steps
    }

    /// The steps taken so far.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// The bytes built so far.
    #[must_use]
    pub fn built(&self) -> u64 {
        self.built
    }

    #[cold]
    fn look(&mut self) -> Result<(), Error> {
        let late = self.deadline.is_some_and(|at| Instant::now() >= at);
        let cancelled = self
            .cancel
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed));
        if late || cancelled || self.used > self.steps || self.built > self.memory {
            return Err(Error::Cancelled);
        }
        self.next_look = self.used.saturating_add(LOOK).min(self.steps);
        Ok(())
    }
}
