//! YAML text.

use super::declare::{any, boolean, string, takes};
use super::{Budget, Builtin, Context, Error, operand};
use crate::value::Value;

mod read;
mod scalar;
mod string;
mod write;

const ENCODING: &[&str] = &["encoding"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("yaml.is_valid", "Whether a string is YAML.", is_valid)
        .declared(|| {
            takes([string("x", "the string to look at")])
                .gives(boolean("result", "whether its first document can be read"))
        })
        .categories(ENCODING),
    Builtin::new("yaml.marshal", "Writes a value as YAML.", marshal)
        .declared(|| takes([any("x", "the value")]).gives(string("y", "`x` as YAML")))
        .categories(ENCODING),
    Builtin::new("yaml.unmarshal", "Reads YAML.", unmarshal)
        .declared(|| takes([string("x", "the YAML")]).gives(any("y", "what it says")))
        .categories(ENCODING),
];

/// The value of the first document of `text`.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<Value, Error> {
    read::document(text, budget)
}

fn unmarshal(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    read::document(operand::string(args, 0)?, context.budget)
}

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let Value::String(text) = operand::value(args, 0)? else {
        return Ok(false.into());
    };
    match read::document(text, context.budget) {
        Ok(_) => Ok(true.into()),
        Err(Error::Failed(_)) => Ok(false.into()),
        Err(error) => Err(error),
    }
}

fn marshal(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    write::document(operand::value(args, 0)?, context.budget)
}

#[cfg(test)]
mod tests;
