//! Evaluation for the REST API: on threads of its own, against the snapshot in force, within a budget.
//!
//! What an evaluation asks of the world is answered on the control runtime; then it is done again, as for Checks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Refusal;
use super::pool::{NotDone, Pool};
use crate::data::Value;
use crate::engine::{Answers, Budget, Evaluator, Failure, Query, Terms, Unprepared, Wanted, World};
use crate::instance::{Cell, Snapshot};
use crate::outside::Outside;
use crate::tool::problem::{self, Problem};

/// How long an evaluation may take, with all that it waits for.
const TIME: Duration = Duration::from_secs(30);

/// How many prepared queries are kept for the snapshot in force.
const KEPT: usize = 512;

/// Queries with more text than this are prepared each time.
const LONGEST_KEPT: usize = 4096;

/// Evaluates. Clones share what is kept.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) policy: Cell,
    pub(super) pool: Pool,
    pub(super) outside: Outside,
    kept: Arc<Mutex<Kept>>,
    nd_builtin_cache: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// The document at these names below `data`.
    Document(Vec<String>),
    /// A query.
    Body(String),
}

/// How it is asked.
#[derive(Debug, Clone, Default)]
pub(super) struct How {
    pub(super) input: Option<Value>,
    pub(super) strict_builtin_errors: bool,
    /// Whether the calls of non-deterministic built-ins are kept, where the configuration wants them.
    pub(super) logged: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Asked<T> {
    pub(super) result: Result<T, Trouble>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) rule_labels: Box<[Value]>,
    pub(super) nd_builtin_cache: Option<Value>,
    pub(super) times: Times,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    /// Of the preparation, where the query was not kept.
    pub(super) compile: Option<Duration>,
    pub(super) eval: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    Unprepared(Unprepared),
    Failed(Box<Failure>),
    NotDone(NotDone),
}

/// Evaluates one kind of query.
pub(super) type Evaluate<T> = fn(&mut Evaluator, &mut World, &Query, Terms<'_>) -> Answers<T>;

/// Prepared queries of one snapshot.
#[derive(Debug, Default)]
struct Kept {
    generation: u64,
    queries: HashMap<Question, Arc<Query>>,
}

/// One step of an evaluation: it is done, or waits for the world.
struct Step<T> {
    answers: Result<Answers<T>, Unprepared>,
    world: World,
    compile: Option<Duration>,
    eval: Duration,
}

// === impl Asking ===

impl Asking {
    pub(super) fn new(policy: Cell, pool: Pool, outside: Outside, nd_builtin_cache: bool) -> Self {
        Self {
            policy,
            pool,
            outside,
            kept: Arc::default(),
            nd_builtin_cache,
        }
    }

    /// Asks the snapshot in force; `None` while there is none.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: Question,
        how: How,
        evaluate: Evaluate<T>,
    ) -> Option<Asked<T>> {
        let snapshot = self.policy.load_full()?;
        Some(self.ask_of(snapshot, question, how, evaluate).await)
    }

    /// Asks a snapshot.
    pub(super) async fn ask_of<T: Send + 'static>(
        &self,
        snapshot: Arc<Snapshot>,
        question: Question,
        how: How,
        evaluate: Evaluate<T>,
    ) -> Asked<T> {
        let deadline = Instant::now() + TIME;
        let keeps_calls = how.logged && self.nd_builtin_cache;
        let mut world = World::open(self.outside.known());
        if keeps_calls {
            world = world.keeping_calls();
        }
        let mut asked = Asked {
            result: Err(Trouble::NotDone(NotDone::Defect)),
            snapshot: Arc::clone(&snapshot),
            rule_labels: Box::default(),
            nd_builtin_cache: None,
            times: Times::default(),
        };
        let shared = Arc::new((question, how));
        loop {
            let (this, snapshot, shared) =
                (self.clone(), Arc::clone(&snapshot), Arc::clone(&shared));
            let lent = std::mem::take(&mut world);
            let work = move || this.step(&snapshot, &shared.0, &shared.1, lent, deadline, evaluate);
            let step = match self.pool.run(work).await {
                Ok(step) => step,
                Err(not_done) => {
                    asked.result = Err(Trouble::NotDone(not_done));
                    return asked;
                }
            };
            asked.times.compile = asked.times.compile.or(step.compile);
            asked.times.eval += step.eval;
            world = step.world;
            let answers = match step.answers {
                Ok(answers) => answers,
                Err(unprepared) => {
                    asked.result = Err(Trouble::Unprepared(unprepared));
                    return asked;
                }
            };
            if answers.wait()
                && let Some(question) = world.asked().cloned()
            {
                world.tell(self.outside.answer(question, deadline, None).await);
                continue;
            }
            log_prints(&answers);
            asked.rule_labels = answers.rule_labels;
            asked.nd_builtin_cache = world.into_calls().filter(|_| answers.result.is_ok());
            asked.result = answers.result.map_err(Trouble::Failed);
            return asked;
        }
    }

    fn step<T>(
        &self,
        snapshot: &Snapshot,
        question: &Question,
        how: &How,
        mut world: World,
        deadline: Instant,
        evaluate: Evaluate<T>,
    ) -> Step<T> {
        let began = Instant::now();
        let (query, was_kept) = self.query(snapshot, question);
        let compile = (!was_kept).then(|| began.elapsed());
        let began = Instant::now();
        let answers = query.map(|query| {
            let terms = Terms {
                input: how.input.as_ref(),
                budget: Budget {
                    deadline,
                    steps: None,
                },
                strict_builtin_errors: how.strict_builtin_errors,
            };
            evaluate(&mut snapshot.policy.evaluator(), &mut world, &query, terms)
        });
        Step {
            answers,
            world,
            compile,
            eval: began.elapsed(),
        }
    }

    /// The prepared query, and whether it was kept.
    fn query(
        &self,
        snapshot: &Snapshot,
        question: &Question,
    ) -> (Result<Arc<Query>, Unprepared>, bool) {
        let kept = self.kept().get(snapshot.generation, question);
        if let Some(query) = kept {
            return (Ok(query), true);
        }
        let prepared = snapshot.policy.prepare(question.wanted()).map(Arc::new);
        if let Ok(query) = &prepared {
            self.kept().put(snapshot.generation, question, query);
        }
        (prepared, false)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Kept ===

impl Kept {
    fn get(&self, generation: u64, question: &Question) -> Option<Arc<Query>> {
        let queries = (self.generation == generation).then_some(&self.queries)?;
        queries.get(question).cloned()
    }

    fn put(&mut self, generation: u64, question: &Question, query: &Arc<Query>) {
        if generation > self.generation {
            self.generation = generation;
            self.queries.clear();
        }
        if generation != self.generation || question.length() > LONGEST_KEPT {
            return;
        }
        // Whoever sends ever new queries gains nothing by what is kept; starting over bounds it simply.
        if self.queries.len() >= KEPT {
            self.queries.clear();
        }
        self.queries.insert(question.clone(), Arc::clone(query));
    }
}

// === impl Question ===

impl Question {
    fn wanted(&self) -> Wanted<'_> {
        match self {
            Self::Document(names) => Wanted::Document(names),
            Self::Body(text) => Wanted::Body(text),
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::Document(names) => names.iter().map(String::len).sum(),
            Self::Body(text) => text.len(),
        }
    }
}

