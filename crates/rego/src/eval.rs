//! Plan, data and input to answers. No search happens here: the plan says what is looped over, looked up and
//! compared; what is left is to do it once, in place, and within a budget.
//!
//! A [`Policy`] is immutable and used by any number of threads at once. Each thread has an [`Evaluator`], which keeps
//! its memory from one evaluation to the next.

mod calls;
mod conflict;
mod constants;
pub mod cover;
mod data;
mod doc;
mod error;
mod exec;
mod expr;
mod fields;
mod kept;
mod machine;
mod memo;
mod policy;
mod print;
pub mod profile;
mod reads;
mod reg;
mod reuse;
mod scan;
#[cfg(test)]
mod tests;
pub mod trace;
mod unit;
mod with;

use std::collections::HashMap;
use std::fmt;

pub use calls::Calls;
pub use error::{EvalError, Frame, Kind};
pub use policy::Policy;
pub use trace::Tracer;

use crate::builtins::{Budget, Context, Outside};
use crate::hir::Place;
use crate::plan::ir::Query;
use crate::source::Location;
use crate::value::{Str, Value};
use error::Halt;
use exec::Sink;
use kept::Kept;
use machine::{Found, Machine};
use memo::{Known, Memo, recycled};
use reg::Reg;

/// What a thread keeps between evaluations: memory, so that most of them allocate little.
#[derive(Debug, Default)]
pub struct Evaluator {
    regs: Vec<Reg<'static>>,
    known: Vec<Known<'static>>,
    inputs: Vec<Found<'static>>,
    memo: HashMap<(&'static str, Value), Value>,
    collected: Vec<EvalError>,
}

/// How to evaluate.
pub struct Options {
    /// What it may cost. It is spent by the evaluation.
    pub budget: Budget,
    /// Whether a built-in's error ends the evaluation; else it makes the expression undefined.
    pub strict_builtin_errors: bool,
    /// Whether built-in errors that made something undefined are kept: see [`Evaluator::collected`].
    pub collect_builtin_errors: bool,
    /// Nanoseconds since 1970, for the whole evaluation.
    pub now_ns: i64,
    /// The seed of what is random.
    pub seed: u64,
    /// What `opa.runtime()` gives.
    pub runtime: Value,
    /// What it may reach of the world: see [`Outside`].
    pub outside: Option<Box<dyn Outside>>,
    /// Gets the calls of non-deterministic built-ins, where there is something to put them into.
    pub calls: Option<Calls>,
    /// How many bytes of stack it may take; one that needs more ends with [`Kind::TooDeep`].
    pub stack: usize,
    /// Gets what `print` prints.
    pub print: Option<Print>,
    /// Is told what happens, where policy and query were planned with instruments: see [`trace`].
    pub tracer: Option<Box<dyn Tracer>>,
}

/// Gets a line that `print` prints, and where the call stands.
pub type Print = Box<dyn FnMut(Option<&Location>, String) + Send>;

/// One answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The variables that people named.
    pub bindings: Vec<(Str, Value)>,
    /// The value of each literal.
    pub expressions: Vec<(Place, Value)>,
}

/// Stack for an evaluation on a thread with the usual 2 MB.
const STACK: usize = 1 << 20;

// === impl Evaluator ===

impl Evaluator {
    /// With no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All answers to a query.
    pub fn query(
        &mut self,
        policy: &Policy,
        query: &Query,
        input: Option<&Value>,
        options: &mut Options,
    ) -> Result<Vec<Row>, EvalError> {
        match self.run(policy, query, input, options, true)? {
            Output::Rows(rows) => Ok(rows),
            Output::Value(_) => Ok(Vec::new()),
        }
    }

    /// The value of a query's first literal in its first answer: for queries that are one reference.
    pub fn value(
        &mut self,
        policy: &Policy,
        query: &Query,
        input: Option<&Value>,
        options: &mut Options,
    ) -> Result<Option<Value>, EvalError> {
        match self.run(policy, query, input, options, false)? {
            Output::Value(value) => Ok(value),
            Output::Rows(_) => Ok(None),
        }
    }

    /// The errors of built-ins that made something undefined in the last evaluation, where that was asked for.
    #[must_use]
    pub fn collected(&self) -> &[EvalError] {
        &self.collected
    }

    fn run(
        &mut self,
        policy: &Policy,
        query: &Query,
        input: Option<&Value>,
        options: &mut Options,
        all: bool,
    ) -> Result<Output, EvalError> {
        self.memo.clear();
        self.collected.clear();
        let arena = Kept::default();
        let runtime = options.runtime.clone();
        let mut budget = std::mem::take(&mut options.budget);
        let mut outside = options.outside.take();
        let cx = Context {
            budget: &mut budget,
            now_ns: options.now_ns,
            seed: options.seed,
            runtime: &runtime,
            caches: policy.caches(),
            outside: match &mut outside {
                Some(outside) => Some(outside.as_mut()),
                None => None,
            },
            memo: &mut self.memo,
        };
        let known = Memo::sized(
            policy.program().units.len(),
            std::mem::take(&mut self.known),
        );
        let lent = (
            recycled(std::mem::take(&mut self.regs)),
            recycled(std::mem::take(&mut self.inputs)),
        );
        let (result, back) = {
            let mut machine = Machine::new(policy, query, input, &arena, cx, options, known);
            machine.lend(lent.0, lent.1);
            let result = run_query(&mut machine, query, all);
            let result = result.map_err(|halt| machine.explained(halt));
            (result, machine.give_back())
        };
        (self.regs, self.inputs, self.known, self.collected) = back;
        options.budget = budget;
        options.outside = outside;
        result
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            strict_builtin_errors: false,
            collect_builtin_errors: false,
            now_ns: 0,
            seed: 0,
            runtime: Value::Null,
            outside: None,
            calls: None,
            stack: STACK,
            print: None,
            tracer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("budget", &self.budget)
            .field("strict_builtin_errors", &self.strict_builtin_errors)
            .field("collect_builtin_errors", &self.collect_builtin_errors)
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

// === helpers ===

/// What an evaluation gives.
enum Output {
    Rows(Vec<Row>),
    Value(Option<Value>),
}

fn run_query<'a>(machine: &mut Machine<'a>, query: &'a Query, all: bool) -> Result<Output, Halt> {
    let mut sink = if all {
        Sink::Rows(Vec::new())
    } else {
        Sink::FirstRow(None)
    };
    let clause = &query.clause;
    machine.in_frame(clause.slots, &[], |machine| {
        machine.exec(&clause.block, &mut sink)
    })?;
    Ok(match sink {
        Sink::Rows(rows) => Output::Rows(rows),
        Sink::FirstRow(value) => Output::Value(value.map(Reg::into_value)),
        _ => Output::Value(None),
    })
}
