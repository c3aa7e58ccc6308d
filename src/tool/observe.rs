//! What was seen of an evaluation: its trace, its profile, what it covered. And how they are shown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regate_rego::eval::Tracer;
use regate_rego::eval::cover::{Cover, FileReport, Range, Report};
use regate_rego::eval::profile::{Line, Profile};
use regate_rego::eval::trace::{self, Event, Lines, Op, Recorder};
use regate_rego::plan::ir::Program;
use regate_rego::source::File;

use super::build::Asked;
use super::eval::Explain;
use super::explain::Explanation;
use super::json::Json;
use super::table::Table;

/// Watches evaluations.
#[derive(Debug, Default, Clone)]
pub(super) struct Observer {
    trace: Option<Arc<Mutex<Recorder>>>,
    profile: Option<Arc<Mutex<Profile>>>,
    cover: Option<Arc<Mutex<Cover>>>,
}

/// What was seen of one evaluation.
#[derive(Debug, Default)]
pub(super) struct Observed {
    files: Vec<Arc<File>>,
    events: Option<Vec<Event>>,
    /// What failed, in order.
    failures: Option<Vec<Event>>,
    profile: Option<Profile>,
    covered: Option<Report>,
}

// === impl Observer ===

impl Observer {
    /// Watches what is wanted.
    pub(super) fn new(trace: bool, profile: bool, coverage: bool) -> Self {
        Self {
            trace: trace.then(recorder),
            profile: profile.then(Arc::default),
            cover: coverage.then(Arc::default),
        }
    }

    /// Watches what this one watches the coverage of, and where wanted what is for itself alone.
    pub(super) fn beside(&self, trace: bool) -> Self {
        Self {
            trace: trace.then(recorder),
            profile: None,
            cover: self.cover.clone(),
        }
    }

    /// What was covered so far by all that share it.
    pub(super) fn covered(&self, program: &Program) -> Option<Report> {
        let cover = self.cover.as_ref()?.lock().ok()?;
        Some(cover.report(program))
    }

    /// What to hand to the evaluation.
    pub(super) fn tracer(&self) -> Box<dyn Tracer> {
        let mut tracers: Vec<Box<dyn Tracer>> = Vec::new();
        if let Some(trace) = &self.trace {
            tracers.push(Box::new(Arc::clone(trace)));
        }
        if let Some(profile) = &self.profile {
            tracers.push(Box::new(Arc::clone(profile)));
        }
        if let Some(cover) = &self.cover {
            tracers.push(Box::new(Arc::clone(cover)));
        }
        Box::new(tracers)
    }

    /// What was seen since the last time; what was covered adds up.
    pub(super) fn finish(&self, explain: Explain, program: &Program, asked: &Asked) -> Observed {
        let profile = self.profile.as_ref().and_then(taken);
        let recorded = self.trace.as_ref().and_then(taken);
        let failures = recorded.as_ref().map(|recorder| {
            let failures = recorder.events.iter();
            let failures = failures.filter(|event| event.op == Op::Fail);
            failures.cloned().collect()
        });
        let events = recorded.map(|recorder| match explain {
            Explain::Full | Explain::Debug => recorder.events,
            Explain::Notes => trace::picked(&recorder.events, &[Op::Note]),
            Explain::Fails => trace::picked(&recorder.events, &[Op::Fail]),
            Explain::FailsAndNotes => trace::picked(&recorder.events, &[Op::Fail, Op::Note]),
            Explain::Off => Vec::new(),
        });
        let cover = self.cover.as_ref().and_then(|cover| cover.lock().ok());
        Observed {
            files: asked.plan.files.clone(),
            events,
            failures,
            profile: profile.map(|mut profile| {
                profile.stop();
                profile
            }),
            covered: cover.map(|cover| cover.report(program)),
        }
    }
}

fn recorder() -> Arc<Mutex<Recorder>> {
    Arc::new(Mutex::new(Recorder {
        locals: true,
        ..Recorder::default()
    }))
}

fn taken<T: Default>(kept: &Arc<Mutex<T>>) -> Option<T> {
    kept.lock().ok().map(|mut kept| std::mem::take(&mut *kept))
}

// === impl Observed ===

impl Observed {
    /// The trace, with the values of variables where wanted.
    pub(super) fn explanation_text(&self, values: bool) -> String {
        self.text(Lines::new(&self.files), values)
    }

    /// The trace as a test report shows it.
    pub(super) fn trace_text(&self, values: bool) -> String {
        self.text(Lines::new(&self.files).gap(6), values)
    }

    /// The expression that failed last, and below it what its variables are.
    pub(super) fn failed_text(&self) -> String {
        let events = self.failures.as_deref().unwrap_or_default();
        Lines::new(&self.files).failed(events)
    }

    fn text(&self, lines: Lines<'_>, values: bool) -> String {
        let lines = if values { lines.locals() } else { lines };
        lines.text(self.events.as_deref().unwrap_or_default())
    }

    pub(super) fn explanation_json(&self) -> Option<Json> {
        let events = self.events.as_ref()?;
        Some(Explanation::new(&self.files).json(events))
    }

    /// The lines of the profile, in no order.
    pub(super) fn profiled(&self) -> Option<Vec<Line>> {
        let profile = self.profile.as_ref()?;
        Some(profile.lines(&self.files))
    }

    pub(super) fn coverage_json(&self) -> Option<Json> {
        self.covered.as_ref().map(coverage_json)
    }

    pub(super) fn coverage_text(&self) -> String {
        let Some(covered) = &self.covered else {
            return String::new();
        };
        let mut table = Table::default();
        let percent = covered.coverage.to_string();
        table.rows = vec![vec!["Overall Coverage".to_owned(), percent]];
        table.draw()
    }
}

// === coverage ===

/// A coverage report.
pub(super) fn coverage_json(report: &Report) -> Json {
    let files = report.files.iter().map(|(name, file)| {
        let ranges = |ranges: &[Range]| {
            let all = ranges.iter().map(range_json);
            (!ranges.is_empty()).then(|| all.collect::<Json>())
        };
        let FileReport {
            covered,
            not_covered,
            ..
        } = file;
        let json = Json::object()
            .with_some("covered", ranges(covered))
            .with_some("not_covered", ranges(not_covered));
        let lines = (file.covered_lines, file.not_covered_lines);
        (name.clone().into(), counted(json, lines, file.coverage))
    });
    let files = Json::Object(files.collect());
    let lines = (report.covered_lines, report.not_covered_lines);
    counted(Json::object().with("files", files), lines, report.coverage)
}

fn counted(json: Json, lines: (usize, usize), percent: f64) -> Json {
    let some = |count: usize| (count > 0).then(|| number(count));
    let percent = regate_rego::value::Number::parse(&percent.to_string());
    let percent = percent
        .filter(|_| lines.0 > 0)
        .map(regate_rego::Value::Number);
    json.with_some("covered_lines", some(lines.0))
        .with_some("not_covered_lines", some(lines.1))
        .with_some("coverage", percent)
}

fn range_json(range: &Range) -> Json {
    let place = |(row, col): (u32, u32)| {
        Json::object()
            .with("row", i64::from(row))
            .with("col", i64::from(col))
    };
    Json::object()
        .with("start", place(range.start))
        .with("end", place(range.end))
}

// === helpers ===

pub(super) fn place_json(file: &str, row: u32, col: u32) -> Json {
    Json::object()
        .with("file", file)
        .with("row", i64::from(row))
        .with("col", i64::from(col))
}

pub(super) fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
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
