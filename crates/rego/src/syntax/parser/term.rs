//! Terms: literals, collections, comprehensions, references, calls and infix operators.

use crate::source::Span;
use crate::value::{Number, Str};

use super::super::ast::{Call, Ref, Term, TermKind};
use super::super::token::{Kind, Token};
use super::{Parsed, Parser};

// === impl Parser: operators ===

impl Parser<'_> {
    /// A term with operators where `K, V in XS` may stand.
    pub(super) fn expression(&mut self) -> Parsed<Term> {
        let first = self.primary()?;
        self.expression_from(first)
    }

    /// What follows `first` in an expression.
    pub(super) fn expression_from(&mut self, first: Term) -> Parsed<Term> {
        let left = self.operators(first, 1)?;
        let mut left = left;
        if self.kind() == Kind::Comma && self.keywords.in_ {
            let mut height = self.height;
            let key = left;
            let comma = self.next().span;
            let value = self.relation()?;
            height = height.max(self.height);
            if !self.at_keyword(Kind::In) {
                let hint = "`key, value` is followed by `in` and a collection";
                return Err(self.error(comma, "unexpected , token", hint));
            }
            let operator = self.next();
            let collection = self.relation()?;
            height = height.max(self.height);
            let args = vec![key, value, collection];
            left = self.infix("internal.member_3", operator, args, height)?;
        }
        self.members(left)
    }

    /// A term with operators where a comma ends it: an element of a collection, an argument.
    pub(super) fn element(&mut self) -> Parsed<Term> {
        let first = self.primary()?;
        self.element_from(first)
    }

    fn element_from(&mut self, first: Term) -> Parsed<Term> {
        let left = self.operators(first, 1)?;
        self.members(left)
    }

    /// `in COLLECTION`, any number of times.
    fn members(&mut self, mut left: Term) -> Parsed<Term> {
        while self.at_keyword(Kind::In) {
            let height = self.height;
            let operator = self.next();
            let right = self.relation()?;
            let height = height.max(self.height);
            left = self.infix("internal.member_2", operator, vec![left, right], height)?;
        }
        Ok(left)
    }

    /// A term with all operators but `in`.
    fn relation(&mut self) -> Parsed<Term> {
        let first = self.primary()?;
        self.operators(first, 1)
    }

    /// The operators after `left` that bind at least as strongly as `least`.
    fn operators(&mut self, mut left: Term, least: u8) -> Parsed<Term> {
        while let Some((binds, name)) = self.kind().operator()
            && binds >= least
        {
            let height = self.height;
            let operator = self.next();
            let mut right = self.primary()?;
            while let Some((tighter, _)) = self.kind().operator()
                && tighter > binds
            {
                right = self.operators(right, tighter)?;
            }
            let height = height.max(self.height);
            left = self.infix(name, operator, vec![left, right], height)?;
        }
        Ok(left)
    }

    fn infix(&mut self, name: &str, token: Token, args: Vec<Term>, height: u32) -> Parsed<Term> {
        let start = args.first().map_or(token.span, |first| first.span);
        let span = self.since(start);
        self.grow(height, span)?;
        let kind = TermKind::Call(Box::new(Call {
            operator: operator(name, token.span),
            args,
            infix: true,
        }));
        Ok(Term { span, kind })
    }
}

// === impl Parser: primary terms ===

