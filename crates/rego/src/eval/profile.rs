//! How often and how long the literals of a program with instruments were evaluated, line by line, as
//! `opa eval --profile` reports it.
//!
//! A [`Profile`] is a [tracer](super::trace). Time is what passes from one literal's event to the next, so a call's
//! literal is charged for what is between its own events and not for the rules it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::trace::{Event, Node, Op, Tracer};
use crate::hir::Place;
use crate::source::{File, Location};
use crate::value::{Object, Value};

/// Counts and times what is evaluated.
#[derive(Debug, Default, Clone)]
pub struct Profile {
    hits: BTreeMap<Place, Hit>,
    last: Option<(Place, Instant)>,
}

/// What is known of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where its first literal stands.
    pub location: Location,
    /// How often its literals began.
    pub num_eval: u64,
    /// How often they were asked for another solution.
    pub num_redo: u64,
    /// How many of them there are, parts that OPA evaluates on their own included.
    pub num_gen_expr: u64,
    /// How long it took, in nanoseconds.
    pub total_time_ns: u64,
}

/// What lines are ordered by, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// [`Line::total_time_ns`].
    Time,
    /// [`Line::num_eval`].
    Evals,
    /// [`Line::num_redo`].
    Redos,
    /// [`Line::num_gen_expr`].
    Exprs,
    /// The file's name.
    File,
    /// The line's number.
    Row,
}

#[derive(Debug, Default, Clone)]
struct Hit {
    evals: u64,
    redos: u64,
    ns: u64,
}

// === impl Profile ===

impl Profile {
    /// The lines that took part, in the order of `by`; at most `limit`, where that is not 0. The files are
    /// [`ir::Query::files`](crate::plan::ir::Query::files).
    #[must_use]
    pub fn lines(&self, files: &[Arc<File>], by: &[By], limit: usize) -> Vec<Line> {
        let mut lines: BTreeMap<(u32, u32), (Line, BTreeSet<Place>)> = BTreeMap::new();
        for (place, hit) in &self.hits {
            let Some(file) = files.get(place.file as usize) else {
                continue;
            };
            let location = file.location(place.span);
            let key = (place.file, location.row);
            let (line, places) = lines.entry(key).or_insert_with(|| Line::at(location));
            places.insert(*place);
            line.num_eval += hit.evals;
            line.num_redo += hit.redos;
            line.total_time_ns += hit.ns;
        }
        let mut lines: Vec<Line> = lines
            .into_values()
            .map(|(line, places)| Line {
                num_gen_expr: places.len() as u64,
                ..line
            })
            .collect();
        lines.sort_by(|a, b| {
            let order = by.iter().map(|by| by.compare(a, b));
            order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        if limit > 0 {
            lines.truncate(limit);
        }
        lines
    }

    /// The evaluation is over: no literal is charged for what comes now.
    pub fn stop(&mut self) {
        if let Some((place, since)) = self.last.take() {
            let ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let hit = self.hits.entry(place).or_default();
            hit.ns = hit.ns.saturating_add(ns);
        }
    }
}

impl Tracer for Profile {
    fn event(&mut self, event: &Event) {
        let Node::Literal(place) = event.node else {
            return;
        };
        self.stop();
        let hit = self.hits.entry(place).or_default();
        match event.op {
            Op::Eval => hit.evals += 1,
            Op::Redo => hit.redos += 1,
            _ => return,
        }
        self.last = Some((place, Instant::now()));
    }
}

// === impl Line ===

impl Line {
    fn at(location: Location) -> (Self, BTreeSet<Place>) {
        let line = Self {
            location,
            num_eval: 0,
            num_redo: 0,
            num_gen_expr: 0,
            total_time_ns: 0,
        };
        (line, BTreeSet::new())
    }

    /// As OPA writes it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let location = object([
            ("file", (&*self.location.file).into()),
            ("row", i64::from(self.location.row).into()),
            ("col", i64::from(self.location.col).into()),
        ]);
        object([
            ("total_time_ns", number(self.total_time_ns)),
            ("num_eval", number(self.num_eval)),
            ("num_redo", number(self.num_redo)),
            ("num_gen_expr", number(self.num_gen_expr)),
            ("location", location),
        ])
    }
}

// === impl By ===

impl By {
    /// By OPA's name: `total_time_ns`, `num_eval`, `num_redo`, `num_gen_expr`, `file`, `line`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "total_time_ns" => Self::Time,
            "num_eval" => Self::Evals,
            "num_redo" => Self::Redos,
            "num_gen_expr" => Self::Exprs,
            "file" => Self::File,
            "line" => Self::Row,
            _ => return None,
        })
    }

    fn compare(self, a: &Line, b: &Line) -> std::cmp::Ordering {
        match self {
            Self::Time => b.total_time_ns.cmp(&a.total_time_ns),
            Self::Evals => b.num_eval.cmp(&a.num_eval),
            Self::Redos => b.num_redo.cmp(&a.num_redo),
            Self::Exprs => b.num_gen_expr.cmp(&a.num_gen_expr),
            Self::File => b.location.file.cmp(&a.location.file),
            Self::Row => b.location.row.cmp(&a.location.row),
        }
    }
}

// === helpers ===

fn number(count: u64) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (Value::from(name), value));
    Value::from(Object::from(Vec::from(members)))
}
