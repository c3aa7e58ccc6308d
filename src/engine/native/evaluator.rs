//! Evaluation of a policy on one thread.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use regate_rego::builtins::{Budget as Costs, Outside};
use regate_rego::eval::{self, Calls, Kind};
use regate_rego::source::Location;
use regate_rego::{EvalOptions, PreparedQuery};

use super::Policy;
use super::entry::Entry;
use crate::data::Value;
use crate::engine::world::{Begin, Loan};
use crate::engine::{Budget, EvalError, EvalErrorKind, Evaluation, Print, World};

/// How much one evaluation may build: far beyond any decision, and bounded.
const MEMORY: u64 = 256 << 20;

/// Evaluates one policy; each thread has its own.
#[derive(Debug)]
pub(in crate::engine) struct Evaluator {
    policy: Policy,
    engine: regate_rego::Evaluator,
    seeds: Seeds,
    loan: Loan,
    /// The loan as the engine takes it.
    outside: Option<Box<dyn Outside>>,
}

/// Seeds for what is random in a query: without a system call each, and nobody outside can guess the next.
#[derive(Debug, Default)]
struct Seeds {
    state: RandomState,
    count: u64,
}

/// What is the same for all queries of one evaluation.
struct Asked<'a> {
    begin: Begin,
    input: &'a Value,
    budget: Budget,
    lines: &'a Lines,
    /// Whether the world is on loan.
    open: bool,
}

/// Lines that one evaluation printed.
type Lines = Arc<Mutex<Vec<Print>>>;

// === impl Evaluator ===

impl Evaluator {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            engine: regate_rego::Evaluator::new(),
            seeds: Seeds::default(),
            loan: Loan::default(),
            outside: None,
        }
    }

    /// See [`crate::engine::Evaluator::eval_in`].
    pub(in crate::engine) fn eval(
        &mut self,
        world: &mut World,
        entry: usize,
        input: &Value,
        budget: Budget,
    ) -> Evaluation {
        let lines = Lines::default();
        let begin = world.begin(|| Begin {
            now_ns: now_ns(),
            seed: self.seeds.next(),
        });
        let asked = Asked {
            begin,
            input,
            budget,
            lines: &lines,
            open: world.is_open(),
        };
        let mut calls = world.take_calls();
        if asked.open {
            self.loan.exchange(world);
        }
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.ask(entry, &asked, &mut calls)));
        if asked.open {
            self.loan.exchange(world);
        }
        world.put_calls(calls);
        let result = evaluated.unwrap_or_else(|_| {
            // Nothing of an engine that panicked is used again.
            self.engine = regate_rego::Evaluator::new();
            Err(EvalError::panic())
        });
        let prints = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
        Evaluation {
            result,
            prints,
            difference: None,
        }
    }

    fn ask(
        &mut self,
        entry: usize,
        asked: &Asked<'_>,
        calls: &mut Option<Calls>,
    ) -> Result<Value, EvalError> {
        let policy = self.policy.clone();
        let (query, other) = match policy.entry(entry) {
            None => return Err(EvalError::undefined()),
            Some(Entry::Broken(error)) => return Err(error.clone()),
            Some(Entry::Query { query, other, .. }) => (query, other),
        };
        let answer = self.value(query, asked, calls)?;
        if let (None, Some(other)) = (&answer, other) {
            let answer = self.value(other, asked, calls)?;
            return answer.ok_or_else(EvalError::undefined);
        }
        answer.ok_or_else(EvalError::undefined)
    }

    fn value(
        &mut self,
        query: &PreparedQuery,
        asked: &Asked<'_>,
        calls: &mut Option<Calls>,
    ) -> Result<Option<Value>, EvalError> {
        let mut costs = Costs::default();
        costs.deadline = Some(asked.budget.deadline);
        costs.steps = asked.budget.steps.unwrap_or(u64::MAX);
        costs.memory = MEMORY;
        let lines = Arc::clone(asked.lines);
        let outside = asked.open.then(|| match self.outside.take() {
            Some(outside) => outside,
            None => Box::new(self.loan.clone()),
        });
        let mut options = EvalOptions {
            budget: costs,
            now_ns: asked.begin.now_ns,
            seed: asked.begin.seed,
            runtime: self.policy.runtime().clone(),
            outside,
            calls: calls.take(),
            print: Some(Box::new(move |at, message| {
                let location = at.map_or_else(String::new, Location::to_string);
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push(Print { location, message });
            })),
            ..EvalOptions::default()
        };
        let policy = self.policy.compiled().policy();
        let value = query.value(&mut self.engine, policy, Some(asked.input), &mut options);
        self.outside = options.outside;
        *calls = options.calls;
        value.map_err(|error| ours(&error))
    }
}

// === impl Seeds ===

impl Seeds {
    fn next(&mut self) -> u64 {
        self.count = self.count.wrapping_add(1);
        self.state.hash_one(self.count)
    }
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// The engine's error as this room's.
fn ours(error: &eval::EvalError) -> EvalError {
    let kind = match error.kind {
        Kind::Cancelled | Kind::Deadline => return EvalError::cancelled(),
        Kind::Conflict => EvalErrorKind::Conflict,
        Kind::TooManySteps => EvalErrorKind::TooManySteps,
        Kind::Waiting => EvalErrorKind::Waiting,
        Kind::Builtin | Kind::Type | Kind::Internal | Kind::TooMuchMemory | Kind::TooDeep => {
            EvalErrorKind::Other
        }
    };
    let location = error.location.as_ref().map(Location::to_string);
    EvalError::reported(kind, error.code(), error.message.clone(), location)
}
