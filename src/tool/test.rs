//! `test`: finds the tests of policies, runs them, reports.
//!
//! A test is a rule whose name begins with `test_`, or with `todo_test_` to be skipped; it passes when its value
//! is `true`. Keys that follow the name are cases: `test_x[case]` passes when all its cases do.

mod bench;
mod find;
mod report;
mod run;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use regate_rego::Value;
use regate_rego::eval::cover;
use regate_rego::plan;
use regate_rego::value::Object;

use super::build::{self, Built, How};
use super::eval::Explain;
use super::load::{self, Paths};
use super::metrics::Metrics;
use super::problem::{self, Problems};
use super::world::{Unsaid, World};
use super::{Report, observe, schemas};
use crate::engine::Module;

pub use watch::watch;

/// What `test` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Policies, tests and data.
    pub paths: Paths,
    /// How results are printed.
    pub format: Format,
    /// Whether tests that pass are listed, and failures explained.
    pub verbose: bool,
    /// How much is told of failures; nothing said is [`Explain::FailsAndNotes`] where they are told at all.
    pub explain: Option<Explain>,
    /// Whether the variables of what failed are shown.
    pub var_values: bool,
    /// Only tests whose path matches are run.
    pub only: Option<String>,
    /// Whether is reported what was covered.
    pub coverage: bool,
    /// The share of lines that must be covered, in percent.
    pub threshold: f64,
    /// How often each test is run.
    pub count: usize,
    /// How many tests run at the same time.
    pub parallel: usize,
    /// How long one test may take.
    pub timeout: Duration,
    /// Whether tests are timed over many runs.
    pub bench: bool,
    /// Whether tests that were skipped are no failure.
    pub exit_zero_on_skipped: bool,
    /// Whether it is a failure that there are no tests.
    pub fail_on_empty: bool,
    /// Whether JSON results are sorted, the longest first.
    pub sort_by_duration: bool,
    /// How many errors of a compilation are shown.
    pub max_errors: usize,
    /// The built-ins that there are, as a JSON document.
    pub capabilities: Option<Value>,
    /// Whether servers are asked where the capabilities name none.
    pub allow_net: bool,
    /// How long a request of `http.send` may take that does not say it; zero is no limit.
    pub http_send_timeout: Duration,
    /// Schemas of input.
    pub schema: Option<PathBuf>,
    /// What `opa.runtime()` gives.
    pub runtime: Object,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Pretty,
    /// A list of objects.
    Json,
    /// Go's benchmark format.
    GoBench,
}

/// The tests of a program, ready to be run.
struct Suite {
    tests: Vec<find::Test>,
    built: Built,
    world: World,
}

/// Runs tests.
pub fn test(request: &Request) -> Report {
    match prepare(request) {
        Ok(suite) => repeat(request, &suite),
        Err((problems, loading)) => Report {
            stderr: problem::shown(&problems, loading),
            exit: 1,
            ..Report::default()
        },
    }
}

/// Runs the tests among `modules` on `data`, hermetically; the error says which fail, and how.
pub fn pass(modules: Vec<Module>, data: Value, timeout: Duration) -> Result<(), String> {
    let request = Request {
        timeout,
        exit_zero_on_skipped: true,
        max_errors: 10,
        ..Request::default()
    };
    let suite = suite(
        &request,
        &load::Loaded { modules, data },
        &mut Metrics::default(),
    );
    let suite = suite.map_err(|(problems, loading)| problem::shown(&problems, loading))?;
    let report = repeat(&request, &suite);
    if report.exit == 0 {
        return Ok(());
    }
    Err(format!("{}{}", report.stdout, report.stderr))
}

fn prepare(request: &Request) -> Result<Suite, (Problems, bool)> {
    let mut metrics = Metrics::default();
    let loaded =
        load::load(&request.paths, &mut metrics).map_err(|problem| (vec![problem], true))?;
    suite(request, &loaded, &mut metrics)
}

fn suite(
    request: &Request,
    loaded: &load::Loaded,
    metrics: &mut Metrics,
) -> Result<Suite, (Problems, bool)> {
    let late = |problem| (vec![problem], false);
    let mut modules = build::parse(loaded, metrics).map_err(|problems| (problems, true))?;
    let tests = find::tests(&mut modules, request.only.as_deref()).map_err(late)?;
    let how = How {
        max_errors: request.max_errors,
        version: request.paths.version,
        capabilities: build::capabilities(request.capabilities.as_ref()).map_err(late)?,
        schemas: schemas::read(request.schema.as_deref()).map_err(late)?,
        plan: plan::Options {
            instruments: request.coverage || request.explains(),
            index: true,
            ..plan::Options::default()
        },
        ..How::default()
    };
    let built = build::build(&modules, &loaded.data, how, metrics);
    let unsaid = if request.allow_net {
        Unsaid::All
    } else {
        Unsaid::Nobody
    };
    Ok(Suite {
        tests,
        built: built.map_err(|problems| (problems, false))?,
        world: World::new(
            request.capabilities.as_ref(),
            unsaid,
            request.http_send_timeout,
        )
        .map_err(late)?,
    })
}

/// Runs all tests as often as wanted, or until some fail.
fn repeat(request: &Request, suite: &Suite) -> Report {
    let mut report = Report::default();
    for _ in 0..request.count.max(1) {
        let (mut outcomes, coverage) = run::run(request, suite);
        if outcomes.is_empty() && request.fail_on_empty {
            report.stderr.push_str("no tests were run\n");
            report.exit = 1;
            return report;
        }
        report.exit = report::exit(request, &outcomes);
        let failed = outcomes.iter().find(|outcome| outcome.is_failed());
        match (coverage, failed) {
            (Some(coverage), None) => show_coverage(request, &coverage, &mut report),
            // There is no coverage of what fails.
            (Some(_), Some(first)) => {
                report.stderr.push_str(&report::uncovered(first));
                outcomes.retain(run::Outcome::is_failed);
                report.stdout.push_str(&report::text(request, &outcomes));
                report.exit = 1;
            }
            (None, _) => report.stdout.push_str(&report::text(request, &outcomes)),
        }
        if report.exit != 0 {
            break;
        }
    }
    report
}

fn show_coverage(request: &Request, covered: &cover::Report, report: &mut Report) {
    let percent = covered.coverage;
    if percent < request.threshold {
        report.stderr = format!(
            "Code coverage threshold not met: got {percent:.2} instead of {:.2}\n",
            request.threshold
        );
        report.exit = 2;
    } else {
        let json = observe::coverage_json(covered);
        report.stdout.push_str(&json.to_text());
    }
}

// === impl Request ===

impl Request {
    /// Whether failures are explained.
    fn explains(&self) -> bool {
        !self.bench && (self.verbose || self.var_values)
    }
}
