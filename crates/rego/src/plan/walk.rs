//! Going over everything that a block says, in the order in which it is evaluated.

use super::ir::{Block, Emit, Expr, Function, NodeId, Pattern, Replace, Scan, Slot, Source, Stmt};

/// Is shown what a block is made of. Expressions inside others come after them.
pub(crate) trait Visitor {
    /// An expression.
    fn expr(&mut self, _expr: &Expr) {}
    /// A slot that something is put into.
    fn binds(&mut self, _slot: Slot) {}
    /// A node whose keys are looped over.
    fn keys_of(&mut self, _node: NodeId) {}
    /// A function that stands in for another.
    fn stands_in(&mut self, _function: &Function) {}
    /// Something that can be seen from outside each time it is evaluated.
    fn effect(&mut self) {}
}

/// Shows all statements of a block.
pub(crate) fn block(block: &Block, to: &mut dyn Visitor) {
    for at in block {
        stmt(at, to);
    }
}

/// Shows a statement.
pub(crate) fn stmt(stmt: &Stmt, to: &mut dyn Visitor) {
    match stmt {
        Stmt::Test(value) => expr(value, to),
        Stmt::Bind(slot, value) => {
            expr(value, to);
            to.binds(*slot);
        }
        Stmt::Match(shape, value) => {
            expr(value, to);
            pattern(shape, to);
        }
        Stmt::Compare(_, left, right) => {
            expr(left, to);
            expr(right, to);
        }
        Stmt::Scan(inner) | Stmt::Every(inner) => scan(inner, to),
        Stmt::Not(inner) | Stmt::Exists(inner) | Stmt::Leave(inner) => block(inner, to),
        Stmt::Either(sides) => sides.iter().for_each(|side| block(side, to)),
        Stmt::With(with) => {
            with.replacements.iter().for_each(|by| replace(by, to));
            block(&with.body, to);
        }
        Stmt::Print(_, args) => {
            to.effect();
            exprs(args, to);
        }
        Stmt::Mark(_) => to.effect(),
        Stmt::Held(_) | Stmt::Fresh(_) => {}
        Stmt::Yield(what) => emit(what, to),
    }
}

/// Shows an expression and those inside it.
pub(crate) fn expr(at: &Expr, to: &mut dyn Visitor) {
    to.expr(at);
    match at {
        Expr::Const(_) | Expr::Slot(_) | Expr::Input(_) | Expr::Data(_) | Expr::Unit(_) => {}
        Expr::Probe(_, keys) | Expr::Descend(_, keys) => exprs(keys, to),
        Expr::Array(items) | Expr::Set(items) => exprs(items, to),
        Expr::Dot(dot) => {
            expr(&dot.base, to);
            exprs(&dot.keys, to);
        }
        Expr::Object(members) => {
            for (key, value) in members {
                expr(key, to);
                expr(value, to);
            }
        }
        Expr::Comprehension(comprehension) => block(&comprehension.body, to),
        Expr::Call(_, args) | Expr::Missing(_, args) => exprs(&args.values, to),
        Expr::Builtin(builtin, args) => {
            if builtin.name == "trace" {
                to.effect();
            }
            exprs(&args.values, to);
        }
        Expr::Compare(_, sides) => {
            expr(&sides.0, to);
            expr(&sides.1, to);
        }
        Expr::Once(_, value) | Expr::Shared(value) => expr(value, to),
        Expr::Grouped(grouped) => block(&grouped.plain.body, to),
    }
}

/// Changes the parts of an expression that are evaluated where it stands; the innermost first.
pub(crate) fn change(at: &mut Expr, by: &mut dyn FnMut(&mut Expr)) {
    match at {
        Expr::Probe(_, keys) | Expr::Descend(_, keys) => {
            keys.iter_mut().for_each(|key| change(key, by));
        }
        Expr::Array(items) | Expr::Set(items) => {
            items.iter_mut().for_each(|item| change(item, by));
        }
        Expr::Dot(dot) => {
            change(&mut dot.base, by);
            dot.keys.iter_mut().for_each(|key| change(key, by));
        }
        Expr::Object(members) => {
            for (key, value) in members {
                change(key, by);
                change(value, by);
            }
        }
        Expr::Call(_, args) | Expr::Missing(_, args) | Expr::Builtin(_, args) => {
            args.values.iter_mut().for_each(|arg| change(arg, by));
        }
        Expr::Compare(_, sides) => {
            change(&mut sides.0, by);
            change(&mut sides.1, by);
        }
        Expr::Once(_, value) | Expr::Shared(value) => change(value, by),
        Expr::Const(_)
        | Expr::Slot(_)
        | Expr::Input(_)
        | Expr::Data(_)
        | Expr::Unit(_)
        | Expr::Comprehension(_)
        | Expr::Grouped(_) => {}
    }
    by(at);
}

/// Shows what a pattern compares with and binds.
pub(crate) fn pattern(at: &Pattern, to: &mut dyn Visitor) {
    match at {
        Pattern::Any => {}
        Pattern::Bind(slot) => to.binds(*slot),
        Pattern::Equal(value) => expr(value, to),
        Pattern::Array(items) => items.iter().for_each(|item| pattern(item, to)),
        Pattern::Object(members) => {
            for (key, value) in members {
                expr(key, to);
                pattern(value, to);
            }
        }
    }
}

// === helpers ===

fn exprs(all: &[Expr], to: &mut dyn Visitor) {
    for at in all {
        expr(at, to);
    }
}

fn scan(scan: &Scan, to: &mut dyn Visitor) {
    match &scan.source {
        Source::Value(value) => expr(value, to),
        Source::Keys { node, keys } => {
            to.keys_of(*node);
            exprs(keys, to);
        }
    }
    pattern(&scan.key, to);
    pattern(&scan.value, to);
    block(&scan.body, to);
}

fn replace(replace: &Replace, to: &mut dyn Visitor) {
    match replace {
        Replace::Input(_, value)
        | Replace::Data(_, value)
        | Replace::Constant(_, value)
        | Replace::Document(_, value) => expr(value, to),
        Replace::Function(_, by) => to.stands_in(by),
    }
}

fn emit(emit: &Emit, to: &mut dyn Visitor) {
    match emit {
        Emit::Found | Emit::Row => {}
        Emit::Value(value) | Emit::Item(value) => expr(value, to),
        Emit::Pair(key, value) => {
            expr(key, to);
            expr(value, to);
        }
        Emit::Entry(keys, value) | Emit::Member(keys, value) => {
            exprs(keys, to);
            expr(value, to);
        }
    }
}
