//! A binary float with a mantissa of 64 bits and an exponent that does not overflow.
//!
//! Not IEEE's: no infinities, no NaN, no subnormal numbers. It rounds half to even, as Go's `big.Float` of the default precision does.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_traits::{ToPrimitive as _, Zero as _};

use super::NumberError;
use super::decimal::Digits;

/// `(-1)^negative * mantissa * 2^exponent`; the mantissa's highest bit is set, or all are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Float {
    pub(super) negative: bool,
    pub(super) mantissa: u64,
    pub(super) exponent: i64,
}

/// How many bits of the mantissa a double does not have.
pub(super) const SPARE: u32 = 11;

/// The greatest power of five that fits 64 bits.
const POWER_IN_U64: u32 = 27;

// === impl Float ===

impl Float {
    pub(super) const HALF: Self = Self {
        negative: false,
        mantissa: 1 << 63,
        exponent: -64,
    };

    pub(super) fn zero(negative: bool) -> Self {
        Self {
            negative,
            mantissa: 0,
            exponent: 0,
        }
    }

    pub(super) fn from_i64(int: i64) -> Self {
        Self::round(int < 0, u128::from(int.unsigned_abs()), 0, false)
    }

    /// The nearest float.
    pub(super) fn from_digits(digits: &Digits<'_>) -> Result<Self, NumberError> {
        let negative = digits.is_negative();
        if digits.is_zero() {
            return Ok(Self::zero(negative));
        }
        digits.check_size()?;
        let exponent = digits.exponent();
        match (digits.mantissa(), u32::try_from(exponent.unsigned_abs())) {
            (Some(mantissa), Ok(power)) if power <= POWER_IN_U64 => {
                Ok(Self::from_small(negative, mantissa, exponent))
            }
            _ => Ok(Self::from_large(negative, digits)),
        }
    }

    fn from_small(negative: bool, mantissa: u64, exponent: i64) -> Self {
        let power = 5_u64.pow(u32::try_from(exponent.unsigned_abs()).unwrap_or_default());
        if exponent >= 0 {
            return Self::round(
                negative,
                u128::from(mantissa) * u128::from(power),
                exponent,
                false,
            );
        }
        let wide = u128::from(mantissa);
        let shift = wide.leading_zeros();
        let wide = wide << shift;
        Self::round(
            negative,
            wide / u128::from(power),
            exponent - i64::from(shift),
            wide % u128::from(power) != 0,
        )
    }

