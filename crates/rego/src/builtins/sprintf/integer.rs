//! Integers: `%d`, `%b`, `%o`, `%x`, and as characters.

use std::fmt::Write as _;

use num_bigint::BigInt;

use super::format::{Output, Spec};
use super::quoted;
use crate::builtins::Error;
use crate::builtins::text::is_printable;

/// Writes an integer; false where the verb is not for integers.
pub(super) fn write(
    output: &mut Output<'_>,
    int: i64,
    verb: char,
    spec: Spec,
) -> Result<bool, Error> {
    match verb {
        'c' => output.pad(&character(int).to_string(), spec)?,
        'q' => output.pad(&quoted::character(character(int), spec), spec)?,
        'U' => output.pad_with_spaces(&unicode(int, spec), spec)?,
        verb => match radix(verb) {
            Some(radix) => decimal(output, int, verb, radix, spec)?,
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// Writes an integer of any size; such ones name a wrong verb in their own way.
pub(super) fn write_big(
    output: &mut Output<'_>,
    big: &BigInt,
    verb: char,
    spec: Spec,
) -> Result<(), Error> {
    let radix = match verb {
        's' => Some(10),
        verb => radix(verb),
    };
    let Some(radix) = radix else {
        return output.pad(&format!("%!{verb}(big.Int={big})"), Spec::default());
    };
    let digits = big.magnitude().to_str_radix(radix);
    let digits = if verb == 'X' {
        digits.to_uppercase()
    } else {
        digits
    };
    let sign = sign(big < &BigInt::ZERO, spec);
    let prefix = match verb {
        'O' => "0o",
        'b' if spec.sharp => "0b",
        'o' if spec.sharp => "0",
        'x' if spec.sharp => "0x",
        'X' if spec.sharp => "0X",
        _ => "",
    };
    let mut zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    let len = sign.len() + prefix.len() + digits.len();
    if spec.zero && !spec.minus && spec.precision.is_none() {
        zeros = spec.width.unwrap_or(0).saturating_sub(len);
    }
    let zeros = "0".repeat(zeros);
    output.pad_with_spaces(&[sign, prefix, &zeros, &digits].concat(), spec)
}

fn decimal(
    output: &mut Output<'_>,
    int: i64,
    verb: char,
    radix: u32,
    spec: Spec,
) -> Result<(), Error> {
    if int == 0 && spec.precision == Some(0) {
        return output.pad_with_spaces("", spec);
    }
    let sign = sign(int < 0, spec);
    let digits = digits(int.unsigned_abs(), verb, radix);
    let wanted = match (spec.precision, spec.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if spec.zero && !spec.minus => width.saturating_sub(sign.len()),
        _ => 0,
    };
    let zeros = "0".repeat(wanted.saturating_sub(digits.len()));
    let prefix = match verb {
        'O' => "0o",
        'b' if spec.sharp => "0b",
        'o' if spec.sharp && zeros.is_empty() && !digits.starts_with('0') => "0",
        'x' if spec.sharp => "0x",
        'X' if spec.sharp => "0X",
        _ => "",
    };
    output.pad_with_spaces(&[sign, prefix, &zeros, &digits].concat(), spec)
}

fn radix(verb: char) -> Option<u32> {
    match verb {
        'v' | 'd' => Some(10),
        'b' => Some(2),
        'o' | 'O' => Some(8),
        'x' | 'X' => Some(16),
        _ => None,
    }
}

fn digits(int: u64, verb: char, radix: u32) -> String {
    match (radix, verb) {
        (2, _) => format!("{int:b}"),
        (8, _) => format!("{int:o}"),
        (16, 'X') => format!("{int:X}"),
        (16, _) => format!("{int:x}"),
        _ => int.to_string(),
    }
}

fn sign(negative: bool, spec: Spec) -> &'static str {
    match () {
        () if negative => "-",
        () if spec.plus => "+",
        () if spec.space => " ",
        () => "",
    }
}

/// The character of that number; U+FFFD where there is none.
fn character(int: i64) -> char {
    let code = u32::try_from(int).ok();
    let c = code.and_then(char::from_u32);
    c.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `U+0041`, and with `#` the character too.
fn unicode(int: i64, spec: Spec) -> String {
    let digits = spec.precision.unwrap_or(0).max(4);
    let mut text = format!("U+{int:0digits$X}");
    let c = u32::try_from(int).ok().and_then(char::from_u32);
    if let Some(c) = c.filter(|c| spec.sharp && is_printable(*c)) {
        _ = write!(text, " '{c}'");
    }
    text
}
