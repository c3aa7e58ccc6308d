//! Values as text: JSON, compact or indented, and Rego's own notation. Without recursion, but for composite keys of JSON.
//!
//! JSON knows no sets and no keys but strings: a set becomes an array, and any other key the string that is its JSON text.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};
use std::slice::Iter;
use std::vec;

use super::{Value, octets};

/// How deep composite keys may nest within composite keys in JSON: each level doubles the backslashes.
const MAX_KEY_NESTING: usize = 8;

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonStyle {
    /// Whether `<`, `>` and `&` are escaped.
    pub escape_html: bool,
    /// Spaces for each level, and a line for each member; `None` for no white space at all.
    pub indent: Option<u8>,
}

/// The notation to write.
#[derive(Clone, Copy)]
enum Notation {
    Rego,
    Json {
        style: JsonStyle,
        key_nesting: usize,
    },
}

/// A composite value under way: its members to come, and what closes it.
struct Frame<'a> {
    members: Members<'a>,
    /// The value whose key has been written.
    after_key: Option<&'a Value>,
    first: bool,
    close: &'static str,
}

enum Members<'a> {
    Items(Iter<'a, Value>),
    Pairs(Iter<'a, (Value, Value)>),
    Keyed(vec::IntoIter<(String, &'a Value)>),
}

// === impl JsonStyle ===

impl JsonStyle {
    /// Compact, as `json.marshal` and `opa eval --format raw` write.
    pub const COMPACT: Self = Self {
        escape_html: true,
        indent: None,
    };
    /// Indented by two spaces, as `opa eval` writes.
    pub const PRETTY: Self = Self {
        escape_html: true,
        indent: Some(2),
    };
}

impl Default for JsonStyle {
    fn default() -> Self {
        Self::COMPACT
    }
}

/// Writes compact JSON, with `<`, `>` and `&` escaped. Fails only if `out` does, or if keys nest absurdly in keys.
pub fn write_json(value: &Value, out: &mut impl Write) -> fmt::Result {
    write_json_with(value, JsonStyle::COMPACT, out)
}

/// Writes JSON in a style. Fails only if `out` does, or if keys nest absurdly in keys.
pub fn write_json_with(value: &Value, style: JsonStyle, out: &mut impl Write) -> fmt::Result {
    write(
        value,
        Notation::Json {
            style,
            key_nesting: 0,
        },
        out,
    )
}

/// Writes Rego's notation: `{"a": [1, {2}]}`, `set()`.
pub(super) fn write_rego(value: &Value, out: &mut impl Write) -> fmt::Result {
    write(value, Notation::Rego, out)
}

/// Writes a string as Go's `strconv.Quote` does.
pub fn write_quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{7}' => out.write_str("\\a")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{b}' => out.write_str("\\v")?,
            c if is_printable(c) => out.write_char(c)?,
            c if c.is_ascii() => write!(out, "\\x{:02x}", u32::from(c))?,
            c if u32::from(c) < 0x1_0000 => write!(out, "\\u{:04x}", u32::from(c))?,
            c => write!(out, "\\U{:08x}", u32::from(c))?,
        }
    }
    out.write_char('"')
}

fn write<'a>(value: &'a Value, notation: Notation, out: &mut impl Write) -> fmt::Result {
    let mut stack: Vec<Frame<'a>> = Vec::new();
    stack.extend(open(value, notation, out)?);
    while let Some(mut frame) = stack.pop() {
        let Some(value) = frame.next_value(notation, stack.len() + 1, out)? else {
            notation.line(stack.len(), out)?;
            out.write_str(frame.close)?;
            continue;
        };
        stack.push(frame);
        stack.extend(open(value, notation, out)?);
    }
    Ok(())
}

/// Writes a scalar or an empty value; begins another one.
fn open<'a>(
    value: &'a Value,
    notation: Notation,
    out: &mut impl Write,
) -> Result<Option<Frame<'a>>, fmt::Error> {
    let (members, begin, close) = match value {
        Value::Null => return out.write_str("null").map(|()| None),
        Value::Bool(v) => {
            return out
                .write_str(if *v { "true" } else { "false" })
                .map(|()| None);
        }
        Value::Number(v) => return v.with_text(|text| out.write_str(text)).map(|()| None),
        Value::String(v) => return notation.string(v, out).map(|()| None),
        Value::Array(v) if v.is_empty() => return out.write_str("[]").map(|()| None),
        Value::Object(v) if v.is_empty() => return out.write_str("{}").map(|()| None),
        Value::Set(v) if v.is_empty() => return out.write_str(notation.empty_set()).map(|()| None),
        Value::Array(v) => (Members::Items(v.iter()), "[", "]"),
        Value::Set(v) => match notation {
            Notation::Rego => (Members::Items(v.iter()), "{", "}"),
            Notation::Json { .. } => (Members::Items(v.iter()), "[", "]"),
        },
        Value::Object(v) => (notation.members(v.as_slice())?, "{", "}"),
    };
    out.write_str(begin)?;
    Ok(Some(Frame {
        members,
        after_key: None,
        first: true,
        close,
    }))
}

