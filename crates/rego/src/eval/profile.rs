//! How often and how long the literals of a program with instruments were evaluated, line by line, as
//! `opa eval --profile` reports it.
//!
//! A [`Profile`] is a [tracer](super::trace). Time is what passes from one literal's event to the next, so a call's
//! literal is charged for what is between its own events and not for the rules it calls.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::trace::{Event, Node, Op, Tracer};
use crate::hir::Place;
use crate::source::{File, Location};

/// Counts and times what is evaluated.
#[derive(Debug, Default, Clone)]
pub struct Profile {
    hits: HashMap<Key, Hit>,
    last: Option<(Key, Instant)>,
}

/// A literal: where it stands, and its number in its body.
type Key = (Place, u32);

/// What is known of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where its first literal stands.
    pub location: Location,
    /// That literal's text.
    pub text: String,
    /// How often its literals began.
    pub num_eval: u64,
    /// How often they were asked for another solution.
    pub num_redo: u64,
    /// How many numbers in their bodies they have, parts that OPA evaluates on their own included.
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
    /// How many others were come to before.
    order: usize,
    evals: u64,
    redos: u64,
    ns: u64,
}

// === impl Profile ===

impl Profile {
    /// The lines that took part. The files are [`ir::Query::files`](crate::plan::ir::Query::files).
    #[must_use]
    pub fn lines(&self, files: &[Arc<File>]) -> Vec<Line> {
        let mut lines: BTreeMap<(u32, u32), (Line, BTreeSet<u32>)> = BTreeMap::new();
        let mut hits: Vec<_> = self.hits.iter().collect();
        hits.sort_by_key(|(_, hit)| hit.order);
        for ((place, index), hit) in hits {
            let Some(file) = files.get(place.file as usize) else {
                continue;
            };
            let key = (place.file, file.row_col(place.span.start).0);
            let (line, numbers) = lines.entry(key).or_insert_with(|| Line::at(file, *place));
            numbers.insert(*index);
            line.num_eval += hit.evals;
            line.num_redo += hit.redos;
            line.total_time_ns = line.total_time_ns.saturating_add(hit.ns);
        }
        let lines = lines.into_values();
        let lines = lines.map(|(line, numbers)| Line {
            num_gen_expr: numbers.len() as u64,
            ..line
        });
        lines.collect()
    }

    /// The evaluation is over: no literal is charged for what comes now.
    pub fn stop(&mut self) {
        if let Some((key, since)) = self.last.take() {
            let ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let hit = self.hit(key);
            hit.ns = hit.ns.saturating_add(ns);
        }
    }

    fn hit(&mut self, key: Key) -> &mut Hit {
        let order = self.hits.len();
        self.hits.entry(key).or_insert_with(|| Hit {
            order,
            ..Hit::default()
        })
    }
}

impl Tracer for Profile {
    fn event(&mut self, event: &Event) {
        let (Node::Literal(place) | Node::Not(place)) = event.node else {
            return;
        };
        if !matches!(event.op, Op::Eval | Op::Redo) {
            return;
        }
        self.stop();
        let key = (place, event.index);
        let hit = self.hit(key);
        match event.op {
            Op::Eval => hit.evals += 1,
            _ => hit.redos += 1,
        }
        self.last = Some((key, Instant::now()));
    }
}

// === impl Line ===

impl Line {
    fn at(file: &File, place: Place) -> (Self, BTreeSet<u32>) {
        let line = Self {
            location: file.location(place.span),
            text: file.slice(place.span).to_owned(),
            num_eval: 0,
            num_redo: 0,
            num_gen_expr: 0,
            total_time_ns: 0,
        };
        (line, BTreeSet::new())
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

    /// Which of two lines comes first, by the first of `all` that tells.
    #[must_use]
    pub fn order(all: &[Self], a: &Line, b: &Line) -> Ordering {
        let order = all.iter().map(|by| by.compare(a, b));
        order.fold(Ordering::Equal, Ordering::then)
    }

    fn compare(self, a: &Line, b: &Line) -> Ordering {
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