impl Parser<'_> {
    /// A term without operators, with all that is attached to it.
    pub(super) fn primary(&mut self) -> Parsed<Term> {
        let start = self.token();
        let term = self.bare()?;
        self.postfix(term, start.span)
    }

    fn bare(&mut self) -> Parsed<Term> {
        let token = self.token();
        self.height = 1;
        let kind = match token.kind {
            _ if self.named == Some(self.at) => TermKind::Var(Str::from(self.text(token))),
            Kind::Ident if self.at_keyword_with_key() => {
                let message = format!("unexpected {} keyword", self.text(token));
                let hint = "a keyword with keys is a name only where a rule or a literal begins";
                return Err(self.error(token.span, message, hint));
            }
            Kind::Null => TermKind::Null,
            Kind::True => TermKind::Bool(true),
            Kind::False => TermKind::Bool(false),
            Kind::Number | Kind::Minus | Kind::Dot => return self.number(),
            Kind::String | Kind::RawString => return self.string(),
            Kind::TemplateStart => return self.template(),
            Kind::LBracket => return self.nested(Self::array),
            Kind::LBrace => return self.nested(Self::braces),
            Kind::LParen => return self.nested(Self::parenthesised),
            _ if self.at_name() => TermKind::Var(Str::from(self.text(token))),
            _ => return Err(self.unexpected(self.keyword_hint(token.kind))),
        };
        self.next();
        Ok(Term {
            span: token.span,
            kind,
        })
    }

    fn keyword_hint(&self, kind: Kind) -> &'static str {
        if self.is_keyword(kind) || kind.is_keyword() {
            "expected a term; a keyword cannot be used as a name"
        } else {
            "expected a term"
        }
    }

    fn parenthesised(&mut self) -> Parsed<Term> {
        self.next();
        let mut term = self.expression()?;
        if self.kind() != Kind::RParen {
            let span = self.token().span;
            return Err(self.error(
                span,
                "non-terminated expression",
                "expected `)`: parentheses hold one term; `:=`, `=` and `;` cannot stand in them",
            ));
        }
        self.next();
        // A group ends an operator chain: `(a, b in c)` and `a, b in c` are the same tree.
        if let TermKind::Call(_) = term.kind {
            term.span = self.since(term.span);
        }
        Ok(term)
    }

    fn number(&mut self) -> Parsed<Term> {
        let start = self.token().span;
        let negative = self.take(Kind::Minus);
        if negative && !matches!(self.kind(), Kind::Number | Kind::Dot) {
            return self.negation(start);
        }
        let fraction = self.take(Kind::Dot);
        if self.kind() != Kind::Number || fraction && self.token().space {
            return Err(self.unexpected("expected number"));
        }
        let token = self.next();
        let sign = if negative { "-" } else { "" };
        let dot = if fraction { "0." } else { "" };
        let text = format!("{sign}{dot}{}", self.text(token));
        let span = self.since(start);
        match Number::parse(&text) {
            Some(number) => Ok(Term {
                span,
                kind: TermKind::Number(number),
            }),
            None => Err(self.error(span, "illegal number format", "write it as JSON does")),
        }
    }

    /// `-TERM`: zero minus the term.
    fn negation(&mut self, start: Span) -> Parsed<Term> {
        if !self.at_name() {
            return Err(self.unexpected("expected number"));
        }
        let term = self.nested(Self::primary)?;
        let height = self.height;
        let zero = Term {
            span: start,
            kind: TermKind::Number(Number::from(0_i64)),
        };
        let span = self.since(start);
        self.grow(height, span)?;
        let kind = TermKind::Call(Box::new(Call {
            operator: operator("minus", start),
            args: vec![zero, term],
            infix: true,
        }));
        Ok(Term { span, kind })
    }

    /// Keys and arguments that follow a term without a space between.
    fn postfix(&mut self, mut term: Term, start: Span) -> Parsed<Term> {
        loop {
            let token = self.token();
            if token.space {
                return Ok(term);
            }
            match token.kind {
                Kind::Dot | Kind::LBracket => {
                    let height = self.height;
                    let mut path = Vec::new();
                    let height = height.max(self.keys(&mut path)?);
                    self.check_head(&term)?;
                    path.shrink_to_fit();
                    let span = self.since(start);
                    self.grow(height, span)?;
                    let reference = Ref {
                        span,
                        head: Box::new(term),
                        path,
                    };
                    let kind = TermKind::Ref(reference);
                    term = Term { span, kind };
                }
                Kind::LParen => term = self.call(term, start)?,
                _ => return Ok(term),
            }
            if matches!(term.kind, TermKind::Call(_)) && self.kind() == Kind::LParen {
                return Ok(term);
            }
        }
    }

    fn check_head(&self, term: &Term) -> Parsed<()> {
        let what = match &term.kind {
            TermKind::Null => "null",
            TermKind::Bool(_) => "boolean",
            TermKind::Number(_) => "number",
            TermKind::String(_) => "string",
            TermKind::Template(_) => "template-string",
            TermKind::Ref(_) => "ref",
            _ => return Ok(()),
        };
        let message = format!("illegal ref (head cannot be {what})");
        Err(self.error(
            term.span,
            message,
            "only variables, calls and collections have keys",
        ))
    }

    /// The keys that follow without a space, and the height of the highest.
    pub(super) fn keys(&mut self, path: &mut Vec<Term>) -> Parsed<u32> {
        let mut height = 1;
        loop {
            let token = self.token();
            if token.space {
                return Ok(height);
            }
            match token.kind {
                Kind::Dot => {
                    self.next();
                    let name = self.token();
                    // Before another key a keyword is a name to the lexer.
                    let word = Kind::of_word(self.text(name));
                    let keyword = word.is_keyword() || self.is_keyword(word);
                    let refused = keyword && !self.options.features.keywords_in_refs;
                    if !name.kind.is_word() || name.space || refused {
                        return Err(self.unexpected("expected identifier after `.`"));
                    }
                    self.next();
                    path.push(Term {
                        span: name.span,
                        kind: TermKind::String(Str::from(self.text(name))),
                    });
                }
                Kind::LBracket => {
                    path.push(self.nested(|p| {
                        p.next();
                        let key = p.expression()?;
                        p.expect(Kind::RBracket, "expected ]")?;
                        Ok(key)
                    })?);
                    height = height.max(self.height);
                }
                _ => return Ok(height),
            }
        }
    }

    fn call(&mut self, function: Term, start: Span) -> Parsed<Term> {
        if !matches!(function.kind, TermKind::Ref(_)) {
            self.check_head(&function)?;
        }
        let height = self.height;
        let mut args = Vec::new();
        self.next();
        let height = height.max(self.elements(Kind::RParen, &mut args)?);
        let span = self.since(start);
        self.grow(height, span)?;
        let is_set = matches!(&function.kind, TermKind::Var(name) if &**name == "set");
        if is_set && args.is_empty() {
            let kind = TermKind::Set(args);
            return Ok(Term { span, kind });
        }
        let operator = match function.kind {
            TermKind::Ref(reference) => reference,
            _ => Ref {
                span: function.span,
                head: Box::new(function),
                path: Vec::new(),
            },
        };
        args.shrink_to_fit();
        let kind = TermKind::Call(Box::new(Call {
            operator,
            args,
            infix: false,
        }));
        Ok(Term { span, kind })
    }
}

