//! JSON text: reading into a [`Doc`], writing of documents and values.
//!
//! Reading is strict, keeps the text of numbers, and borrows every string that has no escape. What
//! is accepted, how bad UTF-8 and lone surrogates are mended, and the error texts are those of Go's
//! decoder, which policies and clients of opa-envoy-plugin know.

use std::borrow::Cow;

use super::{Doc, quote};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 10_000;

/// Why a text is not one JSON value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// There is nothing but white space.
    #[error("EOF")]
    Empty,
    /// The text ends inside a value.
    #[error("unexpected EOF")]
    CutOff,
    /// A byte stands where it may not.
    #[error("invalid character {} {context}", quote::quote_byte(*byte))]
    Unexpected {
        /// The byte.
        byte: u8,
        /// Where it stands.
        context: &'static str,
        /// Its distance from the start.
        offset: usize,
    },
    /// A byte breaks `true`, `false` or `null`.
    #[error(
        "invalid character {} in literal {literal} (expecting '{expected}')",
        quote::quote_byte(*byte)
    )]
    Literal {
        /// The byte.
        byte: u8,
        /// The word that was begun.
        literal: &'static str,
        /// The letter that should stand there.
        expected: char,
        /// The byte's distance from the start.
        offset: usize,
    },
    /// A second value follows the first.
    #[error("error: invalid character '{found}' after top-level value")]
    Trailing {
        /// The second value, or its first character.
        found: String,
    },
}

/// Reads one JSON value and nothing after it.
pub fn parse(text: &[u8]) -> Result<Doc<'_>, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        keep: Cow::Borrowed,
    };
    let doc = reader.value()?;
    match reader.peek_after_spaces() {
        None => Ok(doc),
        Some(byte) => Err(reader.unexpected(byte, "after top-level value")),
    }
}

/// Reads the first JSON value; what follows it is not looked at.
pub fn parse_first(text: &[u8]) -> Result<Doc<'_>, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        keep: Cow::Borrowed,
    };
    reader.value()
}

/// Reads a request's body: one JSON value, which one `null` may follow.
///
/// The `null` is opa-envoy-plugin's rule. It also ignores whatever follows that `null`; here that
/// is an error, since no client means it.
pub fn parse_body(text: &[u8]) -> Result<Doc<'_>, JsonError> {
    Reader {
        text,
        at: 0,
        keep: Cow::Borrowed,
    }
    .body()
}

/// Reads like [`parse_body`] into a document that does not borrow from `text`.
pub fn parse_body_owned(text: &[u8]) -> Result<Doc<'static>, JsonError> {
    Reader {
        text,
        at: 0,
        keep: |text| Cow::Owned(text.to_owned()),
    }
    .body()
}

