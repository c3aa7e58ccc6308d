//! `and`, `or` and `not { … }`, behind their imports.

use crate::source::Span;

use super::super::ast::{Body, Literal, LiteralKind, TermKind};
use super::super::token::{Kind, Token};
use super::body::LITERAL;
use super::{Parsed, Parser};

/// One side of `and` and `or`, and what stands after `not`.
enum Operand {
    Literal(Box<Literal>),
    /// `{ … }`.
    Block(Body),
}

// === impl Parser ===

impl Parser<'_> {
    /// Whether a literal here may be one that only the imports give.
    pub(super) fn at_logic(&self) -> bool {
        let on = self.keywords.and || self.keywords.or || self.keywords.not;
        let declares = self.kind() == Kind::Some || self.at_keyword(Kind::Every);
        on && !(declares && self.named != Some(self.at))
    }

    pub(super) fn logic(&mut self, start: Span) -> Parsed<Literal> {
        let operand = self.either(None)?;
        self.end_of_logic(operand, start)
    }

    /// A literal that begins with an operand of the kind `kind`.
    pub(super) fn logic_from(&mut self, kind: LiteralKind, start: Span) -> Parsed<Literal> {
        self.not_in_braces(start, false)?;
        let literal = plain(kind, false, self.since(start));
        let operand = self.either(Some(Operand::Literal(Box::new(literal))))?;
        self.end_of_logic(operand, start)
    }

    /// Whether an operand here is in braces or parentheses of its own.
    pub(super) fn at_operand_group(&self) -> bool {
        let token = self.token();
        self.at_logic()
            && (token.kind == Kind::LBrace && self.is_block(token, false) || self.is_group(token))
    }

    fn end_of_logic(&mut self, operand: Operand, start: Span) -> Parsed<Literal> {
        let mut literal = match operand {
            Operand::Literal(literal) => *literal,
            Operand::Block(body) => {
                return Err(self.error(
                    body.span,
                    "unexpected {",
                    "a body in braces is an operand of `and` and `or`",
                ));
            }
        };
        literal.with = self.with()?;
        literal.span = self.since(start);
        self.grow(self.height, literal.span)?;
        let kind = self.kind();
        if !literal.with.is_empty() && (self.at_keyword(Kind::And) || self.at_keyword(Kind::Or)) {
            let name = kind.name();
            let message = format!("`with` modifier is not allowed on operand of `{name}`");
            let hint =
                "put the operand in `(...)`, or the modifier at the end, where it is for both";
            return Err(self.error(literal.span, message, hint));
        }
        Ok(literal)
    }

    /// Operands with `or` between; it binds less than `and`.
    fn either(&mut self, first: Option<Operand>) -> Parsed<Operand> {
        let start = self.start_of(first.as_ref());
        let mut left = self.both(first, false)?;
        while self.at_keyword(Kind::Or) {
            let height = self.height;
            self.next();
            let right = self.both(None, true)?;
            left = self.joined(LiteralKind::Or, left, right, height, start)?;
        }
        Ok(left)
    }

    fn both(&mut self, first: Option<Operand>, second: bool) -> Parsed<Operand> {
        let start = self.start_of(first.as_ref());
        let mut left = match first {
            Some(first) => first,
            None => self.operand(second)?,
        };
        while self.at_keyword(Kind::And) {
            let height = self.height;
            self.next();
            let right = self.operand(true)?;
            left = self.joined(LiteralKind::And, left, right, height, start)?;
        }
        Ok(left)
    }

    fn start_of(&self, first: Option<&Operand>) -> Span {
        match first {
            Some(Operand::Literal(literal)) => literal.span,
            Some(Operand::Block(body)) => body.span,
            None => self.token().span,
        }
    }

    fn joined(
        &mut self,
        make: fn(Box<Body>, Box<Body>) -> LiteralKind,
        left: Operand,
        right: Operand,
        height: u32,
        start: Span,
    ) -> Parsed<Operand> {
        let span = self.since(start);
        // The bodies and the literals in them are levels of the tree too.
        self.grow(self.height.max(height) + 2, span)?;
        let kind = make(Box::new(body(left)), Box::new(body(right)));
        Ok(Operand::Literal(Box::new(plain(kind, false, span))))
    }

    fn operand(&mut self, second: bool) -> Parsed<Operand> {
        let start = self.token();
        if start.kind == Kind::Not && self.named != Some(self.at) {
            self.next();
            return self.negated(start.span);
        }
        if start.kind == Kind::LBrace && self.is_block(start, second) {
            return self.operand_block().map(Operand::Block);
        }
        if self.is_group(start) {
            return self.group();
        }
        let term = self.expression()?;
        let kind = self.relation_of(term)?;
        self.not_in_braces(start.span, second)?;
        let literal = plain(kind, false, self.since(start.span));
        Ok(Operand::Literal(Box::new(literal)))
    }

    /// That the operand from `start` to here, which is no body, does not look like one.
    fn not_in_braces(&self, start: Span, second: bool) -> Parsed<()> {
        let joins = self.at_keyword(Kind::And) || self.at_keyword(Kind::Or);
        if !(second || joins) || !self.file.slice(self.since(start)).starts_with('{') {
            return Ok(());
        }
        let message =
            "operand of `and` or `or` cannot begin with `{` unless the braces hold a body";
        let hint = "put parentheses around a value: `({a} == b) and …`";
        Err(self.error(start, message, hint))
    }

    /// What follows `not`.
    fn negated(&mut self, start: Span) -> Parsed<Operand> {
        let here = self.token();
        let kind = if self.keywords.not && here.kind == Kind::LBrace {
            LiteralKind::NotBody(self.operand_block()?)
        } else if self.is_group(here) {
            LiteralKind::NotBody(body(self.group()?))
        } else {
            if here.kind == Kind::Some || self.at_keyword(Kind::Every) {
                let hint = format!("illegal negation of '{}'", here.kind.name());
                return Err(self.unexpected(&hint));
            }
            let term = self.expression()?;
            let kind = self.relation_of(term)?;
            let literal = plain(kind, true, self.since(start));
            return Ok(Operand::Literal(Box::new(literal)));
        };
        let span = self.since(start);
        self.grow(self.height, span)?;
        Ok(Operand::Literal(Box::new(plain(kind, false, span))))
    }

    /// `{ BODY }` where a comprehension in the same braces would mean something else.
    fn operand_block(&mut self) -> Parsed<Body> {
        let open = self.token();
        let grouped = self.ahead(1).kind == Kind::LParen;
        let body = self.block()?;
        if let [literal] = body.literals.as_slice()
            && let LiteralKind::Term(term) = &literal.kind
            && let TermKind::Call(call) = &term.kind
            && call.infix
            && matches!(&call.operator.head.kind, TermKind::Var(name) if &**name == "or")
            && !grouped
        {
            let message = "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension";
            let hint = "write `({x | y})` for the comprehension, or `{(x | y)}` for the set union";
            return Err(self.error(open.span, message, hint));
        }
        Ok(body)
    }

    /// Whether the braces at `open` hold a body, not a set or an object.
    fn is_block(&self, open: Token, second: bool) -> bool {
        let after = self.token_at(open.close as usize + 1);
        let joins = self.is_keyword(after.kind) && matches!(after.kind, Kind::And | Kind::Or);
        open.close > 0 && (joins || second && !self.goes_on(after))
    }

    /// Whether the parentheses at `open` hold what only a literal can be.
    fn is_group(&self, open: Token) -> bool {
        if open.kind != Kind::LParen || open.close == 0 {
            return false;
        }
        let after = self.token_at(open.close as usize + 1);
        let joins = matches!(after.kind, Kind::And | Kind::Or);
        if self.goes_on(after) && !joins {
            return false;
        }
        let mut at = self.at + 1;
        let mut end = open.close as usize;
        // Parentheses around parentheses mean what the inner ones mean.
        while self.token_at(at).kind == Kind::LParen && self.token_at(at).close as usize + 1 == end
        {
            end = self.token_at(at).close as usize;
            at += 1;
        }
        while at < end {
            let token = self.token_at(at);
            let found = matches!(token.kind, Kind::Not | Kind::With);
            let joins = matches!(token.kind, Kind::And | Kind::Or) && self.is_keyword(token.kind);
            if found || joins {
                return true;
            }
            at = at.max(token.close as usize) + 1;
        }
        false
    }

    fn group(&mut self) -> Parsed<Operand> {
        self.next();
        let start = self.token().span;
        let literal = self.weighted(LITERAL, |p| p.logic(start))?;
        if self.kind() != Kind::RParen {
            let span = self.token().span;
            return Err(self.error(span, "non-terminated expression", "expected `)`"));
        }
        self.next();
        Ok(Operand::Literal(Box::new(literal)))
    }
}

fn plain(kind: LiteralKind, negated: bool, span: Span) -> Literal {
    Literal {
        span,
        negated,
        kind,
        with: Vec::new(),
    }
}

fn body(operand: Operand) -> Body {
    match operand {
        Operand::Block(body) => body,
        Operand::Literal(literal) => Body {
            span: literal.span,
            braces: false,
            literals: vec![*literal],
        },
    }
}
