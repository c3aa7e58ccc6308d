//! Looking for strings in strings.

use crate::builtins::{Context, Error, operand};
use crate::value::Value;

/// What several functions say of an empty string to look for.
const NOTHING_TO_FIND: &str = "empty search character";

pub(super) fn contains(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (haystack, needle) = pair(args)?;
    Ok(haystack.contains(needle).into())
}

pub(super) fn startswith(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (search, base) = pair(args)?;
    Ok(search.starts_with(base).into())
}

pub(super) fn endswith(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (search, base) = pair(args)?;
    Ok(search.ends_with(base).into())
}

pub(super) fn indexof(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (haystack, needle) = pair(args)?;
    if needle.is_empty() {
        return Err(Error::Failed(NOTHING_TO_FIND.to_owned()));
    }
    let before = haystack.split_once(needle).map(|(before, _)| before);
    Ok(match before {
        Some(before) => before.chars().count().into(),
        None => Value::from(-1_i64),
    })
}

pub(super) fn indexof_n(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (haystack, needle) = pair(args)?;
    let Some(first) = needle.chars().next() else {
        return Err(Error::Failed(NOTHING_TO_FIND.to_owned()));
    };
    let mut positions = Vec::new();
    let (mut bytes, mut chars) = (0, 0);
    while let Some((skipped, found)) = next(haystack, bytes, needle) {
        context.budget.build(size_of::<Value>() as u64)?;
        chars += skipped;
        positions.push(Value::from(chars));
        // Occurrences may overlap: the next one begins one character later.
        bytes = found + first.len_utf8();
        chars += 1;
    }
    Ok(positions.into())
}

pub(super) fn count(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (search, substring) = pair(args)?;
    Ok(search.matches(substring).count().into())
}

pub(super) fn any_prefix_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    any_match(context, args, |search, base| search.starts_with(base))
}

pub(super) fn any_suffix_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    any_match(context, args, |search, base| search.ends_with(base))
}

/// Whether `matches` holds for any two strings of the arguments: each pair takes a step.
fn any_match(
    context: &mut Context<'_>,
    args: &[&Value],
    matches: fn(&str, &str) -> bool,
) -> Result<Value, Error> {
    let searches = strings(args, 0)?;
    let bases = strings(args, 1)?;
    for search in searches {
        context.budget.step(1 + bases.len() as u64)?;
        let found = bases.iter().any(|base| matches(text(search), text(base)));
        if found {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn pair<'v>(args: &[&'v Value]) -> Result<(&'v str, &'v str), Error> {
    let first = operand::string(args, 0)?;
    let second = operand::string(args, 1)?;
    Ok((first, second))
}

/// The next occurrence from byte `from` on: the characters skipped until there, and its byte.
fn next(haystack: &str, from: usize, needle: &str) -> Option<(usize, usize)> {
    let rest = haystack.get(from..)?;
    let at = rest.find(needle)?;
    let skipped = rest.get(..at)?.chars().count();
    Some((skipped, from + at))
}

/// A string, or the members of a collection of strings, all as one slice.
fn strings<'v>(args: &[&'v Value], at: usize) -> Result<&'v [Value], Error> {
    let value = operand::value(args, at)?;
    let members = match value {
        Value::String(_) => return Ok(std::slice::from_ref(value)),
        Value::Array(array) => array.iter(),
        Value::Set(set) => set.iter(),
        other => {
            return Err(operand::mismatch(at, other, &["string", "set", "array"]));
        }
    };
    let members = members.as_slice();
    match members.iter().find(|m| m.as_str().is_none()) {
        Some(other) => Err(operand::element_mismatch(at, value, other, &["string"])),
        None => Ok(members),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
