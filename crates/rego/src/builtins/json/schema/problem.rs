//! What is wrong with a document, in the few words that scripts match on.

use crate::builtins::text::{self, Style};
use crate::builtins::{Budget, Error};
use crate::value::{Number, Object, Value};

/// One thing that is wrong, and where.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    /// Which rule it breaks: `invalid_type`, `required`, …
    pub kind: &'static str,
    /// Keys and positions from the root on, with dots between them.
    pub field: String,
    /// What is wrong.
    pub description: String,
}

/// Where in a document something stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    Root,
    Property(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

/// How the document itself is called.
const ROOT: &str = "(Root)";

// === impl Place ===

impl Place<'_> {
    /// Its name in a [`Problem`].
    pub(super) fn name(&self, budget: &mut Budget) -> Result<String, Error> {
        let mut parts = Vec::new();
        let mut place = self;
        loop {
            budget.build(16)?;
            place = match place {
                Place::Root => break,
                Place::Property(parent, key) => {
                    budget.build(key.len() as u64)?;
                    parts.push((*key).to_owned());
                    parent
                }
                Place::Item(parent, at) => {
                    parts.push(at.to_string());
                    parent
                }
            };
        }
        if parts.is_empty() {
            return Ok(ROOT.to_owned());
        }
        parts.reverse();
        Ok(parts.join("."))
    }
}

/// A limit as messages show it: with an exponent from a million on.
pub(super) fn limit(number: &Number) -> String {
    let scientific = format!("{:e}", number.to_f64());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..6) => {
            let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
            let digits = i32::try_from(digits).unwrap_or(i32::MAX);
            let places = usize::try_from(digits - 1 - exponent).unwrap_or(0);
            format!("{:.places$}", number.to_f64())
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        Err(_) => number.to_string(),
    }
}

/// Values as messages list them.
pub(super) fn list(values: &[Value], budget: &mut Budget) -> Result<String, Error> {
    let mut out = String::new();
    for value in values {
        if !out.is_empty() {
            out.push_str(", ");
        }
        text::append(&mut out, &plain(value), Style::Json, budget)?;
    }
    Ok(out)
}

/// The value with its numbers as a double prints them: `1` for `1.0`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) if !number.with_text(is_short_integer) => {
            Number::parse(&of_double(number.to_f64())).map_or_else(|| value.clone(), Value::from)
        }
        Value::Array(items) => Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (key.clone(), plain(value)));
            Value::Object(members.collect::<Object>())
        }
        other => other.clone(),
    }
}

/// A double as Go's JSON writes it.
fn of_double(double: f64) -> String {
    if double == 0.0 || (1e-6..1e21).contains(&double.abs()) {
        return double.to_string();
    }
    let text = format!("{double:e}");
    if text.contains("e-") {
        text
    } else {
        text.replace('e', "e+")
    }
}

/// Whether a double prints the same.
fn is_short_integer(text: &str) -> bool {
    text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit())
}
