//! Floats to text: the fewest decimal digits that read back as the same float, laid out as Go lays them out.

use std::fmt::Write as _;

use num_bigint::BigUint;

use super::float::{Float, SPARE};

/// `0.d1d2d3… * 10^point`, as ASCII digits without zeros at the end.
struct Decimals {
    digits: Vec<u8>,
    point: i64,
}

/// From this power of ten on, and below 10^-4, a text has an exponent.
const GREATEST_PLAIN: i64 = 6;
const LEAST_PLAIN: i64 = -4;

// === impl Decimals ===

impl Decimals {
    /// All digits of `mantissa * 2^exponent`.
    fn exact(mantissa: u128, exponent: i64) -> Self {
        let zeros = mantissa.trailing_zeros().min(127);
        let (mantissa, exponent) = (
            BigUint::from(mantissa >> zeros),
            exponent + i64::from(zeros),
        );
        let (value, point) = match u64::try_from(exponent) {
            Ok(shift) => (mantissa << shift, 0),
            // m / 2^n = m * 5^n / 10^n
            Err(_) => (mantissa * five_to(exponent.unsigned_abs()), exponent),
        };
        let mut digits = value.to_string().into_bytes();
        let point = point + length(&digits);
        trim(&mut digits);
        Self { digits, point }
    }

    /// The fewest digits between the middles to the neighbours of `mantissa * 2^exponent`.
    fn shortest(mantissa: u64, exponent: i64) -> Self {
        let middle = u128::from(mantissa) << 1;
        let mut exact = Self::exact(middle, exponent - 1);
        let lower = Self::exact(middle - 1, exponent - 1);
        let upper = Self::exact(middle + 1, exponent - 1);
        // A middle itself reads back as the neighbour that is even.
        let inclusive = mantissa & 1 == 0;
        for (at, &digit) in exact.digits.iter().enumerate() {
            let above = upper.digit(at);
            let down = lower.digit(at) != digit || (inclusive && at + 1 == lower.digits.len());
            let up =
                digit != above && (inclusive || digit + 1 < above || at + 1 < upper.digits.len());
            let up = match (down, up) {
                (true, true) => exact.rounds_up(at + 1),
                (false, false) => continue,
                (_, up) => up,
            };
            exact.cut(at + 1, up);
            break;
        }
        exact
    }

    fn digit(&self, at: usize) -> u8 {
        self.digits.get(at).copied().unwrap_or(b'0')
    }

    /// Whether the nearest number of `keep` digits is the next greater one.
    fn rounds_up(&self, keep: usize) -> bool {
        let half = self.digits.get(keep..) == Some(b"5");
        if half {
            self.digit(keep - 1) & 1 == 1
        } else {
            self.digit(keep) >= b'5'
        }
    }

    fn cut(&mut self, keep: usize, up: bool) {
        if keep >= self.digits.len() {
            return;
        }
        self.digits.truncate(keep);
        if up {
            while self.digits.pop_if(|digit| *digit == b'9').is_some() {}
            if let Some(digit) = self.digits.last_mut() {
                *digit += 1;
            } else {
                self.digits.push(b'1');
                self.point += 1;
            }
        }
        trim(&mut self.digits);
    }

    /// Without an exponent.
    fn write_plain(&self, out: &mut String) {
        let point = usize::try_from(self.point).unwrap_or(0);
        if point == 0 {
            out.push('0');
        }
        (0..point).for_each(|at| out.push(char::from(self.digit(at))));
        if self.digits.len() > point {
            out.push('.');
            (self.point..0).for_each(|_| out.push('0'));
            out.extend(
                self.digits
                    .iter()
                    .skip(point)
                    .map(|digit| char::from(*digit)),
            );
        }
    }

    /// With an exponent where it is small or great.
    fn write_general(&self, out: &mut String) {
        let exponent = self.point - 1;
        if (LEAST_PLAIN..GREATEST_PLAIN).contains(&exponent) {
            return self.write_plain(out);
        }
        out.push(char::from(self.digit(0)));
        if self.digits.len() > 1 {
            out.push('.');
            out.extend(self.digits.iter().skip(1).map(|digit| char::from(*digit)));
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a string does not fail.
        let _ = write!(out, "e{sign}{:02}", exponent.abs());
    }
}

/// The text of a float: plain for an integer, otherwise with an exponent where Go writes one.
pub(super) fn of_float(float: &Float) -> String {
    text(float, 0)
}

/// The text of a float whose mantissa is a double's: it takes fewer digits to read back as the same.
pub(super) fn of_double(float: &Float) -> String {
    text(float, SPARE)
}

/// Of a float whose last `spare` bits mean nothing.
fn text(float: &Float, spare: u32) -> String {
    let mut out = String::new();
    if float.negative {
        out.push('-');
    }
    if float.is_zero() {
        out.push('0');
    } else if spare == 0 && float.is_integer() && float.exponent <= 0 {
        // Below 2^64 all digits of an integer are needed.
        let shift = u32::try_from(-float.exponent).unwrap_or(u32::MAX);
        let _ = write!(out, "{}", float.mantissa.checked_shr(shift).unwrap_or(0));
    } else {
        let decimals =
            Decimals::shortest(float.mantissa >> spare, float.exponent + i64::from(spare));
        if float.is_integer() {
            decimals.write_plain(&mut out);
        } else {
            decimals.write_general(&mut out);
        }
    }
    out
}

/// The text of a finite double.
pub(super) fn of_f64(value: f64) -> String {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    trim(&mut digits);
    let mut out = String::new();
    if value.is_sign_negative() {
        out.push('-');
    }
    let point = exponent.parse::<i64>().unwrap_or(0) + 1;
    if digits.is_empty() {
        out.push('0');
    } else {
        Decimals { digits, point }.write_general(&mut out);
    }
    out
}

fn five_to(power: u64) -> BigUint {
    BigUint::from(5_u8).pow(u32::try_from(power).unwrap_or(u32::MAX))
}

fn trim(digits: &mut Vec<u8>) {
    while digits.pop_if(|digit| *digit == b'0').is_some() {}
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}
