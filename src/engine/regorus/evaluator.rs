//! Evaluation of a policy on one thread.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use regorus::Value;
use regorus::utils::limits::ExecutionTimerConfig;

use super::entry::{self, Entry, Segment};
use super::{Policy, error, values};
use crate::data;
use crate::engine::{Budget, EvalError, EvalErrorKind, Evaluation, Print};

/// How many steps of an evaluation pass between two looks at the clock.
const STEPS_PER_CLOCK_READ: NonZeroU32 = match NonZeroU32::new(128) {
    Some(steps) => steps,
    None => NonZeroU32::MIN,
};

/// Evaluates one policy; each thread has its own.
#[derive(Debug)]
pub(in crate::engine) struct Evaluator {
    policy: Policy,
    engine: regorus::Engine,
}

// === impl Evaluator ===

impl Evaluator {
    pub(super) fn new(policy: Policy) -> Self {
        let engine = policy.engine();
        Self { policy, engine }
    }

    /// Asks for the decision number `entry` on `input`.
    pub(in crate::engine) fn eval(
        &mut self,
        entry: usize,
        input: &data::Value,
        budget: Budget,
    ) -> Evaluation {
        let Self { policy, engine } = self;
        let result = match policy.entry(entry) {
            None => Err(EvalError::undefined()),
            Some(Entry::Broken(error)) => Err(error.clone()),
            Some(Entry::Constant(value)) => {
                values::from_engine(value).ok_or_else(EvalError::undefined)
            }
            Some(Entry::Rule { path, rest }) => match eval_rule(engine, path, input, budget) {
                Ok(value) => defined(&value, rest),
                Err(error) => {
                    if error.kind() == EvalErrorKind::Panic {
                        // Nothing of an engine that panicked is used again.
                        *engine = policy.engine();
                    }
                    Err(error)
                }
            },
        };
        Evaluation {
            result,
            prints: self.take_prints(),
            rule_labels: Box::default(),
            difference: None,
        }
    }

    fn take_prints(&mut self) -> Vec<Print> {
        if !self.policy.prints() {
            return Vec::new();
        }
        let lines = self.engine.take_prints().unwrap_or_default();
        lines.iter().map(|line| split_print(line)).collect()
    }
}

fn eval_rule(
    engine: &mut regorus::Engine,
    path: &str,
    input: &data::Value,
    budget: Budget,
) -> Result<Value, EvalError> {
    let Some(limit) = budget.deadline.checked_duration_since(Instant::now()) else {
        return Err(EvalError::cancelled());
    };
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit,
        check_interval: STEPS_PER_CLOCK_READ,
    });
    engine.set_input(values::to_engine(input).map_err(error::number)?);
    let path = path.to_owned();
    let evaluated = catch_unwind(AssertUnwindSafe(|| engine.eval_rule(path)));
    let evaluated = evaluated.map_err(|_| EvalError::panic())?;
    // The engine swallows errors inside functions, the deadline's too, and goes on with "undefined",
    // which `not` turns into "true". So what comes after the deadline is no decision.
    if Instant::now() >= budget.deadline {
        return Err(EvalError::cancelled());
    }
    evaluated.map_err(|error| error::eval(&error.to_string()))
}

fn defined(value: &Value, rest: &[Segment]) -> Result<data::Value, EvalError> {
    let value = if rest.is_empty() {
        values::from_engine(value)
    } else {
        values::from_engine(&entry::descend(value, rest))
    };
    value.ok_or_else(EvalError::undefined)
}

/// The engine writes `file:line: message`; the file's name may hold colons too.
fn split_print(line: &str) -> Print {
    let mut from = 0;
    while let Some(at) = line
        .get(from..)
        .and_then(|rest| rest.find(": "))
        .map(|at| at + from)
    {
        let (location, message) = line.split_at(at);
        let number = location
            .rsplit_once(':')
            .is_some_and(|(_, n)| n.parse::<u32>().is_ok());
        if number {
            let message = message.strip_prefix(": ").unwrap_or(message);
            return Print {
                location: location.to_owned(),
                message: message.to_owned(),
            };
        }
        from = at + 2;
    }
    Print {
        location: String::new(),
        message: line.to_owned(),
    }
}
