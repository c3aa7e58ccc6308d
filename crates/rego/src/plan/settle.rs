//! What must be evaluated before a literal is: the parts of its objects, sets and keys that may end in a conflict.
//!
//! OPA gives each such part a variable of its own in a literal before. So `input.x == {"a": data.p.r}` is an error
//! where `r` conflicts, even if there is no `input.x`; without this it would only have no answer, and its negation
//! would hold. What cannot fail stays where it is: nobody can tell when it is evaluated.

use super::ir::{Expr, Slot, Stmt};
use super::live::may_conflict;
use super::lower::{Lowering, Planned};
use crate::hir::{self, Base, ExprKind};

/// The parts of the literal at hand that have a slot already, by where they stand in the HIR.
#[derive(Debug, Default)]
pub(super) struct Settled(Vec<(*const hir::Expr, Slot)>);

// === impl Settled ===

impl Settled {
    /// The slot of a part.
    pub(super) fn slot(&self, expr: &hir::Expr) -> Option<Slot> {
        let found = self.0.iter().find(|(part, _)| std::ptr::eq(*part, expr));
        found.map(|(_, slot)| *slot)
    }
}

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// Plans a literal, before it those parts of two sides which must be equal that may end in a conflict.
    pub(super) fn settling<T>(
        &mut self,
        left: &hir::Expr,
        right: &hir::Expr,
        plan: impl FnOnce(&mut Self) -> Planned<T>,
    ) -> Planned<T> {
        // What is only bound is evaluated in order anyway.
        if self.is_open(left) || self.is_open(right) {
            return plan(self);
        }
        let before = self.settled.0.len();
        self.settle_side(left, right)?;
        self.settle_side(right, left)?;
        let planned = plan(self)?;
        self.settled.0.truncate(before);
        Ok(planned)
    }

    /// The same for the keys of a single term.
    pub(super) fn settling_keys<T>(
        &mut self,
        expr: &hir::Expr,
        plan: impl FnOnce(&mut Self) -> Planned<T>,
    ) -> Planned<T> {
        let before = self.settled.0.len();
        self.settle_keys(expr)?;
        let planned = plan(self)?;
        self.settled.0.truncate(before);
        Ok(planned)
    }

    /// Whether it is a variable without a value.
    fn is_open(&self, expr: &hir::Expr) -> bool {
        matches!(&expr.kind, ExprKind::Local(local) if !self.frame.is_bound(*local))
    }

    fn settle_side(&mut self, expr: &hir::Expr, other: &hir::Expr) -> Planned<()> {
        match &expr.kind {
            // OPA's index compares the shape of an array before anything in it is evaluated.
            ExprKind::Array(_) if is_ground_ref(other) => Ok(()),
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                // All of them, in order: one that is undefined ends it before the next one is an error.
                if may_conflict(expr, self) {
                    self.settle_parts(expr)?;
                }
                Ok(())
            }
            _ => self.settle_keys(expr),
        }
    }

    fn settle_keys(&mut self, expr: &hir::Expr) -> Planned<()> {
        let ExprKind::Ref(reference) = &expr.kind else {
            return Ok(());
        };
        let mut keys = reference.keys.iter();
        keys.try_for_each(|key| {
            if may_conflict(key, self) {
                self.settle(key)
            } else {
                Ok(())
            }
        })
    }

    /// As deep as expressions nest: planning them has the same bound.
    fn settle_parts(&mut self, expr: &hir::Expr) -> Planned<()> {
        self.nesting += 1;
        self.check_depth(expr.place)?;
        match &expr.kind {
            ExprKind::Array(items) | ExprKind::Set(items) => {
                items.iter().try_for_each(|item| self.settle(item))?;
            }
            ExprKind::Object(members) => {
                for (key, value) in members {
                    self.settle(key)?;
                    self.settle(value)?;
                }
            }
            _ => {}
        }
        self.nesting -= 1;
        Ok(())
    }

    fn settle(&mut self, part: &hir::Expr) -> Planned<()> {
        match &part.kind {
            ExprKind::Const(_) | ExprKind::Local(_) => return Ok(()),
            ExprKind::Array(_) | ExprKind::Set(_) | ExprKind::Object(_) => {
                return self.settle_parts(part);
            }
            ExprKind::Ref(_) | ExprKind::Comprehension(_) | ExprKind::Call(_) => {}
        }
        if !self.evaluable(part) {
            return Ok(());
        }
        self.settle_keys(part)?;
        let value = self.expr(part)?;
        // A loop's member has a slot already.
        let slot = match value {
            Expr::Slot(slot) => slot,
            value => {
                let slot = self.frame.fresh();
                self.frame.bind(slot);
                self.frame.push(Stmt::Bind(slot, value));
                slot
            }
        };
        self.settled.0.push((std::ptr::from_ref(part), slot));
        Ok(())
    }
}

/// Whether OPA's index can look the term up: a reference into a document, by constants only.
fn is_ground_ref(expr: &hir::Expr) -> bool {
    let ExprKind::Ref(reference) = &expr.kind else {
        return false;
    };
    let constant = |key: &hir::Expr| matches!(key.kind, ExprKind::Const(_));
    !matches!(reference.base, Base::Expr(_)) && reference.keys.iter().all(constant)
}