/// An array or object that is still open.
enum Open<'a> {
    Array(Vec<Doc<'a>>),
    Object(Vec<(Cow<'a, str>, Doc<'a>)>, Cow<'a, str>),
}

struct Reader<'t, 'd> {
    text: &'t [u8],
    at: usize,
    /// Puts a piece of the text into the document: as it is, or as a copy.
    keep: fn(&'t str) -> Cow<'d, str>,
}

// === impl Reader ===

impl<'d> Reader<'_, 'd> {
    /// Reads a body and what may follow it.
    fn body(mut self) -> Result<Doc<'d>, JsonError> {
        let doc = self.value()?;
        let found = match self.peek_after_spaces() {
            None => return Ok(doc),
            Some(byte @ (b'[' | b'{')) => char::from(byte).to_string(),
            Some(_) => match self.value()? {
                Doc::Null => match self.peek_after_spaces() {
                    None => return Ok(doc),
                    Some(byte) => return Err(self.unexpected(byte, "after top-level value")),
                },
                Doc::Bool(value) => format!("%!s(bool={value})"),
                Doc::Number(text) | Doc::String(text) => text.into_owned(),
                Doc::Octets(_) | Doc::Array(_) | Doc::Object(_) => String::new(),
            },
        };
        Err(JsonError::Trailing { found })
    }

    /// Reads one value. What is open lies on a stack of its own, so depth costs no call stack.
    fn value(&mut self) -> Result<Doc<'d>, JsonError> {
        let mut stack = Vec::new();
        if self.peek_after_spaces().is_none() {
            return Err(JsonError::Empty);
        }
        loop {
            if let Some(doc) = self.scalar_or_open(&mut stack)?
                && let Some(doc) = self.close(doc, &mut stack)?
            {
                return Ok(doc);
            }
        }
    }

    /// Reads a scalar or an empty container; of any other container only the start.
    fn scalar_or_open(&mut self, stack: &mut Vec<Open<'d>>) -> Result<Option<Doc<'d>>, JsonError> {
        let byte = self.require_after_spaces()?;
        let doc = match byte {
            b'"' => Doc::String(self.string()?),
            b'-' | b'0'..=b'9' => Doc::Number(self.number()?),
            b't' => self.literal("true", Doc::Bool(true))?,
            b'f' => self.literal("false", Doc::Bool(false))?,
            b'n' => self.literal("null", Doc::Null)?,
            b'[' | b'{' if stack.len() >= MAX_DEPTH => {
                return Err(self.unexpected(byte, "exceeded max depth"));
            }
            b'[' => {
                self.at += 1;
                if self.require_after_spaces()? != b']' {
                    stack.push(Open::Array(Vec::new()));
                    return Ok(None);
                }
                self.at += 1;
                Doc::Array(Vec::new())
            }
            b'{' => {
                self.at += 1;
                if self.require_after_spaces()? != b'}' {
                    let key = self.key()?;
                    stack.push(Open::Object(Vec::new(), key));
                    return Ok(None);
                }
                self.at += 1;
                Doc::Object(Vec::new())
            }
            _ => return Err(self.unexpected(byte, "looking for beginning of value")),
        };
        Ok(Some(doc))
    }

    /// Puts a finished value into what is open; the whole document once nothing is.
    fn close(
        &mut self,
        mut doc: Doc<'d>,
        stack: &mut Vec<Open<'d>>,
    ) -> Result<Option<Doc<'d>>, JsonError> {
        while let Some(open) = stack.pop() {
            match open {
                Open::Array(mut items) => {
                    items.push(doc);
                    if self.more(b']', "after array element")? {
                        stack.push(Open::Array(items));
                        return Ok(None);
                    }
                    doc = Doc::Array(items);
                }
                Open::Object(mut fields, key) => {
                    fields.push((key, doc));
                    if self.more(b'}', "after object key:value pair")? {
                        let key = self.key()?;
                        stack.push(Open::Object(fields, key));
                        return Ok(None);
                    }
                    doc = Doc::Object(fields);
                }
            }
        }
        Ok(Some(doc))
    }

    /// Reads what follows an element: a comma, or the end of its container.
    fn more(&mut self, end: u8, context: &'static str) -> Result<bool, JsonError> {
        let byte = self.require_after_spaces()?;
        if byte != b',' && byte != end {
            return Err(self.unexpected(byte, context));
        }
        self.at += 1;
        Ok(byte == b',')
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Result<Cow<'d, str>, JsonError> {
        let byte = self.require_after_spaces()?;
        if byte != b'"' {
            return Err(self.unexpected(byte, "looking for beginning of object key string"));
        }
        let key = self.string()?;
        let byte = self.require_after_spaces()?;
        if byte != b':' {
            return Err(self.unexpected(byte, "after object key"));
        }
        self.at += 1;
        Ok(key)
    }

    /// Reads a string; the reader stands on its opening quote.
    fn string(&mut self) -> Result<Cow<'d, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        if self.run()? == b'"' {
            let text = self.text.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return Ok(match std::str::from_utf8(text) {
                Ok(text) => (self.keep)(text),
                Err(_) => Cow::Owned(quote::lossy(text)),
            });
        }
        let mut out = self.text.get(start..self.at).unwrap_or_default().to_vec();
        loop {
            self.escape(&mut out)?;
            let start = self.at;
            let byte = self.run()?;
            out.extend_from_slice(self.text.get(start..self.at).unwrap_or_default());
            if byte == b'"' {
                self.at += 1;
                break;
            }
        }
        Ok(Cow::Owned(match String::from_utf8(out) {
            Ok(text) => text,
            Err(error) => quote::lossy(error.as_bytes()),
        }))
    }

    /// Passes over plain characters of a string; gives the quote or backslash that ends them.
    fn run(&mut self) -> Result<u8, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
            .unwrap_or(rest.len());
        self.at += length;
        match self.peek() {
            Some(byte @ (b'"' | b'\\')) => Ok(byte),
            Some(byte) => Err(self.unexpected(byte, "in string literal")),
            None => Err(JsonError::CutOff),
        }
    }

    /// Reads one escape into `out`; the reader stands on its backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        self.at += 1;
        let byte = self.require()?;
        let plain = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.at += 1;
                let char = self.unicode_escape()?;
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.unexpected(byte, "in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    /// Reads the digits of a `\u` escape, and of a second one when they are a pair.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.hex4()?;
        if let Some(char) = char::from_u32(high) {
            return Ok(char);
        }
        let after_high = self.at;
        if high < 0xdc00 && self.text.get(self.at..self.at + 2) == Some(b"\\u") {
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let joined = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // The second escape is a character of its own.
            self.at = after_high;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.require()?;
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Err(self.unexpected(byte, "in \\u hexadecimal character escape"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// Reads a number and keeps its text.
    fn number(&mut self) -> Result<Cow<'d, str>, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // A zero ends the integer: of `01` the value is `0`, and the `1` is left over.
        if self.require()? == b'0' {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        // What was passed over is ASCII.
        Ok((self.keep)(std::str::from_utf8(text).unwrap_or_default()))
    }

    fn digits(&mut self, context: &'static str) -> Result<(), JsonError> {
        let byte = self.require()?;
        if !byte.is_ascii_digit() {
            return Err(self.unexpected(byte, context));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, literal: &'static str, doc: Doc<'d>) -> Result<Doc<'d>, JsonError> {
        for expected in literal.bytes() {
            let byte = self.require()?;
            if byte != expected {
                return Err(JsonError::Literal {
                    byte,
                    literal,
                    expected: char::from(expected),
                    offset: self.at,
                });
            }
            self.at += 1;
        }
        Ok(doc)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn require(&self) -> Result<u8, JsonError> {
        self.peek().ok_or(JsonError::CutOff)
    }

    fn peek_after_spaces(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn require_after_spaces(&mut self) -> Result<u8, JsonError> {
        self.peek_after_spaces().ok_or(JsonError::CutOff)
    }

    fn unexpected(&self, byte: u8, context: &'static str) -> JsonError {
        JsonError::Unexpected {
            byte,
            context,
            offset: self.at,
        }
    }
}

#[cfg(test)]
mod tests;
