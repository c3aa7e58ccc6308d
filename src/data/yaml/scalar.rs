//! What a plain YAML 1.1 scalar means. Pure functions of its text.

/// A scalar's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    String(String),
}

/// The value of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        _ => {}
    }
    boolean(text)
        .or_else(|| number(text))
        .unwrap_or_else(|| Scalar::String(text.to_owned()))
}

/// The value of a scalar with a core tag such as `!!int`; `None` when it is not of that type.
pub(super) fn resolve_as(tag: &str, text: &str) -> Option<Scalar> {
    match (tag, resolve(text)) {
        ("null", Scalar::Null) => Some(Scalar::Null),
        ("bool", Scalar::Bool(value)) => Some(Scalar::Bool(value)),
        ("int", Scalar::Integer(value)) => Some(Scalar::Integer(value)),
        ("float", Scalar::Float(value)) => Some(Scalar::Float(value)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a float is what the tag asks for"
        )]
        ("float", Scalar::Integer(value)) => Some(Scalar::Float(value as f64)),
        ("null" | "bool" | "int" | "float", _) => None,
        ("binary", _) => {
            let text: String = text.split_ascii_whitespace().collect();
            let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
            Some(Scalar::String(String::from_utf8_lossy(&bytes).into_owned()))
        }
        _ => Some(Scalar::String(text.to_owned())),
    }
}

/// A float as JSON text, with an exponent where Go writes one; `None` when JSON has no form for it.
pub(super) fn float_text(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        let signed = text.contains("e-");
        return Some(if signed {
            text
        } else {
            text.replacen('e', "e+", 1)
        });
    }
    Some(format!("{value}"))
}

fn boolean(text: &str) -> Option<Scalar> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Scalar::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<Scalar> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    if let Some(value) = integer(&plain) {
        return Some(Scalar::Integer(value));
    }
    if is_float(&plain) {
        plain.parse().ok().map(Scalar::Float)
    } else {
        None
    }
}

/// An integer in any of the bases, when 64 bits hold it; larger ones are floats.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = radix(digits)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    (i128::from(i64::MIN)..=i128::from(u64::MAX))
        .contains(&value)
        .then_some(value)
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
