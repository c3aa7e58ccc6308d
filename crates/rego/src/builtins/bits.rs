//! Integers as strings of bits, in two's complement of any length.

use num_bigint::BigInt;
use num_integer::Integer as _;

use super::declare::{number, takes};
use super::{Builtin, Context, Error, operand};
use crate::types::Function;
use crate::value::{Number, NumberError, Value};

/// How many bits an integer is shifted to the left at most: as many digits as a number may have.
const MAX_SHIFT: u64 = 1 << 20;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "bits.and",
        "The bits that two integers share.",
        |_, args| both(args, |x, y| x & y),
    )
    .declared(|| of_two("the bits set in both")),
    Builtin::new("bits.lsh", "Moves bits to the left.", lsh)
        .declared(|| shifted("`x` with its bits moved left")),
    Builtin::new("bits.negate", "Turns over each bit.", negate).declared(|| {
        takes([number("x", "the integer")]).gives(number("z", "`x` with each bit turned over"))
    }),
    Builtin::new("bits.or", "The bits of two integers.", |_, args| {
        both(args, |x, y| x | y)
    })
    .declared(|| of_two("the bits set in any of them")),
    Builtin::new("bits.rsh", "Moves bits to the right.", rsh)
        .declared(|| shifted("`x` with its bits moved right")),
    Builtin::new(
        "bits.xor",
        "The bits in which two integers differ.",
        |_, args| both(args, |x, y| x ^ y),
    )
    .declared(|| of_two("the bits set in one alone")),
];

fn of_two(result: &str) -> Function {
    takes([number("x", "one integer"), number("y", "the other")]).gives(number("z", result))
}

fn shifted(result: &str) -> Function {
    takes([
        number("x", "the integer"),
        number("s", "by how many places; not negative"),
    ])
    .gives(number("z", result))
}

fn both(args: &[&Value], of: fn(BigInt, BigInt) -> BigInt) -> Result<Value, Error> {
    let x = operand::big_int(args, 0)?;
    let y = operand::big_int(args, 1)?;
    Ok(Number::from(of(x, y)).into())
}

fn negate(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    Ok(Number::from(!operand::big_int(args, 0)?).into())
}

fn lsh(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let x = operand::big_int(args, 0)?;
    let places = places(args)?;
    if places > MAX_SHIFT {
        return Err(NumberError::TooBig.into());
    }
    context.budget.build(x.bits() / 8 + places / 8)?;
    Ok(Number::from(x << places).into())
}

fn rsh(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let x = operand::big_int(args, 0)?;
    let places = places(args)?.min(x.bits() + 1);
    // Two's complement rounds down, to -1 in the end for what is negative.
    let whole = x.div_floor(&(BigInt::from(1) << places));
    Ok(Number::from(whole).into())
}

fn places(args: &[&Value]) -> Result<u64, Error> {
    let places = operand::big_int(args, 1)?;
    if places < BigInt::ZERO {
        return Err(operand::wrong(
            1,
            "must be an unsigned integer number but got a negative integer",
        ));
    }
    // OPA sees the lowest 64 bits only.
    Ok(places.iter_u64_digits().next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
