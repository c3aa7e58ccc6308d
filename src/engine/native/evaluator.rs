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
use super::query::Query;
use crate::data::{Object, Value};
use crate::engine::world::{Begin, Loan};
use crate::engine::{
    Answers, Budget, EvalError, EvalErrorKind, Evaluation, Failure, Print, Terms, World,
};

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
    terms: Terms<'a>,
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
        let terms = Terms {
            input: Some(input),
            budget,
            strict_builtin_errors: false,
        };
        let ask = |this: &mut Self, asked: &Asked<'_>, calls: &mut Option<Calls>| {
            this.ask(entry, asked, calls)
        };
        let (result, prints) = self.guarded(world, terms, EvalError::panic, ask);
        let rule_labels = match &result {
            Ok(_) => self.rule_labels(),
            Err(_) => Box::default(),
        };
        Evaluation {
            result,
            prints,
            rule_labels,
            difference: None,
        }
    }

    /// See [`crate::engine::Evaluator::document`].
    pub(in crate::engine) fn document(
        &mut self,
        world: &mut World,
        query: &Query,
        terms: Terms<'_>,
    ) -> Answers<Option<Value>> {
        self.answers(world, terms, |this, asked, calls| {
            let mut found = None;
            for query in query.queries() {
                found = this.run(asked, calls, |engine, policy, options| {
                    query.value(engine, policy, asked.terms.input, options)
                })?;
                if found.is_some() {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// See [`crate::engine::Evaluator::rows`].
    pub(in crate::engine) fn rows(
        &mut self,
        world: &mut World,
        query: &Query,
        terms: Terms<'_>,
    ) -> Answers<Vec<Object>> {
        self.answers(world, terms, |this, asked, calls| {
            let mut objects = Vec::new();
            for prepared in query.queries() {
                let rows = this.run(asked, calls, |engine, policy, options| {
                    prepared.rows(engine, policy, asked.terms.input, options)
                })?;
                objects.extend(query.objects(rows));
            }
            Ok(objects)
        })
    }

    fn answers<T>(
        &mut self,
        world: &mut World,
        terms: Terms<'_>,
        ask: impl FnOnce(&mut Self, &Asked<'_>, &mut Option<Calls>) -> Result<T, Box<Failure>>,
    ) -> Answers<T> {
        let (result, prints) = self.guarded(world, terms, || Box::new(panicked()), ask);
        let rule_labels = match &result {
            Ok(_) => self.rule_labels(),
            Err(_) => Box::default(),
        };
        Answers {
            result,
            prints,
            rule_labels,
        }
    }

    /// Does `work` with the world on loan; what it printed is given beside what it gave.
    fn guarded<T, E>(
        &mut self,
        world: &mut World,
        terms: Terms<'_>,
        panicked: impl FnOnce() -> E,
        work: impl FnOnce(&mut Self, &Asked<'_>, &mut Option<Calls>) -> Result<T, E>,
    ) -> (Result<T, E>, Vec<Print>) {
        let lines = Lines::default();
        let begin = world.begin(|| Begin {
            now_ns: now_ns(),
            seed: self.seeds.next(),
        });
        let asked = Asked {
            begin,
            terms,
            lines: &lines,
            open: world.is_open(),
        };
        let mut calls = world.take_calls();
        if asked.open {
            self.loan.exchange(world);
        }
        let worked = catch_unwind(AssertUnwindSafe(|| work(self, &asked, &mut calls)));
        if asked.open {
            self.loan.exchange(world);
        }
        world.put_calls(calls);
        let result = worked.unwrap_or_else(|_| {
            // Nothing of an engine that panicked is used again.
            self.engine = regate_rego::Evaluator::new();
            Err(panicked())
        });
        let prints = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
        (result, prints)
    }

    /// The labels of the rules that held in the last evaluation.
    fn rule_labels(&self) -> Box<[Value]> {
        let policy = self.policy.compiled().policy();
        self.engine.labels(policy).cloned().collect()
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
        let value = self.run(asked, calls, |engine, policy, options| {
            query.value(engine, policy, asked.terms.input, options)
        });
        value.map_err(|error| ours(&error))
    }

    /// Lets the engine work within what was asked.
    fn run<T>(
        &mut self,
        asked: &Asked<'_>,
        calls: &mut Option<Calls>,
        work: impl FnOnce(
            &mut regate_rego::Evaluator,
            &regate_rego::Policy,
            &mut EvalOptions,
        ) -> Result<T, Failure>,
    ) -> Result<T, Box<Failure>> {
        let terms = &asked.terms;
        let mut costs = Costs::default();
        costs.deadline = Some(terms.budget.deadline);
        costs.steps = terms.budget.steps.unwrap_or(u64::MAX);
        costs.memory = MEMORY;
        let lines = Arc::clone(asked.lines);
        let outside = asked.open.then(|| match self.outside.take() {
            Some(outside) => outside,
            None => Box::new(self.loan.clone()),
        });
        let mut options = EvalOptions {
            budget: costs,
            strict_builtin_errors: terms.strict_builtin_errors,
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
        let worked = work(&mut self.engine, policy, &mut options);
        self.outside = options.outside;
        *calls = options.calls;
        worked.map_err(Box::new)
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

fn panicked() -> Failure {
    Failure {
        kind: Kind::Internal,
        message: "the evaluation failed unexpectedly; this is a defect, please report it"
            .to_owned(),
        location: None,
        stack: Vec::new(),
    }
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
