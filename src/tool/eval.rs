//! `eval`: a query against policy, data and input, and its answers in one of the formats.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use regate_rego::eval::Row;
use regate_rego::eval::profile::Line;
use regate_rego::plan;
use regate_rego::value::Object;
use regate_rego::{EvalOptions, Evaluator, Value};

use super::build::{self, Asked, Built, How, Scope};
use super::load::{self, Paths};
use super::metrics::{self, Metrics};
use super::observe::{Observed, Observer};
use super::problem::Problems;
use super::world::{Unsaid, World};
use super::{Problem, Report, present, schemas};

/// What `eval` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The query.
    pub query: String,
    /// Policy and data.
    pub paths: Paths,
    /// The input's text.
    pub input: Option<Vec<u8>>,
    /// `--package`.
    pub package: Option<String>,
    /// `--import`.
    pub imports: Vec<String>,
    /// A built-in's error ends the evaluation.
    pub strict_builtin_errors: bool,
    /// Built-in errors are collected and shown.
    pub show_builtin_errors: bool,
    /// Unused and duplicate declarations are errors.
    pub strict: bool,
    /// An answer that is undefined is a failure.
    pub fail: bool,
    /// An answer that is defined is a failure.
    pub fail_defined: bool,
    /// Whether timers are shown.
    pub metrics: bool,
    /// How often all is done, for timers and a profile of several runs; 0 is once.
    pub runs: usize,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// How the answers are printed.
    pub format: Format,
    /// How much of the evaluation is told.
    pub explain: Explain,
    /// Whether variables are shown beside what is told.
    pub var_values: bool,
    /// Whether a profile is made, and how it is shown.
    pub profile: Option<Profile>,
    /// Whether is shown which lines were evaluated.
    pub coverage: bool,
    /// Whether rules are tried one by one.
    pub disable_indexing: bool,
    /// The built-ins that there are, as a JSON document.
    pub capabilities: Option<Value>,
    /// Schemas of input.
    pub schema: Option<PathBuf>,
    /// How long a request of `http.send` may take that does not say it; zero is no limit.
    pub http_send_timeout: Duration,
    /// What `opa.runtime()` gives.
    pub runtime: Object,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One document.
    #[default]
    Json,
    /// Of each answer the values of its expressions.
    Values,
    /// Of each answer its variables.
    Bindings,
    /// For people.
    Pretty,
    /// For scripts.
    Raw,
    /// Only whether there is an answer.
    Discard,
}

/// How much of an evaluation is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Explain {
    /// Nothing.
    #[default]
    Off,
    /// Everything.
    Full,
    /// What `trace` says, and how it came to that.
    Notes,
    /// What failed, and how it came to that.
    Fails,
    /// What failed and what `trace` says, and how it came to that.
    FailsAndNotes,
    /// All that [`Explain::Full`] tells.
    Debug,
}

/// How a profile is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// How many lines at most.
    pub limit: usize,
    /// By what they are sorted, the most important first.
    pub sort: Vec<String>,
}

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) problems: Problems,
    pub(super) rows: Vec<Row>,
    pub(super) metrics: Metrics,
    pub(super) asked: Option<Asked>,
    pub(super) observed: Option<Observed>,
    /// What the policy printed.
    printed: String,
    /// Whether there is no answer because of the problems.
    failed: bool,
}

/// What is measured, of each run.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) metrics: Vec<Metrics>,
    pub(super) profiles: Vec<Vec<Line>>,
}

/// Evaluates.
pub fn eval(request: &Request) -> Report {
    let work = || {
        let mut measured = Measured::default();
        let mut printed = String::new();
        let mut first = None;
        for _ in 0..request.runs.max(1) {
            let mut outcome = once(request);
            printed.push_str(&std::mem::take(&mut outcome.printed));
            measured.add(&mut outcome);
            // The answers of all runs are the same.
            first.get_or_insert(outcome);
        }
        report(request, &first.unwrap_or_default(), &measured, &printed)
    };
    build::on_deep_stack(work).unwrap_or_else(|error| Report {
        stderr: format!("the evaluation cannot run: {error}\n"),
        exit: 2,
        ..Report::default()
    })
}

fn once(request: &Request) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(problems) = run(request, &mut outcome) {
        outcome.problems.extend(problems);
        outcome.failed = true;
    }
    outcome
}

