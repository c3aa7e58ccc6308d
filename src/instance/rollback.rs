//! A new snapshot on trial: when too many of its decisions are errors or denials, the one before returns.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::candidate::Candidate;
use crate::bundle::Bundle;

/// `activation.rollback`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollbackConfig {
    /// `window`: for how long a new snapshot is on trial.
    pub window: Duration,
    /// `min_decisions`: how many decisions there must be before they count.
    pub min_decisions: u64,
    /// `max_error_rate`: the part of the decisions that may be errors.
    pub max_error_rate: Option<f64>,
    /// `max_denial_rate`: the part of the decisions that may be denials.
    pub max_denial_rate: Option<f64>,
}

/// How decisions ended so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// How many allowed.
    pub allowed: u64,
    /// How many denied.
    pub denied: u64,
    /// How many there were that ended with an error instead of a decision.
    pub errors: u64,
}

/// Reads the outcomes of now.
pub type ReadOutcomes = Box<dyn Fn() -> Outcomes + Send>;

/// A trial that is going on.
#[derive(Debug)]
pub(super) struct Trial {
    begun: Instant,
    at_first: Outcomes,
    /// What was in force before, and had proved itself.
    pub(super) proven: Candidate,
}

/// Bundles that were taken out of force, by name. The same content is not put in force again by itself.
#[derive(Debug, Default)]
pub(super) struct Withdrawn(BTreeMap<String, Fingerprint>);

/// What tells one content of a bundle from another.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    revision: String,
    etag: Option<String>,
}

// === impl RollbackConfig ===

impl RollbackConfig {
    /// How often a trial is looked at.
    pub(super) fn pace(&self) -> Duration {
        (self.window / 20).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

// === impl Trial ===

impl Trial {
    /// Begins one. A trial that was going on has not ended well yet, so that what was before it is what has proved
    /// itself.
    pub(super) fn begin(outcomes: Outcomes, before: Candidate, earlier: Option<Self>) -> Self {
        Self {
            begun: Instant::now(),
            at_first: outcomes,
            proven: earlier.map_or(before, |earlier| earlier.proven),
        }
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self, config: &RollbackConfig) -> bool {
        self.begun.elapsed() >= config.window
    }

    /// Why the snapshot on trial is no good, if it is not.
    pub(super) fn failure(&self, config: &RollbackConfig, now: Outcomes) -> Option<String> {
        let since = |now: u64, then: u64| now.saturating_sub(then);
        let (allowed, denied, errors) = (
            since(now.allowed, self.at_first.allowed),
            since(now.denied, self.at_first.denied),
            since(now.errors, self.at_first.errors),
        );
        let all = allowed + denied + errors;
        if all < config.min_decisions.max(1) {
            return None;
        }
        let exceeds = |count: u64, most: Option<f64>, what: &str| {
            let (rate, most) = (ratio(count, all), most?);
            (rate > most).then(|| {
                format!("{count} of {all} decisions were {what}, a rate of {rate:.3} where {most} is the most")
            })
        };
        exceeds(errors, config.max_error_rate, "errors")
            .or_else(|| exceeds(denied, config.max_denial_rate, "denials"))
    }
}

// === impl Withdrawn ===

impl Withdrawn {
    /// Bars each of `bad`'s bundles that `good` does not have.
    pub(super) fn add(&mut self, bad: &Candidate, good: &Candidate) {
        for (name, bundle) in &bad.downloaded {
            let kept = good.downloaded.get(name).map(Fingerprint::of);
            let fingerprint = Fingerprint::of(bundle);
            if kept.as_ref() != Some(&fingerprint) {
                self.0.insert(name.clone(), fingerprint);
            }
        }
    }

    /// Whether `bundle` is one of them. Another content ends the refusal.
    pub(super) fn bars(&mut self, bundle: &Bundle) -> bool {
        let same = self.0.get(&bundle.name) == Some(&Fingerprint::of(bundle));
        if !same {
            self.0.remove(&bundle.name);
        }
        same
    }
}

// === impl Fingerprint ===

impl Fingerprint {
    fn of(bundle: &Bundle) -> Self {
        Self {
            revision: bundle.revision.clone(),
            etag: bundle.etag.clone(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "never near 2^52")]
fn ratio(part: u64, all: u64) -> f64 {
    part as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Object;
    use crate::files::Loaded;

    fn candidate() -> Candidate {
        Candidate {
            files: Loaded {
                modules: Vec::new(),
                data: Object::default().into(),
            },
            disk: Vec::new(),
            downloaded: BTreeMap::new(),
        }
    }

    #[test]
    fn a_trial_fails_by_the_rate_that_is_exceeded() {
        let config = RollbackConfig {
            window: Duration::from_mins(1),
            min_decisions: 10,
            max_error_rate: Some(0.1),
            max_denial_rate: Some(0.5),
        };
        let before = Outcomes {
            allowed: 1000,
            denied: 1000,
            errors: 1000,
        };
        let trial = Trial::begin(before, candidate(), None);
        let table = [
            ((0, 0, 9), None),
            ((9, 0, 1), None),
            ((8, 0, 2), Some("2 of 10 decisions were errors")),
            ((5, 5, 0), None),
            ((4, 6, 0), Some("6 of 10 decisions were denials")),
            ((90, 0, 10), None),
        ];
        for ((allowed, denied, errors), expected) in table {
            let now = Outcomes {
                allowed: before.allowed + allowed,
                denied: before.denied + denied,
                errors: before.errors + errors,
            };
            let failure = trial.failure(&config, now);
            let as_expected = match (&failure, expected) {
                (None, None) => true,
                (Some(reason), Some(begin)) => reason.starts_with(begin),
                _ => false,
            };
            assert!(as_expected, "{allowed} {denied} {errors}: {failure:?}");
        }
    }
}
