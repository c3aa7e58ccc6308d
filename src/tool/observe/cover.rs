//! A coverage report as it is shown.

use regate_rego::eval::cover::Covered;
use regate_rego::source::{File, Span};

use super::number;
use crate::tool::json::Json;
use crate::tool::table::Table;

/// A coverage report.
pub(in crate::tool) fn coverage_json(covered: &[Covered]) -> Json {
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
pub(in crate::tool) fn totals(covered: &[Covered]) -> (usize, usize) {
    let lines = covered.iter().map(Covered::lines);
    lines.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// The share of lines that were covered, in percent.
#[expect(clippy::cast_precision_loss, reason = "no program has 2^52 lines")]
pub(in crate::tool) fn share((covered, not_covered): (usize, usize)) -> f64 {
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

/// The share of all files.
pub(super) fn text(covered: &[Covered]) -> String {
    let mut table = Table::default();
    let percent = format!("{:.2}", share(totals(covered)));
    table.rows = vec![vec!["Overall Coverage".to_owned(), percent]];
    table.draw()
}