    fn from_large(negative: bool, digits: &Digits<'_>) -> Self {
        let text: Vec<u8> = digits.iter().collect();
        let mantissa = BigUint::parse_bytes(&text, 10).unwrap_or_default();
        let exponent = digits.exponent();
        let power =
            BigUint::from(5_u8).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or_default());
        if exponent >= 0 {
            return Self::round_big(negative, &(mantissa * power), exponent, false);
        }
        // Shifts far enough for the quotient to have more than 64 bits.
        let shift = (power.bits() + 66).saturating_sub(mantissa.bits());
        let (quotient, rest) = num_integer::Integer::div_rem(&(mantissa << shift), &power);
        Self::round_big(
            negative,
            &quotient,
            exponent - bits_i64(shift),
            !rest.is_zero(),
        )
    }

    /// `value * 2^exponent`, and a little more if `sticky`.
    pub(super) fn round(negative: bool, value: u128, exponent: i64, sticky: bool) -> Self {
        if value == 0 {
            return Self::zero(negative);
        }
        let zeros = value.leading_zeros();
        let top = value << zeros;
        let exponent = exponent - i64::from(zeros) + 64;
        let (high, low) = (high_half(top), low_half(top));
        let up = match low.cmp(&(1 << 63)) {
            Ordering::Less => false,
            Ordering::Equal => sticky || high & 1 == 1,
            Ordering::Greater => true,
        };
        match high.checked_add(u64::from(up)) {
            Some(mantissa) => Self {
                negative,
                mantissa,
                exponent,
            },
            None => Self {
                negative,
                mantissa: 1 << 63,
                exponent: exponent + 1,
            },
        }
    }

    fn round_big(negative: bool, value: &BigUint, exponent: i64, sticky: bool) -> Self {
        let excess = value.bits().saturating_sub(128);
        let top = (value >> excess).to_u128().unwrap_or_default();
        let lost = excess > 0 && value.trailing_zeros().is_some_and(|zeros| zeros < excess);
        Self::round(negative, top, exponent + bits_i64(excess), sticky || lost)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    pub(super) fn is_integer(&self) -> bool {
        self.is_zero()
            || self.exponent >= 0
            || i64::from(self.mantissa.trailing_zeros()) + self.exponent >= 0
    }

    pub(super) fn abs(self) -> Self {
        Self {
            negative: false,
            ..self
        }
    }

    pub(super) fn neg(self) -> Self {
        Self {
            negative: !self.negative,
            ..self
        }
    }

    pub(super) fn add(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return match (self.is_zero(), other.is_zero()) {
                (true, true) => Self::zero(self.negative && other.negative),
                (true, false) => other,
                _ => self,
            };
        }
        let (big, small) = if self.magnitude() >= other.magnitude() {
            (self, other)
        } else {
            (other, self)
        };
        // Two bits of head room, one for the carry; what leaves on the right sticks to the last bit.
        let left = u128::from(big.mantissa) << 62;
        let wide = u128::from(small.mantissa) << 62;
        let distance = u32::try_from(big.exponent - small.exponent).unwrap_or(u32::MAX);
        let right = wide.checked_shr(distance).unwrap_or(0);
        let lost = right.checked_shl(distance).unwrap_or(0) != wide;
        let exponent = big.exponent - 62;
        if big.negative == small.negative {
            return Self::round(big.negative, left + right, exponent, lost);
        }
        match left - right {
            0 => Self::zero(false),
            // What is lost makes the difference smaller: one less, and a little more.
            difference if lost => Self::round(big.negative, difference - 1, exponent, true),
            difference => Self::round(big.negative, difference, exponent, false),
        }
    }

    pub(super) fn sub(self, other: Self) -> Self {
        self.add(other.neg())
    }

    pub(super) fn mul(self, other: Self) -> Self {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        Self::round(
            self.negative != other.negative,
            product,
            self.exponent + other.exponent,
            false,
        )
    }

    /// The product, rounded to a double's 53 bits of mantissa, once.
    pub(super) fn mul_as_double(self, other: Self) -> Self {
        let negative = self.negative != other.negative;
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        if product == 0 {
            return Self::zero(negative);
        }
        let zeros = product.leading_zeros();
        let top = product << zeros;
        // What the lower half holds sticks to the last bit, far below those that stay.
        let wide = high_half(top) | u64::from(low_half(top) != 0);
        let (kept, lost) = (wide >> SPARE, wide & ((1 << SPARE) - 1));
        let half = 1 << (SPARE - 1);
        let up = lost > half || (lost == half && kept & 1 == 1);
        let kept = kept + u64::from(up);
        let carried = kept.leading_zeros() < SPARE;
        Self {
            negative,
            mantissa: if carried { 1 << 63 } else { kept << SPARE },
            exponent: self.exponent + other.exponent - i64::from(zeros) + 64 + i64::from(carried),
        }
    }

    /// The quotient; `None` if `other` is zero.
    pub(super) fn div(self, other: Self) -> Option<Self> {
        let negative = self.negative != other.negative;
        let divisor = u128::from(other.mantissa);
        let dividend = u128::from(self.mantissa) << 64;
        let quotient = dividend.checked_div(divisor)?;
        let rest = dividend - quotient * divisor;
        // The quotient has 64 or 65 bits; more of them, so that half is told from more than half.
        let rest = rest << 63;
        let value = (quotient << 63) | rest.checked_div(divisor)?;
        let sticky = rest.checked_rem(divisor)? != 0;
        Some(Self::round(
            negative,
            value,
            self.exponent - other.exponent - 127,
            sticky,
        ))
    }

    /// Towards zero, as an integer and its sign.
    pub(super) fn truncate(&self) -> (bool, BigUint) {
        let magnitude = if let Ok(shift) = u64::try_from(self.exponent) {
            BigUint::from(self.mantissa) << shift
        } else {
            let shift = u32::try_from(self.exponent.unsigned_abs()).unwrap_or(u32::MAX);
            BigUint::from(self.mantissa.checked_shr(shift).unwrap_or(0))
        };
        (self.negative && !magnitude.is_zero(), magnitude)
    }

    /// Refuses what would print with too many digits.
    pub(super) fn check_size(self) -> Result<Self, NumberError> {
        if self.exponent.abs() > super::arithmetic::MAX_BITS {
            Err(NumberError::TooBig)
        } else {
            Ok(self)
        }
    }

    fn magnitude(&self) -> (i64, u64) {
        (self.exponent, self.mantissa)
    }
}

fn bits_i64(bits: u64) -> i64 {
    i64::try_from(bits).unwrap_or(i64::MAX)
}

fn high_half(value: u128) -> u64 {
    u64::try_from(value >> 64).unwrap_or_default()
}

fn low_half(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).unwrap_or_default()
}
