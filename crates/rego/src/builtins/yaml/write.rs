//! Values as YAML, in the layout of Go's yaml.

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
        for (at, (key, value)) in object.iter().enumerate() {
            self.line(at, indent)?;
            self.budget
                .build(key.as_str().unwrap_or_default().len() as u64)?;
            let key = string::write(key.as_str().unwrap_or_default(), indent, true)?;
            self.output.push_str(&key);
            self.output.push(':');
            let nested = is_nested(value);
            if nested {
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
        Value::String(text) => string::write(text, indent, false)?,
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) | Value::Set(_) => "{}".to_owned(),
    })
}

/// A 64-bit integer as it is, any other number as the shortest double.
fn number_text(text: &str, number: &Number) -> String {
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return text.to_owned();
    }
    let float = number.to_f64();
    let sign = if float < 0.0 { "-" } else { "" };
    format!("{sign}{}", shortest(float.abs()))
}
