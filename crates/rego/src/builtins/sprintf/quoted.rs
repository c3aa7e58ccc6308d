//! Strings: `%s`, quoted as in Go's source, and as hexadecimal digits.

use std::fmt::Write as _;

use super::format::{Output, Spec};
use crate::builtins::Error;
use crate::builtins::text::{escape, quote};

/// Writes a string; false where the verb is not for strings.
pub(super) fn write(
    output: &mut Output<'_>,
    text: &str,
    verb: char,
    spec: Spec,
) -> Result<bool, Error> {
    match verb {
        'v' if spec.source => output.pad(&string(cut(text, spec), spec), spec)?,
        'v' | 's' => output.pad(cut(text, spec), spec)?,
        'q' => output.pad(&string(cut(text, spec), spec), spec)?,
        'x' | 'X' => output.pad(&hexadecimal(text, verb, spec), spec)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A character in single quotes.
pub(super) fn character(c: char, spec: Spec) -> String {
    let mut text = String::from("'");
    match c {
        '\'' => text.push_str("\\'"),
        c => escape_as(&mut text, c, spec),
    }
    text.push('\'');
    text
}

/// A string in double quotes, or with `#` in backquotes where they can hold it.
fn string(text: &str, spec: Spec) -> String {
    let raw = |c: char| c == '\t' || !matches!(c, '\0'..='\u{1f}' | '`' | '\u{7f}' | '\u{feff}');
    if spec.sharp && text.chars().all(raw) {
        return format!("`{text}`");
    }
    let mut output = String::new();
    if !spec.plus {
        quote(&mut output, text);
        return output;
    }
    output.push('"');
    for c in text.chars() {
        match c {
            '"' => output.push_str("\\\""),
            c => escape_as(&mut output, c, spec),
        }
    }
    output.push('"');
    output
}

/// With `+` in ASCII alone.
fn escape_as(output: &mut String, c: char, spec: Spec) {
    let code = u32::from(c);
    match c {
        '\0'..='\u{7f}' => escape(output, c),
        c if !spec.plus => escape(output, c),
        '\u{80}'..='\u{ffff}' => _ = write!(output, "\\u{code:04x}"),
        _ => _ = write!(output, "\\U{code:08x}"),
    }
}

/// As many characters as the precision allows.
fn cut(text: &str, spec: Spec) -> &str {
    let end = spec.precision.and_then(|len| text.char_indices().nth(len));
    match end {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

fn hexadecimal(text: &str, verb: char, spec: Spec) -> String {
    let bytes = text.as_bytes();
    let len = spec.precision.unwrap_or(bytes.len()).min(bytes.len());
    let mut output = String::with_capacity(len.saturating_mul(2));
    for (at, byte) in bytes.iter().take(len).enumerate() {
        if at > 0 && spec.space {
            output.push(' ');
        }
        if spec.sharp && (at == 0 || spec.space) {
            output.push_str(if verb == 'X' { "0X" } else { "0x" });
        }
        _ = match verb {
            'X' => write!(output, "{byte:02X}"),
            _ => write!(output, "{byte:02x}"),
        };
    }
    output
}
