//! `test --bench`: how long one evaluation of a test takes.

use std::time::{Duration, Instant};

use regate_rego::Evaluator;

use super::super::build::Asked;
use super::run::options;
use super::{Request, Suite};

/// What was timed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// How many evaluations.
    pub(super) runs: u64,
    /// How long they took together.
    pub(super) time: Duration,
}

/// How long a test is evaluated again and again.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// Times a test that passes.
pub(super) fn time(request: &Request, suite: &Suite, asked: &Asked) -> Timing {
    let mut evaluator = Evaluator::new();
    let start = Instant::now();
    let (mut runs, mut batch) = (0, 1);
    loop {
        for _ in 0..batch {
            let mut options = options(request, suite);
            let _ = evaluator.value(&suite.built.policy, &asked.plan, None, &mut options);
        }
        runs += batch;
        let time = start.elapsed();
        if time >= LONG_ENOUGH {
            return Timing { runs, time };
        }
        batch = (batch * 2).min(1024);
    }
}

// === impl Timing ===

impl Timing {
    /// Nanoseconds of one evaluation.
    pub(super) fn per_run(&self) -> u128 {
        self.time.as_nanos() / u128::from(self.runs.max(1))
    }

    /// As Go's benchmarks are written, without allocations, which are not counted here.
    pub(super) fn text(&self, name: &str) -> String {
        let each = self.per_run();
        format!(
            "{name}\t{:8}\t{each:10} ns/op\t{each:10} timer_rego_query_eval_ns/op\n",
            self.runs
        )
    }
}
