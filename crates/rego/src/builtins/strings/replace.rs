//! Strings with others in the place of parts of them.

use crate::builtins::{Context, Error, operand};
use crate::value::{Object, Value};

pub(super) fn replace(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let old = operand::string(args, 1)?;
    let new = operand::string(args, 2)?;
    let times = text.matches(&**old).count();
    if times == 0 {
        return Ok(text.clone().into());
    }
    let added = (times as u64).saturating_mul(new.len() as u64);
    context
        .budget
        .build(added.saturating_add(text.len() as u64))?;
    Ok(text.replace(&**old, new).into())
}

pub(super) fn replace_n(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let patterns = Patterns::read(operand::object(args, 0)?)?;
    let text = operand::string(args, 1)?;
    context.budget.build(text.len() as u64)?;
    let mut output = String::with_capacity(text.len());
    let mut rest: &str = text;
    loop {
        context.budget.step(1)?;
        // The empty string comes first in the order of keys, and so once before each other one.
        if let Some(new) = patterns.empty {
            context.budget.build(new.len() as u64)?;
            output.push_str(new);
        }
        let taken = if let Some((old, new)) = patterns.at(rest) {
            context.budget.build(new.len() as u64)?;
            output.push_str(new);
            old.len()
        } else {
            let Some(passed) = rest.chars().next() else {
                return Ok(output.into());
            };
            output.push(passed);
            passed.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
}

/// Strings to look for and what takes their place.
struct Patterns<'v> {
    /// In order, and none of them the beginning of another: the longer one would never be found.
    pairs: Vec<(&'v str, &'v str)>,
    empty: Option<&'v str>,
}

// === impl Patterns ===

impl<'v> Patterns<'v> {
    fn read(patterns: &'v Object) -> Result<Self, Error> {
        let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(patterns.len());
        let mut empty = None;
        for (old, new) in patterns.iter() {
            let Some(old) = old.as_str() else {
                return Err(operand::wrong(0, "non-string key found in pattern object"));
            };
            let Some(new) = new.as_str() else {
                return Err(operand::wrong(
                    0,
                    "non-string value found in pattern object",
                ));
            };
            let hidden = pairs.last().is_some_and(|(last, _)| old.starts_with(last));
            if old.is_empty() {
                empty = Some(new);
            } else if !hidden {
                pairs.push((old, new));
            }
        }
        Ok(Self { pairs, empty })
    }

    /// The pair that `rest` begins with: since none begins another, only the last one before `rest` can be it.
    fn at(&self, rest: &str) -> Option<(&'v str, &'v str)> {
        let after = self.pairs.partition_point(|(old, _)| *old <= rest);
        let pair = self.pairs.get(after.checked_sub(1)?)?;
        rest.starts_with(pair.0).then_some(*pair)
    }
}
