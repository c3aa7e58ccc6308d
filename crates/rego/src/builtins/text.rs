//! Values as text: as JSON, and as Rego writes terms. What is written is charged as it grows, and deep values
//! take no stack.

use super::{Budget, Error};
use crate::value::{Object, Value};

/// How deep composite keys of objects may nest in each other.
const MAX_KEYS: usize = 64;

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

/// Writes `value`.
pub(super) fn write(value: &Value, style: Style<'_>, budget: &mut Budget) -> Result<String, Error> {
    let mut output = String::new();
    append(&mut output, value, style, budget)?;
    Ok(output)
}

/// Writes `value` behind what is there.
pub(super) fn append(
    output: &mut String,
    value: &Value,
    style: Style<'_>,
    budget: &mut Budget,
) -> Result<(), Error> {
    let charged = output.len();
    let mut writer = Writer {
        output,
        style,
        budget,
        charged,
        keys: 0,
    };
    if let Style::Lines { prefix, .. } = style {
        writer.output.push_str(prefix);
    }
    writer.value(value)
}

struct Writer<'w> {
    output: &'w mut String,
    style: Style<'w>,
    budget: &'w mut Budget,
    charged: usize,
    keys: usize,
}

/// A collection that is being written, and which of its members comes next.
struct Frame<'v> {
    collection: &'v Value,
    next: usize,
    /// The keys as JSON has them, in order, with their positions; where they are not all strings before.
    keys: Option<Vec<(String, usize)>>,
}

/// What stands before a member.
enum Key<'v> {
    None,
    Value(&'v Value),
    Text(String),
}

// === impl Writer ===

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        let mut frames = Vec::new();
        frames.extend(self.begin(value)?);
        while let Some(frame) = frames.last_mut() {
            self.charge()?;
            let at = frame.next;
            frame.next += 1;
            let collection = frame.collection;
            let Some((key, value)) = frame.member(at) else {
                frames.pop();
                if at > 0 {
                    self.line(frames.len());
                }
                self.end(collection);
                continue;
            };
            if at > 0 {
                self.separate();
            }
            self.line(frames.len());
            match key {
                Key::None => {}
                Key::Text(text) => {
                    quote_json(self.output, &text);
                    self.colon();
                }
                Key::Value(key) => {
                    self.key(key)?;
                    self.colon();
                }
            }
            frames.extend(self.begin(value)?);
        }
        self.charge()
    }

    /// Writes a scalar whole, and of a collection the beginning.
    fn begin<'v>(&mut self, value: &'v Value) -> Result<Option<Frame<'v>>, Error> {
        let json = !matches!(self.style, Style::Term);
        match value {
            Value::Null => self.output.push_str("null"),
            Value::Bool(true) => self.output.push_str("true"),
            Value::Bool(false) => self.output.push_str("false"),
            Value::Number(number) => number.with_text(|text| self.output.push_str(text)),
            Value::String(text) if json => quote_json(self.output, text),
            Value::String(text) => quote(self.output, text),
            Value::Set(set) if !json && set.is_empty() => self.output.push_str("set("),
            Value::Array(_) => self.output.push('['),
            Value::Set(_) if json => self.output.push('['),
            Value::Set(_) | Value::Object(_) => self.output.push('{'),
        }
        let keys = match value {
            Value::Array(_) | Value::Set(_) => None,
            Value::Object(object) => {
                let all_strings = object.keys().all(|key| key.as_str().is_some());
                if json && !all_strings {
                    Some(self.string_keys(object)?)
                } else {
                    None
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(Frame {
            collection: value,
            next: 0,
            keys,
        }))
    }

    fn end(&mut self, collection: &Value) {
        let json = !matches!(self.style, Style::Term);
        self.output.push(match collection {
            Value::Array(_) => ']',
            Value::Set(_) if json => ']',
            Value::Set(set) if set.is_empty() => ')',
            _ => '}',
        });
    }

    fn key(&mut self, key: &Value) -> Result<(), Error> {
        self.keys += 1;
        if self.keys > MAX_KEYS {
            let message = "keys of objects are nested too deeply to be written";
            return Err(Error::Failed(message.to_owned()));
        }
        self.value(key)?;
        self.keys -= 1;
        Ok(())
    }

    fn string_keys(&mut self, object: &Object) -> Result<Vec<(String, usize)>, Error> {
        let mut keys = Vec::with_capacity(object.len());
        for (at, key) in object.keys().enumerate() {
            let mut text = String::new();
            match key {
                Value::String(key) => text.push_str(key),
                key => Writer {
                    output: &mut text,
                    style: Style::Json,
                    budget: self.budget,
                    charged: 0,
                    keys: self.keys,
                }
                .key(key)?,
            }
            self.budget.build(text.len() as u64)?;
            keys.push((text, at));
        }
        keys.sort();
        Ok(keys)
    }

    fn colon(&mut self) {
        self.output.push_str(match self.style {
            Style::Json => ":",
            _ => ": ",
        });
    }

    fn separate(&mut self) {
        self.output.push_str(match self.style {
            Style::Term => ", ",
            _ => ",",
        });
    }

    fn line(&mut self, depth: usize) {
        if let Style::Lines { prefix, indent } = self.style {
            self.output.push('\n');
            self.output.push_str(prefix);
            for _ in 0..depth {
                self.output.push_str(indent);
            }
        }
    }

    fn charge(&mut self) -> Result<(), Error> {
        let grown = self.output.len().saturating_sub(self.charged);
        self.charged = self.output.len();
        self.budget.step(1)?;
        self.budget.build(grown as u64)
    }
}

