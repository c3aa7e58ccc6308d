//! A trace as it is shown: which events, and in what words.

use std::fmt::Write as _;

use regate_rego::Value;
use regate_rego::eval::trace::{Event, Op, Trace};

use super::{number, place_json};
use crate::tool::build::{Asked, Built};
use crate::tool::eval::Explain;
use crate::tool::json::Json;

/// One event of a trace, as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Line {
    event: Event,
    file: String,
    row: u32,
    col: u32,
    what: String,
    /// What `trace` said.
    note: String,
}

/// The events of a trace that are told.
pub(super) fn lines(trace: &Trace, explain: Explain, built: &Built, asked: &Asked) -> Vec<Line> {
    let told = filtered(trace.events(), explain);
    let told = told.iter();
    told.map(|event| line(trace, event, built, asked)).collect()
}

/// One line for each event; `gap` columns stand between places and events.
pub(super) fn text(lines: &[Line], gap: usize) -> String {
    let place = |line: &Line| match line.file.as_str() {
        "" => format!("query:{}", line.row),
        file => format!("{file}:{}", line.row),
    };
    let width = lines.iter().map(|line| place(line).chars().count()).max();
    let width = width.unwrap_or(0) + gap;
    let mut out = String::new();
    for line in lines {
        let bars = "| ".repeat(line.event.depth);
        let (place, op) = (place(line), name(line.event.op));
        let _ = writeln!(out, "{place:width$}{bars}{op} {}", line.what);
    }
    out
}

/// One object for each event.
pub(super) fn json(lines: &[Line]) -> Json {
    let events = lines.iter().map(|line| {
        Json::object()
            .with("Op", name(line.event.op))
            .with("Node", line.what.as_str())
            .with("Location", place_json(&line.file, line.row, line.col))
            .with("QueryID", number(line.event.id))
            .with("ParentID", number(line.event.parent))
            .with("Message", line.note.as_str())
    });
    events.collect()
}

// === helpers ===

/// The events that are told.
fn filtered(events: &[Event], explain: Explain) -> Vec<Event> {
    let wanted = match explain {
        Explain::Full | Explain::Debug => return events.to_vec(),
        Explain::Fails => Op::Fail,
        Explain::Notes => Op::Note,
        Explain::Off => return Vec::new(),
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

fn line(trace: &Trace, event: &Event, built: &Built, asked: &Asked) -> Line {
    let file = asked.plan.files.get(event.place.file as usize);
    let (row, col) = file.map_or((0, 0), |file| file.row_col(event.place.span.start));
    let name = file.map_or("", |file| file.name.as_str());
    let note = event.note.and_then(|note| trace.notes().get(note));
    let text = match event.op {
        Op::Note => note.map(|note| Value::from(note.as_str()).to_string()),
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
        note: note.cloned().unwrap_or_default(),
        what: text.unwrap_or_else(written),
    }
}

fn name(op: Op) -> &'static str {
    match op {
        Op::Enter => "Enter",
        Op::Eval => "Eval",
        Op::Redo => "Redo",
        Op::Fail => "Fail",
        Op::Exit => "Exit",
        Op::Note => "Note",
    }
}
