//! Values of one type made into another, and the deprecated casts, which mostly check alone.

use num_bigint::BigInt;

use super::declare::{any_object, named, number, takes, unnamed};
use super::{Builtin, Context, Error, operand};
use crate::types::{Function, Type};
use crate::value::{Number, Set, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("cast_array", "", cast_array)
        .declared(|| casts(Type::array(Type::any())))
        .deprecated(),
    Builtin::new("cast_boolean", "", |_, args| same(args, "boolean"))
        .declared(|| casts(Type::Boolean))
        .deprecated(),
    Builtin::new("cast_null", "", |_, args| same(args, "null"))
        .declared(|| casts(Type::Null))
        .deprecated(),
    Builtin::new("cast_object", "", |_, args| same(args, "object"))
        .declared(|| casts(any_object()))
        .deprecated(),
    Builtin::new("cast_set", "", cast_set)
        .declared(|| casts(Type::set(Type::any())))
        .deprecated(),
    Builtin::new("cast_string", "", |_, args| same(args, "string"))
        .declared(|| casts(Type::String))
        .deprecated(),
    Builtin::new(
        "to_number",
        "A number from the text of one; 0 from null and false, 1 from true.",
        to_number,
    )
    .declared(|| {
        let convertible = [Type::Null, Type::Boolean, Type::Number, Type::String];
        takes([named("value", Type::one_of(convertible), "what to convert")])
            .gives(number("num", "the number"))
    })
    .categories(&["conversions"]),
];

fn casts(to: Type) -> Function {
    takes([unnamed(Type::any())]).gives(to)
}

fn cast_array(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let members = operand::members(args, 0, &["array", "set"])?;
    let value = operand::value(args, 0)?;
    if matches!(value, Value::Array(_)) {
        return Ok(value.clone());
    }
    charge(context, members.len())?;
    Ok(members.cloned().collect::<Vec<_>>().into())
}

fn cast_set(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let members = operand::members(args, 0, &["array", "set"])?;
    let value = operand::value(args, 0)?;
    if matches!(value, Value::Set(_)) {
        return Ok(value.clone());
    }
    charge(context, members.len())?;
    Ok(members.cloned().collect::<Set>().into())
}

fn same(args: &[&Value], name: &str) -> Result<Value, Error> {
    let value = operand::value(args, 0)?;
    if value.type_name() == name {
        return Ok(value.clone());
    }
    Err(operand::mismatch(0, value, &[name]))
}

fn to_number(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    match operand::value(args, 0)? {
        Value::Null => Ok(0_i64.into()),
        Value::Bool(value) => Ok(i64::from(*value).into()),
        Value::Number(number) => Ok(number.clone().into()),
        Value::String(text) => parse(text).map(Value::from),
        other => {
            let expected = ["null", "boolean", "number", "string"];
            Err(operand::mismatch(0, other, &expected))
        }
    }
}

/// The number that Go's syntax of floats writes: more than JSON's, and within the range of a double.
fn parse(text: &str) -> Result<Number, Error> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity" | "nan") && unsigned.len() + 1 >= text.len() {
        return Err(operand::wrong(
            0,
            "must be valid number string but got string",
        ));
    }
    let number = Number::parse(text)
        .or_else(|| lenient(text))
        .ok_or_else(|| unreadable(text, "invalid syntax"))?;
    if number.to_f64().is_infinite() {
        return Err(unreadable(text, "value out of range"));
    }
    Ok(number)
}

/// Decimals with a sign, leading zeros or a bare point, and hexadecimals with a binary exponent.
fn lenient(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return hexadecimal(sign, hex);
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Number::parse(&format!("{sign}{whole}{point}{fraction}{exponent}"))
}

/// `1.8p4`: hexadecimal digits times a power of two, which is not optional.
fn hexadecimal(sign: &str, text: &str) -> Option<Number> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let places = i64::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let exponent = exponent.parse::<i32>().ok().map(i64::from)? - places;
    // Beyond this a double is infinite or zero in any case.
    let power = u32::try_from(exponent.unsigned_abs())
        .ok()
        .filter(|p| *p < 5_000)?;
    let digits = Number::from(BigInt::parse_bytes(digits.as_bytes(), 16)?);
    let power = Number::from(BigInt::from(2).pow(power));
    let number = if exponent < 0 {
        digits.div(&power)
    } else {
        digits.mul(&power)
    };
    let number = number.ok()?;
    if sign.is_empty() {
        Some(number)
    } else {
        number.neg().ok()
    }
}

#[cold]
fn unreadable(text: &str, why: &str) -> Error {
    Error::Failed(format!("strconv.ParseFloat: parsing {text:?}: {why}"))
}

fn charge(context: &mut Context<'_>, members: usize) -> Result<(), Error> {
    let bytes = members.saturating_mul(size_of::<Value>());
    context.budget.build(bytes as u64)
}

#[cfg(test)]
mod tests;
