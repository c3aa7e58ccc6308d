//! `units.*`: amounts with units.
//!
//! An amount is an integer times a power of ten, and stays one: an exponent moves a point, and costs nothing to
//! compute.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

use super::declare::{number, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::value::{Number, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "units.parse",
        "Reads an amount with a unit: `10G`, `1.5Ki`, `500m` (thousandths).",
        parse,
    )
    .declared(|| {
        takes([string(
            "x",
            "the amount; only `m` and `M` differ by their case",
        )])
        .gives(number("y", "the amount without a unit"))
    }),
    Builtin::new(
        "units.parse_bytes",
        "Reads an amount of bytes: `10GB`, `1.5KiB`; the `B` may be left out.",
        parse_bytes,
    )
    .declared(|| {
        takes([string("x", "the amount, in any case")])
            .gives(number("y", "the amount in whole bytes"))
    }),
];

/// `mantissa` times ten to the power of `exponent`.
struct Decimal {
    mantissa: BigInt,
    exponent: i64,
}

/// How many digits an exponent may have.
const EXPONENT_DIGITS: usize = 6;

/// The largest exponent of an amount of bytes.
const MOST_EXPONENT: i64 = 10_000;

/// How many digits an amount may have.
const MOST_DIGITS: usize = 10_000;

/// How many digits after the point are given.
const FRACTION: usize = 10;

fn parse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text.len())?;
    let text = text.replace('"', "");
    let (amount, unit) = split(&text, "units.parse", "amount")?;
    let mut amount = Decimal::parse(amount, "units.parse", "amount")?;
    let Some(factor) = factor(&lower_but_first(unit)) else {
        let unit = lower_but_first(unit);
        return Err(failed(
            "units.parse",
            format_args!("unit {unit} not recognized"),
        ));
    };
    match factor {
        Factor::Whole(factor) => amount.mantissa *= factor,
        Factor::Thousandth => amount.times_thousandth(),
    }
    context.budget.build(amount.exponent.unsigned_abs())?;
    number_of(&amount.written())
}

fn parse_bytes(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text.len())?;
    let text = text.to_lowercase().replace('"', "");
    let (amount, unit) = split(&text, "units.parse_bytes", "byte amount")?;
    let plain = match unit {
        "b" => "b",
        unit => unit.strip_suffix('b').unwrap_or(unit),
    };
    let Some(Factor::Whole(factor)) = factor(&plain.replace('m', "M")) else {
        return Err(failed(
            "units.parse_bytes",
            format_args!("byte unit {unit} not recognized"),
        ));
    };
    let amount = Decimal::parse(amount, "units.parse_bytes", "byte amount")?;
    if amount.exponent.abs() > MOST_EXPONENT {
        return Err(failed("units.parse_bytes", "exponent too large"));
    }
    number_of(&amount.whole(factor).to_string())
}

fn charge(context: &mut Context<'_>, bytes: usize) -> Result<(), Error> {
    let bytes = bytes as u64;
    context.budget.build(bytes.saturating_mul(2))
}

fn number_of(text: &str) -> Result<Value, Error> {
    let number = Number::parse(text);
    number
        .map(Value::from)
        .ok_or_else(|| Error::Failed("the amount is too large".to_owned()))
}

#[cold]
fn failed(name: &str, why: impl std::fmt::Display) -> Error {
    Error::Failed(format!("{name}: {why}"))
}

enum Factor {
    Whole(u64),
    Thousandth,
}

/// What a unit stands for; its first letter is a capital only where that matters.
fn factor(unit: &str) -> Option<Factor> {
    let mut letters = unit.chars();
    let Some(letter) = letters.next() else {
        return Some(Factor::Whole(1));
    };
    let binary = match letters.as_str() {
        "" => false,
        "i" => true,
        _ => return None,
    };
    let power = match letter {
        'm' if !binary => return Some(Factor::Thousandth),
        'k' | 'K' => 1,
        'm' | 'M' => 2,
        'g' | 'G' => 3,
        't' | 'T' => 4,
        'p' | 'P' => 5,
        'e' | 'E' => 6,
        _ => return None,
    };
    let base: u64 = if binary { 1024 } else { 1000 };
    Some(Factor::Whole(base.pow(power)))
}

fn lower_but_first(unit: &str) -> String {
    let mut letters = unit.chars();
    let first = letters.next().into_iter();
    first
        .chain(letters.as_str().to_lowercase().chars())
        .collect()
}

/// The amount and the unit.
fn split<'t>(text: &'t str, name: &str, what: &str) -> Result<(&'t str, &'t str), Error> {
    if text.contains(' ') {
        return Err(failed(name, "spaces not allowed in resource strings"));
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' | b'.' | b'+' | b'-' => {}
            b'e' | b'E' => {
                let next = bytes.get(at + 1);
                if !next.is_some_and(|c| c.is_ascii_digit() || matches!(c, b'+' | b'-')) {
                    break;
                }
                at += usize::from(matches!(next, Some(b'+' | b'-')));
                let digits = bytes.iter().skip(at + 1).take_while(|c| c.is_ascii_digit());
                if digits.count() > EXPONENT_DIGITS {
                    return Err(failed(name, "exponent too large"));
                }
            }
            _ => break,
        }
        at += 1;
    }
    match text.split_at_checked(at) {
        Some((amount, unit)) if !amount.is_empty() => Ok((amount, unit)),
        _ => Err(failed(name, format_args!("no {what} provided"))),
    }
}

// === impl Decimal ===

impl Decimal {
    fn parse(text: &str, name: &str, what: &str) -> Result<Self, Error> {
        if text.len() > MOST_DIGITS {
            return Err(failed(
                name,
                format_args!("{what} has more than {MOST_DIGITS} digits"),
            ));
        }
        Self::read(text)
            .ok_or_else(|| failed(name, format_args!("could not parse {what} to a number")))
    }

