//! What `+ - * / %`, `abs`, `round`, `ceil` and `floor` make of numbers.
//!
//! Integers are exact as long as the operation has an exact answer for them; the rest goes through [`Float`]. A result of more than
//! [`MAX_BITS`] bits is refused: the peer would calculate on, for as long as it takes.

use num_bigint::{BigInt, Sign};
use num_traits::Zero as _;

use super::decimal::SmallText;
use super::float::Float;
use super::{Number, NumberError, Repr, from_own_text, shortest};

/// The greatest size of a result, before or behind the point.
pub(super) const MAX_BITS: i64 = 400_000;

// === impl Number ===

impl Number {
    /// The sum.
    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        self.calculate(other, i64::checked_add, |a, b| a + b, Float::add)
    }

    /// The difference.
    pub fn sub(&self, other: &Self) -> Result<Self, NumberError> {
        self.calculate(other, i64::checked_sub, |a, b| a - b, Float::sub)
    }

    /// The product.
    pub fn mul(&self, other: &Self) -> Result<Self, NumberError> {
        self.calculate(other, i64::checked_mul, |a, b| a * b, Float::mul)
    }

    /// The sum of numbers as floats: what a sum is as soon as one of them is no integer.
    pub fn sum_of_floats(numbers: &[&Self]) -> Result<Self, NumberError> {
        let mut total = Float::zero(false);
        for number in numbers {
            total = total.add(number.to_float()?).check_size()?;
        }
        Self::from_float(total)
    }

    /// The product of numbers as doubles: what a product is as soon as one of them is no integer.
    pub fn product_of_floats(numbers: &[&Self]) -> Result<Self, NumberError> {
        let mut total = Float::from_i64(1);
        for number in numbers {
            total = total.mul_as_double(number.to_float()?).check_size()?;
        }
        Ok(from_own_text(&shortest::of_double(&total)))
    }

    /// The quotient: an integer where the division has no remainder, otherwise rounded. Zero divided by a negative number is `-0`.
    pub fn div(&self, other: &Self) -> Result<Self, NumberError> {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && *a != 0
            && a.checked_rem(*b) == Some(0)
            && let Some(quotient) = a.checked_div(*b)
        {
            return Ok(Self::from(quotient));
        }
        if other.is_zero() {
            return Err(NumberError::DivideByZero);
        }
        let quotient = self.to_float()?.div(other.to_float()?);
        quotient
            .ok_or(NumberError::DivideByZero)
            .and_then(Self::from_float)
    }

    /// The remainder of integers, with the sign of `self`.
    pub fn rem(&self, other: &Self) -> Result<Self, NumberError> {
        if !self.is_integer() || !other.is_integer() {
            return Err(NumberError::ModuloOnFloat);
        }
        if other.is_zero() {
            return Err(NumberError::ModuloByZero);
        }
        if let (Some(a), Some(b)) = (self.as_i64(), other.as_i64()) {
            // The only quotient that overflows, MIN / -1, has no remainder.
            return Ok(Self::from(a.checked_rem(b).unwrap_or(0)));
        }
        let (Some(a), Some(b)) = (self.to_bigint(), other.to_bigint()) else {
            return Err(NumberError::TooBig);
        };
        Ok(Self::from(a % b))
    }

    /// The number with the other sign.
    pub fn neg(&self) -> Result<Self, NumberError> {
        Self::from(0_i64).sub(self)
    }

    /// The number without its sign.
    pub fn abs(&self) -> Result<Self, NumberError> {
        match self.as_i64().map(i64::checked_abs) {
            Some(Some(int)) => Ok(Self::from(int)),
            _ => Self::from_float(self.to_float()?.abs()),
        }
    }

    /// The nearest integer; the greater magnitude of two. Exact to 64 bits.
    pub fn round(&self) -> Result<Self, NumberError> {
        self.to_integer(|float| {
            let half = Float {
                negative: float.negative,
                ..Float::HALF
            };
            integer(&float.add(half))
        })
    }

    /// The least integer that is not less; from -1 to 0, however, it is 1, as it is for the peer.
    pub fn ceil(&self) -> Result<Self, NumberError> {
        self.to_integer(|float| {
            let int = integer(float);
            if float.is_integer() || int.sign() == Sign::Minus {
                int
            } else {
                int + 1
            }
        })
    }

    /// The greatest integer that is not greater; from -1 to 0, however, it is 0, as it is for the peer.
    pub fn floor(&self) -> Result<Self, NumberError> {
        self.to_integer(|float| {
            let int = integer(float);
            if float.is_integer() || int.sign() != Sign::Minus {
                int
            } else {
                int - 1
            }
        })
    }

    /// The integer towards zero, exact to 64 bits.
    pub fn truncate(&self) -> Result<BigInt, NumberError> {
        match self.as_i64() {
            Some(int) => Ok(BigInt::from(int)),
            None => Ok(integer(&self.to_float()?)),
        }
    }

    fn to_integer(&self, f: impl FnOnce(&Float) -> BigInt) -> Result<Self, NumberError> {
        match self.as_i64() {
            Some(int) => Ok(Self::from(int)),
            None => Ok(Self::from(f(&self.to_float()?))),
        }
    }

    fn calculate(
        &self,
        other: &Self,
        small: impl FnOnce(i64, i64) -> Option<i64>,
        exact: impl FnOnce(BigInt, BigInt) -> BigInt,
        float: impl FnOnce(Float, Float) -> Float,
    ) -> Result<Self, NumberError> {
        if let (Some(a), Some(b)) = (self.as_i64(), other.as_i64())
            && let Some(result) = small(a, b)
        {
            return Ok(Self::from(result));
        }
        if self.is_integer() && other.is_integer() {
            let (Some(a), Some(b)) = (self.to_bigint(), other.to_bigint()) else {
                return Err(NumberError::TooBig);
            };
            if i64::try_from(a.bits() + b.bits()).is_ok_and(|bits| bits <= 2 * MAX_BITS) {
                return checked(&exact(a, b));
            }
            return Err(NumberError::TooBig);
        }
        Self::from_float(float(self.to_float()?, other.to_float()?))
    }

    fn to_float(&self) -> Result<Float, NumberError> {
        match &self.0 {
            Repr::Int(int) => Ok(Float::from_i64(*int)),
            Repr::Text(_) => Float::from_digits(&self.digits(&mut SmallText::default())),
        }
    }

    fn from_float(float: Float) -> Result<Self, NumberError> {
        Ok(from_own_text(&shortest::of_float(&float.check_size()?)))
    }
}

/// The integer part.
fn integer(float: &Float) -> BigInt {
    let (negative, magnitude) = float.truncate();
    let sign = if magnitude.is_zero() {
        Sign::NoSign
    } else if negative {
        Sign::Minus
    } else {
        Sign::Plus
    };
    BigInt::from_biguint(sign, magnitude)
}

fn checked(result: &BigInt) -> Result<Number, NumberError> {
    if result.bits() > MAX_BITS.unsigned_abs() {
        Err(NumberError::TooBig)
    } else {
        Ok(Number::from(result))
    }
}
