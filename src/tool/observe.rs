//! What was seen of an evaluation: its trace, its profile, what it covered. And how they are shown.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use regate_rego::eval::Tracer;
use regate_rego::eval::cover::{Coverage, Covered};
use regate_rego::eval::profile::{Cost, Profile};
use regate_rego::eval::trace::{Event, Op, Trace};
use regate_rego::plan::ir::Mark;
use regate_rego::source::{File, Span};
use regate_rego::syntax::ast::Module;

use super::build::{Asked, Built};
use super::eval::{Explain, Request};
use super::json::Json;
use super::table::Table;

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

/// One event of a trace, as it is shown.
#[derive(Debug, Clone)]
struct Line {
    event: Event,
    file: String,
    row: u32,
    col: u32,
    what: String,
}

/// What a literal cost.
#[derive(Debug, Clone)]
struct Costs {
    file: String,
    row: u32,
    col: u32,
    text: String,
    expressions: i64,
    cost: Cost,
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
        let costs = seen.profile.take().map(|profile| costs(&profile, files));
        let lines = seen.trace.take().map(|trace| {
            let wanted = filtered(trace.events(), explain);
            wanted
                .iter()
                .map(|event| line(event, built, asked))
                .collect()
        });
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
        self.lines
            .as_deref()
            .map(|lines| text(lines, 5))
            .unwrap_or_default()
    }

    /// The trace as a test report shows it.
    pub(super) fn trace_text(&self) -> String {
        self.lines
            .as_deref()
            .map(|lines| text(lines, 7))
            .unwrap_or_default()
    }

    pub(super) fn explanation_json(&self) -> Option<Json> {
        let lines = self.lines.as_ref()?;
        let events = lines.iter().map(|line| {
            Json::object()
                .with("Op", line.event.op.name())
                .with("Node", line.what.as_str())
                .with("Location", place_json(&line.file, line.row, line.col))
                .with("QueryID", number(line.event.id))
                .with("ParentID", number(line.event.parent))
                .with("Message", "")
        });
        Some(events.collect())
    }

    pub(super) fn profile_json(&self, request: &Request) -> Option<Json> {
        let costs = self.sorted(request)?;
        let entries = costs.into_iter().map(|costs| {
            Json::object()
                .with("total_time_ns", nanoseconds(costs.cost.time))
                .with("num_eval", number(costs.cost.evals))
                .with("num_redo", number(costs.cost.redos))
                .with("num_gen_expr", costs.expressions)
                .with("location", place_json(&costs.file, costs.row, costs.col))
        });
        Some(entries.collect())
    }

    pub(super) fn profile_text(&self, request: &Request) -> String {
        let Some(costs) = self.sorted(request) else {
            return String::new();
        };
        let head = ["Time", "Num Eval", "Num Redo", "Num Gen Expr", "Location"];
        let mut table = Table::new(head);
        table.rows = costs
            .into_iter()
            .map(|costs| {
                let place = if costs.file.is_empty() {
                    costs.text.clone()
                } else {
                    format!("{}:{}", costs.file, costs.row)
                };
                vec![
                    duration(costs.cost.time),
                    costs.cost.evals.to_string(),
                    costs.cost.redos.to_string(),
                    costs.expressions.to_string(),
                    place,
                ]
            })
            .collect();
        table.draw()
    }

    pub(super) fn coverage_json(&self) -> Option<Json> {
        self.covered.as_deref().map(coverage_json)
    }

    pub(super) fn coverage_text(&self) -> String {
        let Some(covered) = &self.covered else {
            return String::new();
        };
        let mut table = Table::default();
        let percent = share(totals(covered));
        table.rows = vec![vec!["Overall Coverage".to_owned(), percent.to_string()]];
        table.draw()
    }

    fn sorted(&self, request: &Request) -> Option<Vec<Costs>> {
        let profile = request.profile.as_ref()?;
        let mut costs = self.costs.clone()?;
        let fallback = [
            "total_time_ns",
            "num_eval",
            "num_redo",
            "num_gen_expr",
            "file",
            "line",
        ];
        let keys: Vec<&str> = profile
            .sort
            .iter()
            .map(String::as_str)
            .chain(fallback)
            .collect();
        costs.sort_by(|a, b| {
            let orders = keys.iter().map(|key| match *key {
                "total_time_ns" => b.cost.time.cmp(&a.cost.time),
                "num_eval" => b.cost.evals.cmp(&a.cost.evals),
                "num_redo" => b.cost.redos.cmp(&a.cost.redos),
                "num_gen_expr" => b.expressions.cmp(&a.expressions),
                "file" => Reverse(&a.file).cmp(&Reverse(&b.file)),
                "line" => b.row.cmp(&a.row),
                _ => std::cmp::Ordering::Equal,
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        if profile.limit > 0 {
            costs.truncate(profile.limit);
        }
        Some(costs)
    }
}

// === traces ===

/// The events that are told.
fn filtered(events: &[Event], explain: Explain) -> Vec<Event> {
    let wanted = match explain {
        Explain::Full | Explain::Debug => return events.to_vec(),
        Explain::Fails => Op::Fail,
        // What `trace` says is no event of this engine.
        Explain::Notes | Explain::Off => return Vec::new(),
    };
    let mut told = Vec::new();
    let mut open: Vec<Event> = Vec::new();
    for event in events {
        open.retain(|outer| outer.depth < event.depth);
        if event.op == wanted {
            told.append(&mut open);
            told.push(*event);
        } else if matches!(event.op, Op::Enter) {
            open.push(*event);
        }
    }
    told
}

fn line(event: &Event, built: &Built, asked: &Asked) -> Line {
    let file = asked.plan.files.get(event.place.file as usize);
    let (row, col) = file.map_or((0, 0), |file| file.row_col(event.place.span.start));
    let name = file.map_or("", |file| file.name.as_str());
    let text = match event.op {
        Op::Enter | Op::Exit => built.rule_at(event.place),
        Op::Eval | Op::Redo | Op::Fail => None,
    };
    let written = || {
        let text = file.map_or("", |file| file.slice(event.place.span));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Line {
        event: *event,
        file: name.to_owned(),
        row,
        col,
        what: text.unwrap_or_else(written),
    }
}

fn text(lines: &[Line], gap: usize) -> String {
    let place = |line: &Line| match line.file.as_str() {
        "" => format!("query:{}", line.row),
        file => format!("{file}:{}", line.row),
    };
    let width = lines.iter().map(|line| place(line).chars().count()).max();
    let width = width.unwrap_or(0) + gap;
    let mut out = String::new();
    for line in lines {
        let bars = "| ".repeat(line.event.depth);
        let (place, op) = (place(line), line.event.op.name());
        let _ = writeln!(out, "{place:width$}{bars}{op} {}", line.what);
    }
    out
}

// === profiles ===

fn costs(profile: &Profile, files: &[Arc<File>]) -> Vec<Costs> {
    let mut by_line: Vec<Costs> = Vec::new();
    let mut all: Vec<_> = profile.costs().collect();
    all.sort_by_key(|(place, _)| *place);
    for (place, cost) in all {
        let Some(file) = files.get(place.file as usize) else {
            continue;
        };
        let (row, col) = file.row_col(place.span.start);
        if let Some(last) = by_line.last_mut()
            && last.file == file.name
            && last.row == row
        {
            last.expressions += 1;
            last.cost.time += cost.time;
            last.cost.evals += cost.evals;
            last.cost.redos += cost.redos;
            continue;
        }
        by_line.push(Costs {
            file: file.name.clone(),
            row,
            col,
            text: file.slice(place.span).to_owned(),
            expressions: 1,
            cost,
        });
    }
    by_line
}

// === coverage ===

/// A coverage report.
pub(super) fn coverage_json(covered: &[Covered]) -> Json {
    let mut covered: Vec<&Covered> = covered.iter().collect();
    covered.sort_by(|a, b| a.file.name.cmp(&b.file.name));
    let files = covered.iter().map(|report| {
        let lines = report.lines();
        let spans = |spans: &[Span]| {
            let all = spans.iter().map(|span| range(&report.file, *span));
            (!spans.is_empty()).then(|| all.collect::<Json>())
        };
        let file = Json::object()
            .with_some("covered", spans(&report.covered))
            .with_some("not_covered", spans(&report.not_covered));
        (report.file.name.clone().into(), counted(file, lines))
    });
    let files = Json::Object(files.collect());
    let sum = covered.iter().map(|report| report.lines());
    let sum = sum.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    counted(Json::object().with("files", files), sum)
}

/// The lines of all files that were covered, and those that were not.
pub(super) fn totals(covered: &[Covered]) -> (usize, usize) {
    let lines = covered.iter().map(Covered::lines);
    lines.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// The share of lines that were covered, in percent.
#[expect(clippy::cast_precision_loss, reason = "no program has 2^52 lines")]
pub(super) fn share((covered, not_covered): (usize, usize)) -> f64 {
    match covered + not_covered {
        0 => 0.0,
        all => 100.0 * (covered as f64 / all as f64),
    }
}

fn counted(json: Json, lines: (usize, usize)) -> Json {
    let some = |count: usize| (count > 0).then(|| number(count));
    let percent = share(lines);
    let percent = regate_rego::value::Number::parse(&percent.to_string());
    let percent = percent
        .filter(|_| lines.0 > 0)
        .map(regate_rego::Value::Number);
    json.with_some("covered_lines", some(lines.0))
        .with_some("not_covered_lines", some(lines.1))
        .with_some("coverage", percent)
}

fn range(file: &File, span: Span) -> Json {
    let place = |at: u32| {
        let (row, col) = file.row_col(at);
        Json::object()
            .with("row", i64::from(row))
            .with("col", i64::from(col))
    };
    Json::object()
        .with("start", place(span.start))
        .with("end", place(span.end))
}

// === helpers ===

trait Named {
    fn name(&self) -> &'static str;
}

impl Named for Op {
    fn name(&self) -> &'static str {
        match self {
            Self::Enter => "Enter",
            Self::Eval => "Eval",
            Self::Redo => "Redo",
            Self::Fail => "Fail",
            Self::Exit => "Exit",
        }
    }
}

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
