//! A number's text, seen as sign, significant digits and decimal exponent.
//!
//! Not a number one could calculate with: it only finds the digits in the text, and compares by them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use num_bigint::BigInt;

use super::NumberError;

/// The greatest number of decimal digits, before or behind the point, that becomes a big integer or a float.
pub(super) const MAX_DIGITS: i64 = 110_000;

/// What the scanner finds out about a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// The value, if it is an integer that fits.
    pub(super) int: Option<i64>,
    /// The value is `0.d1d2d3… * 10^adjusted`, where `d1` is not zero.
    adjusted: i64,
    /// Where `d1d2d3…` stand in the text, perhaps with a point among them; empty for zero.
    start: u32,
    end: u32,
}

/// The digits of a number: borrowed from its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits<'a> {
    negative: bool,
    adjusted: i64,
    /// Without zeros at either end; perhaps with a point inside.
    text: &'a [u8],
}

/// The text of an `i64` on the stack.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SmallText {
    bytes: [u8; 20],
    start: u8,
}

/// The parts of a text in JSON's grammar.
struct Parts<'a> {
    negative: bool,
    /// Where the digits before the exponent begin and end, the point among them.
    start: usize,
    end: usize,
    /// How many of them stand before the point.
    integral: usize,
    /// With its sign.
    exponent: Option<&'a [u8]>,
}

/// Exponents (base two) of floats reach this far for the peer; it refuses what is written with a greater one.
/// These are the leading digits of `2^100_000`, and of `2^-100_001`.
const GREATEST: (i64, &[u8]) = (30_103, b"99900209301438450794");
const LEAST: (i64, &[u8]) = (-30_102, b"50049945189934708340");

/// Below this power of ten a float of the peer is zero.
const UNDERFLOW: i64 = -646_456_993;

// === impl Decimal ===

impl Decimal {
    /// Finds the digits in a text in JSON's grammar, and refuses exponents that the peer refuses.
    pub(super) fn scan(text: &[u8]) -> Result<Self, NumberError> {
        let this = Self::scan_any(text)?;
        if text.iter().any(|byte| matches!(byte, b'e' | b'E')) && this.start < this.end {
            this.digits(text).check_range()?;
        }
        Ok(this)
    }

    /// Finds the digits, whatever the exponent.
    pub(super) fn scan_any(text: &[u8]) -> Result<Self, NumberError> {
        let parts = Parts::of(text).ok_or(NumberError::Invalid)?;
        let exponent = parts.exponent.map_or(Ok(0), exponent_value)?;
        let digits = text.get(parts.start..parts.end).unwrap_or_default();
        let significant = |byte: &u8| matches!(byte, b'1'..=b'9');
        let zero = Self {
            negative: parts.negative,
            int: Some(0),
            adjusted: 0,
            start: 0,
            end: 0,
        };
        let (Some(first), Some(last)) = (
            digits.iter().position(significant),
            digits.iter().rposition(significant),
        ) else {
            return Ok(zero);
        };
        // Before the point, `first` digits are zeros; behind it, `first - 1`, for the point is counted too.
        let zeros = if first > parts.integral {
            first - 1
        } else {
            first
        };
        let adjusted = to_i64(parts.integral) - to_i64(zeros) + exponent;
        let index = |at: usize| u32::try_from(at).map_err(|_| NumberError::TooBig);
        let mut this = Self {
            adjusted,
            start: index(parts.start + first)?,
            end: index(parts.start + last + 1)?,
            ..zero
        };
        if parts.exponent.is_some() && adjusted <= UNDERFLOW {
            return Ok(zero);
        }
        this.int = this.digits(text).to_i64();
        Ok(this)
    }

    /// The digits of the text this was scanned from.
    pub(super) fn digits<'a>(&self, text: &'a [u8]) -> Digits<'a> {
        let at = self.start as usize..self.end as usize;
        Digits {
            negative: self.negative,
            adjusted: self.adjusted,
            text: text.get(at).unwrap_or_default(),
        }
    }
}

// === impl Digits ===

