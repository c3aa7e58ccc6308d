//! Unification: which side is known decides what becomes of it: a comparison, an assignment, a taking apart.

use super::ir::{Comparison, Expr, Pattern, Slot, Stmt};
use super::lower::{Lowering, Planned};
use crate::hir::{self, Base, ExprKind};
use crate::value::Value;

/// What a pattern could not match by itself: the member in the slot must be equal to the expression.
pub(super) type Later<'e> = Vec<(Slot, &'e hir::Expr)>;

/// Two sides that must be equal.
type Pair<'e> = (&'e hir::Expr, &'e hir::Expr);

/// A member of an object with a constant key.
type Member<'e> = (&'e Value, &'e hir::Expr);

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// Plans `left = right`.
    pub(super) fn unify(&mut self, left: &hir::Expr, right: &hir::Expr) -> Planned<()> {
        let mut todo = Vec::new();
        if !decompose(left, right, &mut todo) {
            self.frame.push(Stmt::Test(Expr::Const(Value::Bool(false))));
            return Ok(());
        }
        // A pair of which neither side is known yet waits for those behind it.
        while !todo.is_empty() {
            let before = todo.len();
            let mut waiting = Vec::new();
            for (left, right) in todo {
                if self.evaluable(left) || self.evaluable(right) {
                    self.unify_known(left, right)?;
                } else {
                    waiting.push((left, right));
                }
            }
            if waiting.len() == before {
                // Asking for the value of one says which variable it lacks.
                for (left, _) in waiting {
                    self.expr(left)?;
                }
                return Ok(());
            }
            todo = waiting;
        }
        Ok(())
    }

    /// Plans a unification of which a side is known.
    fn unify_known(&mut self, left: &hir::Expr, right: &hir::Expr) -> Planned<()> {
        match (self.evaluable(left), self.evaluable(right)) {
            (true, true)
                if is_pattern(left) && !is_pattern(right) && !is_looked_at_first(left, right) =>
            {
                let right = self.expr(right)?;
                self.matching(left, right)
            }
            (true, true) if !is_pattern(left) && is_pattern(right) => {
                let left = self.expr(left)?;
                self.matching(right, left)
            }
            (true, true) => {
                // What is referred to is asked for before a comprehension is evaluated.
                let (left, right) = match (&left.kind, &right.kind) {
                    (ExprKind::Comprehension(_), ExprKind::Ref(_)) => (right, left),
                    _ => (left, right),
                };
                let left = self.expr(left)?;
                let right = self.expr(right)?;
                self.frame
                    .push(Stmt::Compare(Comparison::Equal, left, right));
                Ok(())
            }
            (true, false) => {
                let left = self.expr(left)?;
                self.matching(right, left)
            }
            (false, _) => {
                let right = self.expr(right)?;
                self.matching(left, right)
            }
        }
    }

    /// Plans that a value matches a pattern; its variables without a value get one.
    pub(super) fn matching(&mut self, pattern: &hir::Expr, value: Expr) -> Planned<()> {
        if self.frame.is_fresh_member(&value) {
            let (planned, later) = self.pattern(pattern)?;
            // Keys of objects in the pattern may have opened further loops.
            if self.frame.is_fresh_member(&value) {
                self.frame.narrow(planned);
            } else {
                self.frame.push(Stmt::Match(planned, value));
            }
            return self.later(later);
        }
        let (planned, later) = self.pattern(pattern)?;
        self.frame.push(match planned {
            Pattern::Bind(slot) => Stmt::Bind(slot, value),
            Pattern::Equal(expected) => Stmt::Compare(Comparison::Equal, value, expected),
            planned => Stmt::Match(planned, value),
        });
        self.later(later)
    }

    /// Plans a pattern, and what remains to be compared after it has matched.
    pub(super) fn pattern<'e>(&mut self, expr: &'e hir::Expr) -> Planned<(Pattern, Later<'e>)> {
        let mut later = Vec::new();
        let pattern = self.pattern_with(expr, &mut later)?;
        Ok((pattern, later))
    }

    /// Plans what a pattern left over.
    pub(super) fn later(&mut self, later: Later<'_>) -> Planned<()> {
        for (slot, expr) in later {
            let value = self.expr(expr)?;
            if self.frame.is_fresh_member(&value) {
                self.frame.narrow(Pattern::Equal(Expr::Slot(slot)));
            } else {
                let found = Expr::Slot(slot);
                self.frame
                    .push(Stmt::Compare(Comparison::Equal, found, value));
            }
        }
        Ok(())
    }

    fn pattern_with<'e>(&mut self, expr: &'e hir::Expr, later: &mut Later<'e>) -> Planned<Pattern> {
        self.nesting += 1;
        self.check_depth(expr.place)?;
        if let Some(slot) = self.settled.slot(expr) {
            self.nesting -= 1;
            return Ok(Pattern::Equal(Expr::Slot(slot)));
        }
        let pattern = match &expr.kind {
            ExprKind::Const(value) => Pattern::Equal(Expr::Const(value.clone())),
            ExprKind::Local(local) if self.frame.is_bound(*local) => {
                Pattern::Equal(Expr::Slot(self.frame.slot(*local)))
            }
            ExprKind::Local(local) if self.is_wildcard(*local) => Pattern::Any,
            ExprKind::Local(local) => {
                let slot = self.frame.slot(*local);
                self.frame.bind(slot);
                Pattern::Bind(slot)
            }
            ExprKind::Array(items) => {
                let items = items.iter().map(|item| self.pattern_with(item, later));
                Pattern::Array(items.collect::<Planned<_>>()?)
            }
            ExprKind::Object(members) => self.object_pattern(members, later)?,
            _ => {
                let slot = self.frame.fresh();
                self.frame.bind(slot);
                later.push((slot, expr));
                Pattern::Bind(slot)
            }
        };
        self.nesting -= 1;
        Ok(pattern)
    }

    fn object_pattern<'e>(
        &mut self,
        members: &'e [(hir::Expr, hir::Expr)],
        later: &mut Later<'e>,
    ) -> Planned<Pattern> {
        let mut planned = Vec::with_capacity(members.len());
        for (key, value) in members {
            let key = self.expr(key)?;
            planned.push((key, self.pattern_with(value, later)?));
        }
        Ok(Pattern::Object(planned.into()))
    }

    /// Whether the expression's value can be had here: each variable is bound, or is a key that iterates.
    pub(super) fn evaluable(&self, expr: &hir::Expr) -> bool {
        match &expr.kind {
            // A comprehension stands after what it takes from outside.
            ExprKind::Const(_) | ExprKind::Comprehension(_) => true,
            ExprKind::Local(local) => self.frame.is_bound(*local),
            ExprKind::Ref(reference) => match &reference.base {
                Base::Input | Base::Data => true,
                Base::Expr(base) => self.evaluable(base),
            },
            ExprKind::Array(items) | ExprKind::Set(items) => {
                items.iter().all(|item| self.evaluable(item))
            }
            ExprKind::Object(members) => members
                .iter()
                .all(|(key, value)| self.evaluable(key) && self.evaluable(value)),
            ExprKind::Call(call) => call.args.iter().all(|arg| self.evaluable(arg)),
        }
    }
}

