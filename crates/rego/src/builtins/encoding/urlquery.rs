//! Queries of URLs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::builtins::text::{self, Style, quote};
use crate::builtins::{Context, Error, operand};
use crate::value::{Object, Value, octets};

pub(super) fn encode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64 * 3)?;
    let mut output = String::with_capacity(input.len());
    escape(&mut output, input);
    Ok(output.into())
}

pub(super) fn decode(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let input = operand::string(args, 0)?;
    context.budget.build(input.len() as u64)?;
    Ok(unescape(input)?.into())
}

pub(super) fn encode_object(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut output = String::new();
    let mut members = Vec::new();
    for (name, values) in operand::object(args, 0)?.iter() {
        context
            .budget
            .build(size_of::<(Cow<'_, str>, &Value)>() as u64)?;
        let name = match name {
            Value::String(name) => Cow::Borrowed(&**name),
            name => Cow::Owned(text::write(name, Style::Json, context.budget)?),
        };
        members.push((name, values));
    }
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, values) in members {
        let values = match values {
            Value::Array(array) => array.iter(),
            Value::Set(set) => set.iter(),
            one => std::slice::from_ref(one).iter(),
        };
        for value in values {
            let Some(value) = value.as_str() else {
                return Err(operand::wrong(
                    0,
                    "values must be string, array[string], or set[string]",
                ));
            };
            context
                .budget
                .build((name.len() as u64 + value.len() as u64) * 3 + 2)?;
            if !output.is_empty() {
                output.push('&');
            }
            escape(&mut output, &name);
            output.push('=');
            escape(&mut output, value);
        }
    }
    Ok(output.into())
}

pub(super) fn decode_object(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let query = operand::string(args, 0)?;
    context.budget.build(query.len() as u64)?;
    let mut values: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut first_error = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        context.budget.build(size_of::<(Value, Value)>() as u64)?;
        match read_pair(pair) {
            Ok((name, value)) => values.entry(name).or_default().push(value.into()),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Some(error) = first_error {
        return Err(error);
    }
    let members = values.into_iter().map(|(k, v)| (k.into(), v.into()));
    Ok(members.collect::<Object>().into())
}

fn read_pair(pair: &str) -> Result<(String, String), Error> {
    if pair.contains(';') {
        let message = "invalid semicolon separator in query";
        return Err(Error::Failed(message.to_owned()));
    }
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((unescape(name)?, unescape(value)?))
}

fn escape(output: &mut String, input: &str) {
    for &byte in &*octets::to_bytes(input) {
        match byte {
            b' ' => output.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                output.push(char::from(byte));
            }
            byte => {
                output.push('%');
                for digit in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
                    output.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
}

fn unescape(input: &str) -> Result<String, Error> {
    let mut output = Vec::with_capacity(input.len());
    let mut rest = input.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        output.push(match byte {
            b'+' => b' ',
            b'%' => {
                let byte = after.split_at_checked(2).and_then(|(digits, after)| {
                    rest = after;
                    hex_byte(digits)
                });
                byte.ok_or_else(|| invalid(input, after.len()))?
            }
            byte => *byte,
        });
    }
    Ok(super::text(output))
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
    let byte = digits.collect::<Option<Vec<_>>>()?;
    let byte = byte.into_iter().fold(0, |byte, digit| byte << 4 | digit);
    u8::try_from(byte).ok()
}

/// The escape is wrong behind whose `%` there are `left` bytes.
fn invalid(input: &str, left: usize) -> Error {
    let from = input.len().saturating_sub(left + 1);
    let escape = input.as_bytes().get(from..).unwrap_or_default();
    let escape = String::from_utf8_lossy(escape.get(..3).unwrap_or(escape));
    let mut message = "invalid URL escape ".to_owned();
    quote(&mut message, &escape);
    Error::Failed(message)
}
