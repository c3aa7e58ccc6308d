//! Text to tokens, in one pass that stays as far before the parser as brackets are open: they are paired here, so that
//! the parser can look past them.
//!
//! Words that are keywords only behind an import are marked as such words; the parser knows what holds.

use crate::source::{Code, Diagnostic, File, Span};
use crate::value::Str;

use super::ast::Comment;
use super::token::{Kind, Token, Tokens};

/// A file while it is cut into tokens, as far as the parser has asked.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    file: &'a File,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Tokens,
    comments: Vec<Comment>,
    errors: Vec<Diagnostic>,
    /// The open brackets' token numbers, and the templates they stand in.
    open: Vec<Open>,
    space: bool,
    newline: bool,
    /// Whether the last token, `Eof`, is there.
    ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    token: u32,
    /// Of an open brace of a template: whether the template is a raw one.
    template: Option<bool>,
}

// === impl Lexer ===

impl<'a> Lexer<'a> {
    pub(super) fn new(file: &'a File) -> Self {
        let bom = file.text.starts_with('\u{feff}');
        Self {
            file,
            text: &file.text,
            bytes: file.text.as_bytes(),
            at: if bom { 3 } else { 0 },
            tokens: Tokens::default(),
            comments: Vec::new(),
            errors: Vec::new(),
            open: Vec::new(),
            space: false,
            newline: false,
            ended: false,
        }
    }

    /// The token of a number; behind the end, the last one.
    pub(super) fn token(&mut self, at: usize) -> Token {
        if let Some(token) = self.tokens.get(at) {
            return *token;
        }
        // Brackets that are open are closed first: what opens knows where it closes.
        while !self.ended && (self.tokens.len() <= at || !self.open.is_empty()) {
            self.step();
        }
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get(at.min(last)).copied().unwrap_or(Token {
            span: Span::default(),
            kind: Kind::Eof,
            space: true,
            newline: true,
            close: 0,
        })
    }

    /// Frees what stands before the token `at`; it is looked at no more.
    pub(super) fn free_before(&mut self, at: usize) {
        self.tokens.free_before(at);
    }

    /// The comments so far.
    pub(super) fn comments(&mut self) -> Vec<Comment> {
        std::mem::take(&mut self.comments)
    }

    /// What could not be read, to the end of the file.
    pub(super) fn errors(&mut self) -> Vec<Diagnostic> {
        while !self.ended {
            self.step();
        }
        std::mem::take(&mut self.errors)
    }