// === impl Asked ===

impl<T> Asked<T> {
    /// The same with another answer.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Asked<U> {
        let (result, rest) = self.split();
        Asked {
            result: result.map(change),
            snapshot: rest.snapshot,
            rule_labels: rest.rule_labels,
            nd_builtin_cache: rest.nd_builtin_cache,
            times: rest.times,
        }
    }

    /// The answer, and what is known beside it.
    pub(super) fn split(self) -> (Result<T, Trouble>, Asked<()>) {
        let rest = Asked {
            result: Ok(()),
            snapshot: self.snapshot,
            rule_labels: self.rule_labels,
            nd_builtin_cache: self.nd_builtin_cache,
            times: self.times,
        };
        (self.result, rest)
    }
}

// === impl Trouble ===

impl Trouble {
    /// As a request for a document is refused.
    pub(super) fn of_document(self) -> Refusal {
        match self {
            Self::Unprepared(Unprepared::Parse(errors) | Unprepared::Compile(errors)) => {
                let shown = errors.iter().map(|error| Problem::from(error).to_string());
                let shown = shown.collect::<Vec<_>>().join("\n");
                Refusal::internal(match errors.len() {
                    1 => format!("1 error occurred: {shown}"),
                    count => format!("{count} errors occurred:\n{shown}"),
                })
            }
            other => other.of_query(),
        }
    }

    /// As a request with a query is refused.
    pub(super) fn of_query(self) -> Refusal {
        let invalid = |doing: &str, errors: &[crate::engine::Diagnostic]| {
            Refusal::invalid(format!("error(s) occurred while {doing} query"))
                .because(problem::diagnosed(errors))
        };
        match self {
            Self::Unprepared(Unprepared::Engine) => Refusal::not_built(
                "the REST API is answered by this program's own engine; with `engine: regorus` there is none",
            ),
            Self::Unprepared(Unprepared::Empty) => Refusal::internal("cannot evaluate empty query"),
            Self::Unprepared(Unprepared::Parse(errors)) => invalid("parsing", &errors),
            Self::Unprepared(Unprepared::Compile(errors)) => invalid("compiling", &errors),
            Self::Failed(failure) => Refusal::internal("error(s) occurred while evaluating query")
                .because(vec![Problem::from(&*failure)]),
            Self::NotDone(NotDone::Full) => Refusal::overloaded(),
            Self::NotDone(NotDone::Defect) => {
                Refusal::internal("a defect ended the evaluation; please report it")
            }
        }
    }
}

fn log_prints<T>(answers: &Answers<T>) {
    for print in &answers.prints {
        tracing::info!(line = print.location, "{}", print.message);
    }
}
