//! Numbers in, numbers out; and the difference of sets, which shares `-` with that of numbers.

use super::declare::{bare, named, number, takes};
use super::{Builtin, Context, Error, operand, sets};
use crate::types::{Function, Type};
use crate::value::{Number, NumberError, Value};

const NUMBERS: &[&str] = &["numbers"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("abs", "Drops the sign of a number.", |_, args| {
        unary(args, Number::abs)
    })
    .declared(|| one("the number", "its distance from 0"))
    .categories(NUMBERS),
    Builtin::new("ceil", "Rounds a number up to an integer.", |_, args| {
        unary(args, Number::ceil)
    })
    .declared(|| one("the number", "the least integer that is not below it"))
    .categories(NUMBERS),
    Builtin::new("div", "Divides a number by another.", |_, args| {
        binary(args, Number::div)
    })
    .declared(|| {
        takes([
            number("x", "what is divided"),
            number("y", "what it is divided by"),
        ])
        .gives(number("z", "`x` divided by `y`"))
    })
    .infix("/")
    .categories(NUMBERS),
    Builtin::new("floor", "Rounds a number down to an integer.", |_, args| {
        unary(args, Number::floor)
    })
    .declared(|| one("the number", "the greatest integer that is not above it"))
    .categories(NUMBERS),
    Builtin::new("minus", "Subtracts a number, or a set's members.", minus)
        .declared(|| {
            let either = || Type::one_of([Type::Number, Type::set(Type::any())]);
            takes([bare("x", either()), bare("y", either())]).gives(named(
                "z",
                either(),
                "what is left of `x` without `y`",
            ))
        })
        .infix("-")
        .categories(&["sets", "numbers"]),
    Builtin::new("mul", "Multiplies two numbers.", |_, args| {
        binary(args, Number::mul)
    })
    .declared(|| two("`x` times `y`"))
    .infix("*")
    .categories(NUMBERS),
    Builtin::new("plus", "Adds two numbers.", |_, args| {
        binary(args, Number::add)
    })
    .declared(|| two("`x` and `y` together"))
    .infix("+")
    .categories(NUMBERS),
    Builtin::new("rem", "What a division of integers leaves.", |_, args| {
        binary(args, Number::rem)
    })
    .declared(|| two("what is left; its sign is that of `x`"))
    .infix("%")
    .categories(NUMBERS),
    Builtin::new(
        "round",
        "Rounds a number to the nearest integer, halves away from 0.",
        |_, args| unary(args, Number::round),
    )
    .declared(|| one("the number", "the nearest integer"))
    .categories(NUMBERS),
];

fn one(argument: &str, result: &str) -> Function {
    takes([number("x", argument)]).gives(number("y", result))
}

fn two(result: &str) -> Function {
    takes([bare("x", Type::Number), bare("y", Type::Number)]).gives(number("z", result))
}

fn minus(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    match operand::value(args, 0)? {
        Value::Number(_) => binary(args, Number::sub),
        Value::Set(x) => sets::difference(context, x, operand::set(args, 1)?),
        other => Err(operand::mismatch(0, other, &["number", "set"])),
    }
}

fn unary(args: &[&Value], of: fn(&Number) -> Result<Number, NumberError>) -> Result<Value, Error> {
    Ok(of(operand::number(args, 0)?)?.into())
}

fn binary(
    args: &[&Value],
    of: fn(&Number, &Number) -> Result<Number, NumberError>,
) -> Result<Value, Error> {
    let x = operand::number(args, 0)?;
    let y = operand::number(args, 1)?;
    Ok(of(x, y)?.into())
}

#[cfg(test)]
mod tests;
