//! Values as YAML, in the layout of Go's yaml.

use std::cmp::Ordering;

use super::string;
use crate::builtins::sprintf::shortest;
use crate::builtins::text::{self, Style};
use crate::builtins::{Budget, Error};
use crate::value::{Number, Object, Value, json};

/// How deep collections may be nested: each level indents all lines below it.
const MAX_DEPTH: usize = 1_000;

/// Writes a value. It passes through JSON first, as in Go: sets become arrays, keys strings, numbers doubles.
pub(super) fn document(value: &Value, budget: &mut Budget) -> Result<Value, Error> {
    let text = text::write(value, Style::Json, budget)?;
    budget.build(text.len() as u64 * 8)?;
    let value = json::parse(&text).map_err(|error| Error::Failed(error.to_string()))?;
    if value.depth() > MAX_DEPTH {
        let message = format!("the value is nested deeper than {MAX_DEPTH} levels");
        return Err(Error::Failed(message));
    }
    let mut writer = Writer {
        output: String::new(),
        budget,
    };
    writer.block(&value, 0)?;
    Ok(writer.output.into())
}

struct Writer<'b> {
    output: String,
    budget: &'b mut Budget,
}

// === impl Writer ===

impl Writer<'_> {
    /// Writes a value that begins where the output ends; further lines are indented. The depth is bounded by [`document`].
    fn block(&mut self, value: &Value, indent: usize) -> Result<(), Error> {
        match value {
            Value::Array(array) if !array.is_empty() => {
                for (at, item) in array.iter().enumerate() {
                    self.line(at, indent)?;
                    self.output.push_str("- ");
                    self.block(item, if is_nested(item) { indent + 2 } else { indent })?;
                }
                Ok(())
            }
            Value::Object(object) if !object.is_empty() => self.mapping(object, indent),
            other => {
                let text = scalar_text(other, indent)?;
                self.budget.build(text.len() as u64)?;
                self.output.push_str(&text);
                self.output.push('\n');
                Ok(())
            }
        }
    }

    fn mapping(&mut self, object: &Object, indent: usize) -> Result<(), Error> {
        let members = object.iter();
        let mut members: Vec<(&str, &Value)> = members
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
            .collect();
        members.sort_by(|(one, _), (other, _)| order(one, other));
        for (at, (key, value)) in members.into_iter().enumerate() {
            self.line(at, indent)?;
            self.budget.build(key.len() as u64)?;
            let simple = string::is_simple_key(key)?;
            self.output.push_str(if simple { "" } else { "? " });
            self.output.push_str(&string::write(key, indent)?);
            if !simple {
                self.output.push('\n');
                self.indent(indent)?;
            }
            self.output.push(':');
            let nested = is_nested(value);
            if nested && simple {
                self.output.push('\n');
                self.indent(indent + 2)?;
            } else {
                self.output.push(' ');
            }
            self.block(value, if nested { indent + 2 } else { indent })?;
        }
        Ok(())
    }

    /// Begins the line of a member; the first one stands where its collection begins.
    fn line(&mut self, at: usize, indent: usize) -> Result<(), Error> {
        if at > 0 {
            self.indent(indent)?;
        }
        Ok(())
    }

    fn indent(&mut self, indent: usize) -> Result<(), Error> {
        self.budget.build(indent as u64 + 8)?;
        self.output.extend(std::iter::repeat_n(' ', indent));
        Ok(())
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Array(array) => !array.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => false,
    }
}

fn scalar_text(value: &Value, indent: usize) -> Result<String, Error> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.with_text(|text| number_text(text, number)),
        Value::String(text) => string::write(&string::folded(text), indent)?,
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) | Value::Set(_) => "{}".to_owned(),
    })
}

/// The order of keys: as people count, `a2` before `a10`. What differs first decides; letters are behind all else, but
/// before what goes on with a number.
fn order(one: &str, other: &str) -> Ordering {
    let pairs = one.chars().zip(other.chars());
    let shared = pairs.take_while(|(one, other)| one == other);
    let shared = shared.map(|(c, _)| c.len_utf8()).sum();
    let (before, one_rest) = one.split_at_checked(shared).unwrap_or((one, ""));
    let other_rest = other.get(shared..).unwrap_or_default();
    let (Some(first), Some(second)) = (one_rest.chars().next(), other_rest.chars().next()) else {
        return one.len().cmp(&other.len());
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => first.cmp(&second),
        (false, false) => {
            let mut digits = before.bytes().rev().take_while(u8::is_ascii_digit);
            let goes_on = digits.any(|digit| digit != b'0');
            let numbers = number(one_rest, goes_on).cmp(&number(other_rest, goes_on));
            numbers.then(first.cmp(&second))
        }
        (is_letter, _) => {
            let in_number = before.ends_with(|c: char| c.is_ascii_digit());
            if is_letter == in_number {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

/// The number that a text begins with, as what its size goes by: digits that count, and all digits. Zeros in front
/// count where the number has begun before.
fn number(text: &str, goes_on: bool) -> (usize, &str, usize) {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text.get(..length).unwrap_or_default();
    let counting = if goes_on {
        digits
    } else {
        digits.trim_start_matches('0')
    };
    (counting.len(), counting, length)
}

/// A 64-bit integer as it is, any other number as the shortest double; one beyond doubles as it is written.
fn number_text(text: &str, number: &Number) -> String {
    if let Ok(integer) = text.parse::<i64>() {
        return integer.to_string();
    }
    let float = number.to_f64();
    if text.parse::<u64>().is_ok() || float.is_infinite() {
        return text.to_owned();
    }
    let sign = if float < 0.0 { "-" } else { "" };
    format!("{sign}{}", shortest(float.abs()))
}
