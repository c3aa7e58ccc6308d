//! Walks over expressions and literals.

use crate::hir::{
    Base, Body, Call, Callee, Comprehension, ComprehensionHead, Expr, ExprKind, Literal,
    LiteralKind, Local, Ref, Replacement, Target,
};
use crate::value::Value;

/// What a walk passes to its visitor.
pub(in crate::check) trait Visitor {
    /// A variable. `own` says whether it stands outside closures.
    fn local(&mut self, local: &mut Local);

    /// A reference, before its parts.
    fn reference(&mut self, _: &mut Ref) {}

    /// A call, before its parts.
    fn call(&mut self, _: &mut Call) {}

    /// A function of the policy that is called, or put in the place of another.
    fn function(&mut self, _: &[Value]) {}

    /// A document or function of the policy that a `with` replaces.
    fn replaced(&mut self, _: &[Value]) {}

    /// A closure's body, before its parts; whether to go into it.
    fn closure(&mut self) -> bool {
        true
    }
}

/// Walks over a body.
pub(in crate::check) fn body(of: &mut Body, visitor: &mut impl Visitor) {
    for of in &mut of.literals {
        literal(of, visitor);
    }
}

/// Walks over a literal.
pub(in crate::check) fn literal(of: &mut Literal, visitor: &mut impl Visitor) {
    match &mut of.kind {
        LiteralKind::Test(value) => expr(value, visitor),
        LiteralKind::Unify(left, right) => {
            expr(left, visitor);
            expr(right, visitor);
        }
        LiteralKind::Not { body: inner, .. } => body(inner, visitor),
        LiteralKind::Every {
            key,
            value,
            domain,
            body: inner,
        } => {
            expr(domain, visitor);
            if visitor.closure() {
                if let Some(key) = key {
                    visitor.local(key);
                }
                visitor.local(value);
                body(inner, visitor);
            }
        }
        LiteralKind::Or(left, right) => {
            if visitor.closure() {
                body(left, visitor);
                body(right, visitor);
            }
        }
        LiteralKind::Print(args) => {
            for arg in args {
                expr(arg, visitor);
            }
        }
    }
    for with in &mut of.with {
        if let Target::Data(path) | Target::Function(path) = &with.target {
            visitor.replaced(path);
        }
        match &mut with.value {
            Replacement::Value(value) => expr(value, visitor),
            Replacement::Function(path) => visitor.function(path),
            Replacement::Builtin(_) => {}
        }
    }
}

/// Walks over an expression.
pub(in crate::check) fn expr(of: &mut Expr, visitor: &mut impl Visitor) {
    match &mut of.kind {
        ExprKind::Const(_) => {}
        ExprKind::Local(local) => visitor.local(local),
        ExprKind::Ref(reference) => {
            visitor.reference(reference);
            if let Base::Expr(base) = &mut reference.base {
                expr(base, visitor);
            }
            for key in &mut reference.keys {
                expr(key, visitor);
            }
        }
        ExprKind::Array(items) | ExprKind::Set(items) => {
            for item in items {
                expr(item, visitor);
            }
        }
        ExprKind::Object(members) => {
            for (key, value) in members {
                expr(key, visitor);
                expr(value, visitor);
            }
        }
        ExprKind::Call(call) => {
            visitor.call(call);
            if let Callee::Function(path) = &call.callee {
                visitor.function(path);
            }
            for arg in &mut call.args {
                expr(arg, visitor);
            }
        }
        ExprKind::Comprehension(closure) => {
            if visitor.closure() {
                match &mut closure.head {
                    ComprehensionHead::Array(value) | ComprehensionHead::Set(value) => {
                        expr(value, visitor);
                    }
                    ComprehensionHead::Object(key, value) => {
                        expr(key, visitor);
                        expr(value, visitor);
                    }
                }
                body(&mut closure.body, visitor);
            }
        }
    }
}

/// A closure's head, where it is a comprehension, and its body.
pub(super) type Closure<'c> = dyn FnMut(Option<&mut ComprehensionHead>, &mut Body) + 'c;

/// Calls `found` for each closure that stands directly in a literal.
pub(super) fn closures(of: &mut Literal, found: &mut Closure<'_>) {
    match &mut of.kind {
        LiteralKind::Test(value) => expr_closures(value, found),
        LiteralKind::Unify(left, right) => {
            expr_closures(left, found);
            expr_closures(right, found);
        }
        LiteralKind::Not { body, .. } => found(None, body),
        LiteralKind::Every { domain, body, .. } => {
            expr_closures(domain, found);
            found(None, body);
        }
        LiteralKind::Or(left, right) => {
            found(None, left);
            found(None, right);
        }
        LiteralKind::Print(args) => {
            for arg in args {
                expr_closures(arg, found);
            }
        }
    }
    for with in &mut of.with {
        if let Replacement::Value(value) = &mut with.value {
            expr_closures(value, found);
        }
    }
}

fn expr_closures(of: &mut Expr, found: &mut Closure<'_>) {
    match &mut of.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => {}
        ExprKind::Ref(reference) => {
            if let Base::Expr(base) = &mut reference.base {
                expr_closures(base, found);
            }
            for key in &mut reference.keys {
                expr_closures(key, found);
            }
        }
        ExprKind::Array(items) | ExprKind::Set(items) => {
            for item in items {
                expr_closures(item, found);
            }
        }
        ExprKind::Object(members) => {
            for (key, value) in members {
                expr_closures(key, found);
                expr_closures(value, found);
            }
        }
        ExprKind::Call(call) => {
            for arg in &mut call.args {
                expr_closures(arg, found);
            }
        }
        ExprKind::Comprehension(closure) => {
            let Comprehension { head, body } = &mut **closure;
            found(Some(head), body);
        }
    }
}
