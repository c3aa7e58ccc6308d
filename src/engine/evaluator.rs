//! Evaluation of a policy on one thread, by the engine or engines that it was compiled for.

use super::{Budget, EvalError, EvalErrorKind, Policy, Print, World, native, policy, regorus};
use crate::data::{Value, write};

/// Evaluates one policy; each thread has its own.
#[derive(Debug)]
pub struct Evaluator(Kind);

#[derive(Debug)]
enum Kind {
    Native(Box<native::Evaluator>),
    Regorus(Box<regorus::Evaluator>),
    Verify(Box<native::Evaluator>, Box<regorus::Evaluator>),
}

/// What an evaluation gave.
#[derive(Debug)]
pub struct Evaluation {
    /// The decision, or why there is none.
    pub result: Result<Value, EvalError>,
    /// What was printed, also on the way to an error.
    pub prints: Vec<Print>,
    /// The labels of the rules that held on the way to a decision, each once; see [`Record::rule_labels`].
    ///
    /// [`Record::rule_labels`]: crate::decision::Record::rule_labels
    pub rule_labels: Box<[Value]>,
    /// Where two engines were asked and did not agree.
    pub difference: Option<Box<Difference>>,
}

/// What two engines said of one input: JSON, or an error's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Ours, which counts.
    pub native: String,
    /// The other's.
    pub regorus: String,
}

// === impl Evaluator ===

impl Evaluator {
    pub(super) fn new(policy: &Policy) -> Self {
        Self(match &policy.0 {
            policy::Kind::Native(policy) | policy::Kind::Verify(policy, None) => {
                Kind::Native(Box::new(policy.evaluator()))
            }
            policy::Kind::Regorus(policy) => Kind::Regorus(Box::new(policy.evaluator())),
            policy::Kind::Verify(policy, Some(other)) => {
                Kind::Verify(Box::new(policy.evaluator()), Box::new(other.evaluator()))
            }
        })
    }

    /// Asks for the decision number `entry` on `input`, where nothing outside can be reached.
    pub fn eval(&mut self, entry: usize, input: &Value, budget: Budget) -> Evaluation {
        self.eval_in(&mut World::default(), entry, input, budget)
    }

    /// Asks for the decision number `entry` on `input` in a world. The other engine knows no world.
    pub fn eval_in(
        &mut self,
        world: &mut World,
        entry: usize,
        input: &Value,
        budget: Budget,
    ) -> Evaluation {
        match &mut self.0 {
            Kind::Native(evaluator) => evaluator.eval(world, entry, input, budget),
            Kind::Regorus(evaluator) => evaluator.eval(entry, input, budget),
            Kind::Verify(evaluator, other) => {
                let mut evaluation = evaluator.eval(world, entry, input, budget);
                // An evaluation that is only put off will be compared when it has run.
                if !evaluation.gave_way() && !evaluation.waits() {
                    let second = other.eval(entry, input, budget);
                    evaluation.difference = difference(&evaluation.result, &second.result);
                }
                evaluation
            }
        }
    }
}

impl Evaluator {
    /// Our own engine's, if that decides.
    pub(super) fn native(&mut self) -> Option<&mut native::Evaluator> {
        match &mut self.0 {
            Kind::Native(evaluator) | Kind::Verify(evaluator, _) => Some(evaluator),
            Kind::Regorus(_) => None,
        }
    }
}

// === impl Evaluation ===

impl Evaluation {
    /// Whether it took more steps than [`Budget::steps`](super::Budget) and was left off.
    #[must_use]
    pub fn gave_way(&self) -> bool {
        matches!(&self.result, Err(error) if error.kind() == EvalErrorKind::TooManySteps)
    }

    /// Whether it asked for what is not known yet: [`World::asked`].
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(&self.result, Err(error) if error.kind() == EvalErrorKind::Waiting)
    }
}

/// Errors agree when their kinds do: no two engines word them alike.
fn difference(
    ours: &Result<Value, EvalError>,
    theirs: &Result<Value, EvalError>,
) -> Option<Box<Difference>> {
    let same = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(ours), Err(theirs)) => ours.kind() == theirs.kind(),
        _ => false,
    };
    (!same).then(|| {
        Box::new(Difference {
            native: shown(ours),
            regorus: shown(theirs),
        })
    })
}

fn shown(result: &Result<Value, EvalError>) -> String {
    match result {
        Ok(value) => {
            let mut text = Vec::new();
            write::value(&mut text, value);
            String::from_utf8_lossy(&text).into_owned()
        }
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_differ_by_value_and_errors_by_kind() {
        let cancelled = || Err(EvalError::cancelled());
        assert_eq!(difference(&Ok(Value::Null), &Ok(Value::Null)), None);
        assert_eq!(difference(&cancelled(), &cancelled()), None);
        let found = difference(&Ok(Value::from(true)), &Err(EvalError::undefined()));
        let want = Difference {
            native: "true".to_owned(),
            regorus: "undefined decision".to_owned(),
        };
        assert_eq!(found.map(|found| *found), Some(want));
    }
}
