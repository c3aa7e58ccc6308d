//! How profiles of one or several runs are shown.

use std::collections::BTreeMap;
use std::time::Duration;

use regate_rego::eval::profile::{By, Line};

use super::eval::Profile;
use super::json::Json;
use super::observe::{duration, number, place_json};
use super::stats::Stats;
use super::table::Table;

/// A line of a profile, and how long it took in each run.
struct Timed {
    line: Line,
    stats: Stats,
}

/// What OPA sorts by when nothing else tells.
const ORDER: [By; 6] = [By::Time, By::Evals, By::Redos, By::Exprs, By::File, By::Row];

/// As a list, of several runs with figures of all of them.
pub(super) fn json(shown: &Profile, runs: &[Vec<Line>]) -> Json {
    let lines = timed(shown, runs).into_iter().map(|Timed { line, stats }| {
        let time = if runs.len() > 1 {
            Json::object().with("total_time_ns_stats", stats.to_json())
        } else {
            Json::object().with("total_time_ns", number(line.total_time_ns))
        };
        let place = &line.location;
        time.with("num_eval", number(line.num_eval))
            .with("num_redo", number(line.num_redo))
            .with("num_gen_expr", number(line.num_gen_expr))
            .with("location", place_json(&place.file, place.row, place.col))
    });
    lines.collect()
}

/// As a table.
pub(super) fn text(shown: &Profile, runs: &[Vec<Line>]) -> String {
    let several = runs.len() > 1;
    let times = if several {
        &["Min", "Max", "Mean", "90%", "99%"][..]
    } else {
        &["Time"][..]
    };
    let counts = ["Num Eval", "Num Redo", "Num Gen Expr", "Location"];
    let mut table = Table::new(times.iter().copied().chain(counts));
    let rows = timed(shown, runs).into_iter().map(|Timed { line, stats }| {
        let mut cells = if several {
            summary(&stats).map(|(_, ns)| time(ns)).to_vec()
        } else {
            vec![duration(Duration::from_nanos(line.total_time_ns))]
        };
        let place = match &*line.location.file {
            "" => line.text,
            _ => line.location.to_string(),
        };
        let counts = [line.num_eval, line.num_redo, line.num_gen_expr];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(place);
        cells
    });
    table.rows = rows.collect();
    table.draw()
}

/// The figures that tables show.
pub(super) fn summary(stats: &Stats) -> [(&'static str, f64); 5] {
    [
        ("min", stats.min()),
        ("max", stats.max()),
        ("mean", stats.mean()),
        ("90%", stats.share(0.9)),
        ("99%", stats.share(0.99)),
    ]
}

// === helpers ===

/// The lines of all runs, in the order that is wanted and no more of them.
fn timed(shown: &Profile, runs: &[Vec<Line>]) -> Vec<Timed> {
    let mut lines: BTreeMap<(&str, u32), (&Line, Vec<u64>)> = BTreeMap::new();
    for line in runs.iter().flatten() {
        let key = (&*line.location.file, line.location.row);
        let (_, times) = lines.entry(key).or_insert_with(|| (line, Vec::new()));
        times.push(line.total_time_ns);
    }
    let mut timed: Vec<Timed> = lines
        .into_values()
        .map(|(line, times)| {
            let stats = Stats::of(times);
            let mut line = line.clone();
            line.total_time_ns = whole(stats.mean());
            Timed { line, stats }
        })
        .collect();
    let wanted = shown.sort.iter().filter_map(|name| By::named(name));
    let by: Vec<By> = wanted.chain(ORDER).collect();
    timed.sort_by(|a, b| By::order(&by, &a.line, &b.line));
    if shown.limit > 0 {
        timed.truncate(shown.limit);
    }
    timed
}

fn time(ns: f64) -> String {
    duration(Duration::from_nanos(whole(ns)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time that was measured is not negative, and shorter than centuries"
)]
fn whole(ns: f64) -> u64 {
    ns as u64
}
