//! Arrays in, arrays out.

use super::declare::{array, named, number, takes};
use super::{Builtin, Context, Error, operand};
use crate::types::Type;
use crate::value::Value;

/// What an element of an array takes.
const ELEMENT: u64 = size_of::<Value>() as u64;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("array.concat", "Puts one array behind another.", concat).declared(|| {
        takes([array("x", "the first"), array("y", "the one behind it")])
            .gives(array("z", "all elements"))
    }),
    Builtin::new(
        "array.flatten",
        "Puts the elements of inner arrays in the place of those arrays, one level deep.",
        flatten,
    )
    .declared(|| {
        takes([array("arr", "the array")]).gives(array("flattened", "the elements of all"))
    }),
    Builtin::new(
        "array.reverse",
        "Puts elements in the opposite order.",
        reverse,
    )
    .declared(|| {
        takes([array("arr", "the array")]).gives(array("rev", "the same, last element first"))
    }),
    Builtin::new(
        "array.slice",
        "A part of an array: none of it where the part would end before it begins.",
        slice,
    )
    .declared(|| {
        takes([
            named("arr", Type::array(Type::any()), "the array"),
            number(
                "start",
                "where the part begins; what is negative counts as 0",
            ),
            number("stop", "where it has ended; at most the array's length"),
        ])
        .gives(array("slice", "the elements from `start` to before `stop`"))
    }),
];

fn concat(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let left = operand::array(args, 0)?;
    let right = operand::array(args, 1)?;
    if right.is_empty() {
        return Ok(left.clone().into());
    }
    if left.is_empty() {
        return Ok(right.clone().into());
    }
    charge(context, left.len() + right.len())?;
    Ok([&**left, &**right].concat().into())
}

fn flatten(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let array = operand::array(args, 0)?;
    let elements = || array.iter().map(elements);
    charge(context, elements().map(<[Value]>::len).sum())?;
    Ok(elements().flatten().cloned().collect::<Vec<_>>().into())
}

fn reverse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let array = operand::array(args, 0)?;
    charge(context, array.len())?;
    Ok(array.iter().rev().cloned().collect::<Vec<_>>().into())
}

fn slice(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let array = operand::array(args, 0)?;
    let start = position(operand::int(args, 1)?, array.len());
    let stop = position(operand::int(args, 2)?, array.len());
    if start == 0 && stop == array.len() {
        return Ok(array.clone().into());
    }
    let part = array.get(start..stop).unwrap_or_default();
    charge(context, part.len())?;
    Ok(part.to_vec().into())
}

/// What `value` adds to a flat array: its elements, or itself.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(inner) => inner,
        other => std::slice::from_ref(other),
    }
}

fn position(at: i64, len: usize) -> usize {
    usize::try_from(at.max(0)).map_or(len, |at| at.min(len))
}

fn charge(context: &mut Context<'_>, elements: usize) -> Result<(), Error> {
    context
        .budget
        .build((elements as u64).saturating_mul(ELEMENT))
}

#[cfg(test)]
mod tests;
