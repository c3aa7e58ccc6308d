//! GraphQL's tokens.

use std::borrow::Cow;

use crate::builtins::Error;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// A sign: one of `! $ & ( ) : = @ [ ] { | }`, or `.` for `...`.
    Sign(u8),
    Name,
    Int,
    Float,
    Text,
    Block,
    Comment,
}

/// A token, where it begins, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    pub start: usize,
    pub text: Cow<'t, str>,
}

/// Reads tokens, one after the other.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

// === impl Token ===

impl Token<'_> {
    /// How errors call it.
    pub(super) fn told(&self) -> String {
        match self.kind {
            Kind::End => "the end of the text".to_owned(),
            Kind::Sign(b'.') => "`...`".to_owned(),
            Kind::Sign(sign) => format!("`{}`", char::from(sign)),
            Kind::Name => format!("the name {:?}", self.text),
            Kind::Int | Kind::Float => format!("the number {}", self.text),
            Kind::Text | Kind::Block => "a string".to_owned(),
            Kind::Comment => "a comment".to_owned(),
        }
    }
}

// === impl Lexer ===

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// That something is wrong at a place.
    #[cold]
    pub(super) fn error(&self, at: usize, what: &str) -> Error {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Error::Failed(format!("{what} (line {line}, column {column})"))
    }

    /// That a character begins no token.
    #[cold]
    fn stray(&self, at: usize) -> Error {
        let c = self.rest().chars().next().unwrap_or_default();
        let what = format!("{c:?} begins nothing in GraphQL; take it out or put it into a string");
        self.error(at, &what)
    }

    pub(super) fn next(&mut self) -> Result<Token<'t>, Error> {
        self.skip_blanks();
        let start = self.at;
        let Some(byte) = self.peek() else {
            return Ok(self.token(Kind::End, start));
        };
        match byte {
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|'
            | b'}' => {
                self.at += 1;
                Ok(self.token(Kind::Sign(byte), start))
            }
            b'.' if self.rest().starts_with("...") => {
                self.at += 3;
                Ok(self.token(Kind::Sign(b'.'), start))
            }
            b'_' | b'A'..=b'Z' | b'a'..=b'z' => {
                self.skip_while(|b| b == b'_' || b.is_ascii_alphanumeric());
                Ok(self.token(Kind::Name, start))
            }
            b'-' | b'0'..=b'9' => self.number(start),
            b'#' => {
                self.skip_while(|b| b >= b' ' || b == b'\t');
                Ok(self.token(Kind::Comment, start))
            }
            b'"' if self.rest().starts_with("\"\"\"") => self.block(start),
            b'"' => self.string(start),
            _ => Err(self.stray(start)),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, accepts: impl Fn(u8) -> bool) -> bool {
        let eaten = self.peek().is_some_and(accepts);
        self.at += usize::from(eaten);
        eaten
    }

    fn skip_while(&mut self, accepts: impl Fn(u8) -> bool) {
        while self.eat(&accepts) {}
    }

    fn token(&self, kind: Kind, start: usize) -> Token<'t> {
        let text = self.text.get(start..self.at).unwrap_or_default();
        Token {
            kind,
            start,
            text: Cow::Borrowed(text),
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b','));
            if !self.rest().starts_with('\u{feff}') {
                return;
            }
            self.at += '\u{feff}'.len_utf8();
        }
    }

    fn number(&mut self, start: usize) -> Result<Token<'t>, Error> {
        self.eat(|b| b == b'-');
        if self.eat(|b| b == b'0') {
            if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(
                    self.error(start, "a number begins with 0 and goes on; leave the 0 out")
                );
            }
        } else {
            self.digits(start)?;
        }
        let mut kind = Kind::Int;
        if self.eat(|b| b == b'.') {
            kind = Kind::Float;
            self.digits(start)?;
        }
        if self.eat(|b| matches!(b, b'e' | b'E')) {
            kind = Kind::Float;
            self.eat(|b| matches!(b, b'-' | b'+'));
            self.digits(start)?;
        }
        Ok(self.token(kind, start))
    }

    fn digits(&mut self, start: usize) -> Result<(), Error> {
        let before = self.at;
        self.skip_while(|b| b.is_ascii_digit());
        if self.at > before {
            return Ok(());
        }
        let what = "a number lacks a digit; write one after its `-`, `.` or `e`";
        Err(self.error(start, what))
    }

    fn string(&mut self, start: usize) -> Result<Token<'t>, Error> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.at;
            self.skip_while(|b| b >= b' ' && b != b'"' && b != b'\\' || b == b'\t');
            text.push_str(self.text.get(plain..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Token {
                        kind: Kind::Text,
                        start,
                        text: Cow::Owned(text),
                    });
                }
                Some(b'\\') => {
                    let c = self.escape();
                    let what = "a string has an escape that is none; double its `\\`";
                    let wrong = || self.error(plain, what);
                    text.push(c.ok_or_else(wrong)?);
                }
                _ => {
                    let what = "a string is not closed on its line; close it with a quote";
                    return Err(self.error(start, what));
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let rest = self.rest().get(1..)?;
        let c = match rest.bytes().next()? {
            c @ (b'"' | b'/' | b'\\') => char::from(c),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = rest.get(1..5)?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                self.at += 4;
                let code = u32::from_str_radix(digits, 16).ok()?;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return None,
        };
        self.at += 2;
        Some(c)
    }

    fn block(&mut self, start: usize) -> Result<Token<'t>, Error> {
        self.at += 3;
        let mut raw = String::new();
        loop {
            let plain = self.at;
            let inside =
                |b| b >= b' ' && b != b'"' && b != b'\\' || matches!(b, b'\t' | b'\n' | b'\r');
            self.skip_while(inside);
            raw.push_str(self.text.get(plain..self.at).unwrap_or_default());
            let rest = self.rest();
            let quotes = rest.bytes().take_while(|b| *b == b'"').count();
            if quotes >= 3 {
                // Of more than three quotes the last ones close it.
                self.at += quotes;
                raw.extend(std::iter::repeat_n('"', quotes - 3));
                return Ok(Token {
                    kind: Kind::Block,
                    start,
                    text: Cow::Owned(dedented(&raw)),
                });
            }
            if rest.starts_with("\\\"\"\"") {
                self.at += 4;
                raw.push_str("\"\"\"");
            } else if let Some(c) = rest.chars().next().filter(|c| matches!(c, '"' | '\\')) {
                self.at += 1;
                raw.push(c);
            } else {
                let what = "a block string is not closed; close it with three quotes";
                return Err(self.error(start, what));
            }
        }
    }
}

/// A block without the indentation that its lines share, which the first line keeps, and without blank lines at its
/// ends.
fn dedented(raw: &str) -> String {
    let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
    let indent = |line: &str| {
        line.bytes()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count()
    };
    let blank = |line: &str| indent(line) == line.len();
    let mut lines: Vec<&str> = raw.split('\n').collect();
    let filled = lines.iter().filter(|line| !blank(line));
    let shared = filled.map(|line| indent(line)).min().unwrap_or(0);
    for line in lines.iter_mut().skip(1) {
        *line = line.get(shared..).unwrap_or_default();
    }
    let first = lines.iter().position(|line| !blank(line));
    let last = lines.iter().rposition(|line| !blank(line));
    match (first, last) {
        (Some(first), Some(last)) => lines.get(first..=last).unwrap_or_default().join("\n"),
        _ => String::new(),
    }
}