    fn read(text: &str) -> Option<Self> {
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: String = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mantissa: BigInt = all.parse().ok()?;
        Some(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            exponent: exponent - i64::try_from(fraction.len()).ok()?,
        })
    }

    /// Times the double nearest to a thousandth, which is not quite one.
    fn times_thousandth(&mut self) {
        let numerator = 1_152_921_504_606_847_u64;
        // The denominator is two to the power of 60; so many digits later it is gone.
        let places = 60;
        self.mantissa *= BigInt::from(numerator) * BigInt::from(5).pow(places);
        self.exponent -= i64::from(places);
    }

    /// An integer as it is; anything else with ten digits after the point, rounded away from zero.
    fn written(&self) -> String {
        if self.mantissa.is_zero() {
            return "0".to_owned();
        }
        let sign = if self.mantissa.is_negative() { "-" } else { "" };
        let all = self.mantissa.magnitude().to_string();
        let digits = all.trim_end_matches('0');
        let dropped = i64::try_from(all.len() - digits.len()).unwrap_or(0);
        let exponent = self.exponent + dropped;
        if let Ok(zeros) = usize::try_from(exponent) {
            return format!("{sign}{digits}{}", "0".repeat(zeros));
        }
        let behind = usize::try_from(-exponent).unwrap_or(usize::MAX);
        let rounded = rounded(digits, behind);
        let padded = format!("{rounded:0>width$}", width = FRACTION + 1);
        let (whole, fraction) = padded
            .split_at_checked(padded.len() - FRACTION)
            .unwrap_or(("0", "0"));
        format!("{sign}{whole}.{fraction}")
    }

    /// Times `factor`, cut off behind the point. Both the number and the product are rounded to 64 bits.
    fn whole(&self, factor: u64) -> BigInt {
        let ten = |exponent: u64| BigUint::from(10_u8).pow(u32::try_from(exponent).unwrap_or(0));
        let size = self.exponent.unsigned_abs();
        let magnitude = self.mantissa.magnitude();
        let (numerator, denominator) = if self.exponent < 0 {
            (magnitude.clone(), ten(size))
        } else {
            (magnitude * ten(size), BigUint::one())
        };
        let (mantissa, power) = to_64_bits(&numerator, &denominator);
        let (mantissa, more) = to_64_bits(&(mantissa * factor), &BigUint::one());
        let power = power + more;
        let shift = usize::try_from(power.unsigned_abs()).unwrap_or(0);
        let whole = if power < 0 {
            mantissa >> shift
        } else {
            mantissa << shift
        };
        let whole = BigInt::from(whole);
        if self.mantissa.is_negative() {
            -whole
        } else {
            whole
        }
    }
}

/// `digits` behind the point, the last one at place `behind`, in units of the last place that is given.
fn rounded(digits: &str, behind: usize) -> String {
    if behind <= FRACTION {
        return format!("{digits}{}", "0".repeat(FRACTION - behind));
    }
    let cut = behind - FRACTION;
    if cut > digits.len() {
        return "0".to_owned();
    }
    let (kept, rest) = digits
        .split_at_checked(digits.len() - cut)
        .unwrap_or((digits, ""));
    let kept: BigUint = kept.parse().unwrap_or_default();
    let up = rest.bytes().next().is_some_and(|digit| digit >= b'5');
    (kept + u8::from(up)).to_string()
}

/// The nearest number of 64 bits times a power of two; halves go to the even one.
fn to_64_bits(numerator: &BigUint, denominator: &BigUint) -> (BigUint, i64) {
    let bits = |number: &BigUint| i64::try_from(number.bits()).unwrap_or(i64::MAX);
    if numerator.is_zero() {
        return (BigUint::zero(), 0);
    }
    let mut power = bits(numerator) - bits(denominator) - 64;
    loop {
        let shift = usize::try_from(power.unsigned_abs()).unwrap_or(0);
        let (n, d) = if power < 0 {
            (numerator << shift, denominator.clone())
        } else {
            (numerator.clone(), denominator << shift)
        };
        let (quotient, rest) = n.div_rem(&d);
        if quotient.bits() > 64 {
            power += 1;
            continue;
        }
        let twice = rest * 2_u8;
        let up = twice > d || (twice == d && quotient.is_odd());
        return (quotient + u8::from(up), power);
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::calls::answers;

    #[test]
    fn amounts_are_what_opa_reads() {
        answers(&[
            ("units.parse", r#"["10K"]"#, "10000"),
            ("units.parse", r#"["10KI"]"#, "10240"),
            ("units.parse", r#"["\"1\"m"]"#, "0.0010000000"),
            ("units.parse", r#"["1500m"]"#, "1.5000000000"),
            ("units.parse", r#"["1.5e3"]"#, "1500"),
            ("units.parse", r#"["1e"]"#, "1000000000000000000"),
            ("units.parse", r#"["-.5"]"#, "-0.5000000000"),
            ("units.parse", r#"["1e-12"]"#, "0.0000000000"),
            ("units.parse", r#"["0.00000000005"]"#, "0.0000000001"),
            (
                "units.parse",
                r#"["K"]"#,
                "units.parse: units.parse: no amount provided",
            ),
            ("units.parse_bytes", r#"["1.5KiB"]"#, "1536"),
            ("units.parse_bytes", r#"["0.1tb"]"#, "100000000000"),
            ("units.parse_bytes", r#"["-1.7"]"#, "-1"),
            ("units.parse_bytes", r#"["1e3mb"]"#, "1000000000"),
            (
                "units.parse_bytes",
                r#"["1e1234567"]"#,
                "units.parse_bytes: units.parse_bytes: exponent too large",
            ),
        ]);
    }
}
