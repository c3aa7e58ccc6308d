//! Queries that nobody configured: prepared when they are asked, for one policy, by our own engine alone.
//!
//! Their errors are the engine's own, since whoever asks wants to read them; entrypoints have [`EvalError`]s.
//!
//! [`EvalError`]: super::EvalError

use super::{Evaluator, Policy, Print, native, policy};
use crate::data::{Object, Value};

pub use regate_rego::EvalError as Failure;
pub use regate_rego::source::Diagnostic;

/// A query that was prepared for one policy.
#[derive(Debug)]
pub struct Query(pub(super) native::Query);

/// What is to be prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The document at these names below `data`.
    Document(&'a [String]),
    /// A body of expressions.
    Body(&'a str),
}

/// Why a query cannot be prepared.
#[derive(Debug, Clone, PartialEq)]
pub enum Unprepared {
    /// The policy is not one of our own engine.
    Engine,
    /// There is no expression.
    Empty,
    /// It does not parse.
    Parse(Vec<Diagnostic>),
    /// It does not fit the policy.
    Compile(Vec<Diagnostic>),
}

/// What an evaluation of a query gave.
#[derive(Debug)]
pub struct Answers<T> {
    /// The answers, or why there are none.
    pub result: Result<T, Box<Failure>>,
    /// What was printed, also on the way to an error.
    pub prints: Vec<Print>,
    /// See [`Evaluation::rule_labels`](super::Evaluation::rule_labels).
    pub rule_labels: Box<[Value]>,
}

/// How a query is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The input; absent, `input` is undefined.
    pub input: Option<&'a Value>,
    /// What bounds it.
    pub budget: super::Budget,
    /// Whether a built-in's error ends it.
    pub strict_builtin_errors: bool,
}

// === impl Policy ===

impl Policy {
    /// Prepares a query. Takes stack by the nesting of its expressions.
    pub fn prepare(&self, wanted: Wanted<'_>) -> Result<Query, Unprepared> {
        match &self.0 {
            policy::Kind::Native(policy) | policy::Kind::Verify(policy, _) => {
                native::Query::prepare(policy, wanted).map(Query)
            }
            policy::Kind::Regorus(_) => Err(Unprepared::Engine),
        }
    }
}

// === impl Evaluator ===

impl Evaluator {
    /// The document that a query names; `None` where it is undefined, and of a policy that did not prepare it.
    pub fn document(
        &mut self,
        world: &mut super::World,
        query: &Query,
        terms: Terms<'_>,
    ) -> Answers<Option<Value>> {
        match self.native() {
            Some(evaluator) => evaluator.document(world, &query.0, terms),
            None => Answers::none(None),
        }
    }

    /// All answers to a query, each with the variables that people named.
    pub fn rows(
        &mut self,
        world: &mut super::World,
        query: &Query,
        terms: Terms<'_>,
    ) -> Answers<Vec<Object>> {
        match self.native() {
            Some(evaluator) => evaluator.rows(world, &query.0, terms),
            None => Answers::none(Vec::new()),
        }
    }
}

// === impl Answers ===

impl<T> Answers<T> {
    /// Whether it asked for what is not known yet: [`World::asked`](super::World::asked).
    #[must_use]
    pub fn wait(&self) -> bool {
        matches!(&self.result, Err(failure) if failure.kind == regate_rego::eval::Kind::Waiting)
    }

    fn none(result: T) -> Self {
        Self {
            result: Ok(result),
            prints: Vec::new(),
            rule_labels: Box::default(),
        }
    }
}
