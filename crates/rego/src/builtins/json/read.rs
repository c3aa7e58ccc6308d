//! JSON text to values, without a frame of the stack for a level of nesting.

use crate::builtins::{Budget, Error};
use crate::value::{Array, Number, Object, Str, Value};

/// How deep arrays and objects may nest, as in Go.
const MAX_DEPTH: usize = 10_000;
const END: &str = "unexpected EOF";

/// Reads the one value of `text`.
pub(in crate::builtins) fn document(text: &str, budget: &mut Budget) -> Result<Value, Error> {
    budget.build(text.len() as u64)?;
    let mut reader = Reader {
        text,
        at: 0,
        budget,
    };
    reader.space();
    if reader.peek().is_none() {
        return Err(failed("EOF"));
    }
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => {
            let error = reader.unexpected("after top-level value");
            Err(failed(&format!("error: {error}")))
        }
    }
}

struct Reader<'r> {
    text: &'r str,
    at: usize,
    budget: &'r mut Budget,
}

/// A collection that has not ended yet; an object with the key of the value that comes next.
enum Open {
    Array(Vec<Value>),
    Object(Vec<(Value, Value)>, Value),
}

// === impl Reader ===

impl<'r> Reader<'r> {
    fn value(&mut self) -> Result<Value, Error> {
        let mut open = Vec::new();
        loop {
            if open.len() > MAX_DEPTH {
                return Err(failed("exceeded max depth"));
            }
            self.budget.build(size_of::<Value>() as u64)?;
            let value = match self.begin()? {
                Ok(value) => value,
                Err(collection) => {
                    open.push(collection);
                    continue;
                }
            };
            if let Some(value) = self.complete(value, &mut open)? {
                return Ok(value);
            }
        }
    }

    /// Reads a scalar or an empty collection, or the beginning of another collection.
    fn begin(&mut self) -> Result<Result<Value, Open>, Error> {
        self.space();
        Ok(match self.peek() {
            Some(b'[') => {
                self.at += 1;
                self.space();
                if self.eat(b']') {
                    Ok(Array::default().into())
                } else {
                    Err(Open::Array(Vec::new()))
                }
            }
            Some(b'{') => {
                self.at += 1;
                self.space();
                if self.eat(b'}') {
                    Ok(Object::default().into())
                } else {
                    Err(Open::Object(Vec::new(), self.key()?))
                }
            }
            _ => Ok(self.scalar()?),
        })
    }

    /// Puts a value into what is open, and what ends with it into what is open around it.
    fn complete(&mut self, mut value: Value, open: &mut Vec<Open>) -> Result<Option<Value>, Error> {
        while let Some(collection) = open.pop() {
            self.space();
            let next = self.peek();
            match collection {
                Open::Array(mut items) => {
                    items.push(value);
                    match next {
                        Some(b',') => {
                            self.at += 1;
                            open.push(Open::Array(items));
                            return Ok(None);
                        }
                        Some(b']') => value = items.into(),
                        _ => return Err(failed(&self.unexpected("after array element"))),
                    }
                }
                Open::Object(mut members, key) => {
                    members.push((key, value));
                    match next {
                        Some(b',') => {
                            self.at += 1;
                            self.space();
                            let key = self.key()?;
                            open.push(Open::Object(members, key));
                            return Ok(None);
                        }
                        Some(b'}') => value = Object::from(members).into(),
                        _ => return Err(failed(&self.unexpected("after object key:value pair"))),
                    }
                }
            }
            self.at += 1;
        }
        Ok(Some(value))
    }

    fn key(&mut self) -> Result<Value, Error> {
        if self.peek() != Some(b'"') {
            return Err(failed(
                &self.unexpected("looking for beginning of object key string"),
            ));
        }
        let key = self.string()?;
        self.space();
        if !self.eat(b':') {
            return Err(failed(&self.unexpected("after object key")));
        }
        Ok(key.into())
    }

    fn scalar(&mut self) -> Result<Value, Error> {
        match self.peek() {
            Some(b'"') => Ok(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(failed(&self.unexpected("looking for beginning of value"))),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        for byte in word.bytes() {
            if !self.eat(byte) {
                let place = format!("in literal {word}");
                return Err(failed(&self.unexpected(&place)));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Error> {
        let from = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits("in numeric literal")?;
        }
        if self.eat(b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(from..self.at).unwrap_or_default();
        Ok(Number::try_parse(text)?.into())
    }

    fn digits(&mut self, place: &str) -> Result<(), Error> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > from {
            return Ok(());
        }
        Err(failed(&self.unexpected(place)))
    }

    fn string(&mut self) -> Result<Str, Error> {
        self.at += 1;
        let plain = self.plain()?;
        if self.eat(b'"') {
            return Ok(Str::from(plain));
        }
        let mut text = plain.to_owned();
        while !self.eat(b'"') {
            self.at += 1;
            text.push(self.escaped()?);
            text.push_str(self.plain()?);
        }
        Ok(Str::from(text))
    }

    /// What stands before the next quote or backslash.
    fn plain(&mut self) -> Result<&'r str, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let len = rest.as_bytes().iter().position(special);
        let len = len.ok_or_else(|| failed(END))?;
        self.at += len;
        if self.peek().is_some_and(|byte| byte < 0x20) {
            return Err(failed(&self.unexpected("in string literal")));
        }
        Ok(rest.get(..len).unwrap_or_default())
    }

    /// The character behind a backslash.
    fn escaped(&mut self) -> Result<char, Error> {
        let c = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(failed(&self.unexpected("in string escape code"))),
        };
        self.at += 1;
        Ok(c)
    }

    /// The character of `\u` and four digits, or of two such that are a surrogate pair. Half a pair is U+FFFD.
    fn unicode(&mut self) -> Result<char, Error> {
        let high = self.hex()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        let after_high = self.at;
        if high < 0xdc00 && self.eat(b'\\') && self.eat(b'u') {
            let low = self.hex()?;
            if let 0xdc00..=0xdfff = low {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after_high;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Error> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let wrong = || failed(&self.unexpected("in \\u hexadecimal character escape"));
            code = code << 4 | digit.ok_or_else(wrong)?;
            self.at += 1;
        }
        Ok(code)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    #[cold]
    fn unexpected(&self, place: &str) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.chars().next() {
            Some(c) => format!("invalid character {c:?} {place}"),
            None => END.to_owned(),
        }
    }
}

#[cold]
fn failed(message: &str) -> Error {
    Error::Failed(message.to_owned())
}