fn run(request: &Request, outcome: &mut Outcome) -> Result<(), Problems> {
    let metrics = &mut outcome.metrics;
    let loaded = load::load(&request.paths, metrics).map_err(|problem| vec![problem])?;
    let input = match &request.input {
        None => None,
        Some(text) => Some(load::document(text).map_err(|problem| vec![problem])?),
    };
    let modules = build::parse(&loaded, metrics)?;
    let how = How {
        strict: request.strict,
        max_errors: 10,
        version: request.paths.version,
        capabilities: build::capabilities(request.capabilities.as_ref())
            .map_err(|problem| vec![problem])?,
        schemas: schemas::read(request.schema.as_deref()).map_err(|problem| vec![problem])?,
        plan: plan::Options {
            instruments: request.instruments(),
            index: !request.disable_indexing,
            reuse: !request.disable_indexing,
        },
    };
    let built = build::build(&modules, &loaded.data, how, metrics)?;
    let scope = Scope::read(request.package.as_deref(), &request.imports)?;
    answer(request, &built, &scope, input.as_ref(), outcome)
}

fn answer(
    request: &Request,
    built: &Built,
    scope: &Scope,
    input: Option<&Value>,
    outcome: &mut Outcome,
) -> Result<(), Problems> {
    let asked = built.ask(&request.query, scope, &mut outcome.metrics)?;
    let mut options = request.options();
    let observer = request.instruments().then(|| {
        let trace = request.explain != Explain::Off;
        Observer::new(trace, request.profile.is_some(), request.coverage)
    });
    let printed = Arc::new(Mutex::new(String::new()));
    let printer = Arc::clone(&printed);
    options.print = Some(Box::new(move |_, line| {
        if let Ok(mut printed) = printer.lock() {
            printed.push_str(&line);
            printed.push('\n');
        }
    }));
    options.tracer = observer.as_ref().map(Observer::tracer);
    let world = World::new(
        request.capabilities.as_ref(),
        Unsaid::All,
        request.http_send_timeout,
    );
    let world = world.map_err(|problem| vec![problem])?;
    options.outside = Some(world.lend(options.budget.deadline));
    let mut evaluator = Evaluator::new();
    let rows = outcome.metrics.time(metrics::QUERY_EVAL, || {
        evaluator.query(&built.policy, &asked.plan, input, &mut options)
    });
    if let Ok(mut printed) = printed.lock() {
        outcome.printed = std::mem::take(&mut *printed);
    }
    outcome.observed =
        observer.map(|observer| observer.finish(request.explain, built.policy.program(), &asked));
    let is_test = asked.is_test;
    outcome.asked = Some(asked);
    let mut errors = evaluator.collected().to_vec();
    outcome.failed = rows.is_err();
    let mut rows = rows.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let query = (request.query.as_str(), scope);
    let errors = built.explained(errors, query, input, request.options());
    outcome.problems.extend(errors.iter().map(Problem::from));
    if !is_test {
        rows.retain(|row| {
            row.expressions
                .iter()
                .all(|(_, value)| *value != Value::Bool(false))
        });
    }
    outcome.rows = rows;
    Ok(())
}

fn report(request: &Request, outcome: &Outcome, measured: &Measured, printed: &str) -> Report {
    let (stdout, stderr) = present::present(request, outcome, measured);
    let exit = match !outcome.rows.is_empty() {
        _ if outcome.failed => 2,
        false if request.fail => 1,
        true if request.fail_defined => 1,
        _ => 0,
    };
    Report {
        stdout,
        stderr: format!("{printed}{stderr}"),
        exit,
    }
}

// === impl Measured ===

impl Measured {
    /// Takes what was measured of a run.
    fn add(&mut self, outcome: &mut Outcome) {
        self.metrics.push(std::mem::take(&mut outcome.metrics));
        let observed = outcome.observed.as_ref();
        self.profiles.extend(observed.and_then(Observed::profiled));
    }
}

// === impl Request ===

impl Request {
    /// Whether timers are shown: a profile comes with them.
    pub(super) fn shows_metrics(&self) -> bool {
        self.metrics || self.profile.is_some()
    }

    fn options(&self) -> EvalOptions {
        let mut options = EvalOptions {
            strict_builtin_errors: self.strict_builtin_errors,
            collect_builtin_errors: self.show_builtin_errors,
            now_ns: build::now(),
            runtime: Value::Object(self.runtime.clone()),
            stack: build::STACK_FOR_CALLS,
            ..EvalOptions::default()
        };
        options.budget.deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        options
    }

    fn instruments(&self) -> bool {
        self.profile.is_some() || self.coverage || self.explain != Explain::Off
    }
}
