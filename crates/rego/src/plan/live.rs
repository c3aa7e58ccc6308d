//! How long the variables of a body are needed: what tells a loop that must run to its end from one that may end
//! at its first success. A loop that may meet a conflict in a later round must run to its end too: what it would
//! find is an error, and an error must not be lost.

use hashbrown::HashMap;

use crate::hir::{
    Base, Body, Callee, ComprehensionHead, Expr, ExprKind, Literal, LiteralKind, Local, Replacement,
};

/// For each literal of a body, up to which literal what it binds is needed.
#[derive(Debug)]
pub(super) struct Lives {
    reach: Vec<usize>,
    /// Of each literal whether another round of it may end in a conflict.
    risky: Vec<bool>,
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
    around: &'a dyn Around,
    /// How many bodies inside literals are open.
    inside: usize,
    risky: bool,
}

/// What is known outside of a body.
pub(super) trait Around {
    /// Whether the variable is bound before the body.
    fn is_bound(&self, local: Local) -> bool;

    /// Whether a reference into `data` by these keys may evaluate a rule anew in each round. `open` says whether a
    /// key iterates; with `always`, whether it may evaluate a rule at all.
    fn meets_rules(&self, keys: &[Expr], open: &dyn Fn(&Expr) -> bool, always: bool) -> bool;
}

/// Whether evaluating the expression may end in a conflict.
pub(super) fn may_conflict(expr: &Expr, around: &dyn Around) -> bool {
    let mut seen = Seen {
        at: 0,
        locals: HashMap::default(),
        around,
        // Nothing of it has been evaluated before.
        inside: 1,
        risky: false,
    };
    seen.expr(expr);
    seen.risky
}

// === impl Lives ===

impl Lives {
    /// Of a body; `results` are needed after it.
    pub(super) fn of(body: &Body, results: &[&Expr], around: &dyn Around) -> Self {
        let mut seen = Seen {
            at: 0,
            locals: HashMap::default(),
            around,
            inside: 0,
            risky: false,
        };
        let mut risky = Vec::with_capacity(body.literals.len());
        for (at, literal) in body.literals.iter().enumerate() {
            seen.at = at;
            // Under other documents a rule may have another answer each time.
            seen.risky = !literal.with.is_empty();
            seen.literal(literal);
            risky.push(seen.risky);
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
        Self {
            reach,
            risky,
            single,
        }
    }

    /// The variables that are mentioned once: nobody asks what is bound to them.
    pub(super) fn single(&self) -> &[Local] {
        &self.single
    }

    /// Whether another round of these literals may end in a conflict.
    pub(super) fn is_risky(&self, from: usize, until: usize) -> bool {
        self.risky
            .iter()
            .take(until.saturating_add(1))
            .skip(from)
            .any(|risky| *risky)
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
        self.inside += 1;
        for literal in &body.literals {
            self.risky |= !literal.with.is_empty();
            self.literal(literal);
        }
        self.inside -= 1;
    }

    fn literal(&mut self, literal: &Literal) {
        match &literal.kind {
            LiteralKind::Test(expr) => self.expr(expr),
            LiteralKind::Unify(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            LiteralKind::Not { body, .. } => self.body(body),
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
                match &reference.base {
                    Base::Input => {}
                    // A body inside a literal may not have come as far as this in the first round.
                    Base::Data => {
                        let always = self.inside > 0;
                        let open = |key: &Expr| self.is_open(key);
                        self.risky |= self.around.meets_rules(&reference.keys, &open, always);
                    }
                    Base::Expr(base) => self.expr(base),
                }
                self.exprs(&reference.keys);
            }
            ExprKind::Array(items) | ExprKind::Set(items) => self.exprs(items),
            ExprKind::Object(members) => {
                let constant = |key: &Expr| matches!(key.kind, ExprKind::Const(_));
                self.risky |= !members.iter().all(|(key, _)| constant(key));
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
                        self.risky = true;
                        self.expr(key);
                        self.expr(value);
                    }
                }
            }
            ExprKind::Call(call) => {
                self.risky |= matches!(call.callee, Callee::Function(_));
                self.exprs(&call.args);
            }
        }
    }

    /// Whether a key is a variable that nothing has bound yet.
    fn is_open(&self, key: &Expr) -> bool {
        let ExprKind::Local(local) = &key.kind else {
            return false;
        };
        !self.locals.contains_key(local) && !self.around.is_bound(*local)
    }

    fn local(&mut self, local: Local) {
        if self.around.is_bound(local) {
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
