//! Which rules and literals of a program with instruments were evaluated, as `opa eval --coverage` and
//! `opa test --coverage` report it.
//!
//! A [`Cover`] is a [tracer](super::trace); give it to as many evaluations of one program as there are, then ask for
//! its [report](Cover::report). A literal (or a part that OPA evaluates on its own) counts when its evaluation
//! began, a rule's head when the rule had an answer.

use std::collections::{BTreeMap, BTreeSet};

use super::trace::{Event, Node, Op, Tracer};
use crate::hir::Place;
use crate::plan::ir::{self, Program};

/// Keeps what was evaluated.
#[derive(Debug, Default, Clone)]
pub struct Cover {
    hits: BTreeSet<Place>,
}

/// What was evaluated and what was not.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Report {
    /// The files with anything to evaluate, by name.
    pub files: BTreeMap<String, FileReport>,
    /// How many lines were evaluated.
    pub covered_lines: usize,
    /// How many were not.
    pub not_covered_lines: usize,
    /// The share of those that were, in percent.
    pub coverage: f64,
}

/// What was evaluated of one file and what was not.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct FileReport {
    /// What was, in order.
    pub covered: Vec<Range>,
    /// What was not, in order.
    pub not_covered: Vec<Range>,
    /// How many lines were evaluated.
    pub covered_lines: usize,
    /// How many were not.
    pub not_covered_lines: usize,
    /// The share of those that were, in percent.
    pub coverage: f64,
}

/// From one place to another, rows and columns from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// Where it starts: row and column.
    pub start: (u32, u32),
    /// Where it ends: row and column, exclusive.
    pub end: (u32, u32),
}

// === impl Cover ===

impl Cover {
    /// What was evaluated of the program, and what was not.
    #[must_use]
    pub fn report(&self, program: &Program) -> Report {
        let mut report = Report::default();
        // What a tool put in has no text.
        let written = |marked: &&ir::Marked| marked.place.span.start < marked.place.span.end;
        for ir::Marked { place, part } in program.marked.iter().filter(written) {
            let Some(source) = program.files.get(place.file as usize) else {
                continue;
            };
            let file = report.files.entry(source.name.clone()).or_default();
            let start = source.row_col(place.span.start);
            let end = source.row_col(place.span.end);
            let range = Range { start, end };
            if self.hits.contains(place) {
                file.covered.push(range);
            } else if !part {
                file.not_covered.push(range);
            }
        }
        for file in report.files.values_mut() {
            file.count();
            report.covered_lines += file.covered_lines;
            report.not_covered_lines += file.not_covered_lines;
        }
        report.coverage = percent(report.covered_lines, report.not_covered_lines);
        report
    }
}

impl Tracer for Cover {
    fn event(&mut self, event: &Event) {
        let counts = match event.op {
            Op::Eval => true,
            Op::Exit => matches!(event.node, Node::Rule(_)),
            _ => false,
        };
        if counts {
            self.hits.insert(event.place);
        }
    }
}

// === impl FileReport ===

impl FileReport {
    fn count(&mut self) {
        self.covered.sort();
        self.covered.dedup();
        self.not_covered.sort();
        self.not_covered.dedup();
        self.covered_lines = lines(&self.covered);
        self.not_covered_lines = lines(&self.not_covered);
        self.coverage = percent(self.covered_lines, self.not_covered_lines);
    }
}

// === helpers ===

/// How many lines the ranges stand on.
fn lines(ranges: &[Range]) -> usize {
    let rows = ranges.iter().flat_map(|range| range.start.0..=range.end.0);
    rows.collect::<BTreeSet<_>>().len()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer lines than a float counts exactly"
)]
fn percent(covered: usize, not_covered: usize) -> f64 {
    let all = covered + not_covered;
    if all == 0 {
        return 0.0;
    }
    100.0 * covered as f64 / all as f64
}

#[cfg(test)]
mod tests;
