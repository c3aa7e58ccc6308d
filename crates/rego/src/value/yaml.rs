//! The numbers that YAML text says, as values. Not a reader of YAML: that is up to who needs one.

use num_bigint::BigInt;

use super::Number;

/// The number that a plain scalar says, if it says one: all forms of YAML 1.1 but those in base 60.
#[must_use]
pub fn number(text: &str) -> Option<Number> {
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

/// Whether a plain scalar says an infinity, or what is no number: JSON has no form for either.
#[must_use]
pub fn is_infinite(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// A double as Go writes it in JSON; `None` for what JSON cannot show.
fn float(value: f64) -> Option<Number> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        let signed = text.contains("e-");
        return Number::parse(&if signed {
            text
        } else {
            text.replacen('e', "e+", 1)
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_text_that_opa_gives_them() {
        let table = [
            ("1e300", Some("1e+300")),
            ("1e21", Some("1e+21")),
            ("1e-9", Some("1e-9")),
            ("1.50", Some("1.5")),
            ("0o17", Some("15")),
            ("18446744073709551616", Some("18446744073709552000")),
            ("1e", None),
            ("1:30", None),
        ];
        for (text, want) in table {
            let number = number(text).map(|number| number.to_string());
            assert_eq!(number.as_deref(), want, "`{text}`");
        }
    }
}
