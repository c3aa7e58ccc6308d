//! The outcome of `eval` in the formats of `opa eval --format`.

use regate_rego::Value;
use regate_rego::eval::Row;
use regate_rego::source::File;

use super::build::Asked;
use super::eval::{Format, Measured, Outcome, Request};
use super::json::{Json, compact};
use super::metrics::{self, Metrics};
use super::observe::Observed;
use super::problem::{self, Problem};
use super::profile;
use super::stats;
use super::table::Table;

/// What goes to stdout and to stderr.
pub(super) fn present(
    request: &Request,
    outcome: &Outcome,
    measured: &Measured,
) -> (String, String) {
    match request.format {
        Format::Json => (
            document(request, outcome, measured, rows_json(outcome)).to_text(),
            String::new(),
        ),
        Format::Discard => {
            let discarded = (!outcome.rows.is_empty()).then(|| Json::from("discarded"));
            (
                sorted(document(request, outcome, measured, discarded)).to_text(),
                String::new(),
            )
        }
        _ if !outcome.problems.is_empty() => {
            (String::new(), problem::shown(&outcome.problems, false))
        }
        Format::Values => {
            let rows = outcome.rows.iter().map(values);
            (rows.map(|row| row.to_text()).collect(), String::new())
        }
        Format::Bindings => {
            let rows = outcome.rows.iter().map(bindings);
            (rows.map(|row| row.to_text()).collect(), String::new())
        }
        Format::Raw => (outcome.rows.iter().map(raw).collect(), String::new()),
        Format::Pretty => (pretty(request, outcome, measured), String::new()),
    }
}

// === JSON ===

fn document(
    request: &Request,
    outcome: &Outcome,
    measured: &Measured,
    result: Option<Json>,
) -> Json {
    let errors = Some(&outcome.problems).filter(|problems| !problems.is_empty());
    let errors = errors.map(|problems| problems.iter().map(Problem::to_json).collect::<Json>());
    let observed = outcome.observed.as_ref();
    let (metrics_name, profile_name) = match measured.metrics.as_slice() {
        [_] => ("metrics", "profile"),
        _ => ("aggregated_metrics", "aggregated_profile"),
    };
    let metrics = request
        .shows_metrics()
        .then(|| metrics_json(&measured.metrics));
    let profile = request.profile.as_ref();
    let profile = profile.filter(|_| !measured.profiles.is_empty());
    let profile = profile.map(|shown| profile::json(shown, &measured.profiles));
    Json::object()
        .with_some("errors", errors)
        .with_some("result", result)
        .with_some(metrics_name, metrics)
        .with_some("explanation", observed.and_then(Observed::explanation_json))
        .with_some(profile_name, profile)
        .with_some("coverage", observed.and_then(Observed::coverage_json))
}

fn metrics_json(runs: &[Metrics]) -> Json {
    if let [run] = runs {
        return run.to_json();
    }
    let timers = metrics::aggregated(runs).into_iter();
    let timers = timers.map(|(name, stats)| (name.into(), stats.to_json()));
    Json::Object(timers.collect())
}

fn rows_json(outcome: &Outcome) -> Option<Json> {
    let rows = outcome.rows.iter();
    let rows = rows.map(|row| row_json(row, outcome.asked.as_ref()));
    (!outcome.rows.is_empty()).then(|| rows.collect())
}

fn row_json(row: &Row, asked: Option<&Asked>) -> Json {
    let expressions = row.expressions.iter().enumerate().map(|(at, (_, value))| {
        let (text, line, column) = asked.map_or(("", 0, 0), |asked| asked.expression(at));
        let location = Json::object()
            .with("row", i64::from(line))
            .with("col", i64::from(column));
        Json::object()
            .with("value", value.clone())
            .with("text", text)
            .with("location", location)
    });
    let names = (!row.bindings.is_empty()).then(|| bindings(row));
    Json::object()
        .with("expressions", expressions.collect::<Json>())
        .with_some("bindings", names)
}

fn bindings(row: &Row) -> Json {
    let mut bindings: Vec<_> = row.bindings.iter().collect();
    bindings.sort_by(|a, b| a.0.cmp(&b.0));
    let members = bindings.into_iter();
    let members = members.map(|(name, value)| (name.to_string().into(), value.clone().into()));
    Json::Object(members.collect())
}

