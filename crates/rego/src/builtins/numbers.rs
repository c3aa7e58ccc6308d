//! Ranges of integers.

use num_bigint::BigInt;
use num_traits::ToPrimitive as _;

use super::declare::{named, number, takes};
use super::{Builtin, Context, Error, operand};
use crate::types::{Named, Type};
use crate::value::{Number, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "numbers.range",
        "The integers from one to another, upwards or downwards.",
        range,
    )
    .declared(|| takes([first(), last()]).gives(numbers("both ends and all between them"))),
    Builtin::new(
        "numbers.range_step",
        "Every so many integers from one to another, upwards or downwards.",
        range_step,
    )
    .declared(|| {
        takes([first(), last(), number("step", "from one to the next")])
            .gives(numbers("the first, and each a step further until the end"))
    }),
];

fn first() -> Named {
    number("a", "where the range begins")
}

fn last() -> Named {
    number("b", "where it ends; a part of it")
}

fn numbers(description: &str) -> Named {
    named("range", Type::array(Type::Number), description)
}

fn range(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let first = operand::big_int(args, 0)?;
    let last = operand::big_int(args, 1)?;
    build(context, first, &last, &BigInt::from(1))
}

fn range_step(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let first = operand::big_int(args, 0)?;
    let last = operand::big_int(args, 1)?;
    let step = operand::big_int(args, 2)?;
    if step <= BigInt::ZERO {
        let message = "numbers.range_step: step must be a positive integer";
        return Err(Error::Failed(message.to_owned()));
    }
    build(context, first, &last, &step)
}

/// The range, charged to the budget as a whole before any of it is built.
fn build(
    context: &mut Context<'_>,
    first: BigInt,
    last: &BigInt,
    step: &BigInt,
) -> Result<Value, Error> {
    let distance = last - &first;
    let count = distance.magnitude() / step.magnitude() + 1_u32;
    let each = size_of::<Value>() as u64 + first.bits().max(last.bits()) / 8;
    let count = count.to_u64().unwrap_or(u64::MAX);
    context.budget.build(count.saturating_mul(each))?;
    context.budget.step(count)?;
    let step = if distance < BigInt::ZERO {
        -step
    } else {
        step.clone()
    };
    Ok(
        if let (Some(first), Some(_), Some(step)) = (first.to_i64(), last.to_i64(), step.to_i64()) {
            let next = |at: &i64| at.checked_add(step);
            let numbers = std::iter::successors(Some(first), next);
            collect(numbers.map(Value::from), count)
        } else {
            let numbers = std::iter::successors(Some(first), |at| Some(at + &step));
            collect(numbers.map(|at| Number::from(at).into()), count)
        },
    )
}

fn collect(values: impl Iterator<Item = Value>, count: u64) -> Value {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    values.take(count).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests;
