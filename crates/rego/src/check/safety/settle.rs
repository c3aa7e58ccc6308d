//! What a literal becomes once its place is found: references that must be evaluated on their own go before it.
//!
//! In a negated literal these are all references in arguments (where one is undefined, so is the whole body, as in
//! OPA); in others those that iterate, so that iteration is a literal of its own, and those in a pattern, which OPA
//! asks for before it compares anything.

use super::Order;
use crate::hir::{Base, Callee, Expr, ExprKind, Literal, LiteralKind, With};

/// What moves out, and with which modifiers.
struct Mover<'m> {
    depth: u32,
    /// Whether every reference moves, not only one that iterates.
    every: bool,
    with: &'m [With],
    out: &'m mut Vec<Literal>,
}

impl Order<'_> {
    pub(super) fn settle(&mut self, mut literal: Literal, depth: u32, out: &mut Vec<Literal>) {
        let with = std::mem::take(&mut literal.with);
        match &mut literal.kind {
            LiteralKind::Not {
                body,
                closed: false,
            } => {
                let mut mover = Mover {
                    depth,
                    every: true,
                    with: &with,
                    out,
                };
                for inner in &mut body.literals {
                    equality(&mut inner.kind);
                    self.parts(&mut inner.kind, &mut mover);
                }
            }
            kind => {
                equality(kind);
                let mut mover = Mover {
                    depth,
                    every: false,
                    with: &with,
                    out,
                };
                self.parts(kind, &mut mover);
            }
        }
        literal.with = with;
        out.push(literal);
    }

    fn parts(&mut self, kind: &mut LiteralKind, mover: &mut Mover<'_>) {
        match kind {
            LiteralKind::Test(value) => self.top(value, mover),
            LiteralKind::Unify(left, right) => {
                // The result of a call is an argument to OPA.
                let call = matches!(right.kind, ExprKind::Call(_)) && mover.every;
                let every = mover.every;
                let (left_first, right_first) =
                    (self.asks_first(left, right), self.asks_first(right, left));
                mover.every = every || left_first;
                if call {
                    self.inner(left, mover);
                } else {
                    self.top(left, mover);
                }
                mover.every = every || right_first;
                self.top(right, mover);
                mover.every = every;
            }
            _ => {}
        }
    }

    /// Whether what a collection refers to is asked for before it is compared with the other side, or with what that
    /// has in the place of its variables.
    fn asks_first(&self, side: &Expr, other: &Expr) -> bool {
        let collection = matches!(
            side.kind,
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_)
        );
        let evaluates = match &other.kind {
            // OPA's index asks for the input before anything is evaluated.
            ExprKind::Ref(reference) => !matches!(reference.base, Base::Input),
            kind => matches!(kind, ExprKind::Call(_)),
        };
        collection && !self.negated && (evaluates || self.iterates(side))
    }

    /// A whole side: a reference stays, but what is in its keys moves.
    fn top(&mut self, of: &mut Expr, mover: &mut Mover<'_>) {
        match &mut of.kind {
            ExprKind::Ref(reference) => {
                if let Base::Expr(base) = &mut reference.base {
                    self.inner(base, mover);
                }
                for key in &mut reference.keys {
                    self.inner(key, mover);
                }
            }
            ExprKind::Call(call) => {
                for arg in &mut call.args {
                    self.inner(arg, mover);
                }
            }
            _ => self.inner(of, mover),
        }
    }

    /// A part: a reference moves.
    fn inner(&mut self, of: &mut Expr, mover: &mut Mover<'_>) {
        match &mut of.kind {
            ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Comprehension(_) => {}
            ExprKind::Array(items) | ExprKind::Set(items) => {
                for item in items {
                    self.inner(item, mover);
                }
            }
            ExprKind::Object(members) => {
                for (key, value) in members {
                    self.inner(key, mover);
                    self.inner(value, mover);
                }
            }
            ExprKind::Ref(_) => {
                let iterates = self.iterates(of);
                self.top(of, mover);
                if mover.every || iterates {
                    let place = of.place;
                    let local = Expr::local(self.generated(place, mover.depth), place);
                    let value = std::mem::replace(of, local.clone());
                    let mut moved = Literal::new(place, LiteralKind::Unify(local, value));
                    moved.with = mover.with.into();
                    mover.out.push(moved);
                }
            }
            ExprKind::Call(call) => {
                for arg in &mut call.args {
                    self.inner(arg, mover);
                }
            }
        }
    }

    /// Whether a reference binds a variable in its keys.
    fn iterates(&self, of: &Expr) -> bool {
        match &of.kind {
            ExprKind::Local(local) => !self.is_safe(*local),
            ExprKind::Ref(reference) => reference.keys.iter().any(|key| self.iterates(key)),
            ExprKind::Array(items) | ExprKind::Set(items) => {
                items.iter().any(|item| self.iterates(item))
            }
            ExprKind::Object(members) => members
                .iter()
                .any(|(k, v)| self.iterates(k) || self.iterates(v)),
            _ => false,
        }
    }
}

/// `==` as a literal is `=`: by now all its variables are bound.
fn equality(kind: &mut LiteralKind) {
    if let LiteralKind::Test(Expr {
        kind: ExprKind::Call(call),
        ..
    }) = kind
        && matches!(&call.callee, Callee::Builtin(builtin) if builtin.name() == "equal")
        && call.args.len() == 2
        && let Some(right) = call.args.pop()
        && let Some(left) = call.args.pop()
    {
        *kind = LiteralKind::Unify(left, right);
    }
}
