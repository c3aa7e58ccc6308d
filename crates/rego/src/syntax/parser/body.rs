//! Bodies: literals with `not`, `some`, `every`, `:=`, `=` and `with`.

use crate::source::Span;
use crate::value::Str;

use super::super::ast::{Body, Literal, LiteralKind, Term, TermKind, Var, With};
use super::super::token::Kind;
use super::{Parsed, Parser};

/// What a literal takes of the stack, in brackets.
pub(super) const LITERAL: u32 = 3;

// === impl Parser ===

impl Parser<'_> {
    /// Literals up to `end`, which is not taken.
    pub(super) fn literals(&mut self, end: Kind) -> Parsed<Body> {
        let start = self.token().span;
        if self.kind() == end {
            let hint = "write at least one expression; `true` always holds";
            return Err(self.error(start, "found empty body", hint));
        }
        let first = self.weighted(LITERAL, Self::literal)?;
        self.literals_from(first, start, end)
    }

    /// The literals after `first` up to `end`.
    pub(super) fn literals_from(&mut self, first: Literal, start: Span, end: Kind) -> Parsed<Body> {
        let mut height = self.height;
        let mut literals = vec![first];
        loop {
            let again = self.take(Kind::Semicolon);
            let token = self.token();
            if !again {
                if token.kind == end {
                    break;
                }
                if !token.newline {
                    let mut error =
                        self.unexpected(&format!("expected \\n or ; or {}", end.name()));
                    if token.kind == Kind::In {
                        let hint = "`import rego.v1` makes `in` an operator";
                        error.0.hint = Some(hint.to_owned());
                    }
                    return Err(error);
                }
            }
            literals.push(self.weighted(LITERAL, Self::literal)?);
            height = height.max(self.height);
        }
        let span = self.since(start);
        self.grow(height, span)?;
        literals.shrink_to_fit();
        Ok(Body {
            span,
            braces: false,
            literals,
        })
    }

    /// `{ LITERALS }`.
    pub(super) fn block(&mut self) -> Parsed<Body> {
        self.expect(Kind::LBrace, "expected {")?;
        let mut body = self.nested(|p| p.literals(Kind::RBrace))?;
        body.braces = true;
        self.expect(Kind::RBrace, "expected }")?;
        Ok(body)
    }

    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        let start = self.token().span;
        if self.at_keyword_with_key() {
            self.named = Some(self.at);
        }
        if self.at_logic() {
            return self.logic(start);
        }
        let named = self.named == Some(self.at);
        let negated = !named && self.take(Kind::Not);
        let kind = match self.kind() {
            _ if named => {
                let term = self.expression()?;
                self.relation_of(term)?
            }
            Kind::Some if negated => return Err(self.unexpected("illegal negation of 'some'")),
            Kind::Some => self.some()?,
            Kind::Every if self.keywords.every && negated => {
                return Err(self.unexpected("illegal negation of 'every'"));
            }
            Kind::Every if self.keywords.every => self.every()?,
            _ => {
                let term = self.expression()?;
                self.relation_of(term)?
            }
        };
        if matches!(kind, LiteralKind::Some(_)) && self.kind() == Kind::With {
            return Err(self.unexpected("`some` declarations take no modifiers"));
        }
        self.finish_literal(kind, negated, start)
    }

    pub(super) fn relation_of(&mut self, left: Term) -> Parsed<LiteralKind> {
        let height = self.height;
        let make = match self.kind() {
            Kind::Assign => LiteralKind::Assign,
            Kind::Unify => LiteralKind::Unify,
            _ => return Ok(LiteralKind::Term(left)),
        };
        self.next();
        let right = self.expression()?;
        self.height = self.height.max(height);
        Ok(make(Box::new(left), Box::new(right)))
    }

    pub(super) fn finish_literal(
        &mut self,
        kind: LiteralKind,
        negated: bool,
        start: Span,
    ) -> Parsed<Literal> {
        let with = self.with()?;
        let span = self.since(start);
        self.grow(self.height, span)?;
        let literal = Literal {
            span,
            negated,
            kind,
            with,
        };
        Ok(literal)
    }

    pub(super) fn with(&mut self) -> Parsed<Vec<With>> {
        let mut found = Vec::new();
        let mut height = self.height;
        while self.kind() == Kind::With {
            let start = self.next().span;
            let word = Kind::of_word(self.text(self.token()));
            if word.is_keyword() || self.is_keyword(word) {
                return Err(self.unexpected("expected ident"));
            }
            let target = self.primary()?;
            if !matches!(target.kind, TermKind::Var(_) | TermKind::Ref(_)) {
                let hint = "`with` replaces input, data, a path below them, or a function";
                return Err(self.error(target.span, "with target must be a reference", hint));
            }
            height = height.max(self.height);
            self.expect(Kind::As, "expected `as` and the value after `with TARGET`")?;
            let value = self.expression()?;
            height = height.max(self.height);
            let span = self.since(start);
            found.push(With {
                span,
                target,
                value,
            });
        }
        self.height = height;
        Ok(found)
    }

    fn some(&mut self) -> Parsed<LiteralKind> {
        self.next();
        if self.at_declaration() {
            let mut names = vec![self.var("expected var")?];
            while self.take(Kind::Comma) {
                names.push(self.var("expected var")?);
            }
            self.height = 1;
            return Ok(LiteralKind::Some(names));
        }
        let term = self.expression()?;
        let (span, called) = (term.span, matches!(term.kind, TermKind::Call(_)));
        if let TermKind::Call(call) = term.kind
            && call.infix
            && call.operator.path.len() == 1
        {
            let mut args = call.args.into_iter();
            match (args.next(), args.next(), args.next()) {
                (Some(value), Some(collection), None) => {
                    return Ok(LiteralKind::SomeIn {
                        key: None,
                        value: Box::new(value),
                        collection: Box::new(collection),
                    });
                }
                (Some(key), Some(value), Some(collection)) => {
                    return Ok(LiteralKind::SomeIn {
                        key: Some(Box::new(key)),
                        value: Box::new(value),
                        collection: Box::new(collection),
                    });
                }
                _ => {}
            }
        }
        let message = "expected `x in xs` or `x, y in xs` expression";
        if called {
            return Err(self.unexpected(message));
        }
        let hint = "write `some x`, `some x in xs` or `some k, v in xs`";
        Err(self.error(span, message, hint))
    }

    /// Whether names with commas between stand here, without an `in` after them.
    fn at_declaration(&self) -> bool {
        let mut at = 0;
        loop {
            let kind = self.ahead(at).kind;
            let is_name = kind == Kind::Ident || kind.is_soft() && !self.is_keyword(kind);
            if !is_name {
                return false;
            }
            let next = self.ahead(at + 1);
            if next.kind == Kind::Comma {
                at += 2;
                continue;
            }
            let goes_on = next.kind.operator().is_some()
                || !next.space && matches!(next.kind, Kind::Dot | Kind::LBracket | Kind::LParen);
            return !(goes_on || next.kind == Kind::In && self.keywords.in_);
        }
    }

    fn every(&mut self) -> Parsed<LiteralKind> {
        self.next();
        let mut key: Option<Var> = None;
        let mut value = self.every_var()?;
        if self.take(Kind::Comma) {
            let second = self.every_var()?;
            key = Some(std::mem::replace(&mut value, second));
        }
        if self.kind() != Kind::In {
            return Err(self.unexpected("expected `in` after the variables of `every`"));
        }
        self.next();
        let domain = self.expression()?;
        let height = self.height;
        if self.kind() != Kind::LBrace {
            return Err(self.unexpected("missing body: expected { after the domain of `every`"));
        }
        let body = self.block()?;
        self.height = self.height.max(height);
        Ok(LiteralKind::Every {
            key: key.map(Box::new),
            value: Box::new(value),
            domain: Box::new(domain),
            body: Box::new(body),
        })
    }

    /// A variable of `every`, which unlike others may be called `contains`.
    fn every_var(&mut self) -> Parsed<Var> {
        let token = self.token();
        let name = self.text(token);
        if !self.at_name() {
            return Err(self.unexpected("expected `x[, y] in xs { ... }` expression"));
        }
        if matches!(name, "input" | "data") {
            let message = format!("expected a variable, found {name}");
            return Err(self.error(token.span, message, "give the variable another name"));
        }
        self.next();
        Ok(Var {
            span: token.span,
            name: Str::from(name),
        })
    }
}
