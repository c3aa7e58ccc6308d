//! JSON to values: one pass, without recursion, bounded in depth.
//!
//! As Go reads it: numbers keep their text, of equal keys the last one counts, bytes that are no UTF-8 and lone surrogates become
//! U+FFFD. Long keys that repeat share one allocation.

#[cfg(test)]
mod tests;

use std::fmt;

use hashbrown::HashTable;

use super::index::hash_of_str;
use super::{Array, MAX_DEPTH, Number, Object, Str, Value};

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSON at byte {offset}: {message}")]
pub struct JsonError {
    /// The byte at which reading ended.
    pub offset: usize,
    /// What was expected.
    pub message: String,
}

/// A composite value that is not closed yet.
enum Open {
    Array(Vec<Value>),
    Object {
        members: Vec<(Value, Value)>,
        key: Value,
    },
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    max_depth: usize,
    keys: HashTable<Str>,
}

/// Reads one JSON value; nothing but white space may follow.
pub fn parse(text: impl AsRef<[u8]>) -> Result<Value, JsonError> {
    parse_with(text, MAX_DEPTH)
}

/// Reads one JSON value that nests no deeper than `max_depth`, nor than [`MAX_DEPTH`].
pub fn parse_with(text: impl AsRef<[u8]>, max_depth: usize) -> Result<Value, JsonError> {
    let max_depth = max_depth.min(MAX_DEPTH);
    let mut parser = Parser {
        text: text.as_ref(),
        at: 0,
        max_depth,
        keys: HashTable::new(),
    };
    let value = parser.document()?;
    match parser.peek() {
        None => Ok(value),
        Some(_) => parser.error("expected the end: the text goes on after the value"),
    }
}

// === impl Parser ===

impl Parser<'_> {
    fn document(&mut self) -> Result<Value, JsonError> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            let mut done = match self.peek() {
                Some(b'[') => {
                    self.enter(stack.len())?;
                    if self.eat(b']') {
                        Value::Array(Array::default())
                    } else {
                        stack.push(Open::Array(Vec::new()));
                        continue;
                    }
                }
                Some(b'{') => {
                    self.enter(stack.len())?;
                    if self.eat(b'}') {
                        Value::Object(Object::default())
                    } else {
                        let key = self.key()?;
                        stack.push(Open::Object {
                            members: Vec::new(),
                            key,
                        });
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // The value ends as many composite values as close behind it.
            loop {
                let Some(open) = stack.pop() else {
                    return Ok(done);
                };
                match self.close(open, done)? {
                    Ok(closed) => done = closed,
                    Err(open) => {
                        stack.push(open);
                        break;
                    }
                }
            }
        }
    }

    /// Adds a value to what is open; `Ok` with the composite value if it ends there, else `Err` with what is still open.
    fn close(&mut self, open: Open, value: Value) -> Result<Result<Value, Open>, JsonError> {
        match open {
            Open::Array(mut items) => {
                items.push(value);
                if self.eat(b',') {
                    Ok(Err(Open::Array(items)))
                } else if self.eat(b']') {
                    Ok(Ok(Value::from(items)))
                } else {
                    self.error("expected ',' or ']' after an array's element")
                }
            }
            Open::Object { mut members, key } => {
                members.push((key, value));
                if self.eat(b',') {
                    let key = self.key()?;
                    Ok(Err(Open::Object { members, key }))
                } else if self.eat(b'}') {
                    Ok(Ok(Value::Object(Object::from(members))))
                } else {
                    self.error("expected ',' or '}' after an object's member")
                }
            }
        }
    }

    fn enter(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= self.max_depth {
            return self.error(format_args!(
                "expected at most {} levels of nesting",
                self.max_depth
            ));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<Value, JsonError> {
        if self.peek() != Some(b'"') {
            return self.error("expected an object's key, a string");
        }
        let key = self.string()?;
        if !self.eat(b':') {
            return self.error("expected ':' after an object's key");
        }
        Ok(Value::String(self.intern(key)))
    }

    fn intern(&mut self, key: Str) -> Str {
        if key.len() <= Str::INLINE {
            return key;
        }
        let hash = hash_of_str(&key);
        self.keys
            .entry(hash, |known| *known == key, |known| hash_of_str(known))
            .or_insert_with(|| key.clone())
            .get()
            .clone()
    }

    fn scalar(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => self.error("expected a value"),
            None => self.error("expected a value, found the end"),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return self.error(format_args!("expected {word}"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(part).count();
        let text = self
            .rest()
            .get(..length)
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default();
        match Number::try_parse(text) {
            Ok(number) => {
                self.at += length;
                Ok(Value::Number(number))
            }
            Err(error) => self.error(error),
        }
    }

    fn string(&mut self) -> Result<Str, JsonError> {
        self.at += 1;
        // Most strings are plain; these are copied once.
        let plain = self.plain();
        if self.rest().get(plain) == Some(&b'"')
            && let Some(Ok(text)) = self.rest().get(..plain).map(std::str::from_utf8)
        {
            let text = Str::from(text);
            self.at += plain + 1;
            return Ok(text);
        }
        let mut out = String::new();
        loop {
            let plain = self.plain();
            push_lossy(self.rest().get(..plain).unwrap_or_default(), &mut out);
            self.at += plain;
            match self.rest().first() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Str::from(out));
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => {
                    return self.error("expected control characters in a string to be escaped");
                }
                None => return self.error("expected '\"' at the end of a string"),
            }
        }
    }

    /// How many bytes stand for themselves.
    fn plain(&self) -> usize {
        self.rest()
            .iter()
            .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))
            .count()
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let c = match self.rest().get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.error("expected one of \" \\ / b f n r t u after a backslash"),
        };
        self.at += 2;
        Ok(c)
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let Some(unit) = self.code_unit(0) else {
            return self.error("expected four hexadecimal digits after \\u");
        };
        self.at += 6;
        let low = || {
            self.code_unit(0)
                .filter(|low| (0xdc00..0xe000).contains(low))
        };
        if (0xd800..0xdc00).contains(&unit)
            && let Some(low) = low()
        {
            self.at += 6;
            let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The value of the `\uXXXX` that begins `ahead` bytes from here.
    fn code_unit(&self, ahead: usize) -> Option<u32> {
        let digits = self.rest().get(ahead..ahead + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |sum, digit| {
            Some(sum * 16 + char::from(*digit).to_digit(16)?)
        })
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let space = self
            .rest()
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += space;
        self.rest().first().copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn error<T>(&self, message: impl fmt::Display) -> Result<T, JsonError> {
        Err(JsonError {
            offset: self.at,
            message: message.to_string(),
        })
    }
}

/// Each byte that is no UTF-8 becomes one U+FFFD.
fn push_lossy(bytes: &[u8], out: &mut String) {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => return out.push_str(text),
            Err(error) => {
                let (valid, bad) = rest.split_at(error.valid_up_to());
                out.push_str(std::str::from_utf8(valid).unwrap_or_default());
                out.push(char::REPLACEMENT_CHARACTER);
                rest = bad.get(1..).unwrap_or_default();
            }
        }
    }
}
