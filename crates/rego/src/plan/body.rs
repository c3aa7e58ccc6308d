//! Bodies: literal by literal, each with what it binds for those after it.

use super::expr::comparison;
use super::ir::{Comparison, Emit, Expr, Function, Mark, Pattern, Replace, Scan, Source, Stmt};
use super::live::{Around, FOREVER, Lives};
use super::lower::{Lowering, Planned};
use crate::hir::{
    self, Body, BuiltinRef, Callee, ExprKind, Literal, LiteralKind, Replacement, Target, With,
};

// === impl Lowering ===

impl Lowering<'_, '_> {
    /// Plans a body; the caller goes on with what to yield, which needs the variables of `results`. Where
    /// `duplicates` of an answer count, every loop runs to its end.
    pub(super) fn body(
        &mut self,
        body: &Body,
        results: &[&hir::Expr],
        duplicates: bool,
    ) -> Planned<()> {
        let lives = Lives::of(body, results, self);
        self.frame.ignore(lives.single());
        // What people watch must not end early: it shows each round.
        let watched = |literal: &Literal| matches!(literal.kind, LiteralKind::Print(_));
        let whole = duplicates || self.cx.options.instruments || body.literals.iter().any(watched);
        let mut index = 0;
        for (at, literal) in body.literals.iter().enumerate() {
            let depth = self.frame.depth();
            self.mark_literal(literal, &mut index);
            self.literal(literal)?;
            if self.frame.depth() > depth {
                let until = lives.until(at);
                let once = !self.frame.iterates(depth) && until == at;
                if until != FOREVER && (once || !(whole || lives.is_risky(at, until))) {
                    self.frame.needed_until(depth, until);
                }
            }
            if !literal.with.is_empty() && !self.frame.closes(depth, at) {
                self.frame.outside_with();
            }
            self.frame.close_done(at);
            self.mark(Mark::Holds);
            self.check_depth(literal.place)?;
        }
        Ok(())
    }

    fn literal(&mut self, literal: &Literal) -> Planned<()> {
        if !literal.with.is_empty() {
            let replacements = literal.with.iter().map(|with| self.replace(with));
            let replacements = replacements.collect::<Planned<_>>()?;
            self.frame.with(replacements);
        }
        match &literal.kind {
            LiteralKind::Test(expr) => self.test(expr),
            LiteralKind::Unify(left, right) => {
                self.settling(left, right, |lowering| lowering.unify(left, right))
            }
            LiteralKind::Not { body, .. } => {
                let block = self.found(literal.place, body)?;
                self.frame.push(Stmt::Not(block));
                Ok(())
            }
            LiteralKind::Or(left, right) => {
                let left = self.found(literal.place, left)?;
                let right = self.found(literal.place, right)?;
                self.frame.push(Stmt::Either(vec![left, right]));
                Ok(())
            }
            LiteralKind::Every { .. } => self.every(literal),
            LiteralKind::Print(args) => {
                let args = self.exprs(args)?.into_vec();
                self.frame.push(Stmt::Print(literal.place, args));
                Ok(())
            }
        }
    }

    fn test(&mut self, expr: &hir::Expr) -> Planned<()> {
        if let ExprKind::Call(call) = &expr.kind
            && let Callee::Builtin(BuiltinRef::Known(builtin)) = &call.callee
            && let Some(comparison) = comparison(builtin.name)
            && let [left, right] = call.args.as_slice()
        {
            let compare = |lowering: &mut Self| {
                let left = lowering.expr(left)?;
                let right = lowering.expr(right)?;
                lowering.frame.push(Stmt::Compare(comparison, left, right));
                Ok(())
            };
            return match comparison {
                Comparison::Equal => self.settling(left, right, compare),
                _ => compare(self),
            };
        }
        self.settling_keys(expr, |lowering| {
            let value = lowering.expr(expr)?;
            lowering.frame.push(Stmt::Test(value));
            Ok(())
        })
    }

