//! `eval`: a query against policy, data and input, and its answers in one of the formats.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use regate_rego::eval::Row;
use regate_rego::source::File;
use regate_rego::value::Object;
use regate_rego::{EvalOptions, Evaluator, Value};

use super::build::{self, Asked, Built, How, Scope};
use super::json::Json;
use super::load::{self, Paths};
use super::metrics::{self, Metrics};
use super::problem::Problems;
use super::{Problem, Report};

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
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// What `opa.runtime()` gives.
    pub runtime: Object,
}

/// What came out.
#[derive(Debug, Default)]
struct Outcome {
    problems: Problems,
    rows: Vec<Row>,
    metrics: Metrics,
    asked: Option<Asked>,
}

/// The stack of an evaluation: deep recursion ends with an error before it is used up.
const STACK: usize = 256 << 20;
const STACK_TO_SPARE: usize = 1 << 20;

/// Evaluates.
pub fn eval(request: &Request) -> Report {
    let work = || {
        let mut outcome = Outcome::default();
        let failed = match run(request, &mut outcome) {
            Ok(()) => false,
            Err(problems) => {
                outcome.problems.extend(problems);
                true
            }
        };
        report(request, &outcome, failed)
    };
    on_deep_stack(work).unwrap_or_else(|error| Report {
        stderr: format!("the evaluation cannot run: {error}\n"),
        exit: 2,
        ..Report::default()
    })
}

fn run(request: &Request, outcome: &mut Outcome) -> Result<(), Problems> {
    let metrics = &mut outcome.metrics;
    let loaded = metrics
        .time(metrics::LOAD_FILES, || load::load(&request.paths))
        .map_err(|problem| vec![problem])?;
    let input = match &request.input {
        None => None,
        Some(text) => Some(
            metrics
                .time(metrics::INPUT_PARSE, || load::document(text))
                .map_err(|problem| vec![problem])?,
        ),
    };
    let modules = build::parse(&loaded, metrics)?;
    let how = How {
        strict: request.strict,
        max_errors: 10,
        version: request.paths.version,
        ..How::default()
    };
    let built = build::build(&modules, &loaded.data, how, metrics)?;
    let scope = Scope::read(request.package.as_deref(), &request.imports)?;
    let asked = built.ask(&request.query, &scope, metrics)?;
    answer(request, &built, asked, input.as_ref(), outcome)
}

fn answer(
    request: &Request,
    built: &Built,
    asked: Asked,
    input: Option<&Value>,
    outcome: &mut Outcome,
) -> Result<(), Problems> {
    let mut options = EvalOptions {
        strict_builtin_errors: request.strict_builtin_errors,
        collect_builtin_errors: request.show_builtin_errors,
        now_ns: now(),
        runtime: Value::Object(request.runtime.clone()),
        stack: STACK - STACK_TO_SPARE,
        ..EvalOptions::default()
    };
    options.budget.deadline = request.timeout.map(|timeout| Instant::now() + timeout);
    let mut evaluator = Evaluator::new();
    let rows = outcome.metrics.time(metrics::QUERY_EVAL, || {
        evaluator.query(&built.policy, &asked.plan, input, &mut options)
    });
    let collected = evaluator.collected().iter().map(Problem::from);
    outcome.problems.extend(collected);
    outcome.asked = Some(asked);
    outcome.rows = rows.map_err(|error| vec![Problem::from(&error)])?;
    Ok(())
}

fn report(request: &Request, outcome: &Outcome, failed: bool) -> Report {
    let errors = Some(&outcome.problems).filter(|problems| !problems.is_empty());
    let errors = errors.map(|problems| problems.iter().map(Problem::to_json).collect::<Json>());
    let result = Some(&outcome.rows).filter(|rows| !rows.is_empty());
    let result = result.map(|rows| {
        let rows = rows.iter().map(|row| row_json(row, outcome.asked.as_ref()));
        rows.collect::<Json>()
    });
    let defined = result.is_some();
    let document = Json::object()
        .with_some("errors", errors)
        .with_some("result", result)
        .with_some("metrics", request.metrics.then(|| outcome.metrics.to_json()));
    let exit = match defined {
        _ if failed => 2,
        false if request.fail => 1,
        true if request.fail_defined => 1,
        _ => 0,
    };
    Report {
        stdout: document.to_text(),
        exit,
        ..Report::default()
    }
}

// === helpers ===

fn row_json(row: &Row, asked: Option<&Asked>) -> Json {
    let files = asked.map(|asked| &asked.plan.files);
    let expressions = row.expressions.iter().map(|(place, value)| {
        let file = files.and_then(|files| files.get(place.file as usize));
        let text = file.map_or("", |file| file.slice(place.span));
        let (line, column) = file.map_or((0, 0), |file| File::row_col(file, place.span.start));
        let location = Json::object()
            .with("row", i64::from(line))
            .with("col", i64::from(column));
        Json::object()
            .with("value", value.clone())
            .with("text", text)
            .with("location", location)
    });
    let mut bindings: Vec<_> = row.bindings.iter().collect();
    bindings.sort_by(|a, b| a.0.cmp(&b.0));
    let bindings = bindings
        .into_iter()
        .map(|(name, value)| (name.to_string().into(), Json::from(value.clone())))
        .collect::<Vec<_>>();
    let bindings = Some(bindings).filter(|bindings| !bindings.is_empty());
    Json::object()
        .with("expressions", expressions.collect::<Json>())
        .with_some("bindings", bindings.map(Json::Object))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// Runs `work` where calls may nest deep.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let joined = thread.spawn_scoped(scope, work)?.join();
        joined.map_err(|_| io::Error::other("it failed unexpectedly; this is a defect, please report it"))
    })
}