impl<'a> Digits<'a> {
    pub(super) fn of_int(text: &'a SmallText) -> Self {
        let all = text.as_bytes();
        let (negative, digits) = all
            .strip_prefix(b"-")
            .map_or((false, all), |digits| (true, digits));
        let end = digits
            .iter()
            .rposition(|b| *b != b'0')
            .map_or(0, |last| last + 1);
        Self {
            negative,
            adjusted: to_i64(digits.len()),
            text: digits.get(..end).unwrap_or_default(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// How many digits there are.
    pub(super) fn count(&self) -> i64 {
        let point = self.text.contains(&b'.');
        to_i64(self.text.len()) - i64::from(point)
    }

    /// The power of ten of the last digit.
    pub(super) fn exponent(&self) -> i64 {
        self.adjusted - self.count()
    }

    pub(super) fn is_integer(&self) -> bool {
        self.is_zero() || self.exponent() >= 0
    }

    /// Refuses what has too many digits to be calculated with.
    pub(super) fn check_size(&self) -> Result<(), NumberError> {
        if self.adjusted.abs() > MAX_DIGITS || self.count() > MAX_DIGITS {
            Err(NumberError::TooBig)
        } else {
            Ok(())
        }
    }

    pub(super) fn to_u64(self) -> Option<u64> {
        if self.negative && !self.is_zero() {
            None
        } else {
            self.magnitude()
        }
    }

    pub(super) fn to_bigint(self) -> Option<BigInt> {
        if !self.is_integer() || self.check_size().is_err() {
            return None;
        }
        let mut text = Vec::with_capacity(usize::try_from(self.adjusted).ok()?.saturating_add(1));
        if self.negative {
            text.push(b'-');
        }
        text.extend(self.iter());
        text.extend(std::iter::repeat_n(
            b'0',
            usize::try_from(self.exponent()).ok()?,
        ));
        BigInt::parse_bytes(&text, 10)
    }

    /// How many decimal places it spans, those of its exponent among them.
    pub(super) fn span(&self) -> u64 {
        self.adjusted.unsigned_abs() + self.text.len() as u64
    }

    /// The digits as one integer, if they are few enough.
    pub(super) fn mantissa(&self) -> Option<u64> {
        if self.text.len() > 21 {
            return None;
        }
        self.iter().try_fold(0_u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
    }

    /// The digits, from the most significant one, as ASCII.
    pub(super) fn iter(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.text.iter().copied().filter(|byte| *byte != b'.')
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        match self.signum().cmp(&other.signum()) {
            Ordering::Equal if self.signum() < 0 => other.cmp_magnitude(self),
            Ordering::Equal => self.cmp_magnitude(other),
            unequal => unequal,
        }
    }

    /// Equal numbers hash alike. Not for numbers that fit `i64`: these hash as such.
    pub(super) fn hash<H: Hasher>(&self, state: &mut H) {
        (self.negative, self.adjusted).hash(state);
        self.iter().for_each(|digit| state.write_u8(digit));
    }

    fn signum(&self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        self.adjusted
            .cmp(&other.adjusted)
            .then_with(|| self.iter().cmp(other.iter()))
    }

    fn magnitude(&self) -> Option<u64> {
        let exponent = u32::try_from(self.exponent())
            .ok()
            .filter(|_| self.adjusted <= 20)?;
        self.mantissa()?.checked_mul(10_u64.checked_pow(exponent)?)
    }

    fn to_i64(self) -> Option<i64> {
        let magnitude = i128::from(self.magnitude()?);
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    fn check_range(&self) -> Result<(), NumberError> {
        let leading = |(adjusted, digits): (i64, &[u8])| {
            self.adjusted
                .cmp(&adjusted)
                .then_with(|| self.iter().take(digits.len()).cmp(digits.iter().copied()))
        };
        if leading(GREATEST) == Ordering::Greater || leading(LEAST) == Ordering::Less {
            Err(NumberError::TooBig)
        } else {
            Ok(())
        }
    }
}

// === impl SmallText ===

impl SmallText {
    /// The text of `int`.
    pub(super) fn of(int: i64) -> Self {
        let mut this = Self {
            bytes: [0; 20],
            start: 20,
        };
        let mut rest = int.unsigned_abs();
        loop {
            this.push_front(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if int < 0 {
            this.push_front(b'-');
        }
        this
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.start)..)
            .unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn push_front(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(usize::from(self.start)) {
            *place = byte;
        }
    }
}

// === impl Parts ===

impl<'a> Parts<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let negative = text.first() == Some(&b'-');
        let start = usize::from(negative);
        let integral = count_digits(text.get(start..)?);
        let leading_zero = integral > 1 && text.get(start) == Some(&b'0');
        if integral == 0 || leading_zero {
            return None;
        }
        let mut end = start + integral;
        if text.get(end) == Some(&b'.') {
            let fraction = count_digits(text.get(end + 1..)?);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        let exponent = match text.get(end..)? {
            [] => None,
            [b'e' | b'E', exponent @ ..] => Some(exponent),
            _ => return None,
        };
        if let Some(exponent) = exponent {
            let digits = exponent
                .strip_prefix(b"-")
                .or(exponent.strip_prefix(b"+"))
                .unwrap_or(exponent);
            if digits.is_empty() || count_digits(digits) != digits.len() {
                return None;
            }
        }
        Some(Self {
            negative,
            start,
            end,
            integral,
            exponent,
        })
    }
}

/// The integer, if the text is exactly what [`SmallText`] would write for it.
pub(super) fn plain_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = text
        .strip_prefix(b"-")
        .map_or((false, text), |digits| (true, digits));
    match digits {
        [] | [b'0', _, ..] => return None,
        [b'0'] if negative => return None,
        _ if digits.len() > 19 => return None,
        _ => {}
    }
    let mut value = 0_i64;
    for byte in digits {
        let digit = i64::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        // Downwards, for there is one negative number more.
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

fn exponent_value(text: &[u8]) -> Result<i64, NumberError> {
    let negative = text.first() == Some(&b'-');
    let signed = negative || text.first() == Some(&b'+');
    let digits = text.get(usize::from(signed)..).unwrap_or_default();
    let value = digits.iter().fold(0_i64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    if value > i64::from(i32::MAX) {
        Err(NumberError::TooBig)
    } else {
        Ok(if negative { -value } else { value })
    }
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn to_i64(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
