//! Floating-point numbers: `%f`, `%e`, `%g`, `%b` and `%x`.

use super::format::{Output, Spec};
use crate::builtins::Error;

/// From which exponent on a number without a precision has one written.
const SHORTEST_LIMIT: i32 = 6;

/// No double has a digit other than 0 behind so many places, and `format!` writes no more than 65,535.
const PLACES: usize = 1100;

/// Writes a number; false where the verb is not for such.
pub(super) fn write(
    output: &mut Output<'_>,
    float: f64,
    verb: char,
    spec: Spec,
) -> Result<bool, Error> {
    let magnitude = float.abs();
    let digits = match verb {
        'v' => shortest(magnitude),
        'g' | 'G' => general(
            magnitude,
            spec.precision,
            if verb == 'G' { 'E' } else { 'e' },
        ),
        'f' | 'F' => fixed(magnitude, spec.precision.unwrap_or(6)),
        'e' | 'E' => exponential(&scientific(magnitude, spec.precision.unwrap_or(6)), verb),
        'b' => binary(magnitude),
        'x' => hexadecimal(magnitude),
        'X' => hexadecimal(magnitude).to_uppercase(),
        _ => return Ok(false),
    };
    let sign = match () {
        () if float.is_sign_negative() => "-",
        () if spec.plus => "+",
        () if spec.space => " ",
        () => "",
    };
    output.pad_signed(sign, &digits, spec)?;
    Ok(true)
}

/// The digits that `%v` writes.
pub(in crate::builtins) fn shortest(float: f64) -> String {
    general(float, None, 'e')
}

fn fixed(float: f64, precision: usize) -> String {
    let zeros = "0".repeat(precision.saturating_sub(PLACES));
    format!("{float:.*}{zeros}", precision.min(PLACES))
}

fn scientific(float: f64, precision: usize) -> String {
    let zeros = "0".repeat(precision.saturating_sub(PLACES));
    let text = format!("{float:.*e}", precision.min(PLACES));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}{zeros}e{exponent}")
}

/// `1.5e7` with a sign and two digits at least in the exponent.
fn exponential(text: &str, e: char) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{e}{sign}{:02}", exponent.unsigned_abs())
}

/// The shorter of both forms, without zeros at the end; all digits there are where no precision is given.
fn general(float: f64, precision: Option<usize>, e: char) -> String {
    let text = match precision {
        None => format!("{float:e}"),
        Some(precision) => scientific(float, precision.max(1) - 1),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let mantissa = match mantissa.split_once('.') {
        Some(_) => mantissa.trim_end_matches('0').trim_end_matches('.'),
        None => mantissa,
    };
    let digits = mantissa.len() - usize::from(mantissa.contains('.'));
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    let limit = match precision {
        None => SHORTEST_LIMIT,
        Some(precision) => {
            let precision = i32::try_from(precision.max(1)).unwrap_or(i32::MAX);
            if precision > digits && digits > exponent {
                digits
            } else {
                precision
            }
        }
    };
    if exponent < -4 || exponent >= limit {
        return exponential(&format!("{mantissa}e{exponent}"), e);
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    format!("{float:.decimals$}")
}

/// The 53 bits of the mantissa as a decimal, and a power of two.
fn binary(float: f64) -> String {
    let (mantissa, exponent) = parts(float);
    format!("{mantissa}p{exponent:+}")
}

/// The mantissa in hexadecimal, its first digit 1 unless the number is 0, and a power of two.
fn hexadecimal(float: f64) -> String {
    if float == 0.0 {
        return "0x0p+00".to_owned();
    }
    let (mantissa, exponent) = parts(float);
    // The first bit becomes the bit before the point.
    let shift = mantissa.leading_zeros().saturating_sub(11);
    let mantissa = mantissa << shift;
    let exponent = exponent + 52 - i64::from(shift);
    let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x1{point}{digits}p{sign}{:02}", exponent.unsigned_abs())
}

/// Mantissa and exponent of two.
fn parts(float: f64) -> (u64, i64) {
    let bits = float.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    match i64::try_from(bits >> 52 & 0x7ff).unwrap_or_default() {
        0 => (mantissa, -1074),
        exponent => (mantissa | 1 << 52, exponent - 1075),
    }
}
