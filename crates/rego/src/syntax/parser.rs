//! The parser: recursive descent over the token list, without going back, bounded in depth.

mod again;
mod body;
mod logic;
mod module;
mod rule;
mod strings;
mod term;

use std::cell::RefCell;
use std::sync::Arc;

use crate::source::{Code, Diagnostic, File, Span};
use crate::value::Str;

use super::ast::{Body, RegoVersion, Term, Var};
use super::lexer::Lexer;
use super::token::{Kind, Token};
use super::{Features, MAX_DEPTH, Options};

pub use again::Rules;

/// What was read, or an error on its way up; the nearest place that can go on takes it.
type Parsed<T> = Result<T, Failure>;

/// Why something could not be read.
struct Failure(Box<Diagnostic>);

/// How many errors of a file are told.
const MAX_ERRORS: usize = 10;

#[derive(Debug)]
pub(super) struct Parser<'a> {
    file: &'a Arc<File>,
    options: Options,
    version: RegoVersion,
    /// Cuts tokens when they are first looked at.
    lexer: RefCell<Lexer<'a>>,
    at: usize,
    keywords: Keywords,
    errors: Vec<Diagnostic>,
    /// How many brackets and the like are open here.
    depth: u32,
    /// How high the tree is that was made last; a chain of operators makes one high without recursion.
    height: u32,
    /// How many tokens of heads have been copied for chained bodies.
    copied: usize,
    /// Whether rules are forgotten but for what they are called.
    outline: bool,
    /// The token that is a name though its word is a keyword: `not.x` where a literal begins.
    named: Option<usize>,
}

/// Which words are keywords here.
#[derive(Debug, Clone, Copy, Default)]
struct Keywords {
    if_: bool,
    contains: bool,
    in_: bool,
    every: bool,
    /// `not { … }`.
    not: bool,
    and: bool,
    or: bool,
}

// === impl Parser ===

impl<'a> Parser<'a> {
    pub(super) fn new(file: &'a Arc<File>, options: Options) -> Result<Self, Vec<Diagnostic>> {
        if u32::try_from(file.text.len()).is_err() {
            let message = "the file is larger than 4 GiB";
            let error = file.diagnostic(Code::Parse, Span::default(), message);
            return Err(vec![error.hint("split it into several files")]);
        }
        let mut keywords = Keywords::of(options.version);
        if options.future_keywords {
            keywords = Keywords::all().within(options.features);
        }
        Ok(Self {
            file,
            options,
            version: options.version,
            lexer: RefCell::new(Lexer::new(file)),
            at: 0,
            keywords,
            errors: Vec::new(),
            depth: 0,
            height: 0,
            copied: 0,
            outline: false,
            named: None,
        })
    }

    /// Reads a module for its outline.
    pub(super) fn outline(mut self) -> Self {
        self.outline = true;
        self
    }

    pub(super) fn query(mut self) -> Result<Body, Vec<Diagnostic>> {
        let body = self.literals(Kind::Eof);
        self.finish(body)
    }

    pub(super) fn single_term(mut self) -> Result<Term, Vec<Diagnostic>> {
        let term = self.expression().and_then(|term| {
            if self.kind() == Kind::Eof {
                Ok(term)
            } else {
                Err(self.unexpected("expected exactly one term"))
            }
        });
        self.finish(term)
    }

    fn finish<T>(mut self, result: Parsed<T>) -> Result<T, Vec<Diagnostic>> {
        self.lexed();
        match result {
            Ok(value) if self.errors.is_empty() => Ok(value),
            Ok(_) => Err(self.errors),
            Err(error) => {
                self.report(*error.0);
                Err(self.errors)
            }
        }
    }

    /// Takes in what the lexer could not read, in the whole file.
    fn lexed(&mut self) {
        self.errors.splice(0..0, self.lexer.get_mut().errors());
    }

    /// Keeps `error`, unless the lexer has told of that place already.
    fn report(&mut self, error: Diagnostic) {
        self.lexed();
        let known = |e: &Diagnostic| e.location == error.location;
        if self.errors.len() < MAX_ERRORS && !self.errors.iter().any(known) {
            self.errors.push(error);
        }
    }

    fn token(&self) -> Token {
        self.ahead(0)
    }

    /// The token `count` after this one; at the end, the last one.
    fn ahead(&self, count: usize) -> Token {
        self.token_at(self.at + count)
    }

    fn token_at(&self, at: usize) -> Token {
        self.lexer.borrow_mut().token(at)
    }

    fn kind(&self) -> Kind {
        self.token().kind
    }

    fn next(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::Eof {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, kind: Kind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, kind: Kind, what: &str) -> Parsed<Token> {
        if self.kind() == kind {
            Ok(self.next())
        } else {
            Err(self.unexpected(what))
        }
    }

    fn text(&self, token: Token) -> &'a str {
        self.file.slice(token.span)
    }

