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

    /// The literal of the last of these events, and below it the values of its variables, each under its first
    /// column. The query's literal is not shown, nor an `every`, whose body has failed before it.
    #[must_use]
    pub fn failed(&self, events: &[Event]) -> String {
        let mut literals = events.iter().rev();
        let found = literals.find_map(|event| {
            let file = self.files.get(event.place.file as usize)?;
            let every = file.slice(event.place.span).starts_with("every ");
            Some((event, file)).filter(|(_, file)| !file.name.is_empty() && !every)
        });
        let Some((event, file)) = found else {
            return String::new();
        };
        let (row, col) = file.row_col(event.place.span.start);
        let before = file.line(row).get(..col as usize - 1).unwrap_or_default();
        // Tabs stay tabs, so that values stand under their variables.
        let pad = before.chars().map(|c| if c == '\t' { c } else { ' ' });
        let pad = format!("  {}", pad.collect::<String>());
        let mut lines = file.slice(event.place.span).lines();
        let first = lines.next().unwrap_or_default();
        let mut columns: Vec<(usize, &Value)> = event
            .locals
            .iter()
            .filter_map(|(name, value)| Some((column(first, name)?, value)))
            .collect();
        columns.sort_unstable_by_key(|(column, _)| *column);
        let mut out = format!("{}:\n{pad}{first}\n", self.location(event.place));
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
        if !columns.is_empty() {
            let _ = writeln!(out, "{pad}{}", bars(&columns));
        }
        while let Some((column, value)) = columns.pop() {
            let _ = writeln!(out, "{pad}{:column$}{value}", bars(&columns));
        }
        out
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
        let in_query = file.is_some_and(|file| file.name.is_empty());
        if in_query && !negated && is_reference(text) {
            // OPA asks for its value.
            return format!("{text} = _");
        }
        if text.contains('\n') {
            return text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        text.to_owned()
    }
}

// === helpers ===

/// Whether a text is a reference and nothing more.
fn is_reference(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '"');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(word)
}

/// Where a variable stands first.
fn column(text: &str, name: &str) -> Option<usize> {
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let mut found = text.match_indices(name).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..);
        let after = after.and_then(|text| text.chars().next());
        // A member that is called so is no variable.
        !before.is_some_and(|c| word(c) || matches!(c, '.' | '"')) && !after.is_some_and(word)
    });
    found
        .next()
        .map(|(at, _)| text.get(..at).map_or(at, |text| text.chars().count()))
}

/// A bar in each of the columns.
fn bars(columns: &[(usize, &Value)]) -> String {
    let mut out = String::new();
    for (column, ..) in columns {
        let gap = column.saturating_sub(out.len());
        out.push_str(&" ".repeat(gap));
        out.push('|');
    }
    out
}

fn locals(event: &Event) -> String {
    let locals = event.locals.iter();
    let texts: Vec<_> = locals
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{{{}}}", texts.join(", "))
}
