//! How long ago each bundle was known to be current, by a clock that nobody sets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// `activation.stale_after` and `activation.stale_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleConfig {
    /// How long a bundle's server may be out of reach before the policy is stale.
    pub after: Duration,
    /// Whether requests are denied then; otherwise it is reported, and the policy goes on to decide.
    pub deny: bool,
}

/// When the server of each bundle last answered properly.
#[derive(Debug)]
pub(super) struct Freshness(BTreeMap<String, Instant>);

// === impl StaleConfig ===

impl StaleConfig {
    /// How often it is looked at.
    pub(super) fn pace(&self) -> Duration {
        (self.after / 20).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

// === impl Freshness ===

impl Freshness {
    /// Bundles that have until now to be heard of.
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let now = Instant::now();
        Self(names.into_iter().map(|name| (name, now)).collect())
    }

    /// The server of the bundle `name` answered.
    pub(super) fn answered(&mut self, name: &str) {
        if let Some(at) = self.0.get_mut(name) {
            *at = Instant::now();
        }
    }

    /// The bundles that were not heard of for longer than `after`.
    pub(super) fn stale(&self, after: Duration) -> Vec<String> {
        let stale = self.0.iter().filter(|(_, at)| at.elapsed() > after);
        stale.map(|(name, _)| name.clone()).collect()
    }
}
