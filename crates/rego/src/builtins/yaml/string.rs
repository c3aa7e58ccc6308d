//! A string as a YAML scalar: plain where that reads back as the string, else quoted or as a block of lines.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scalar;
use crate::builtins::Error;

/// NEL, a line break to YAML 1.1.
const LINE_END: char = '\u{85}';

/// What of a string decides how it can stand.
#[derive(Default)]
struct Shape {
    indicator: bool,
    special: bool,
    tabs: bool,
    breaks: bool,
    outer_space: bool,
    trailing_space: bool,
    space_break: bool,
    break_space: bool,
}

/// Bytes beyond which a key stands on a line of its own.
const SIMPLE_KEY: usize = 128;

/// Characters of a key's JSON text beyond which Go's yaml does not read it.
const LONGEST_KEY: usize = 1024;

/// Whether a key can stand before its value on one line; an error where Go's yaml does not read the key's JSON text.
pub(super) fn is_simple_key(key: &str) -> Result<bool, Error> {
    let length: usize = key.chars().map(json_length).sum();
    if length + 2 > LONGEST_KEY || key.contains(LINE_END) {
        return Err(Error::Failed(
            "yaml: a key is too long, or has the line break U+0085 in it".to_owned(),
        ));
    }
    Ok(key.len() <= SIMPLE_KEY && !key.contains(is_break))
}

/// A text as it is read from JSON as YAML, where U+0085 ends a line: one is a space, of more the first is nothing.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if !text.contains(LINE_END) {
        return text.into();
    }
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, behind)) = rest.split_once(LINE_END) {
        output.push_str(line.trim_end_matches(' '));
        let next = behind.trim_start_matches([' ', LINE_END]);
        let taken = behind.len() - next.len();
        let more = behind.get(..taken).unwrap_or_default();
        let more = more.matches(LINE_END).count();
        if more == 0 {
            output.push(' ');
        }
        output.extend(std::iter::repeat_n('\n', more));
        rest = next;
    }
    output.push_str(rest);
    output.into()
}

/// Writes `text`; a block of lines stands two spaces further in than `indent`.
pub(super) fn write(text: &str, indent: usize) -> Result<String, Error> {
    if text.chars().any(is_control) {
        let message = "yaml: control characters are not allowed";
        return Err(Error::Failed(message.to_owned()));
    }
    let shape = Shape::of(text);
    if text.contains('\n') {
        let block = !shape.trailing_space && !shape.space_break && !shape.special;
        return Ok(if block {
            literal(text, indent)
        } else {
            double_quoted(text)
        });
    }
    if shape.special || shape.tabs || shape.space_break || scalar::needs_quotes(text) {
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
            shape.tabs |= c == '\t';
            shape.special |= c != '\t' && !is_plain(c);
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

/// How many characters Go's JSON writes for one.
fn json_length(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => 6,
        _ => 1,
    }
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
