//! What a candidate must pass before it comes into force: its own tests, and recorded inputs whose answers must not
//! change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::candidate::Candidate;
use crate::data::{Value, read};
use crate::engine::{Budget, EvalError, Module, Policy};

/// `activation.tests` and `activation.samples`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateConfig {
    /// `tests`: the rules that are tests must pass.
    pub tests: bool,
    /// `samples`: a file of decision-log events, whose inputs must be answered as by the policy in force.
    pub samples: Option<PathBuf>,
}

/// Runs the tests among modules on data; the error names those that fail.
pub type RunTests = Arc<dyn Fn(&[Module], &Value) -> Result<(), String> + Send + Sync>;

/// What a candidate is held against.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) config: GateConfig,
    pub(super) run_tests: RunTests,
    /// The policy in force, if there is one with every bundle in it.
    pub(super) in_force: Option<Policy>,
}

/// How long all samples may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one may take.
const ONE: Duration = Duration::from_secs(1);

/// How many answers that differ are told of.
const TOLD: usize = 5;

// === impl Gate ===

impl Gate {
    /// Whether `policy`, which `candidate` became, may come into force; the error says why it may not.
    pub(super) fn admit(
        &self,
        candidate: &Candidate,
        modules: &[Module],
        data: &Value,
        policy: &Policy,
    ) -> Result<(), String> {
        if self.config.tests {
            (self.run_tests)(modules, data).map_err(|failed| {
                format!("its tests do not pass (`activation.tests`):\n{failed}")
            })?;
        }
        let (Some(path), Some(in_force)) = (&self.config.samples, &self.in_force) else {
            return Ok(());
        };
        if candidate
            .bundles()
            .any(|bundle| may_change_answers(&bundle.metadata))
        {
            return Ok(());
        }
        compare(&samples(path)?, in_force, policy)
            .map_err(|reason| format!("`activation.samples`: {reason}"))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Whether a manifest says that answers are meant to change: `metadata: {"activation": {"answers_change": true}}`.
fn may_change_answers(metadata: &Value) -> bool {
    let said = metadata
        .get_str("activation")
        .and_then(|it| it.get_str("answers_change"));
    said == Some(&Value::Bool(true))
}

/// The inputs of the events in a file: one event a line, or an array of them.
fn samples(path: &Path) -> Result<Vec<Value>, String> {
    let wrong = |reason: String| format!("`activation.samples`: `{}`: {reason}", path.display());
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let event = |number: usize, text: &[u8]| {
        let event =
            read::json_value(text).map_err(|error| wrong(format!("line {number}: {error}")))?;
        let input = event.get_str("input").cloned();
        input.ok_or_else(|| {
            wrong(format!(
                "line {number}: expected a decision-log event with an `input`"
            ))
        })
    };
    if bytes.trim_ascii_start().starts_with(b"[") {
        let events = read::json_value(&bytes).map_err(|error| wrong(error.to_string()))?;
        let Value::Array(events) = events else {
            return Err(wrong("expected an array of decision-log events".to_owned()));
        };
        let inputs = events.iter().map(|event| event.get_str("input").cloned());
        let inputs: Option<Vec<Value>> = inputs.collect();
        return inputs.ok_or_else(|| wrong("an event has no `input`".to_owned()));
    }
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    lines.map(|(at, line)| event(at + 1, line)).collect()
}

/// Asks both policies for each input's decision.
fn compare(inputs: &[Value], in_force: &Policy, next: &Policy) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    let (mut before, mut after) = (in_force.evaluator(), next.evaluator());
    let (mut differ, mut told) = (0, Vec::new());
    for (at, input) in inputs.iter().enumerate() {
        if Instant::now() >= end {
            return Err(format!(
                "{at} of {} samples took {PATIENCE:?}; take fewer",
                inputs.len()
            ));
        }
        let budget = || Budget {
            deadline: Instant::now() + ONE,
            steps: None,
        };
        let old = before.eval(0, input, budget()).result;
        let new = after.eval(0, input, budget()).result;
        if same(&old, &new) {
            continue;
        }
        differ += 1;
        if told.len() < TOLD {
            told.push(format!(
                "sample {}: {} became {}",
                at + 1,
                shown(&old),
                shown(&new)
            ));
        }
    }
    if differ == 0 {
        return Ok(());
    }
    let count = inputs.len();
    Err(format!(
        "{differ} of {count} answers would change: {}",
        told.join("; ")
    ))
}

fn same(old: &Result<Value, EvalError>, new: &Result<Value, EvalError>) -> bool {
    match (old, new) {
        (Ok(old), Ok(new)) => old == new,
        (Err(old), Err(new)) => old.kind() == new.kind(),
        _ => false,
    }
}

fn shown(answer: &Result<Value, EvalError>) -> String {
    match answer {
        Ok(value) => value.to_string(),
        Err(error) => format!("an error ({error})"),
    }
}

/// What an instance is told of and asked by rooms above it.
pub struct Hooks {
    /// Reads how decisions ended.
    pub outcomes: super::ReadOutcomes,
    /// Runs tests, for `activation.tests`.
    pub run_tests: RunTests,
}

// === impl Hooks ===

impl Default for Hooks {
    /// No decisions are known, and all tests pass.
    fn default() -> Self {
        Self {
            outcomes: Box::new(super::Outcomes::default),
            run_tests: Arc::new(|_, _| Ok(())),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
