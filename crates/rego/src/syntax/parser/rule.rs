//! Rules: heads, bodies, else branches, chained bodies.

use crate::source::Span;

use super::super::ast::{
    Body, Else, Head, HeadKind, Literal, LiteralKind, Ref, RegoVersion, Rule, Term, TermKind,
};
use super::super::token::Kind;
use super::{Failure, Parsed, Parser};

/// How many tokens of heads may be copied for chained bodies.
const MAX_COPIED: usize = 1 << 20;

// === impl Parser ===

impl Parser<'_> {
    /// A rule with the bodies chained to it.
    pub(super) fn rule(&mut self, rules: &mut Vec<Rule>) -> Parsed<()> {
        let start = self.token().span;
        if self.at_bare_rule() {
            rules.push(self.bare_rule()?);
            return Ok(());
        }
        let default = !self.at_keyed_word() && self.take(Kind::Default);
        let from = self.at;
        if default && !self.kind().is_word() {
            let hint = "write `default NAME := VALUE`";
            return Err(self.error(start, "unexpected default keyword", hint));
        }
        let head = self.head()?;
        let head_tokens = self.at - from;
        if default {
            rules.push(self.default_rule(head, start)?);
            return Ok(());
        }
        let braced = self.kind() == Kind::LBrace;
        let (head, body) = self.first_body(head, start)?;
        let has_body = !body.literals.is_empty();
        let else_ = if has_body {
            self.else_branches(&head, braced)?
        } else {
            Vec::new()
        };
        let has_else = !else_.is_empty();
        let first = rules.len();
        rules.push(Rule {
            span: self.since(start),
            default,
            head,
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
            let Some(head) = rules.get(first).map(|rule| rule.head.clone()) else {
                break;
            };
            rules.push(Rule {
                span: self.since(span),
                default,
                head,
                body,
                else_: Vec::new(),
                chained: true,
            });
        }
        Ok(())
    }

    fn default_rule(&mut self, head: Head, start: Span) -> Parsed<Rule> {
        let HeadKind::Value { value, .. } = &head.kind else {
            let hint = "write `default NAME := VALUE`";
            return Err(self.error(head.span, "default rules must have a value", hint));
        };
        if value.is_none() && head.reference.path.len() == 1 && head.args.is_none() {
            let message = "illegal default rule (must have a value)";
            return Err(self.error(start, message, "write `default NAME := VALUE`"));
        }
        if let Some(found) = value.as_ref().and_then(not_constant) {
            let message = format!("illegal default rule (value cannot contain {found})");
            let hint = "a default is a constant or a comprehension";
            return Err(self.error(start, message, hint));
        }
        self.check_default_args(&head, start)?;
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

    fn check_default_args(&self, head: &Head, start: Span) -> Parsed<()> {
        let mut seen = std::collections::HashSet::new();
        for arg in head.args.iter().flatten() {
            let problem = match &arg.kind {
                TermKind::Var(name) if &**name == "_" || seen.insert(name.clone()) => continue,
                TermKind::Var(name) => format!("arguments cannot be repeated {name}"),
                _ => format!("arguments cannot contain {}", kind_name(arg)),
            };
            let message = format!("illegal default rule ({problem})");
            return Err(self.error(start, message, "give each argument a name of its own"));
        }
        Ok(())
    }

    fn head(&mut self) -> Parsed<Head> {
        let start = self.token();
        let reference = self.head_reference()?;
        let mut args = None;
        if self.kind() == Kind::LParen && !self.token().space {
            self.next();
            let mut found = Vec::new();
            self.elements(Kind::RParen, &mut found)?;
            // What has a value or a body is a rule like any other.
            let bare = !matches!(self.kind(), Kind::Assign | Kind::Unify | Kind::LBrace)
                && !self.at_keyword(Kind::If);
            let is_set = matches!(&reference.head.kind, TermKind::Var(name) if &**name == "set");
            if found.is_empty() && is_set && reference.path.is_empty() {
                let hint = "`set()` is the empty set";
                return Err(self.error(start.span, "set cannot be used for rule name", hint));
            }
            if found.is_empty() && bare {
                let message = "rule argument list must take at least one argument";
                let hint = "leave out the parentheses: a rule without arguments is no function";
                return Err(self.error(start.span, message, hint));
            }
            args = (!found.is_empty()).then_some(found);
        }
        let mut kind = HeadKind::Value {
            value: None,
            assign: false,
        };
        if self.at_keyword(Kind::Contains) {
            if args.is_some() {
                let hint =
                    "the contains keyword can only be used with multi-value rule definitions";
                return Err(self.unexpected(hint));
            }
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
            if error.0.hint.is_none() {
                error.0.hint =
                    Some("expected rule value term (e.g., p := VALUE if { ... })".to_owned());
            }
            error
        })
    }

    fn head_reference(&mut self) -> Parsed<Ref> {
        let token = self.token();
        let keyword = token.kind.is_keyword() || self.is_keyword(token.kind);
        if !token.kind.is_word() || keyword && !self.at_keyed_word() {
            return Err(self.no_rule());
        }
        self.next();
        let head = Term {
            span: token.span,
            kind: TermKind::Var(self.text(token).into()),
        };
        let mut path = Vec::new();
        self.keys(&mut path)?;
        path.shrink_to_fit();
        Ok(Ref {
            span: self.since(token.span),
            head: Box::new(head),
            path,
        })
    }

    /// Whether what begins here is read as a term that is given a value: `(p) := 1`, or `and(x) := 1` where
    /// `and` is a keyword.
    fn at_bare_rule(&self) -> bool {
        let next = self.ahead(1);
        let called = next.kind == Kind::LParen && !next.space;
        match self.kind() {
            Kind::LParen => true,
            kind @ (Kind::And | Kind::Or) => called && self.is_keyword(kind),
            Kind::Contains => {
                let v0 = self.version == RegoVersion::V0 && self.keywords.contains;
                v0 && (called || matches!(next.kind, Kind::Assign | Kind::Unify))
            }
            _ => false,
        }
    }

    /// A rule without a body whose head is a term: a name, a reference or a call.
    fn bare_rule(&mut self) -> Parsed<Rule> {
        let start = self.token().span;
        let named = self.kind() != Kind::LParen;
        let term = self.primary()?;
        let (reference, args) = match term.kind {
            TermKind::Var(_) => {
                let (span, head) = (term.span, Box::new(term));
                let path = Vec::new();
                (Ref { span, head, path }, None)
            }
            TermKind::Ref(reference) => (reference, None),
            TermKind::Call(call) if !call.infix => (call.operator, Some(call.args)),
            _ => {
                let message = format!("{} cannot be used for rule name", kind_name(&term));
                return Err(self.error(term.span, message, "a rule begins with its name"));
            }
        };
        let is_name = matches!(reference.head.kind, TermKind::Var(_));
        let has_value = matches!(self.kind(), Kind::Assign | Kind::Unify);
        if !is_name || !has_value && (args.is_none() || named) {
            let message = "var cannot be used for rule name";
            let hint = "a name in parentheses goes on with `:=`";
            return Err(self.error(reference.span, message, hint));
        }
        let assign = has_value && self.next().kind == Kind::Assign;
        let value = has_value.then(|| self.rule_value()).transpose()?;
        if self.kind() == Kind::LBrace || self.at_keyword(Kind::If) {
            return Err(self.unexpected("a rule in parentheses has no body"));
        }
        let span = self.since(start);
        Ok(Rule {
            span,
            default: false,
            head: Head {
                span,
                reference,
                args: args.filter(|args| !args.is_empty()),
                kind: HeadKind::Value { value, assign },
            },
            body: Body::default(),
            else_: Vec::new(),
            chained: false,
        })
    }

    fn no_rule(&self) -> Failure {
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
            self.check_v1(&head, start);
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
        let no_value = matches!(head.kind, HeadKind::Value { value: None, .. });
        let long_v0 = !v1 && head.reference.path.len() > 1;
        if no_value && head.args.is_none() && !long_v0 {
            return Err(self.bare_head(&head));
        }
        Ok((head, Body::default()))
    }

    /// Tells what v1 asks for and is not there; the rule is read on, for what else is wrong with it.
    fn check_v1(&mut self, head: &Head, start: Span) {
        let no_value = matches!(head.kind, HeadKind::Value { value: None, .. });
        if no_value && head.args.is_none() && head.reference.path.len() == 1 {
            let hint = "write `NAME contains KEY` for a set, or `NAME[KEY] := VALUE` for an object";
            let message = "`contains` keyword is required for partial set rules";
            self.report(*self.error(start, message, hint).0);
        }
        if self.kind() == Kind::LBrace {
            let hint = "write `if` before the `{`, or read the file as Rego v0";
            let message = "`if` keyword is required before rule body";
            self.report(*self.error(start, message, hint).0);
        }
    }

    fn bare_head(&self, head: &Head) -> Failure {
        if head.reference.path.is_empty() && head.args.is_none() {
            let token = self.token();
            if token.kind == Kind::Eof || token.newline {
                return self.error(
                    head.span,
                    "var cannot be used for rule name",
                    "give the rule a value or a body: `NAME := VALUE` or `NAME if { ... }`",
                );
            }
            let hint = match token.kind {
                Kind::If => {
                    "`import rego.v1` makes `if` a keyword; without it write `NAME { ... }`"
                }
                Kind::Contains => {
                    "`import rego.v1` makes `contains` a keyword; without it write `NAME[KEY]`"
                }
                _ => "a rule goes on with `:=`, `if`, `contains` or `(`",
            };
            return self.error(head.span, "var cannot be used for rule name", hint);
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
        self.literal_body()
    }

    fn literal_body(&mut self) -> Parsed<Body> {
        let start = self.token().span;
        let literal = self.literal()?;
        self.single(literal, start)
    }

    fn single(&mut self, literal: Literal, start: Span) -> Parsed<Body> {
        let span = self.since(start);
        self.grow(self.height, span)?;
        let literals = vec![literal];
        Ok(Body {
            span,
            braces: false,
            literals,
        })
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
            || self.at_keyword_with_key()
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

    /// The branches after a body; `braced` says that the body came without `if`.
    fn else_branches(&mut self, head: &Head, braced: bool) -> Parsed<Vec<Else>> {
        let one_key = head.reference.path.len() == 1 && head.args.is_none();
        let mut found = Vec::new();
        while self.kind() == Kind::Else && !self.at_keyed_word() {
            let start = self.token().span;
            let grounded = |key: &Term| {
                matches!(
                    key.kind,
                    TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_)
                )
            };
            if !head.reference.path.iter().all(grounded) {
                let message = "else keyword cannot be used on rules with variables in head";
                return Err(self.error(start, message, "write another rule instead"));
            }
            if matches!(head.kind, HeadKind::Contains(_)) || braced && one_key {
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
            let last = body.literals.is_empty();
            found.push(Else {
                span: self.since(start),
                value,
                assign,
                body,
            });
            if last {
                break;
            }
        }
        Ok(found)
    }

    fn else_body(&mut self, has_value: bool, start: Span) -> Parsed<Body> {
        if self.at_keyword(Kind::If) {
            self.next();
            // Unlike after a head, a brace opens a body whatever comes after it.
            return if self.kind() == Kind::LBrace {
                self.block()
            } else {
                self.literal_body()
            };
        }
        if self.kind() == Kind::LBrace {
            if self.version == RegoVersion::V1 {
                let hint = "write `else := VALUE if { ... }`";
                let message = "`if` keyword is required before else body";
                self.report(*self.error(start, message, hint).0);
            }
            return self.block();
        }
        if has_value {
            return Ok(Body::default());
        }
        Err(self.unexpected("expected else value term or rule body"))
    }
}

/// What in `term` keeps it from being a constant; comprehensions count as constants.
fn not_constant(term: &Term) -> Option<&'static str> {
    match &term.kind {
        TermKind::Var(_) | TermKind::Ref(_) | TermKind::Call(_) => Some(kind_name(term)),
        TermKind::Array(terms) | TermKind::Set(terms) => terms.iter().find_map(not_constant),
        TermKind::Object(entries) => entries
            .iter()
            .find_map(|(key, value)| not_constant(key).or_else(|| not_constant(value))),
        _ => None,
    }
}

/// OPA's name of a term's kind.
fn kind_name(term: &Term) -> &'static str {
    match &term.kind {
        TermKind::Null => "null",
        TermKind::Bool(_) => "boolean",
        TermKind::Number(_) => "number",
        TermKind::String(_) => "string",
        TermKind::Template(_) => "templatestring",
        // `input` and `data` alone are references to OPA.
        TermKind::Var(name) if matches!(&**name, "input" | "data") => "ref",
        TermKind::Var(_) => "var",
        TermKind::Ref(_) => "ref",
        TermKind::Array(_) => "array",
        TermKind::Object(_) => "object",
        TermKind::Set(_) => "set",
        TermKind::ArrayComprehension(..) => "arraycomprehension",
        TermKind::SetComprehension(..) => "setcomprehension",
        TermKind::ObjectComprehension(..) => "objectcomprehension",
        TermKind::Call(_) => "call",
    }
}
