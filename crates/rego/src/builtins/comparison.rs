//! Comparisons: of any two values, by Rego's order of all.
//!
//! `eq` and `assign` stand here for their declarations: a compiled policy unifies without calling them.

use std::cmp::Ordering;

use super::declare::{bare, boolean, takes, unnamed};
use super::{Builtin, Context, Error, operand};
use crate::types::{Function, Type};
use crate::value::Value;

const COMPARISON: &[&str] = &["comparison"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("assign", "", equal)
        .declared(nameless)
        .infix(":="),
    Builtin::new("eq", "", equal).declared(nameless).infix("="),
    Builtin::new("equal", "", equal)
        .declared(|| compares("whether `x` and `y` are equal"))
        .infix("==")
        .categories(COMPARISON),
    Builtin::new("gt", "", |_, args| Ok(compare(args)?.is_gt().into()))
        .declared(|| compares("whether `x` comes after `y`"))
        .infix(">")
        .categories(COMPARISON),
    Builtin::new("gte", "", |_, args| Ok(compare(args)?.is_ge().into()))
        .declared(|| compares("whether `x` comes after `y` or is equal"))
        .infix(">=")
        .categories(COMPARISON),
    Builtin::new("lt", "", |_, args| Ok(compare(args)?.is_lt().into()))
        .declared(|| compares("whether `x` comes before `y`"))
        .infix("<")
        .categories(COMPARISON),
    Builtin::new("lte", "", |_, args| Ok(compare(args)?.is_le().into()))
        .declared(|| compares("whether `x` comes before `y` or is equal"))
        .infix("<=")
        .categories(COMPARISON),
    Builtin::new("neq", "", |_, args| Ok(compare(args)?.is_ne().into()))
        .declared(|| compares("whether `x` and `y` differ"))
        .infix("!=")
        .categories(COMPARISON),
];

fn compares(result: &str) -> Function {
    takes([bare("x", Type::any()), bare("y", Type::any())]).gives(boolean("result", result))
}

fn nameless() -> Function {
    takes([unnamed(Type::any()), unnamed(Type::any())]).gives(Type::Boolean)
}

fn equal(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    Ok(compare(args)?.is_eq().into())
}

fn compare(args: &[&Value]) -> Result<Ordering, Error> {
    Ok(operand::value(args, 0)?.cmp(operand::value(args, 1)?))
}
