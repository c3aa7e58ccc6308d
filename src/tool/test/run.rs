//! Runs tests, several at the same time, each with an evaluator and a budget of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use regate_rego::eval::cover::Report;
use regate_rego::value::json;
use regate_rego::{EvalOptions, Evaluator, Value};

use super::super::build::{self, Asked, Scope};
use super::super::eval::Explain;
use super::super::json::compact;
use super::super::metrics::Metrics;
use super::super::observe::Observer;
use super::super::problem::{Problem, Problems};
use super::bench::{self, Timing};
use super::find::{CASE, Test};
use super::{Request, Suite};

/// How a test went.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) test: Test,
    pub(super) verdict: Verdict,
    pub(super) duration: Duration,
    /// What was printed.
    pub(super) output: String,
    /// How it came to a failure.
    pub(super) trace: Option<String>,
    /// What failed, and what its variables were.
    pub(super) values: Option<String>,
    pub(super) cases: BTreeMap<Value, Case>,
    pub(super) timing: Option<Timing>,
}

/// What came of a test.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Skipped,
    Error(Problems),
}

/// A case of a test, and those below it.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) failed: bool,
    pub(super) cases: BTreeMap<Value, Case>,
}

/// Runs the tests; the results are in the order of the tests.
pub(super) fn run(request: &Request, suite: &Suite) -> (Vec<Outcome>, Option<Report>) {
    let watching = Observer::new(false, false, request.coverage);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(suite.tests.len()));
    let workers = match request.parallel {
        _ if request.bench => 1,
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let work = || {
        while let Some((at, test)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            suite.tests.get(at).map(|test| (at, test))
        } {
            let result = one(request, suite, test, &watching);
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.min(suite.tests.len()) {
            // Each waits for a thread with a deep stack, which does the work.
            scope.spawn(|| build::on_deep_stack(work));
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    let outcomes = done.into_iter().map(|(_, outcome)| outcome).collect();
    (outcomes, watching.covered(suite.built.policy.program()))
}

fn one(request: &Request, suite: &Suite, test: &Test, watching: &Observer) -> Outcome {
    let mut outcome = Outcome {
        test: test.clone(),
        verdict: Verdict::Skipped,
        duration: Duration::ZERO,
        output: String::new(),
        trace: None,
        values: None,
        cases: BTreeMap::new(),
        timing: None,
    };
    if test.skip {
        return outcome;
    }
    let scope = Scope::default();
    let asked = match suite
        .built
        .ask(&test.query, &scope, &mut Metrics::default())
    {
        Ok(asked) => asked,
        Err(problems) => {
            outcome.verdict = Verdict::Error(problems);
            return outcome;
        }
    };
    let observer = watching.beside(request.explains());
    let watched = request.explains() || request.coverage;
    evaluate(
        request,
        suite,
        &asked,
        watched.then_some(&observer),
        &mut outcome,
    );
    if request.bench && outcome.verdict == Verdict::Passed {
        let timing = bench::time(request, suite, &asked);
        outcome.duration = timing.time;
        outcome.timing = Some(timing);
    }
    if request.explains() && outcome.verdict == Verdict::Failed {
        let explain = request.explain.unwrap_or(Explain::FailsAndNotes);
        let seen = observer.finish(explain, suite.built.policy.program(), &asked);
        if request.verbose {
            outcome.trace = Some(seen.trace_text(request.var_values));
        }
        if request.var_values {
            outcome.values = Some(seen.failed_text());
        }
    }
    outcome
}

fn evaluate(
    request: &Request,
    suite: &Suite,
    asked: &Asked,
    observer: Option<&Observer>,
    outcome: &mut Outcome,
) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut options = options(request, suite);
    let printer = Arc::clone(&lines);
    options.print = Some(Box::new(move |_, line| {
        if let Ok(mut lines) = printer.lock() {
            lines.push(line);
        }
    }));
    options.tracer = observer.map(Observer::tracer);
    let start = Instant::now();
    let mut evaluator = Evaluator::new();
    let policy = &suite.built.policy;
    let value = evaluator.value(policy, &asked.plan, None, &mut options);
    outcome.duration = start.elapsed();
    let lines = lines.lock().map(|mut lines| std::mem::take(&mut *lines));
    let tried = outcome.take_lines(lines.unwrap_or_default());
    outcome.verdict = match value {
        Err(error) => {
            let query = (outcome.test.query.as_str(), &Scope::default());
            let built = &suite.built;
            // Nothing is asked of the world twice.
            let again = EvalOptions {
                outside: None,
                ..self::options(request, suite)
            };
            let errors = built.explained(vec![error], query, None, again);
            Verdict::Error(errors.iter().map(Problem::from).collect())
        }
        Ok(value) if outcome.test.cases => outcome.judge(&tried, value.as_ref()),
        Ok(Some(Value::Bool(true))) => Verdict::Passed,
        Ok(_) => Verdict::Failed,
    };
}

/// How a test is evaluated.
pub(super) fn options(request: &Request, suite: &Suite) -> EvalOptions {
    let mut options = EvalOptions {
        now_ns: build::now(),
        runtime: Value::Object(request.runtime.clone()),
        stack: build::STACK_FOR_CALLS,
        ..EvalOptions::default()
    };
    // Zero is no limit.
    let limit = Some(request.timeout).filter(|timeout| !timeout.is_zero());
    options.budget.deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    options.outside = Some(suite.world.lend(options.budget.deadline));
    options
}

// === impl Outcome ===

impl Outcome {
    /// Whether it neither passed nor was skipped.
    pub(super) fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed | Verdict::Error(_))
    }

    /// Keeps what the policy printed; gives the keys of the cases that were tried.
    fn take_lines(&mut self, lines: Vec<String>) -> Vec<Vec<Value>> {
        let mut tried = Vec::new();
        for line in lines {
            if let Some(keys) = line.strip_prefix(CASE) {
                // Sets among the keys are not JSON; such a case is known by its result alone.
                if let Ok(Value::Array(keys)) = json::parse(keys.trim()) {
                    tried.push(keys.iter().cloned().collect());
                }
            } else {
                self.output.push_str(&line);
                self.output.push('\n');
            }
        }
        tried
    }

    /// Looks up the cases that were tried in the test's value.
    fn judge(&mut self, tried: &[Vec<Value>], value: Option<&Value>) -> Verdict {
        let mut failed = false;
        for keys in tried {
            let found = value.and_then(|value| keys.iter().try_fold(value, |at, key| at.get(key)));
            let bad = found != Some(&Value::Bool(true));
            failed |= bad;
            let mut cases = &mut self.cases;
            for key in keys {
                let case = cases.entry(key.clone()).or_default();
                case.failed |= bad;
                cases = &mut case.cases;
            }
        }
        if failed {
            Verdict::Failed
        } else {
            Verdict::Passed
        }
    }
}

// === helpers ===

/// The name of a case.
pub(super) fn case_name(key: &Value) -> String {
    match key {
        Value::String(text) => text.to_string(),
        key => compact(key),
    }
}
