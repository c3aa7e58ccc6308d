//! Arguments as the types that a function needs, and the errors about those that are not.
//!
//! Positions count from zero here and from one in messages. A message does not name the function:
//! [`Builtin::call`](super::Builtin::call) puts the name in front.

use std::fmt::Display;

use num_bigint::BigInt;

use super::Error;
use crate::value::{Array, Number, Object, Set, Str, Value};

/// How deep a function may call itself on its operands.
const DEEPEST: usize = 400;

/// The members of an array or a set.
pub(super) type Members<'v> = std::slice::Iter<'v, Value>;

/// The argument at `at`.
pub(super) fn value<'v>(args: &[&'v Value], at: usize) -> Result<&'v Value, Error> {
    args.get(at)
        .copied()
        .ok_or_else(|| wrong(at, format_args!("is missing")))
}

/// The argument at `at`, a string.
pub(super) fn string<'v>(args: &[&'v Value], at: usize) -> Result<&'v Str, Error> {
    match value(args, at)? {
        Value::String(text) => Ok(text),
        other => Err(mismatch(at, other, &["string"])),
    }
}

/// The argument at `at`, a number.
pub(super) fn number<'v>(args: &[&'v Value], at: usize) -> Result<&'v Number, Error> {
    match value(args, at)? {
        Value::Number(number) => Ok(number),
        other => Err(mismatch(at, other, &["number"])),
    }
}

/// The argument at `at`, an integer that fits 64 bits; beyond them it counts as none, as in OPA.
pub(super) fn int(args: &[&Value], at: usize) -> Result<i64, Error> {
    let int = number(args, at)?.as_plain_i64();
    int.ok_or_else(|| not_integer(at))
}

/// The argument at `at`, an integer of any size.
pub(super) fn big_int(args: &[&Value], at: usize) -> Result<BigInt, Error> {
    match value(args, at)? {
        Value::Number(number) => number.to_bigint().ok_or_else(|| not_integer(at)),
        other => Err(mismatch(at, other, &["integer"])),
    }
}

/// Refuses to follow two values that both nest deeper than a stack may: what does so calls itself for each level.
pub(super) fn shallow(left: usize, right: usize) -> Result<(), Error> {
    if left.min(right) <= DEEPEST {
        return Ok(());
    }
    let message = format!("operands nest too deep: at most {DEEPEST} levels can be followed");
    Err(Error::Halt(message))
}

/// The argument at `at`, an array.
pub(super) fn array<'v>(args: &[&'v Value], at: usize) -> Result<&'v Array, Error> {
    match value(args, at)? {
        Value::Array(array) => Ok(array),
        other => Err(mismatch(at, other, &["array"])),
    }
}

/// The argument at `at`, a set.
pub(super) fn set<'v>(args: &[&'v Value], at: usize) -> Result<&'v Set, Error> {
    match value(args, at)? {
        Value::Set(set) => Ok(set),
        other => Err(mismatch(at, other, &["set"])),
    }
}

/// The argument at `at`, an object.
pub(super) fn object<'v>(args: &[&'v Value], at: usize) -> Result<&'v Object, Error> {
    match value(args, at)? {
        Value::Object(object) => Ok(object),
        other => Err(mismatch(at, other, &["object"])),
    }
}

/// The members of the argument at `at`, an array or a set; `expected` is how messages list the two.
pub(super) fn members<'v>(
    args: &[&'v Value],
    at: usize,
    expected: &[&str],
) -> Result<Members<'v>, Error> {
    match value(args, at)? {
        Value::Array(array) => Ok(array.iter()),
        Value::Set(set) => Ok(set.iter()),
        other => Err(mismatch(at, other, expected)),
    }
}

/// That the argument at `at` is of the wrong type.
#[cold]
pub(super) fn mismatch(at: usize, got: &Value, expected: &[&str]) -> Error {
    let got = got.type_name();
    match expected {
        [one] => wrong(at, format_args!("must be {one} but got {got}")),
        many => wrong(
            at,
            format_args!("must be one of {{{}}} but got {got}", many.join(", ")),
        ),
    }
}

/// That a member of the collection at `at` is of the wrong type.
#[cold]
pub(super) fn element_mismatch(
    at: usize,
    collection: &Value,
    got: &Value,
    expected: &[&str],
) -> Error {
    let collection = collection.type_name();
    let got = got.type_name();
    match expected {
        [one] => wrong(
            at,
            format_args!("must be {collection} of {one}s but got {collection} containing {got}"),
        ),
        many => wrong(
            at,
            format_args!(
                "must be {collection} of (any of) {{{}}} but got {collection} containing {got}",
                many.join(", ")
            ),
        ),
    }
}

/// That the argument at `at` is none of the few values allowed.
#[cold]
pub(super) fn not_one_of(at: usize, allowed: &[&str]) -> Error {
    wrong(
        at,
        format_args!("must be one of {{{}}}", allowed.join(", ")),
    )
}

/// That the number at `at` has a fraction.
#[cold]
pub(super) fn not_integer(at: usize) -> Error {
    wrong(
        at,
        format_args!("must be integer number but got floating-point number"),
    )
}

/// That something is wrong with the argument at `at`.
#[cold]
pub(super) fn wrong(at: usize, what: impl Display) -> Error {
    Error::Type(format!("operand {} {what}", at + 1))
}
