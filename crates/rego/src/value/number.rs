//! Numbers: integers of any size and decimals, with the text they were written in.
//!
//! An integer that fits `i64` is kept inline. Every other number, and every integer written in another way (`1.0`, `1e2`, `-0`),
//! is a shared text beside the place of its significant digits, so that comparing, hashing and printing never build a big number.
//!
//! Rounding: sums, differences, products and remainders of integers are exact at any size. Everything else rounds both operands
//! and the result to a mantissa of 64 bits, half to even, and prints the shortest decimal that reads back as the same 64 bits.

mod arithmetic;
mod decimal;
mod float;
mod shortest;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use num_bigint::BigInt;
use num_traits::ToPrimitive as _;
use triomphe::ThinArc;

use self::decimal::{Decimal, Digits, SmallText};

/// A number.
#[derive(Clone)]
pub struct Number(Repr);

/// Why a text is no number, or an operation has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text does not follow JSON's grammar of numbers.
    #[error("invalid number: expected JSON's syntax, like -1.5e3")]
    Invalid,
    /// The exponent is out of range, or a result would need too many digits.
    #[error("number too big: its exponent or its number of digits is out of range")]
    TooBig,
    /// A division by zero.
    #[error("divide by zero")]
    DivideByZero,
    /// A remainder of a division by zero.
    #[error("modulo by zero")]
    ModuloByZero,
    /// A remainder of numbers that are not both integers.
    #[error("modulo on floating-point number")]
    ModuloOnFloat,
}

#[derive(Clone)]
enum Repr {
    Int(i64),
    Text(ThinArc<Decimal, u8>),
}

// === impl Number ===

impl Number {
    /// Reads JSON's number syntax; keeps the text. `None` for other texts and for exponents out of range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }

    /// Like [`Number::parse`], and says why not.
    pub fn try_parse(text: &str) -> Result<Self, NumberError> {
        if let Some(int) = decimal::plain_int(text.as_bytes()) {
            return Ok(Self(Repr::Int(int)));
        }
        let decimal = Decimal::scan(text.as_bytes())?;
        Ok(Self(Repr::Text(ThinArc::from_header_and_slice(
            decimal,
            text.as_bytes(),
        ))))
    }

    /// The integer, where the value is one and fits (`1.0` and `1e2` do).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(int) => Some(*int),
            Repr::Text(node) => node.header.header.int,
        }
    }

    /// The integer, where the value is one, fits, and is written without an exponent: `1.0` counts elements, `1e0` does
    /// not, as in OPA.
    #[must_use]
    pub fn as_plain_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(int) => Some(*int),
            Repr::Text(node) => {
                let int = node.header.header.int?;
                let plain = !node_text(node).contains(['e', 'E']);
                plain.then_some(int)
            }
        }
    }

    /// The integer, where the value is one and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.as_i64() {
            Some(int) => u64::try_from(int).ok(),
            None => self.digits(&mut SmallText::default()).to_u64(),
        }
    }

    /// The integer of any size; `None` where the value is no integer, or one of more than about 100,000 digits.
    #[must_use]
    pub fn to_bigint(&self) -> Option<BigInt> {
        match self.as_i64() {
            Some(int) => Some(BigInt::from(int)),
            None => self.digits(&mut SmallText::default()).to_bigint(),
        }
    }

    /// How many decimal places calculating with it goes through; 0 for an integer of 64 bits.
    #[must_use]
    pub fn span(&self) -> u64 {
        match &self.0 {
            Repr::Int(_) => 0,
            Repr::Text(_) => self.digits(&mut SmallText::default()).span(),
        }
    }

    /// Whether the value is an integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.as_i64().is_some() || self.digits(&mut SmallText::default()).is_integer()
    }

    /// Whether the value is zero, in whatever form.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.as_i64() == Some(0)
    }

    /// Whether the value is less than zero; `-0` is not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Int(int) => *int < 0,
            Repr::Text(node) => node.header.header.negative && !self.is_zero(),
        }
    }

    /// The nearest double; infinite where the value is out of its range.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest double is what is asked for"
    )]
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(int) => *int as f64,
            Repr::Text(_) => self.with_text(|text| text.parse().unwrap_or(f64::NAN)),
        }
    }

    /// Hands over the text that [`fmt::Display`] writes.
    pub fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        match &self.0 {
            Repr::Int(int) => f(SmallText::of(*int).as_str()),
            Repr::Text(node) => f(node_text(node)),
        }
    }

    fn digits<'a>(&'a self, scratch: &'a mut SmallText) -> Digits<'a> {
        match &self.0 {
            Repr::Int(int) => {
                *scratch = SmallText::of(*int);
                Digits::of_int(scratch)
            }
            Repr::Text(node) => node.header.header.digits(&node.slice),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.as_i64(), other.as_i64()) {
            a.cmp(&b)
        } else {
            let (mut left, mut right) = (SmallText::default(), SmallText::default());
            self.digits(&mut left).cmp(&other.digits(&mut right))
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.as_i64() {
            Some(int) => int.hash(state),
            None => self.digits(&mut SmallText::default()).hash(state),
        }
    }
}

impl fmt::Display for Number {
    /// The text as it was written, or as the operation that made the number prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i64> for Number {
    fn from(v: i64) -> Self {
        Self(Repr::Int(v))
    }
}

impl From<i32> for Number {
    fn from(v: i32) -> Self {
        Self(Repr::Int(i64::from(v)))
    }
}

impl From<u32> for Number {
    fn from(v: u32) -> Self {
        Self(Repr::Int(i64::from(v)))
    }
}

impl From<u64> for Number {
    fn from(v: u64) -> Self {
        Self::from(i128::from(v))
    }
}

impl From<usize> for Number {
    fn from(v: usize) -> Self {
        Self::from(v as u64)
    }
}

impl From<i128> for Number {
    fn from(v: i128) -> Self {
        match i64::try_from(v) {
            Ok(int) => Self(Repr::Int(int)),
            Err(_) => from_own_text(&v.to_string()),
        }
    }
}

impl From<BigInt> for Number {
    fn from(v: BigInt) -> Self {
        Self::from(&v)
    }
}

impl From<&BigInt> for Number {
    fn from(v: &BigInt) -> Self {
        match v.to_i64() {
            Some(int) => Self(Repr::Int(int)),
            None => from_own_text(&v.to_string()),
        }
    }
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    /// The shortest decimal that reads back as `v`, with an exponent from 1e+06 on. There is no infinite number, nor a NaN.
    fn try_from(v: f64) -> Result<Self, NumberError> {
        if v.is_finite() {
            Self::try_parse(&shortest::of_f64(v))
        } else {
            Err(NumberError::TooBig)
        }
    }
}

fn node_text(node: &ThinArc<Decimal, u8>) -> &str {
    // The text is ASCII: it went through the scanner.
    std::str::from_utf8(&node.slice).unwrap_or_default()
}

/// A number from a text that this room wrote, in JSON's grammar; results may have smaller exponents than what is read.
fn from_own_text(text: &str) -> Number {
    if let Some(int) = decimal::plain_int(text.as_bytes()) {
        return Number::from(int);
    }
    let scanned = Decimal::scan_any(text.as_bytes());
    debug_assert!(scanned.is_ok(), "a text of our own is a number: {text}");
    scanned.map_or(Number::from(0_i64), |decimal| {
        Number(Repr::Text(ThinArc::from_header_and_slice(
            decimal,
            text.as_bytes(),
        )))
    })
}
