//! A string as a YAML scalar: plain where that reads back as the string, else quoted or as a block of lines.

use std::fmt::Write as _;

use super::scalar;
use crate::builtins::Error;

/// What of a string decides how it can stand.
#[derive(Default)]
struct Shape {
    indicator: bool,
    special: bool,
    breaks: bool,
    outer_space: bool,
    trailing_space: bool,
    space_break: bool,
    break_space: bool,
}

/// Writes `text` as a value, or as a `key`; a block of lines stands two spaces further in than `indent`.
pub(super) fn write(text: &str, indent: usize, key: bool) -> Result<String, Error> {
    if text.chars().any(is_control) {
        let message = "yaml: control characters are not allowed";
        return Err(Error::Failed(message.to_owned()));
    }
    let shape = Shape::of(text);
    if text.contains('\n') {
        let block = !key && !shape.trailing_space && !shape.space_break && !shape.special;
        return Ok(if block {
            literal(text, indent)
        } else {
            double_quoted(text)
        });
    }
    if shape.special || shape.space_break || scalar::needs_quotes(text) {
        return Ok(double_quoted(text));
    }
    if shape.indicator || shape.outer_space || shape.breaks {
        if shape.break_space {
            return Ok(double_quoted(text));
        }
        return Ok(format!("'{}'", text.replace('\'', "''")));
    }
    Ok(text.to_owned())
}

// === impl Shape ===

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self {
            indicator: text.starts_with("---") || text.starts_with("..."),
            outer_space: text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']),
            trailing_space: text.ends_with(' '),
            ..Self::default()
        };
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_next = chars
                .peek()
                .is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            shape.indicator |= match c {
                '#' => before.is_none_or(|c| matches!(c, ' ' | '\t' | '\n')),
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => before.is_none(),
                '?' | '-' => before.is_none() && blank_next,
                ':' => blank_next,
                _ => false,
            };
            shape.special |= c == '\t' || !is_plain(c);
            shape.breaks |= is_break(c);
            shape.space_break |= is_break(c) && before == Some(' ');
            shape.break_space |= c == ' ' && before.is_some_and(is_break);
            before = Some(c);
        }
        shape
    }
}

fn literal(text: &str, indent: usize) -> String {
    let hint = if text.starts_with([' ', '\n']) {
        "2"
    } else {
        ""
    };
    let chomp = match text.strip_suffix('\n') {
        None => "-",
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => "+",
        Some(_) => "",
    };
    let mut output = format!("|{hint}{chomp}");
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        output.push('\n');
        if !line.is_empty() {
            output.extend(std::iter::repeat_n(' ', indent + 2));
            output.push_str(line);
        }
    }
    output
}

fn double_quoted(text: &str) -> String {
    let mut output = String::from("\"");
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            c if is_plain(c) && c != '\n' => output.push(c),
            '\0' => output.push_str("\\0"),
            '\u{7}' => output.push_str("\\a"),
            '\u{8}' => output.push_str("\\b"),
            '\t' => output.push_str("\\t"),
            '\n' => output.push_str("\\n"),
            '\u{b}' => output.push_str("\\v"),
            '\u{c}' => output.push_str("\\f"),
            '\r' => output.push_str("\\r"),
            '\u{1b}' => output.push_str("\\e"),
            '\u{85}' => output.push_str("\\N"),
            '\u{2028}' => output.push_str("\\L"),
            '\u{2029}' => output.push_str("\\P"),
            _ if code <= 0xff => _ = write!(output, "\\x{code:02X}"),
            _ if code <= 0xffff => _ = write!(output, "\\u{code:04X}"),
            _ => _ = write!(output, "\\U{code:08X}"),
        }
    }
    output.push('"');
    output
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What needs no escape: nothing beyond the basic plane, as Go's yaml has it.
fn is_plain(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}')
        && c != '\u{feff}'
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// What Go's yaml refuses to read.
fn is_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}
