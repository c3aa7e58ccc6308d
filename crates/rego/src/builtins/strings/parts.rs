//! Parts of strings, and strings of parts.

use num_bigint::BigInt;

use crate::builtins::{Context, Error, operand};
use crate::value::Value;

/// What an element of an array takes.
const ELEMENT: u64 = size_of::<Value>() as u64;

pub(super) fn concat(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let delimiter = operand::string(args, 0)?;
    let collection = operand::value(args, 1)?;
    let strings = operand::members(args, 1, &["set", "array"])?;
    let mut length = 0_u64;
    for member in strings.clone() {
        let Some(text) = member.as_str() else {
            return Err(operand::element_mismatch(
                1,
                collection,
                member,
                &["string"],
            ));
        };
        length = length.saturating_add(text.len() as u64 + delimiter.len() as u64);
    }
    if let [Value::String(only)] = strings.as_slice() {
        return Ok(only.clone().into());
    }
    context.budget.build(length)?;
    let mut output = String::with_capacity(usize::try_from(length).unwrap_or_default());
    for (at, member) in strings.enumerate() {
        if at > 0 {
            output.push_str(delimiter);
        }
        output.push_str(member.as_str().unwrap_or_default());
    }
    Ok(output.into())
}

pub(super) fn split(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let delimiter = operand::string(args, 1)?;
    let mut parts = Vec::new();
    context.budget.build(text.len() as u64)?;
    for_each_part(text, delimiter, |part| {
        context.budget.build(ELEMENT)?;
        parts.push(Value::from(part));
        Ok(())
    })?;
    Ok(parts.into())
}

pub(super) fn split_n(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let delimiter = operand::string(args, 1)?;
    let n = operand::int(args, 2)?;
    let wanted = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    let mut parts: Vec<&str> = Vec::new();
    for_each_part(text, delimiter, |part| {
        context.budget.build(ELEMENT)?;
        parts.push(part);
        Ok(())
    })?;
    let skipped = match n {
        0.. => 0,
        _ => parts.len().saturating_sub(wanted),
    };
    context.budget.build(text.len() as u64)?;
    let parts = parts.into_iter().skip(skipped).take(wanted);
    Ok(parts.map(Value::from).collect::<Vec<_>>().into())
}

pub(super) fn substring(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    let offset = operand::int(args, 1)?;
    let length = operand::int(args, 2)?;
    let Ok(offset) = usize::try_from(offset) else {
        return Err(Error::Failed("negative offset".to_owned()));
    };
    let rest = text.get(byte_of(text, offset)..).unwrap_or_default();
    let part = match usize::try_from(length) {
        Ok(length) => rest.get(..byte_of(rest, length)).unwrap_or_default(),
        Err(_) => rest,
    };
    context.budget.build(part.len() as u64)?;
    Ok(part.into())
}

pub(super) fn reverse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    context.budget.build(text.len() as u64)?;
    Ok(text.chars().rev().collect::<String>().into())
}

pub(super) fn format_int(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let number = operand::number(args, 0)?;
    let base = operand::number(args, 1)?;
    let radix = match base.as_i64() {
        // `16.0` equals 16, and yet is none of the bases: they are compared as written.
        Some(radix @ (2 | 8 | 10 | 16)) if base.with_text(|text| text.len() <= 2) => radix,
        _ => return Err(operand::not_one_of(1, &["2", "8", "10", "16"])),
    };
    context.budget.calculate(number.span())?;
    context.budget.build(1024)?;
    let radix = u32::try_from(radix).unwrap_or(10);
    // What is written as an integer is exact, the rest is a float.
    let whole = match number.with_text(str::parse::<BigInt>) {
        Ok(int) => int,
        Err(_) => number.truncate()?,
    };
    Ok(whole.to_str_radix(radix).into())
}

/// The byte at which the character `at` begins; the text's end beyond it.
fn byte_of(text: &str, at: usize) -> usize {
    if text.is_ascii() {
        return at.min(text.len());
    }
    let byte = text.char_indices().nth(at).map(|(byte, _)| byte);
    byte.unwrap_or(text.len())
}

/// Hands on what stands between the delimiters; each character, where the delimiter is empty.
fn for_each_part<'t>(
    text: &'t str,
    delimiter: &str,
    mut each: impl FnMut(&'t str) -> Result<(), Error>,
) -> Result<(), Error> {
    if delimiter.is_empty() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (part, after) = rest.split_at(first.len_utf8());
            each(part)?;
            rest = after;
        }
        return Ok(());
    }
    text.split(delimiter).try_for_each(each)
}