/// Whether the value of a variable is looked at before the comprehension that it is compared with is evaluated.
fn is_looked_at_first(left: &hir::Expr, right: &hir::Expr) -> bool {
    matches!(
        (&left.kind, &right.kind),
        (ExprKind::Local(_), ExprKind::Comprehension(_))
    )
}

/// Takes pairs of arrays and of objects with constant keys apart. Says no where they can never be equal.
fn decompose<'e>(left: &'e hir::Expr, right: &'e hir::Expr, pairs: &mut Vec<Pair<'e>>) -> bool {
    match (&left.kind, &right.kind) {
        (ExprKind::Array(left), ExprKind::Array(right)) => {
            let mut each = left.iter().zip(right);
            left.len() == right.len() && each.all(|(left, right)| decompose(left, right, pairs))
        }
        (ExprKind::Object(left), ExprKind::Object(right))
            if by_key(left).is_some() && by_key(right).is_some() =>
        {
            let (left, right) = (
                by_key(left).unwrap_or_default(),
                by_key(right).unwrap_or_default(),
            );
            let mut each = left.iter().zip(&right);
            left.len() == right.len()
                && each.all(|(left, right)| left.0 == right.0 && decompose(left.1, right.1, pairs))
        }
        _ => {
            pairs.push((left, right));
            true
        }
    }
}

/// The members in the order of their keys, where all keys are constants and different.
fn by_key(members: &[(hir::Expr, hir::Expr)]) -> Option<Vec<Member<'_>>> {
    let mut sorted = Vec::with_capacity(members.len());
    for (key, value) in members {
        let ExprKind::Const(key) = &key.kind else {
            return None;
        };
        sorted.push((key, value));
    }
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    let twice = sorted
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.0 == b.0));
    (!twice).then_some(sorted)
}

/// Whether the expression can be matched with a value without making one.
pub(super) fn is_pattern(expr: &hir::Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => true,
        ExprKind::Array(items) => items.iter().all(is_pattern),
        ExprKind::Object(members) => members
            .iter()
            .all(|(key, value)| is_pattern(key) && is_pattern(value)),
        _ => false,
    }
}
