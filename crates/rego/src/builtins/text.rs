//! Values as text, charged as it grows.

use std::fmt::{self, Write as _};

use super::{Budget, Error};
use crate::value::{JsonStyle, Value, write_json, write_json_with, write_quoted};

/// How a value is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Style<'s> {
    /// As a term: `{"a": {1, 2}}`.
    Term,
    /// As JSON, in which sets are arrays and each key is a string.
    Json,
    /// As JSON in lines.
    Lines {
        /// What each line begins with.
        prefix: &'s str,
        /// What stands before a value for each collection that it is in.
        indent: &'s str,
    },
}

/// Text that is charged to a budget before it grows.
struct Charged<'b> {
    text: &'b mut String,
    budget: &'b mut Budget,
    spent: Option<Error>,
}

/// Writes `value`.
pub(super) fn write(value: &Value, style: Style<'_>, budget: &mut Budget) -> Result<String, Error> {
    let mut text = String::new();
    append(&mut text, value, style, budget)?;
    Ok(text)
}

/// Writes `value` behind what is there.
pub(super) fn append(
    text: &mut String,
    value: &Value,
    style: Style<'_>,
    budget: &mut Budget,
) -> Result<(), Error> {
    let mut output = Charged {
        text,
        budget,
        spent: None,
    };
    let written = match style {
        Style::Term => write!(output, "{value}"),
        Style::Json => write_json(value, &mut output),
        Style::Lines { prefix, indent } => return lines(output, value, prefix, indent),
    };
    output.result(written)
}

/// Writes the character as Go writes it between quotes.
pub(super) fn escape(output: &mut String, c: char) {
    if c == '"' {
        return output.push('"');
    }
    let mut quoted = String::new();
    // Writing to a string cannot fail.
    _ = write_quoted(c.encode_utf8(&mut [0; 4]), &mut quoted);
    output.push_str(quoted.trim_matches('"'));
}

/// Writes a string as Go writes it in its own source.
pub(super) fn quote(output: &mut String, text: &str) {
    _ = write_quoted(text, output);
}

/// Whether a character shows.
pub(super) fn is_printable(c: char) -> bool {
    let mut escaped = String::new();
    escape(&mut escaped, c);
    c == '\\' || !escaped.starts_with('\\')
}

// === impl Charged ===

impl Charged<'_> {
    fn result(self, written: fmt::Result) -> Result<(), Error> {
        written.map_err(|fmt::Error| {
            let message = "keys of objects are nested too deeply to be written";
            let otherwise = || Error::Failed(message.to_owned());
            self.spent.unwrap_or_else(otherwise)
        })
    }
}

impl fmt::Write for Charged<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Err(error) = self.budget.build(text.len() as u64) {
            self.spent = Some(error);
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// Writes JSON with one space a level first: within JSON no other line begins with spaces.
fn lines(mut output: Charged<'_>, value: &Value, prefix: &str, indent: &str) -> Result<(), Error> {
    let mut plain = String::new();
    let style = JsonStyle {
        indent: Some(1),
        ..JsonStyle::COMPACT
    };
    let mut first = Charged {
        text: &mut plain,
        budget: output.budget,
        spent: None,
    };
    let written = write_json_with(value, style, &mut first);
    first.result(written)?;
    let written = plain.split('\n').enumerate().try_for_each(|(at, line)| {
        let text = line.trim_start_matches(' ');
        output.write_str(if at > 0 { "\n" } else { "" })?;
        output.write_str(prefix)?;
        for _ in 0..line.len() - text.len() {
            output.write_str(indent)?;
        }
        output.write_str(text)
    });
    output.result(written)
}
