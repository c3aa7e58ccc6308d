//! What a plain scalar means: numbers in the forms of YAML 1.1, booleans in those of 1.2.

use num_bigint::BigInt;

use crate::value::{Number, Value};

/// The value of a plain scalar without a tag; `None` for infinities and what is no number, which JSON cannot show.
pub(super) fn resolve(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ if is_infinite(text) => return None,
        _ => number(text).map_or_else(|| text.into(), Value::from),
    })
}

/// The value of a scalar with a core tag such as `!!int`; `None` where it is not of that type.
pub(super) fn resolve_as(tag: &str, text: &str) -> Option<Value> {
    match tag {
        "null" => resolve(text).filter(|value| matches!(value, Value::Null)),
        "bool" => resolve(text).filter(|value| matches!(value, Value::Bool(_))),
        "int" | "float" => number(text).map(Value::from),
        "binary" => {
            let text: String = text.split_ascii_whitespace().collect();
            let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned().into())
        }
        _ => Some(text.into()),
    }
}

/// Whether a string would be read as something else if it stood there without quotes.
pub(super) fn needs_quotes(text: &str) -> bool {
    const OLD_BOOLEANS: &[&str] = &["y", "n", "yes", "no", "on", "off"];
    let lower = text.to_ascii_lowercase();
    OLD_BOOLEANS.contains(&lower.as_str())
        || !matches!(resolve(text), Some(Value::String(_)))
        || is_sexagesimal(text)
        || is_date(text)
}

fn is_infinite(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// `190:20:30`, which YAML 1.1 reads as a number in base 60.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let digits = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'_' || b == b'.')
    };
    text.contains(':') && parts.all(digits)
}

/// `2001-01-01`, which would be a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, len: usize| {
        part.is_some_and(|part| {
            part.len() >= len && part.bytes().take(len).all(|b| b.is_ascii_digit())
        })
    };
    digits(parts.next().filter(|year| year.len() == 4), 4)
        && digits(parts.next(), 1)
        && digits(parts.next(), 1)
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    if let Some(int) = integer(&plain) {
        return Some(int);
    }
    if !is_float(&plain) {
        return None;
    }
    float(plain.parse().ok()?)
}

/// A double as Go writes it in JSON.
pub(super) fn float(value: f64) -> Option<Number> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        return Number::parse(&format!("{value:e}"));
    }
    Number::parse(&format!("{value}"))
}

/// An integer in any of the bases, where 64 bits hold it; larger ones are floats.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = radix(digits)?;
    if digits.is_empty() || digits.len() > 64 || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    let value = if negative { -value } else { value };
    let fits = BigInt::from(i64::MIN) <= value && value <= BigInt::from(u64::MAX);
    fits.then(|| Number::from(value))
}

fn radix(digits: &str) -> Option<(u32, &str)> {
    let rest = digits.strip_prefix('0').unwrap_or_default();
    Some(match rest.as_bytes().first() {
        None => (10, digits),
        Some(b'x' | b'X') => (16, rest.get(1..)?),
        Some(b'b' | b'B') => (2, rest.get(1..)?),
        Some(b'o' | b'O') => (8, rest.get(1..)?),
        Some(_) => (8, rest),
    })
}

/// `[-+]? ( '.' digits | digits ( '.' digits? )? ) ( [eE] [-+]? digits )?`
fn is_float(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_fits && exponent_fits
}
