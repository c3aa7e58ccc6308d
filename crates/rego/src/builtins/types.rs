//! What type a value has.

use super::declare::{any, boolean, string, takes};
use super::{Builtin, Context, Error, operand};
use crate::types::Function;
use crate::value::Value;

const TYPES: &[&str] = &["types"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("is_array", "Whether a value is an array.", |_, args| {
        is(args, "array")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_boolean", "Whether a value is a boolean.", |_, args| {
        is(args, "boolean")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_null", "Whether a value is null.", |_, args| {
        is(args, "null")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_number", "Whether a value is a number.", |_, args| {
        is(args, "number")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_object", "Whether a value is an object.", |_, args| {
        is(args, "object")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_set", "Whether a value is a set.", |_, args| {
        is(args, "set")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("is_string", "Whether a value is a string.", |_, args| {
        is(args, "string")
    })
    .declared(declaration)
    .categories(TYPES),
    Builtin::new("type_name", "The name of a value's type.", type_name)
        .declared(|| {
            takes([any("x", "the value")]).gives(string("type", "the name, as in an error"))
        })
        .categories(TYPES),
];

fn declaration() -> Function {
    takes([any("x", "the value")]).gives(boolean("result", "whether it is one"))
}

fn is(args: &[&Value], name: &str) -> Result<Value, Error> {
    Ok((operand::value(args, 0)?.type_name() == name).into())
}

fn type_name(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    Ok(operand::value(args, 0)?.type_name().into())
}