    /// From `start` to the end of the token before this one.
    fn since(&self, start: Span) -> Span {
        let before = self.token_at(self.at.saturating_sub(1)).span;
        Span {
            start: start.start,
            end: before.end.max(start.start),
        }
    }

    fn error(&self, span: Span, message: impl Into<String>, hint: &str) -> Failure {
        let error = self.file.diagnostic(Code::Parse, span, message);
        Failure(Box::new(if hint.is_empty() {
            error
        } else {
            error.hint(hint)
        }))
    }

    /// That the token here was not expected; `hint` says what was.
    fn unexpected(&self, hint: &str) -> Failure {
        let token = self.token();
        let kind = token.kind;
        let class = if kind.is_keyword() || self.is_keyword(kind) {
            "keyword"
        } else {
            "token"
        };
        let mut message = format!("unexpected {} {class}", kind.name());
        if !hint.is_empty() {
            message.push_str(": ");
            message.push_str(hint);
        }
        self.error(token.span, message, "")
    }

    /// Whether the soft keyword `kind` is one here.
    fn is_keyword(&self, kind: Kind) -> bool {
        match kind {
            Kind::If => self.keywords.if_,
            Kind::Contains => self.keywords.contains,
            Kind::In => self.keywords.in_,
            Kind::Every => self.keywords.every,
            Kind::And => self.keywords.and,
            Kind::Or => self.keywords.or,
            _ => false,
        }
    }

    /// Whether the token here is the soft keyword `kind`.
    fn at_keyword(&self, kind: Kind) -> bool {
        self.kind() == kind && self.is_keyword(kind)
    }

    /// Whether a name can stand here; `contains` is a keyword only in heads.
    fn at_name(&self) -> bool {
        let kind = self.kind();
        // `or(a, b)` and `and(a, b)` are calls of the functions whatever is imported.
        let next = self.ahead(1);
        let called =
            matches!(kind, Kind::And | Kind::Or) && next.kind == Kind::LParen && !next.space;
        kind == Kind::Ident
            || kind == Kind::Contains
            || called
            || kind.is_soft() && !self.is_keyword(kind)
    }

    /// Whether a word with a key stands here: where a rule or a literal begins it is a name, keyword or not.
    fn at_keyed_word(&self) -> bool {
        let key = self.ahead(1);
        let name = self.ahead(2);
        let keyed = key.kind == Kind::LBracket
            || key.kind == Kind::Dot && name.kind.is_word() && !name.space;
        self.kind().is_word() && keyed && !key.space
    }

    /// Whether a keyword with a key stands here; `contains` is one in heads only.
    fn at_keyword_with_key(&self) -> bool {
        let word = Kind::of_word(self.text(self.token()));
        let keyword = word.is_keyword() || self.is_keyword(word) && word != Kind::Contains;
        keyword && self.at_keyed_word()
    }

    fn var(&mut self, what: &str) -> Parsed<Var> {
        if !self.at_name() || self.at_keyword(Kind::Contains) {
            return Err(self.unexpected(what));
        }
        let token = self.next();
        Ok(Var {
            span: token.span,
            name: Str::from(self.text(token)),
        })
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.weighted(1, inner)
    }

    /// Runs `inner` deeper by `weight`, which is by how much more stack it takes than brackets do.
    fn weighted<T>(
        &mut self,
        weight: u32,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        if self.depth + weight > MAX_DEPTH {
            return Err(self.too_deep(self.token().span));
        }
        self.depth += weight;
        let result = inner(self);
        self.depth -= weight;
        result
    }

    /// Sets the height of the tree that was made from parts of at most `height`.
    fn grow(&mut self, height: u32, span: Span) -> Parsed<()> {
        self.height = height + 1;
        if self.height > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> Failure {
        let message = format!("max recursion depth exceeded: more than {MAX_DEPTH} levels");
        self.error(
            span,
            message,
            "give the inner part a rule or a variable of its own",
        )
    }
}

// === impl Keywords ===

impl Keywords {
    fn of(version: RegoVersion) -> Self {
        let v1 = version == RegoVersion::V1;
        Self {
            if_: v1,
            contains: v1,
            in_: v1,
            every: v1,
            not: false,
            and: false,
            or: false,
        }
    }

    /// Without those that may not be used.
    fn within(mut self, features: Features) -> Self {
        self.not &= features.not;
        self.and &= features.and;
        self.or &= features.or;
        self
    }

    fn all() -> Self {
        Self {
            if_: true,
            contains: true,
            in_: true,
            every: true,
            not: true,
            and: true,
            or: true,
        }
    }
}