// === impl Frame ===

impl<'v> Frame<'v> {
    /// The member that is written at position `at`.
    fn member(&mut self, at: usize) -> Option<(Key<'v>, &'v Value)> {
        match self.collection {
            Value::Array(array) => array.get(at).map(|value| (Key::None, value)),
            Value::Set(set) => set.at(at).map(|value| (Key::None, value)),
            Value::Object(object) => match &mut self.keys {
                None => object.at(at).map(|(key, value)| (Key::Value(key), value)),
                Some(keys) => {
                    let (text, at) = keys.get_mut(at)?;
                    let (_, value) = object.at(*at)?;
                    Some((Key::Text(std::mem::take(text)), value))
                }
            },
            _ => None,
        }
    }
}

/// Writes a string as Go writes it in its own source.
pub(super) fn quote(output: &mut String, text: &str) {
    output.push('"');
    for c in text.chars() {
        match c {
            '"' => output.push_str("\\\""),
            c => escape(output, c),
        }
    }
    output.push('"');
}

/// Writes a character as it stands between Go's quotes of either kind, quotes aside.
pub(super) fn escape(output: &mut String, c: char) {
    let code = u32::from(c);
    match c {
        '\\' => output.push_str("\\\\"),
        '\u{07}' => output.push_str("\\a"),
        '\u{08}' => output.push_str("\\b"),
        '\u{0c}' => output.push_str("\\f"),
        '\n' => output.push_str("\\n"),
        '\r' => output.push_str("\\r"),
        '\t' => output.push_str("\\t"),
        '\u{0b}' => output.push_str("\\v"),
        c if is_printable(c) => output.push(c),
        '\0'..='\u{7f}' => output.push_str(&format!("\\x{code:02x}")),
        '\u{80}'..='\u{ffff}' => output.push_str(&format!("\\u{code:04x}")),
        _ => output.push_str(&format!("\\U{code:08x}")),
    }
}

/// Whether a character shows: letters, marks, numbers, punctuation, symbols, and the ASCII space.
pub(super) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Behind another character, escaping for debugging leaves exactly these as they are.
    let mut pair = [b'a'; 5];
    let len = c.encode_utf8(pair.split_at_mut(1).1).len();
    let pair = pair.get(..=len).unwrap_or_default();
    let pair = std::str::from_utf8(pair).unwrap_or_default();
    pair.escape_debug().nth(1) != Some('\\')
}

/// Writes a JSON string as Go does: what HTML would read as markup is escaped too.
pub(super) fn quote_json(output: &mut String, text: &str) {
    output.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(must_escape) {
        let (plain, from) = rest.split_at(at);
        output.push_str(plain);
        let Some(c) = from.chars().next() else { break };
        match c {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\u{08}' => output.push_str("\\b"),
            '\u{0c}' => output.push_str("\\f"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            c => output.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
        rest = from.get(c.len_utf8()..).unwrap_or_default();
    }
    output.push_str(rest);
    output.push('"');
}

fn must_escape(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}' | '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}'
    )
}
