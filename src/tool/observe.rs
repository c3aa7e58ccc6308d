//! What was seen of an evaluation: its trace, its profile, what it covered. And how they are shown.

mod cover;
pub(super) mod notes;
mod profile;
mod trace;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regate_rego::eval::Tracer;
use regate_rego::eval::cover::{Coverage, Covered};
use regate_rego::eval::profile::Profile;
use regate_rego::eval::trace::Trace;
use regate_rego::plan::ir::Mark;
use regate_rego::syntax::ast::Module;

use super::build::{Asked, Built};
use super::eval::{Explain, Request};
use super::json::Json;
pub(super) use cover::{coverage_json, share, totals};
use profile::Costs;
use trace::Line;

/// Watches evaluations.
#[derive(Debug, Default, Clone)]
pub(super) struct Observer(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    trace: Option<Trace>,
    profile: Option<Profile>,
    coverage: Option<Coverage>,
}

/// What was seen, by file and line.
#[derive(Debug, Default)]
pub(super) struct Observed {
    lines: Option<Vec<Line>>,
    costs: Option<Vec<Costs>>,
    covered: Option<Vec<Covered>>,
}

// === impl Observer ===

impl Observer {
    /// Watches what is wanted.
    pub(super) fn new(trace: bool, profile: bool, coverage: bool) -> Self {
        Self(Arc::new(Mutex::new(Seen {
            trace: trace.then(Trace::default),
            profile: profile.then(Profile::default),
            coverage: coverage.then(Coverage::default),
        })))
    }

    /// What to hand to the evaluation.
    pub(super) fn tracer(&self) -> Box<dyn Tracer> {
        Box::new(self.clone())
    }

    /// Takes in what `trace` said, where a trace is kept.
    pub(super) fn note(&self, text: &str) {
        if let Ok(mut seen) = self.0.lock()
            && let Some(trace) = &mut seen.trace
        {
            trace.note(text);
        }
    }

    /// What was covered.
    pub(super) fn coverage(&self) -> Option<Coverage> {
        self.0.lock().ok().and_then(|mut seen| seen.coverage.take())
    }

    /// What was seen.
    pub(super) fn finish(
        &self,
        explain: Explain,
        built: &Built,
        modules: &[Module],
        asked: &Asked,
    ) -> Observed {
        let Ok(mut seen) = self.0.lock() else {
            return Observed::default();
        };
        let files = &asked.plan.files;
        let costs = seen.profile.take();
        let costs = costs.map(|costs| profile::costs(&costs, files));
        let lines = seen.trace.take();
        let lines = lines.map(|trace| trace::lines(&trace, explain, built, asked));
        let covered = seen.coverage.take();
        Observed {
            lines,
            costs,
            covered: covered.map(|coverage| coverage.report(modules, files)),
        }
    }
}

impl Tracer for Observer {
    fn mark(&mut self, mark: &Mark) {
        let Ok(mut seen) = self.0.lock() else { return };
        if let Some(trace) = &mut seen.trace {
            trace.mark(mark);
        }
        if let Some(profile) = &mut seen.profile {
            profile.mark(mark);
        }
        if let Some(coverage) = &mut seen.coverage {
            coverage.mark(mark);
        }
    }
}

// === impl Observed ===

impl Observed {
    pub(super) fn explanation_text(&self) -> String {
        let lines = self.lines.as_deref();
        lines.map(|lines| trace::text(lines, 5)).unwrap_or_default()
    }

    /// The trace as a test report shows it.
    pub(super) fn trace_text(&self) -> String {
        let lines = self.lines.as_deref();
        lines.map(|lines| trace::text(lines, 7)).unwrap_or_default()
    }

    pub(super) fn explanation_json(&self) -> Option<Json> {
        self.lines.as_deref().map(trace::json)
    }

    pub(super) fn profile_json(&self, request: &Request) -> Option<Json> {
        self.costs(request).map(|costs| profile::json(&costs))
    }

    pub(super) fn profile_text(&self, request: &Request) -> String {
        let costs = self.costs(request);
        costs.map(|costs| profile::text(&costs)).unwrap_or_default()
    }

    pub(super) fn coverage_json(&self) -> Option<Json> {
        self.covered.as_deref().map(coverage_json)
    }

    pub(super) fn coverage_text(&self) -> String {
        let covered = self.covered.as_deref();
        covered.map(cover::text).unwrap_or_default()
    }

    fn costs(&self, request: &Request) -> Option<Vec<Costs>> {
        let profile = request.profile.as_ref()?;
        Some(profile::sorted(self.costs.as_deref()?, profile))
    }
}

// === helpers ===

fn place_json(file: &str, row: u32, col: u32) -> Json {
    Json::object()
        .with("file", file)
        .with("row", i64::from(row))
        .with("col", i64::from(col))
}

fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

fn nanoseconds(time: Duration) -> i64 {
    number(time.as_nanos())
}

/// A duration as Go writes it: `1.5ms`, `12.345µs`, `800ns`, `1m2.5s`.
pub(super) fn duration(time: Duration) -> String {
    let ns = time.as_nanos();
    let scaled = |unit: u128, name: &str| {
        let (whole, rest) = (ns / unit, ns % unit);
        let digits = unit.ilog10() as usize;
        let rest = format!("{rest:0digits$}");
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() {
            format!("{whole}{name}")
        } else {
            format!("{whole}.{rest}{name}")
        }
    };
    match ns {
        0 => "0s".to_owned(),
        1..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => scaled(1_000, "µs"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "ms"),
        1_000_000_000..60_000_000_000 => scaled(1_000_000_000, "s"),
        _ => {
            let (minutes, rest) = (ns / 60_000_000_000, ns % 60_000_000_000);
            let rest = u64::try_from(rest).unwrap_or(0);
            let rest = match rest {
                0 => "0s".to_owned(),
                rest => duration(Duration::from_nanos(rest)),
            };
            format!("{minutes}m{rest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let cases = [
            (0, "0s"),
            (950, "950ns"),
            (1_500, "1.5µs"),
            (12_345, "12.345µs"),
            (2_000_000, "2ms"),
            (1_020_000_000, "1.02s"),
            (61_500_000_000, "1m1.5s"),
            (120_000_000_000, "2m0s"),
        ];
        for (ns, want) in cases {
            assert_eq!(duration(Duration::from_nanos(ns)), want);
        }
    }
}
