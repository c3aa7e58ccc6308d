//! `opa.runtime` and `trace`.

use super::declare::{boolean, named, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::Type;
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "opa.runtime",
        "Tells of the process that evaluates.",
        runtime,
    )
    .declared(|| {
        let output = Type::object(Type::String, Type::any());
        takes([]).gives(named(
            "output",
            output,
            "its configuration, its environment and its version, where the host gives them",
        ))
    })
    .nondeterministic(),
    Builtin::new(
        "trace",
        "Puts a note into the explanation of a query.",
        trace,
    )
    .declared(|| takes([string("note", "the note")]).gives(boolean("result", "true")))
    .categories(&["tracing"]),
];

fn runtime(context: &mut Context<'_>, _: &[&Value]) -> Result<Value, Error> {
    Ok(context.runtime.clone())
}

/// The note itself is the evaluator's to keep.
fn trace(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    operand::string(args, 0)?;
    Ok(Value::from(true))
}