    /// Cuts off what stands next.
    fn step(&mut self) {
        let Some(byte) = self.peek(0) else {
            return self.end();
        };
        match byte {
            b' ' | b'\t' | b'\r' => {
                self.at += 1;
                self.space = true;
            }
            b'\n' => {
                self.at += 1;
                self.space = true;
                self.newline = true;
            }
            b'#' => self.comment(),
            b'"' => self.string(),
            b'`' => self.raw_string(),
            b'0'..=b'9' => self.number(),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(),
            b'$' if matches!(self.peek(1), Some(b'"' | b'`')) => self.template(),
            _ => self.punctuation(byte),
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.push(Kind::Eof, self.at);
        let null = self.bytes.iter().position(|byte| *byte == 0);
        self.forbid(null, "illegal null character");
        let marks = self.text.match_indices('\u{feff}');
        let mark = marks.map(|(at, _)| at).find(|at| *at > 0);
        self.forbid(mark, "illegal byte-order mark");
    }

    /// Tells of a character that may stand nowhere, not even in strings and comments.
    fn forbid(&mut self, at: Option<usize>, message: &str) {
        let Some(at) = at else {
            return;
        };
        let span = Span {
            start: offset(at),
            end: offset(at),
        };
        let error = self.file.diagnostic(Code::Parse, span, message);
        let error = error.hint("write it as an escape: \\u0000, \\ufeff");
        self.errors.push(error);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span {
            start: offset(start),
            end: offset(self.at),
        }
    }

    /// Adds a token from `start` to here.
    fn push(&mut self, kind: Kind, start: usize) {
        let span = self.span(start);
        self.tokens.push(Token {
            span,
            kind,
            space: self.space,
            newline: self.newline,
            close: 0,
        });
        self.space = false;
        self.newline = false;
    }

    fn error(&mut self, start: usize, message: &str, hint: &str) {
        let span = self.span(start);
        if self.errors.len() < 10 {
            let error = self.file.diagnostic(Code::Parse, span, message).hint(hint);
            self.errors.push(error);
        }
        self.push(Kind::Illegal, start);
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        self.at += length;
        let text = self.text.get(start + 1..self.at).unwrap_or_default();
        let text = Str::from(text.strip_suffix('\r').unwrap_or(text));
        let span = self.span(start);
        self.comments.push(Comment { span, text });
        self.space = true;
    }

    fn word(&mut self) {
        let start = self.at;
        let is_word = |b: &u8| *b == b'_' || b.is_ascii_alphanumeric();
        while self.bytes.get(self.at).is_some_and(is_word) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        // A keyword with a key is none: a rule or a literal begins there, and none goes on.
        let has_key = self.peek(0) == Some(b'.')
            && self
                .peek(1)
                .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
        let kind = if has_key {
            Kind::Ident
        } else {
            Kind::of_word(text)
        };
        self.push(kind, start);
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) {
        let start = self.at;
        self.digits();
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        if text.len() > 1 && text.first() == Some(&b'0') {
            let hint = "write the number without zeros in front of it";
            self.error(start, "expected number without leading zero", hint);
            return;
        }
        if self.peek(0) == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                self.error(
                    start,
                    "expected fraction",
                    "write digits after the decimal point",
                );
                return;
            }
        }
        self.exponent(start);
    }

    /// The exponent, where there is one, and the end of the number.
    fn exponent(&mut self, start: usize) {
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(0), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                self.error(start, "expected exponent", "write digits after the `e`");
                return;
            }
        }
        if self
            .peek(0)
            .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic())
        {
            let hint =
                "numbers are decimal, like 12, 1.5 or 1e9; a name does not start with a digit";
            self.error(start, "illegal number format", hint);
            return;
        }
        self.push(Kind::Number, start);
    }

    /// A string in double quotes; its escapes are decoded by the parser.
    fn string(&mut self) {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'"') => {
                    self.at += 1;
                    return self.push(Kind::String, start);
                }
                Some(b'\\') if self.peek(1).is_some_and(|b| b != b'\n') => self.at += 2,
                None | Some(b'\n') => {
                    let hint = "close the string with `\"`, or write `…` for one of several lines";
                    return self.error(start, "non-terminated string", hint);
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn raw_string(&mut self) {
        let start = self.at;
        let rest = self.bytes.get(start + 1..).unwrap_or_default();
        if let Some(length) = rest.iter().position(|b| *b == b'`') {
            self.at += length + 2;
            self.push(Kind::RawString, start);
        } else {
            self.at = self.bytes.len();
            self.error(
                start,
                "non-terminated string",
                "close the raw string with a back-tick",
            );
        }
    }

    fn template(&mut self) {
        let start = self.at;
        let raw = self.peek(1) == Some(b'`');
        self.at += 2;
        self.push(Kind::TemplateStart, start);
        self.template_text(raw);
    }

    /// A template's text up to its end or the next `{`.
    fn template_text(&mut self, raw: bool) {
        let start = self.at;
        let quote = if raw { b'`' } else { b'"' };
        loop {
            match self.peek(0) {
                Some(b'\\') if self.peek(1) == Some(b'{') => self.at += 2,
                Some(b'\\') if !raw && self.peek(1).is_some_and(|b| b != b'\n') => self.at += 2,
                Some(b) if b == quote || b == b'{' => {
                    self.push(Kind::TemplateText, start);
                    let from = self.at;
                    self.at += 1;
                    if b == quote {
                        return self.push(Kind::TemplateEnd, from);
                    }
                    self.open(Some(raw));
                    return self.push(Kind::TemplateOpen, from);
                }
                None => return self.unclosed(start),
                Some(b'\n') if !raw => return self.unclosed(start),
                Some(_) => self.at += 1,
            }
        }
    }

    fn unclosed(&mut self, start: usize) {
        let hint = "close the template string with the quote it begins with";
        self.error(start, "non-terminated string", hint);
    }

    fn open(&mut self, template: Option<bool>) {
        let token = offset(self.tokens.len());
        self.open.push(Open { token, template });
    }

    /// Pairs the bracket that is about to be pushed with the one it closes.
    fn close(&mut self, closing: Kind) -> Option<bool> {
        let here = offset(self.tokens.len());
        let last = self.open.last().copied()?;
        let opening = self.tokens.get_mut(last.token as usize)?;
        let fits = matches!(
            (opening.kind, closing),
            (Kind::LBrace | Kind::TemplateOpen, Kind::RBrace)
                | (Kind::LBracket, Kind::RBracket)
                | (Kind::LParen, Kind::RParen)
        );
        if fits {
            opening.close = here;
            self.open.pop();
            return last.template;
        }
        None
    }

    fn punctuation(&mut self, byte: u8) {
        let start = self.at;
        let next = self.peek(1);
        let (kind, length) = match (byte, next) {
            (b':', Some(b'=')) => (Kind::Assign, 2),
            (b'=', Some(b'=')) => (Kind::Equal, 2),
            (b'!', Some(b'=')) => (Kind::NotEqual, 2),
            (b'<', Some(b'=')) => (Kind::LessEqual, 2),
            (b'>', Some(b'=')) => (Kind::GreaterEqual, 2),
            _ => match single(byte) {
                Some(kind) => (kind, 1),
                None => return self.illegal(),
            },
        };
        self.at += length;
        match kind {
            Kind::LBrace | Kind::LBracket | Kind::LParen => self.open(None),
            Kind::RBrace | Kind::RBracket | Kind::RParen => {
                if let Some(raw) = self.close(kind) {
                    self.push(Kind::TemplateClose, start);
                    return self.template_text(raw);
                }
            }
            _ => {}
        }
        self.push(kind, start);
    }

    fn illegal(&mut self) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let found = rest.chars().next().unwrap_or_default();
        self.at += found.len_utf8().max(1);
        let hint = match found {
            '!' => "write `not x`, or `!=` between values".to_owned(),
            '\'' => "strings stand in double quotes, raw ones in back-ticks".to_owned(),
            _ => format!("{found:?} has no meaning outside of strings and comments"),
        };
        self.error(start, "illegal token", &hint);
    }
}

fn single(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'{' => Kind::LBrace,
        b'}' => Kind::RBrace,
        b'[' => Kind::LBracket,
        b']' => Kind::RBracket,
        b'(' => Kind::LParen,
        b')' => Kind::RParen,
        b',' => Kind::Comma,
        b';' => Kind::Semicolon,
        b':' => Kind::Colon,
        b'.' => Kind::Dot,
        b'=' => Kind::Unify,
        b'<' => Kind::Less,
        b'>' => Kind::Greater,
        b'+' => Kind::Plus,
        b'-' => Kind::Minus,
        b'*' => Kind::Star,
        b'/' => Kind::Slash,
        b'%' => Kind::Percent,
        b'&' => Kind::Ampersand,
        b'|' => Kind::Pipe,
        _ => return None,
    })
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
