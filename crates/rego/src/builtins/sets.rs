//! Sets in, sets out. The difference of two sets is `minus`, which numbers share: see `arithmetic`.

use super::declare::{bare, named, set, takes, unnamed};
use super::{Builtin, Context, Error, operand};
use crate::types::Type;
use crate::value::{Set, Value};

const SETS: &[&str] = &["sets"];
/// What a member of a set takes.
const MEMBER: u64 = size_of::<Value>() as u64;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("and", "The members that two sets share.", and)
        .declared(|| {
            takes([set("x", "one set"), set("y", "the other")]).gives(set("z", "what is in both"))
        })
        .infix("&")
        .categories(SETS),
    Builtin::new("or", "The members of two sets.", or)
        .declared(|| {
            let any_set = || Type::set(Type::any());
            takes([bare("x", any_set()), bare("y", any_set())])
                .gives(set("z", "what is in any of them"))
        })
        .infix("|")
        .categories(SETS),
    Builtin::new(
        "intersection",
        "The members that all sets share.",
        intersection,
    )
    .declared(|| takes([named("xs", set_of_sets(), "the sets")]).gives(set("y", "what is in each")))
    .categories(SETS),
    Builtin::new("union", "The members of all sets.", union)
        .declared(|| {
            takes([named("xs", set_of_sets(), "the sets")]).gives(set("y", "what is in any"))
        })
        .categories(SETS),
    Builtin::new("set_diff", "", set_diff)
        .declared(|| {
            let any_set = || unnamed(Type::set(Type::any()));
            takes([any_set(), any_set()]).gives(any_set())
        })
        .deprecated(),
];

/// The members of `left` that are not in `right`.
pub(super) fn difference(
    context: &mut Context<'_>,
    left: &Set,
    right: &Set,
) -> Result<Value, Error> {
    if right.is_empty() {
        return Ok(left.clone().into());
    }
    keep(context, left, |member| !right.contains(member))
}

fn and(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let left = operand::set(args, 0)?;
    let right = operand::set(args, 1)?;
    intersect(context, left, right).map(Value::from)
}

fn or(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let left = operand::set(args, 0)?;
    let right = operand::set(args, 1)?;
    if right.is_empty() {
        return Ok(left.clone().into());
    }
    if left.is_empty() {
        return Ok(right.clone().into());
    }
    let members = left.len() as u64 + right.len() as u64;
    context.budget.build(members.saturating_mul(MEMBER))?;
    Ok(left.iter().chain(right).cloned().collect::<Set>().into())
}

fn intersection(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let sets = sets(operand::set(args, 0)?)?;
    let mut sets = sets.into_iter();
    let Some(mut shared) = sets.next().cloned() else {
        return Ok(Set::default().into());
    };
    for set in sets {
        shared = intersect(context, &shared, set)?;
    }
    Ok(shared.into())
}

fn union(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let sets = sets(operand::set(args, 0)?)?;
    if let [only] = sets.as_slice() {
        return Ok(Set::clone(only).into());
    }
    let members: u64 = sets.iter().map(|set| set.len() as u64).sum();
    context.budget.build(members.saturating_mul(MEMBER))?;
    let members = sets.into_iter().flatten().cloned();
    Ok(members.collect::<Set>().into())
}

fn set_diff(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    difference(context, operand::set(args, 0)?, operand::set(args, 1)?)
}

fn set_of_sets() -> Type {
    Type::set(Type::set(Type::any()))
}

fn sets(of: &Set) -> Result<Vec<&Set>, Error> {
    let sets = of.iter().map(|member| match member {
        Value::Set(set) => Ok(set),
        other => Err(operand::mismatch(0, other, &["set"])),
    });
    sets.collect()
}

fn intersect(context: &mut Context<'_>, left: &Set, right: &Set) -> Result<Set, Error> {
    let (few, many) = if left.len() <= right.len() {
        (left, right)
    } else {
        (right, left)
    };
    keep(context, few, |member| many.contains(member))
}

fn keep<T: From<Set>>(
    context: &mut Context<'_>,
    set: &Set,
    wanted: impl Fn(&Value) -> bool,
) -> Result<T, Error> {
    context.budget.step(set.len() as u64)?;
    let mut kept = Vec::new();
    for member in set.iter().filter(|member| wanted(member)) {
        context.budget.build(MEMBER)?;
        kept.push(member.clone());
    }
    Ok(T::from(Set::from(kept)))
}

#[cfg(test)]
mod tests;
