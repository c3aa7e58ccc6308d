//! Strings without what stands at their ends.

use crate::builtins::{Context, Error, operand};
use crate::value::{Str, Value};

pub(super) fn trim(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    cut(context, args, |value, cutset| {
        value.trim_matches(|c| cutset.contains(c))
    })
}

pub(super) fn trim_left(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    cut(context, args, |value, cutset| {
        value.trim_start_matches(|c| cutset.contains(c))
    })
}

pub(super) fn trim_right(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    cut(context, args, |value, cutset| {
        value.trim_end_matches(|c| cutset.contains(c))
    })
}

pub(super) fn trim_prefix(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    cut(context, args, |value, prefix| {
        value.strip_prefix(prefix).unwrap_or(value)
    })
}

pub(super) fn trim_suffix(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    cut(context, args, |value, suffix| {
        value.strip_suffix(suffix).unwrap_or(value)
    })
}

pub(super) fn trim_space(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let value = operand::string(args, 0)?;
    part_of(context, value, value.trim())
}

/// What `rest` leaves of the first argument, given the second.
fn cut(
    context: &mut Context<'_>,
    args: &[&Value],
    rest: for<'v> fn(&'v str, &str) -> &'v str,
) -> Result<Value, Error> {
    let value = operand::string(args, 0)?;
    let other = operand::string(args, 1)?;
    // A cutset is searched for each character cut off, so that it multiplies the work.
    context
        .budget
        .step((value.len() as u64).saturating_mul(other.len() as u64) / 1024)?;
    part_of(context, value, rest(value, other))
}

/// `part`, without a copy where it is all of `whole`.
fn part_of(context: &mut Context<'_>, whole: &Str, part: &str) -> Result<Value, Error> {
    if part.len() == whole.len() {
        return Ok(whole.clone().into());
    }
    context.budget.build(part.len() as u64)?;
    Ok(part.into())
}