// === impl Frame ===

impl<'a> Frame<'a> {
    /// Writes what stands before the next value, and returns the value; a key that is a value comes first.
    fn next_value(
        &mut self,
        notation: Notation,
        level: usize,
        out: &mut impl Write,
    ) -> Result<Option<&'a Value>, fmt::Error> {
        if let Some(value) = self.after_key.take() {
            out.write_str(notation.colon())?;
            return Ok(Some(value));
        }
        let (key, value) = match &mut self.members {
            Members::Items(items) => (None, items.next()),
            Members::Pairs(pairs) => match pairs.next() {
                Some((key, value)) => {
                    self.after_key = Some(value);
                    (None, Some(key))
                }
                None => (None, None),
            },
            Members::Keyed(members) => members
                .next()
                .map_or((None, None), |(key, value)| (Some(key), Some(value))),
        };
        if value.is_some() {
            out.write_str(if self.first { "" } else { notation.comma() })?;
            self.first = false;
            notation.line(level, out)?;
        }
        if let Some(key) = key {
            notation.string(&key, out)?;
            out.write_str(notation.colon())?;
        }
        Ok(value)
    }
}

// === impl Notation ===

impl Notation {
    fn comma(self) -> &'static str {
        match self {
            Self::Rego => ", ",
            Self::Json { .. } => ",",
        }
    }

    fn colon(self) -> &'static str {
        match self {
            Self::Json {
                style: JsonStyle { indent: None, .. },
                ..
            } => ":",
            _ => ": ",
        }
    }

    fn empty_set(self) -> &'static str {
        match self {
            Self::Rego => "set()",
            Self::Json { .. } => "[]",
        }
    }

    /// Begins a line at a level, if the style has lines.
    fn line(self, level: usize, out: &mut impl Write) -> fmt::Result {
        let Self::Json {
            style:
                JsonStyle {
                    indent: Some(indent),
                    ..
                },
            ..
        } = self
        else {
            return Ok(());
        };
        out.write_char('\n')?;
        (0..level * usize::from(indent)).try_for_each(|_| out.write_char(' '))
    }

    fn string(self, text: &str, out: &mut impl Write) -> fmt::Result {
        match self {
            Self::Rego => write_quoted(text, out),
            Self::Json { style, .. } => write_json_string(text, style.escape_html, out),
        }
    }

    /// An object's members; in JSON with keys that are strings, sorted as such, of which the last one counts.
    fn members(self, members: &[(Value, Value)]) -> Result<Members<'_>, fmt::Error> {
        let Self::Json { style, key_nesting } = self else {
            return Ok(Members::Pairs(members.iter()));
        };
        if members
            .iter()
            .all(|(key, _)| matches!(key, Value::String(_)))
        {
            return Ok(Members::Pairs(members.iter()));
        }
        if key_nesting >= MAX_KEY_NESTING {
            return Err(fmt::Error);
        }
        let inner = Self::Json {
            style: JsonStyle {
                indent: None,
                ..style
            },
            key_nesting: key_nesting + 1,
        };
        let mut keyed = Vec::with_capacity(members.len());
        for (key, value) in members.iter().rev() {
            let mut text = String::new();
            match key {
                Value::String(key) => text.push_str(key),
                key => write(key, inner, &mut text)?,
            }
            keyed.push((text, value));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|a, b| a.0 == b.0);
        Ok(Members::Keyed(keyed.into_iter()))
    }
}

/// Writes a JSON string as Go does: U+2028 and U+2029 are escaped always, and so is what replaces a byte
/// that is not UTF-8.
fn write_json_string(text: &str, escape_html: bool, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    let escaped = |c: char| match c {
        '"' | '\\' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => true,
        '<' | '>' | '&' => escape_html,
        c => octets::is_octet(c),
    };
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| escaped(*c)) {
        let (plain, tail) = rest.split_at(at);
        out.write_str(plain)?;
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if octets::is_octet(c) => out.write_str("\\ufffd")?,
            c => write!(out, "\\u{:04x}", u32::from(c))?,
        }
        rest = tail.get(c.len_utf8()..).unwrap_or_default();
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// Whether Go takes the character as printable: letters, marks, numbers, punctuation, symbols and the space.
fn is_printable(c: char) -> bool {
    // A mark at the beginning of a string is escaped for its own reasons, hence the letter before.
    let mut text = [b'a'; 5];
    let length = 1 + c.encode_utf8(text.get_mut(1..).unwrap_or_default()).len();
    let text = text
        .get(..length)
        .and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default();
    c == '\'' || text.escape_debug().count() == 2
}
