//! Rules: heads, bodies, else branches, chained bodies.

use crate::source::Span;

use super::super::ast::{
    Body, Else, Head, HeadKind, Literal, LiteralKind, Ref, RegoVersion, Rule, Term, TermKind,
};
use super::super::token::Kind;
use super::{Parsed, Parser};

/// How many tokens of heads may be copied for chained bodies.
const MAX_COPIED: usize = 1 << 20;

// === impl Parser ===

impl Parser<'_> {
    /// A rule with the bodies chained to it.
    pub(super) fn rule(&mut self, rules: &mut Vec<Rule>) -> Parsed<()> {
        let start = self.token().span;
        let default = self.take(Kind::Default);
        let from = self.at;
        let head = self.head()?;
        let head_tokens = self.at - from;
        if default {
            rules.push(self.default_rule(head, start)?);
            return Ok(());
        }
        let (head, body) = self.first_body(head, start)?;
        let else_ = self.else_branches(&head)?;
        let has_else = !else_.is_empty();
        let has_body = !body.literals.is_empty();
        rules.push(Rule {
            span: self.since(start),
            default,
            head: head.clone(),
            body,
            else_,
            chained: false,
        });
        while has_body && self.kind() == Kind::LBrace {
            let span = self.token().span;
            if has_else {
                let hint = "a rule with else branches has one body";
                return Err(self.error(span, "expected else keyword", hint));
            }
            self.copied += head_tokens;
            if self.copied > MAX_COPIED {
                let hint = "write rules of their own instead of chained bodies";
                return Err(self.error(span, "too many chained bodies", hint));
            }
            let body = self.block()?;
            rules.push(Rule {
                span: self.since(span),
                default,
                head: head.clone(),
                body,
                else_: Vec::new(),
                chained: true,
            });
        }
        Ok(())
    }

    fn default_rule(&mut self, head: Head, start: Span) -> Parsed<Rule> {
        if !matches!(&head.kind, HeadKind::Value { value: Some(_), .. }) {
            let hint = "write `default NAME := VALUE`";
            return Err(self.error(head.span, "default rules must have a value", hint));
        }
        if self.at_keyword(Kind::If) || self.kind() == Kind::LBrace {
            return Err(self.unexpected("default rules have no body"));
        }
        Ok(Rule {
            span: self.since(start),
            default: true,
            head,
            body: Body::default(),
            else_: Vec::new(),
            chained: false,
        })
    }

    fn head(&mut self) -> Parsed<Head> {
        let start = self.token();
        let reference = self.head_reference()?;
        let mut args = None;
        if self.kind() == Kind::LParen && !self.token().space {
            self.next();
            let mut found = Vec::new();
            self.elements(Kind::RParen, &mut found)?;
            args = Some(found);
        }
        let mut kind = HeadKind::Value {
            value: None,
            assign: false,
        };
        if self.at_keyword(Kind::Contains) {
            self.next();
            kind = HeadKind::Contains(self.expression()?);
        }
        if matches!(self.kind(), Kind::Assign | Kind::Unify) {
            if matches!(kind, HeadKind::Contains(_)) {
                return Err(self.unexpected("a rule with `contains` has no value"));
            }
            let assign = self.next().kind == Kind::Assign;
            let value = self.rule_value()?;
            let value = Some(value);
            kind = HeadKind::Value { value, assign };
        }
        Ok(Head {
            span: self.since(start.span),
            reference,
            args,
            kind,
        })
    }

    fn rule_value(&mut self) -> Parsed<Term> {
        self.expression().map_err(|mut error| {
            if error.hint.is_none() {
                error.hint =
                    Some("expected rule value term (e.g., p := VALUE if { ... })".to_owned());
            }
            error
        })
    }

    fn head_reference(&mut self) -> Parsed<Ref> {
        let token = self.token();
        let next = self.ahead(1);
        let dotted = !next.space && matches!(next.kind, Kind::Dot | Kind::LBracket);
        let keyword = self.is_keyword(token.kind) && token.kind != Kind::Contains;
        if keyword && !dotted || !token.kind.is_word() || token.kind.is_keyword() {
            return Err(self.no_rule());
        }
        self.next();
        let head = Term {
            span: token.span,
            kind: TermKind::Var(self.text(token).into()),
        };
        let mut path = Vec::new();
        self.keys(&mut path)?;
        Ok(Ref {
            span: self.since(token.span),
            head: Box::new(head),
            path,
        })
    }

    fn no_rule(&self) -> Box<crate::source::Diagnostic> {
        if self.kind() == Kind::Package {
            return self.error(
                self.token().span,
                "unexpected package keyword",
                "a file has one package clause, at its top",
            );
        }
        self.unexpected("expected a rule: its name comes first")
    }

    /// The body after a head, and the head as that body makes it.
    fn first_body(&mut self, mut head: Head, start: Span) -> Parsed<(Head, Body)> {
        let v1 = self.version == RegoVersion::V1;
        if self.at_keyword(Kind::If) {
            self.next();
            return Ok((head, self.if_body()?));
        }
        let is_value = matches!(head.kind, HeadKind::Value { value: None, .. });
        if v1 {
            self.check_v1(&head, start)?;
        } else if is_value && head.args.is_none() && head.reference.path.len() == 1 {
            // v0's partial set: the key is a member.
            if let Some(key) = head.reference.path.pop() {
                head.reference.span.end = head.reference.head.span.end;
                head.kind = HeadKind::Contains(key);
            }
        }
        if self.kind() == Kind::LBrace {
            let body = self.block()?;
            return Ok((head, body));
        }
        if matches!(head.kind, HeadKind::Value { value: None, .. }) {
            return Err(self.bare_head(&head));
        }
        Ok((head, Body::default()))
    }

    fn check_v1(&self, head: &Head, start: Span) -> Parsed<()> {
        let no_value = matches!(head.kind, HeadKind::Value { value: None, .. });
        if no_value && head.args.is_none() && head.reference.path.len() == 1 {
            let hint = "write `NAME contains KEY` for a set, or `NAME[KEY] := VALUE` for an object";
            return Err(self.error(
                start,
                "`contains` keyword is required for partial set rules",
                hint,
            ));
        }
        if self.kind() == Kind::LBrace {
            let hint = "write `if` before the `{`, or read the file as Rego v0";
            return Err(self.error(start, "`if` keyword is required before rule body", hint));
        }
        Ok(())
    }

    fn bare_head(&self, head: &Head) -> Box<crate::source::Diagnostic> {
        if head.reference.path.is_empty() && head.args.is_none() {
            let token = self.token();
            if token.kind == Kind::Eof || token.newline {
                return self.error(
                    head.span,
                    "var cannot be used for rule name",
                    "give the rule a value or a body: `NAME := VALUE` or `NAME if { ... }`",
                );
            }
            return self.error(
                head.span,
                "var cannot be used for rule name",
                "a rule goes on with `:=`, `if`, `contains` or `(`",
            );
        }
        self.error(
            head.span,
            "rule must have value assignment and/or body declaration",
            "write `NAME := VALUE` or `NAME if { ... }`",
        )
    }

    /// What follows `if`: one literal, or a body in braces.
    fn if_body(&mut self) -> Parsed<Body> {
        let open = self.token();
        if open.kind == Kind::LBrace {
            let after = self.token_at(open.close as usize + 1);
            if !self.goes_on(after) {
                return self.nested(Self::braced);
            }
        }
        let start = self.token().span;
        let literal = self.literal()?;
        self.single(literal, start)
    }

    fn single(&mut self, literal: Literal, start: Span) -> Parsed<Body> {
        let span = self.since(start);
        self.grow(self.height, span)?;
        let literals = vec![literal];
        Ok(Body { span, literals })
    }

    /// Whether a term that ends before `token` goes on with it.
    pub(super) fn goes_on(&self, token: super::Token) -> bool {
        let attached = matches!(token.kind, Kind::Dot | Kind::LBracket | Kind::LParen);
        token.kind.is_infix()
            || attached && !token.space
            || matches!(token.kind, Kind::In | Kind::And | Kind::Or) && self.is_keyword(token.kind)
    }

    /// Braces after `if`: an object or a comprehension is one literal, all else is a body.
    fn braced(&mut self) -> Parsed<Body> {
        let open = self.next();
        let start = self.token();
        let not_term = matches!(start.kind, Kind::Not | Kind::Some)
            || self.at_keyword(Kind::Every)
            || self.at_operand_group();
        if not_term {
            return self.rest_of_block(None, start.span);
        }
        let term = if self.take(Kind::RBrace) {
            Term {
                span: self.since(open.span),
                kind: TermKind::Object(Vec::new()),
            }
        } else {
            let first = self.primary()?;
            if self.kind() == Kind::Pipe {
                self.set_comprehension(first, open.span)?
            } else {
                let left = self.expression_from(first)?;
                if self.kind() != Kind::Colon {
                    let kind = self.relation_of(left)?;
                    let literal = if self.at_logic() {
                        self.logic_from(kind, start.span)?
                    } else {
                        self.finish_literal(kind, false, start.span)?
                    };
                    return self.rest_of_block(Some(literal), start.span);
                }
                self.object(left, open.span)?
            }
        };
        let literal = self.finish_literal(LiteralKind::Term(term), false, open.span)?;
        self.single(literal, open.span)
    }

    fn rest_of_block(&mut self, first: Option<Literal>, start: Span) -> Parsed<Body> {
        let body = match first {
            Some(first) => self.literals_from(first, start, Kind::RBrace)?,
            None => self.literals(Kind::RBrace)?,
        };
        self.expect(Kind::RBrace, "expected }")?;
        Ok(body)
    }

    fn else_branches(&mut self, head: &Head) -> Parsed<Vec<Else>> {
        let mut found = Vec::new();
        while self.kind() == Kind::Else {
            let start = self.token().span;
            if matches!(head.kind, HeadKind::Contains(_)) {
                let message = "else keyword cannot be used on multi-value rules";
                return Err(self.error(start, message, "write another rule instead"));
            }
            self.next();
            let mut value = None;
            let mut assign = false;
            if matches!(self.kind(), Kind::Assign | Kind::Unify) {
                assign = self.next().kind == Kind::Assign;
                value = Some(self.rule_value()?);
            }
            let body = self.else_body(value.is_some(), start)?;
            found.push(Else {
                span: self.since(start),
                value,
                assign,
                body,
            });
        }
        Ok(found)
    }

    fn else_body(&mut self, has_value: bool, start: Span) -> Parsed<Body> {
        if self.at_keyword(Kind::If) {
            self.next();
            return self.if_body();
        }
        if self.kind() == Kind::LBrace {
            if self.version == RegoVersion::V1 {
                let hint = "write `else := VALUE if { ... }`";
                return Err(self.error(start, "`if` keyword is required before else body", hint));
            }
            return self.block();
        }
        if has_value {
            return Ok(Body::default());
        }
        Err(self.unexpected("expected else value term or rule body"))
    }
}
