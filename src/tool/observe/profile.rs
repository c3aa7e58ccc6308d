//! A profile as it is shown: what each line cost.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use regate_rego::eval::profile::{Cost, Profile};
use regate_rego::source::File;

use super::{duration, nanoseconds, number, place_json};
use crate::tool::eval;
use crate::tool::json::Json;
use crate::tool::table::Table;

/// What a literal cost.
#[derive(Debug, Clone)]
pub(super) struct Costs {
    file: String,
    row: u32,
    col: u32,
    text: String,
    expressions: i64,
    cost: Cost,
}

/// What each line cost.
pub(super) fn costs(profile: &Profile, files: &[Arc<File>]) -> Vec<Costs> {
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

/// The lines that are wanted, in order.
pub(super) fn sorted(costs: &[Costs], profile: &eval::Profile) -> Vec<Costs> {
    let mut costs = costs.to_vec();
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
            _ => Ordering::Equal,
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    if profile.limit > 0 {
        costs.truncate(profile.limit);
    }
    costs
}

/// One object for each line.
pub(super) fn json(costs: &[Costs]) -> Json {
    let entries = costs.iter().map(|costs| {
        Json::object()
            .with("total_time_ns", nanoseconds(costs.cost.time))
            .with("num_eval", number(costs.cost.evals))
            .with("num_redo", number(costs.cost.redos))
            .with("num_gen_expr", costs.expressions)
            .with("location", place_json(&costs.file, costs.row, costs.col))
    });
    entries.collect()
}

/// A table.
pub(super) fn text(costs: &[Costs]) -> String {
    let head = ["Time", "Num Eval", "Num Redo", "Num Gen Expr", "Location"];
    let mut table = Table::new(head);
    table.rows = costs
        .iter()
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