    fn every(&mut self, literal: &Literal) -> Planned<()> {
        let LiteralKind::Every {
            key,
            value,
            domain,
            body,
        } = &literal.kind
        else {
            return Ok(());
        };
        let source = Source::Value(self.expr(domain)?);
        let mut patterns = (Pattern::Any, Pattern::Any);
        let body = self.nested(literal.place, |lowering| {
            if let Some(key) = key {
                patterns.0 = lowering.member(*key);
            }
            patterns.1 = lowering.member(*value);
            lowering.mark_body(literal.place, body, true);
            lowering.body(body, &[], false)?;
            lowering.mark(Mark::Exit);
            lowering.frame.push(Stmt::Yield(Emit::Found));
            Ok(())
        })?;
        let (key, value) = patterns;
        self.frame.push(Stmt::Every(Box::new(Scan {
            source,
            key,
            value,
            body,
            by: None,
        })));
        Ok(())
    }

    fn member(&mut self, local: hir::Local) -> Pattern {
        let slot = self.frame.slot(local);
        self.frame.bind(slot);
        Pattern::Bind(slot)
    }

    /// A body of which only counts whether it has an answer.
    fn found(&mut self, place: hir::Place, body: &Body) -> Planned<super::ir::Block> {
        self.nested(place, |lowering| {
            lowering.mark_body(place, body, false);
            lowering.body(body, &[], false)?;
            lowering.mark(Mark::Exit);
            lowering.frame.push(Stmt::Yield(Emit::Found));
            Ok(())
        })
    }

    fn replace(&mut self, with: &With) -> Planned<Replace> {
        let function = match &with.target {
            Target::Input(path) => {
                let value = self.replacement(with)?;
                return Ok(Replace::Input(path.as_slice().into(), value));
            }
            Target::Data(path) => {
                let value = self.replacement(with)?;
                return Ok(Replace::Data(path.as_slice().into(), value));
            }
            Target::Function(path) => Function::Unit(self.function(with.place, path)?),
            Target::Builtin(builtin) => Function::Builtin(builtin.clone()),
        };
        Ok(match &with.value {
            Replacement::Value(value) => {
                let planned = self.expr(value)?;
                match value.kind {
                    ExprKind::Ref(_) => Replace::Document(function, planned),
                    _ => Replace::Constant(function, planned),
                }
            }
            Replacement::Function(path) => {
                Replace::Function(function, Function::Unit(self.function(with.place, path)?))
            }
            Replacement::Builtin(builtin) => {
                Replace::Function(function, Function::Builtin(builtin.clone()))
            }
        })
    }

    fn replacement(&mut self, with: &With) -> Planned<Expr> {
        if let Replacement::Value(value) = &with.value {
            return self.expr(value);
        }
        let message = "a document can only be replaced by a value";
        let hint = "give a term after as";
        Err(self
            .cx
            .refuse(with.place, crate::source::Code::Compile, message, hint))
    }
}

impl Around for Lowering<'_, '_> {
    fn is_bound(&self, local: hir::Local) -> bool {
        self.frame.is_bound(local)
    }

    fn meets_rules(
        &self,
        keys: &[hir::Expr],
        open: &dyn Fn(&hir::Expr) -> bool,
        always: bool,
    ) -> bool {
        let mut node = super::ir::NodeId(0);
        for (at, key) in keys.iter().enumerate() {
            let ExprKind::Const(key) = &key.kind else {
                // Any rule below may be asked for.
                return true;
            };
            let Some(child) = self.cx.child(node, key) else {
                return false;
            };
            let place = self.cx.tree.nodes.get(child.0 as usize);
            if place.is_some_and(|place| place.unit.is_some()) {
                let rest = keys.get(at + 1..).unwrap_or_default();
                let constant = |key: &hir::Expr| matches!(key.kind, ExprKind::Const(_));
                // A document that is asked for as a whole is evaluated in the first round and then known.
                let whole = rest.iter().all(constant) || rest.first().is_some_and(open);
                return always || !whole;
            }
            node = child;
        }
        always
    }
}
