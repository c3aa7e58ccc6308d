//! Expressions: what has a value once its variables are bound. What iterates in them is scanned first.

use super::ir::{self, Args, Comparison, Emit, Expr, Mark, Pattern, Source, Stmt};
use super::lower::{Lowering, Planned};
use crate::hir::{self, BuiltinRef, Callee, ComprehensionHead, ExprKind};
use crate::value::Value;

impl Lowering<'_, '_> {
    /// Plans an expression, all of whose variables are bound except keys that iterate; those become loops around
    /// everything that is planned after them.
    pub(super) fn expr(&mut self, expr: &hir::Expr) -> Planned<Expr> {
        self.nesting += 1;
        self.check_depth(expr.place)?;
        let planned = match self.settled.slot(expr) {
            Some(slot) => Expr::Slot(slot),
            None => self.expr_kind(expr)?,
        };
        self.nesting -= 1;
        Ok(planned)
    }

    /// Plans several.
    pub(super) fn exprs(&mut self, exprs: &[hir::Expr]) -> Planned<Box<[Expr]>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr_kind(&mut self, expr: &hir::Expr) -> Planned<Expr> {
        Ok(match &expr.kind {
            ExprKind::Const(value) => Expr::Const(value.clone()),
            ExprKind::Local(local) => {
                if !self.frame.is_bound(*local) {
                    return Err(self.unbound(expr.place, *local));
                }
                Expr::Slot(self.frame.slot(*local))
            }
            ExprKind::Ref(reference) => self.reference(reference)?,
            ExprKind::Array(items) => Expr::Array(self.exprs(items)?),
            ExprKind::Set(items) => Expr::Set(self.exprs(items)?),
            ExprKind::Object(members) => {
                let pair = |(key, value): &(hir::Expr, hir::Expr)| {
                    Ok((self.expr(key)?, self.expr(value)?))
                };
                Expr::Object(members.iter().map(pair).collect::<Planned<_>>()?)
            }
            ExprKind::Comprehension(comprehension) => {
                self.comprehension(expr.place, comprehension)?
            }
            ExprKind::Call(call) => self.call(expr.place, call)?,
        })
    }

    fn comprehension(
        &mut self,
        place: hir::Place,
        comprehension: &hir::Comprehension,
    ) -> Planned<Expr> {
        let (kind, results): (_, Vec<&hir::Expr>) = match &comprehension.head {
            ComprehensionHead::Array(item) => (ir::ComprehensionKind::Array, vec![item]),
            ComprehensionHead::Set(item) => (ir::ComprehensionKind::Set, vec![item]),
            ComprehensionHead::Object(key, value) => {
                (ir::ComprehensionKind::Object, vec![key, value])
            }
        };
        let duplicates = kind == ir::ComprehensionKind::Array;
        let body = self.nested(place, |lowering| {
            lowering.mark_body(place, &comprehension.body, false);
            lowering.body(&comprehension.body, &results, duplicates)?;
            let emit = match &comprehension.head {
                ComprehensionHead::Array(item) | ComprehensionHead::Set(item) => {
                    Emit::Item(lowering.expr(item)?)
                }
                ComprehensionHead::Object(key, value) => {
                    Emit::Pair(lowering.expr(key)?, lowering.expr(value)?)
                }
            };
            lowering.mark(Mark::Exit);
            lowering.frame.push(Stmt::Yield(emit));
            Ok(())
        })?;
        Ok(Expr::Comprehension(Box::new(ir::Comprehension {
            kind,
            body,
            place,
        })))
    }

    fn call(&mut self, place: hir::Place, call: &hir::Call) -> Planned<Expr> {
        let values = self.exprs(&call.args)?;
        match &call.callee {
            Callee::Function(path) => {
                let unit = self.function(place, path)?;
                Ok(Expr::Call(unit, Box::new(Args { values, place })))
            }
            Callee::Builtin(BuiltinRef::Known(builtin)) if builtin.relation => {
                let answers = Expr::Builtin(builtin, Box::new(Args { values, place }));
                let answer = self.frame.scan(Source::Value(answers), Pattern::Any);
                Ok(Expr::Slot(answer))
            }
            Callee::Builtin(BuiltinRef::Known(builtin)) => Ok(match comparison(builtin.name) {
                Some(comparison) => compare(comparison, values),
                None => Expr::Builtin(builtin, Box::new(Args { values, place })),
            }),
            Callee::Builtin(declared) => {
                let args = Box::new(Args { values, place });
                Ok(Expr::Missing(Box::new(declared.clone()), args))
            }
        }
    }
}

/// The comparison that a built-in makes.
pub(super) fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "equal" | "eq" => Comparison::Equal,
        "neq" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "lte" => Comparison::LessEqual,
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterEqual,
        _ => return None,
    })
}

/// A comparison of two values; the checker has counted them.
fn compare(comparison: Comparison, values: Box<[Expr]>) -> Expr {
    let mut values = values.into_iter();
    let mut next = || values.next().unwrap_or(Expr::Const(Value::Null));
    let (left, right) = (next(), next());
    Expr::Compare(comparison, Box::new((left, right)))
}
