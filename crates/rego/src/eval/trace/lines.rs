//! Events as OPA shows them: a line each, with where it happened before it and bars for how deep.

use std::fmt::Write as _;
use std::sync::Arc;

use std::collections::HashMap;

use super::{Event, Node, Op};
use crate::hir::Place;
use crate::source::File;
use crate::value::Value;

/// Shows events of a query whose places point into these files.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'f> {
    files: &'f [Arc<File>],
    gap: usize,
    locals: bool,
}

/// Columns between the widest location and what happened.
const GAP: usize = 4;

// === impl Lines ===

impl<'f> Lines<'f> {
    /// For the files of [`ir::Query::files`](crate::plan::ir::Query::files).
    #[must_use]
    pub fn new(files: &'f [Arc<File>]) -> Self {
        Self {
            files,
            gap: GAP,
            locals: false,
        }
    }

    /// Leaves so many columns after the widest location, and one more.
    #[must_use]
    pub fn gap(mut self, gap: usize) -> Self {
        self.gap = gap;
        self
    }

    /// Shows the values of variables too.
    #[must_use]
    pub fn locals(mut self) -> Self {
        self.locals = true;
        self
    }

    /// One line for each event, each with its end.
    #[must_use]
    pub fn text(&self, events: &[Event]) -> String {
        let mut depths = HashMap::new();
        let rows: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    self.location(event.place),
                    self.row(event, &mut depths),
                    event,
                )
            })
            .collect();
        let width = |text: &String| text.chars().count();
        let wide = rows
            .iter()
            .map(|(place, ..)| width(place))
            .max()
            .unwrap_or(0)
            + self.gap;
        let deep = rows.iter().map(|(_, row, _)| width(row)).max().unwrap_or(0) + GAP;
        let mut text = String::new();
        for (place, row, event) in rows {
            // Writing to a string does not fail.
            let _ = if self.locals {
                writeln!(text, "{place:wide$} {row:deep$} {}", locals(event))
            } else {
                writeln!(text, "{place:wide$} {row}")
            };
        }
        text
    }

    fn location(&self, place: Place) -> String {
        let Some(file) = self.files.get(place.file as usize) else {
            return "query".to_owned();
        };
        let (row, _) = file.row_col(place.span.start);
        let name = if file.name.is_empty() {
            "query"
        } else {
            &file.name
        };
        format!("{name}:{row}")
    }

    fn row(&self, event: &Event, depths: &mut HashMap<u64, usize>) -> String {
        let outer = depths.get(&event.parent).copied();
        let depth = *depths
            .entry(event.query)
            .or_insert_with(|| outer.map_or(0, |outer| outer + 1));
        let outside = match event.op {
            Op::Enter => true,
            Op::Redo => !matches!(event.node, Node::Literal(_) | Node::Not(_)),
            _ => false,
        };
        let bars = if outside { depth } else { depth + 1 };
        let mut row = "| ".repeat(bars);
        row.push_str(event.op.as_str());
        row.push(' ');
        if event.op == Op::Note {
            row.push_str(&Value::from(event.message.as_str()).to_string());
            return row;
        }
        row.push_str(&self.node(&event.node));
        if !event.message.is_empty() {
            row.push(' ');
            row.push_str(&event.message);
        }
        row
    }

    /// What something happened to, as people write it.
    #[must_use]
    pub fn node(&self, node: &Node) -> String {
        match node {
            Node::Rule(name) | Node::Unit(name) => name.to_string(),
            Node::Literal(place) => self.literal(*place, false),
            Node::Not(place) => self.literal(*place, true),
            Node::Body(literals) => {
                let texts = literals.iter();
                let texts = texts.map(|(place, negated)| self.literal(*place, *negated));
                texts.collect::<Vec<_>>().join("; ")
            }
            Node::Nothing => String::new(),
        }
    }

    /// A literal's text in one line. What stands behind a `not` is a literal whose place is the whole.
    fn literal(&self, place: Place, negated: bool) -> String {
        let file = self.files.get(place.file as usize);
        let text = file.map_or("", |file| file.slice(place.span));
        let text = match text.strip_prefix("not ") {
            Some(rest) if !negated => rest.trim_start(),
            _ => text,
        };
        if text.contains('\n') {
            return text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        text.to_owned()
    }
}

// === helpers ===

fn locals(event: &Event) -> String {
    let locals = event.locals.iter();
    let texts: Vec<_> = locals
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{{{}}}", texts.join(", "))
}