fn values(row: &Row) -> Json {
    let values = row.expressions.iter();
    values.map(|(_, value)| Json::from(value.clone())).collect()
}

/// The members of an object by name.
fn sorted(document: Json) -> Json {
    match document {
        Json::Object(mut members) => {
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect(),
            )
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        value @ Json::Value(_) => value,
    }
}

// === text ===

fn raw(row: &Row) -> String {
    let values = row.expressions.iter().map(|(_, value)| match value {
        Value::String(text) => text.to_string(),
        value => compact(value),
    });
    values.collect::<Vec<_>>().join(" ") + "\n"
}

fn pretty(request: &Request, outcome: &Outcome, measured: &Measured) -> String {
    let observed = outcome.observed.as_ref();
    let mut out = String::new();
    if let Some(observed) = observed {
        out.push_str(&observed.explanation_text(request.var_values));
    }
    out.push_str(&answers(outcome));
    if request.shows_metrics() {
        out.push_str(&metrics_text(&measured.metrics));
    }
    if let Some(shown) = &request.profile {
        out.push_str(&profile::text(shown, &measured.profiles));
    }
    out.push_str(&observed.map(Observed::coverage_text).unwrap_or_default());
    out
}

fn metrics_text(runs: &[Metrics]) -> String {
    if let [run] = runs {
        let mut table = Table::new(["Metric", "Value"]);
        let row = |(name, ns): (&str, u64)| vec![name.to_owned(), ns.to_string()];
        table.rows = run.iter().map(row).collect();
        return table.draw();
    }
    let mut table = Table::new(["Metric", "Min", "Max", "Mean", "90%", "99%"]);
    let timers = metrics::aggregated(runs).into_iter();
    let rows = timers.map(|(name, stats)| {
        let figures = profile::summary(&stats);
        let figures = figures
            .into_iter()
            .map(|(name, figure)| stats::cell(name, figure));
        std::iter::once(name.to_owned()).chain(figures).collect()
    });
    table.rows = rows.collect();
    table.draw()
}

fn answers(outcome: &Outcome) -> String {
    let [first, rest @ ..] = outcome.rows.as_slice() else {
        return "undefined\n".to_owned();
    };
    if let ([(_, value)], []) = (first.expressions.as_slice(), first.bindings.as_slice())
        && rest.is_empty()
    {
        return Json::from(value.clone()).to_text();
    }
    let told: Vec<usize> = first
        .expressions
        .iter()
        .enumerate()
        .filter(|(_, (_, value))| !matches!(value, Value::Bool(_)))
        .map(|(at, _)| at)
        .collect();
    if told.is_empty() && first.bindings.is_empty() {
        return "true\n".to_owned();
    }
    table(outcome, first, &told)
}

fn table(outcome: &Outcome, first: &Row, told: &[usize]) -> String {
    let text = |at: &usize| {
        let asked = outcome.asked.as_ref();
        asked.map_or("", |asked| asked.expression(*at).0).to_owned()
    };
    let mut names: Vec<&str> = first.bindings.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let names_too = names.iter().map(|name| (*name).to_owned());
    let mut table = Table::new(told.iter().map(text).chain(names_too));
    for row in &outcome.rows {
        let values = told.iter().filter_map(|at| row.expressions.get(*at));
        let values = values.map(|(_, value)| compact(value));
        let bound = names.iter().map(|name| {
            let mut members = row.bindings.iter();
            let found = members.find(|(other, _)| &**other == *name);
            found.map(|(_, value)| compact(value)).unwrap_or_default()
        });
        table.rows.push(values.chain(bound).collect());
    }
    table.draw()
}

// === impl Asked ===

impl Asked {
    /// An expression of the query: its text and where it stands in it.
    fn expression(&self, at: usize) -> (&str, u32, u32) {
        let Some((place, _)) = self.plan.expressions.get(at) else {
            return ("", 0, 0);
        };
        let Some(file) = self.plan.files.get(place.file as usize) else {
            return ("", 0, 0);
        };
        let (row, column) = File::row_col(file, place.span.start);
        (file.slice(place.span), row, column)
    }
}
