//! Queries as they are asked: a path below `data`, or a body of somebody's own words.

use regate_rego::eval::Row;
use regate_rego::source::{Code, Diagnostic, File};
use regate_rego::syntax::{self, ast};
use regate_rego::{PreparedQuery, Value};

use super::Policy;
use super::entry::Names;
use crate::data::Object;
use crate::engine::{Unprepared, Wanted};

/// A query that was prepared for one policy.
#[derive(Debug)]
pub(in crate::engine) struct Query {
    first: PreparedQuery,
    /// What is asked where the first gives nothing.
    other: Option<PreparedQuery>,
    /// Whether it is one expression without variables, whose value may be `false`; of any other a row with a `false`
    /// is no answer.
    is_test: bool,
}

// === impl Query ===

impl Query {
    pub(in crate::engine) fn prepare(
        policy: &Policy,
        wanted: Wanted<'_>,
    ) -> Result<Self, Unprepared> {
        let compiled = policy.compiled();
        match wanted {
            Wanted::Document(names) => {
                let prepared = Names::of(names).prepare(compiled);
                let (first, other) = prepared.map_err(Unprepared::Compile)?;
                Ok(Self {
                    first,
                    other,
                    is_test: true,
                })
            }
            Wanted::Body(text) => {
                let body = parse(text)?;
                let first = compiled.prepare(text).map_err(Unprepared::Compile)?;
                Ok(Self {
                    first,
                    other: None,
                    is_test: body.is_ground(),
                })
            }
        }
    }

    /// What is asked, one after the other.
    pub(super) fn queries(&self) -> impl Iterator<Item = &PreparedQuery> {
        std::iter::once(&self.first).chain(&self.other)
    }

    /// The answers among rows, by the variables that people named.
    pub(super) fn objects(&self, rows: Vec<Row>) -> impl Iterator<Item = Object> {
        let holds = |row: &Row| {
            let mut values = row.expressions.iter();
            self.is_test || values.all(|(_, value)| *value != Value::Bool(false))
        };
        rows.into_iter().filter(holds).map(|row| {
            let bindings = row.bindings.into_iter();
            bindings
                .map(|(name, value)| (Value::String(name), value))
                .collect()
        })
    }
}

// === helpers ===

/// Reads a body that asks nobody outside: whoever may send queries is not to send requests in this program's name.
fn parse(text: &str) -> Result<ast::Body, Unprepared> {
    let mut lines = text.lines().map(str::trim);
    if lines.all(|line| line.is_empty() || line.starts_with('#')) {
        return Err(Unprepared::Empty);
    }
    let file = File::new("", text);
    let how = syntax::Options {
        future_keywords: true,
        ..syntax::Options::default()
    };
    let body = syntax::parse_query(&file, &how).map_err(Unprepared::Parse)?;
    let sends = body.literals.iter().find(|literal| {
        let one = ast::Body {
            span: literal.span,
            braces: false,
            literals: vec![(*literal).clone()],
        };
        sends(&syntax::json::body(&one))
    });
    match sends {
        None => Ok(body),
        Some(literal) => {
            let (row, col) = file.row_col(literal.span.start);
            Err(Unprepared::Compile(vec![Diagnostic {
                code: Code::Type,
                message: "unsafe built-in function calls in expression: http.send".to_owned(),
                location: regate_rego::source::Location {
                    file: "".into(),
                    row,
                    col,
                },
                line: None,
                hint: None,
            }]))
        }
    }
}

/// Whether a syntax tree has the name `http.send`. The parser bounds how deep it is.
fn sends(tree: &Value) -> bool {
    match tree {
        Value::Array(items) => {
            let named = |at: usize, name: &str| {
                let part = items.get(at).and_then(|part| part.get_str("value"));
                part.and_then(Value::as_str) == Some(name)
            };
            (named(0, "http") && named(1, "send")) || items.iter().any(sends)
        }
        Value::Object(members) => members.iter().any(|(_, value)| sends(value)),
        _ => false,
    }
}
