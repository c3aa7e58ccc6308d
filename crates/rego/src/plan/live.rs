//! How long the variables of a body are needed: what tells a loop that must run to its end from one that may end
//! at its first success.

use hashbrown::HashMap;

use crate::hir::{
    Base, Body, ComprehensionHead, Expr, ExprKind, Literal, LiteralKind, Local, Replacement,
};

/// For each literal of a body, up to which literal what it binds is needed.
#[derive(Debug)]
pub(super) struct Lives {
    reach: Vec<usize>,
    single: Vec<Local>,
}

/// Needed after the body's end.
pub(super) const FOREVER: usize = usize::MAX;

/// Where a variable was seen.
struct Mentions {
    first: usize,
    last: usize,
    count: u32,
}

/// Where each variable was seen.
struct Seen<'a> {
    at: usize,
    locals: HashMap<Local, Mentions, foldhash::fast::RandomState>,
    outside: &'a dyn Fn(Local) -> bool,
}

// === impl Lives ===

impl Lives {
    /// Of a body; `results` are needed after it, and variables of which `outside` holds are bound before it.
    pub(super) fn of(body: &Body, results: &[&Expr], outside: &dyn Fn(Local) -> bool) -> Self {
        let mut seen = Seen {
            at: 0,
            locals: HashMap::default(),
            outside,
        };
        for (at, literal) in body.literals.iter().enumerate() {
            seen.at = at;
            seen.literal(literal);
        }
        seen.at = FOREVER;
        for result in results {
            seen.expr(result);
        }
        let mut reach: Vec<usize> = (0..body.literals.len()).collect();
        let mut single = Vec::new();
        for (local, mentions) in seen.locals {
            if mentions.count == 1 {
                single.push(local);
            }
            if let Some(reach) = reach.get_mut(mentions.first) {
                *reach = mentions.last.max(*reach);
            }
        }
        Self { reach, single }
    }

    /// The variables that are mentioned once: nobody asks what is bound to them.
    pub(super) fn single(&self) -> &[Local] {
        &self.single
    }

    /// The last literal that needs what is bound by the literal `at` and those that stand in its loop.
    pub(super) fn until(&self, at: usize) -> usize {
        let mut until = at;
        let mut next = at;
        while next <= until {
            until = until.max(self.reach.get(next).copied().unwrap_or(FOREVER));
            if until == FOREVER {
                break;
            }
            next += 1;
        }
        until
    }
}

// === impl Seen ===

impl Seen<'_> {
    fn body(&mut self, body: &Body) {
        body.literals
            .iter()
            .for_each(|literal| self.literal(literal));
    }

    fn literal(&mut self, literal: &Literal) {
        match &literal.kind {
            LiteralKind::Test(expr) => self.expr(expr),
            LiteralKind::Unify(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            LiteralKind::Not(body) => self.body(body),
            LiteralKind::Every { domain, body, .. } => {
                self.expr(domain);
                self.body(body);
            }
            LiteralKind::Or(left, right) => {
                self.body(left);
                self.body(right);
            }
            LiteralKind::Print(args) => self.exprs(args),
        }
        for with in &literal.with {
            if let Replacement::Value(value) = &with.value {
                self.expr(value);
            }
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(_) => {}
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Ref(reference) => {
                if let Base::Expr(base) = &reference.base {
                    self.expr(base);
                }
                self.exprs(&reference.keys);
            }
            ExprKind::Array(items) | ExprKind::Set(items) => self.exprs(items),
            ExprKind::Object(members) => {
                for (key, value) in members {
                    self.expr(key);
                    self.expr(value);
                }
            }
            ExprKind::Comprehension(comprehension) => {
                self.body(&comprehension.body);
                match &comprehension.head {
                    ComprehensionHead::Array(head) | ComprehensionHead::Set(head) => {
                        self.expr(head);
                    }
                    ComprehensionHead::Object(key, value) => {
                        self.expr(key);
                        self.expr(value);
                    }
                }
            }
            ExprKind::Call(call) => self.exprs(&call.args),
        }
    }

    fn local(&mut self, local: Local) {
        if (self.outside)(local) {
            return;
        }
        let at = self.at;
        let mentions = self.locals.entry(local).or_insert(Mentions {
            first: at,
            last: at,
            count: 0,
        });
        mentions.last = at;
        mentions.count += 1;
    }
}