// === impl Parser: collections ===

impl Parser<'_> {
    /// Elements up to `end`, which is taken too; a comma may stand before it.
    pub(super) fn elements(&mut self, end: Kind, into: &mut Vec<Term>) -> Parsed<u32> {
        self.nested(|p| {
            let mut height = 1;
            while p.kind() != end {
                into.push(p.element()?);
                height = height.max(p.height);
                if !p.take(Kind::Comma) {
                    break;
                }
            }
            p.expect(end, &format!("expected \",\" or {:?}", end.name()))?;
            Ok(height)
        })
    }

    fn array(&mut self) -> Parsed<Term> {
        let start = self.next().span;
        if self.take(Kind::RBracket) {
            let kind = TermKind::Array(Vec::new());
            let span = self.since(start);
            return Ok(Term { span, kind });
        }
        let first = self.primary()?;
        if self.kind() == Kind::Pipe {
            let height = self.height;
            let body = self.comprehension(Kind::RBracket)?;
            let kind = TermKind::ArrayComprehension(Box::new(first), Box::new(body));
            return self.collected(kind, start, height);
        }
        let mut elements = vec![self.element_from(first)?];
        let mut height = self.height;
        if self.take(Kind::Comma) {
            height = height.max(self.elements(Kind::RBracket, &mut elements)?);
        } else {
            self.expect(Kind::RBracket, "non-terminated array")?;
        }
        self.height = 0;
        elements.shrink_to_fit();
        self.collected(TermKind::Array(elements), start, height)
    }

    /// `| BODY` and the closing bracket.
    fn comprehension(&mut self, end: Kind) -> Parsed<super::Body> {
        self.next();
        let body = self.literals(end)?;
        self.expect(end, "non-terminated comprehension")?;
        Ok(body)
    }

    fn collected(&mut self, kind: TermKind, start: Span, height: u32) -> Parsed<Term> {
        let span = self.since(start);
        self.grow(height.max(self.height), span)?;
        Ok(Term { span, kind })
    }

    /// An object, a set, or a comprehension of one.
    pub(super) fn braces(&mut self) -> Parsed<Term> {
        let start = self.next().span;
        if self.take(Kind::RBrace) {
            let kind = TermKind::Object(Vec::new());
            let span = self.since(start);
            return Ok(Term { span, kind });
        }
        let first = self.primary()?;
        if self.kind() == Kind::Pipe {
            return self.set_comprehension(first, start);
        }
        let first = self.element_from(first)?;
        if self.kind() == Kind::Colon {
            return self.object(first, start);
        }
        let mut elements = vec![first];
        let mut height = self.height;
        if self.take(Kind::Comma) {
            height = height.max(self.elements(Kind::RBrace, &mut elements)?);
        } else {
            self.expect(Kind::RBrace, "non-terminated set")?;
        }
        self.height = 0;
        elements.shrink_to_fit();
        self.collected(TermKind::Set(elements), start, height)
    }

    /// `| BODY }` after the term of a set comprehension.
    pub(super) fn set_comprehension(&mut self, term: Term, start: Span) -> Parsed<Term> {
        let height = self.height;
        let body = self.comprehension(Kind::RBrace)?;
        let kind = TermKind::SetComprehension(Box::new(term), Box::new(body));
        self.collected(kind, start, height)
    }

    /// `: VALUE …` after the first key of an object.
    pub(super) fn object(&mut self, first: Term, start: Span) -> Parsed<Term> {
        let mut height = self.height;
        self.next();
        let value = self.primary()?;
        height = height.max(self.height);
        if self.kind() == Kind::Pipe {
            let body = self.comprehension(Kind::RBrace)?;
            let (key, value) = (Box::new(first), Box::new(value));
            let kind = TermKind::ObjectComprehension(key, value, Box::new(body));
            return self.collected(kind, start, height);
        }
        let value = self.element_from(value)?;
        height = height.max(self.height);
        let mut entries = vec![(first, value)];
        while self.take(Kind::Comma) && self.kind() != Kind::RBrace {
            let key = self.element()?;
            height = height.max(self.height);
            self.expect(Kind::Colon, "expected `:` after an object's key")?;
            let value = self.element()?;
            height = height.max(self.height);
            entries.push((key, value));
        }
        self.expect(Kind::RBrace, "non-terminated object")?;
        self.height = 0;
        entries.shrink_to_fit();
        self.collected(TermKind::Object(entries), start, height)
    }
}

/// A reference to the built-in `name` at an operator's place.
fn operator(name: &str, span: Span) -> Ref {
    let mut parts = name.split('.');
    let head = TermKind::Var(Str::from(parts.next().unwrap_or_default()));
    let string = |part: &str| Term {
        span,
        kind: TermKind::String(Str::from(part)),
    };
    Ref {
        span,
        head: Box::new(Term { span, kind: head }),
        path: parts.map(string).collect(),
    }
}
