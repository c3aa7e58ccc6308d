//! Stands in for the numbers that are being written; goes away with them.

use num_bigint::BigInt;

use crate::value::Number;

impl Number {
    fn raw(&self) -> i64 {
        self.as_i64().unwrap_or_default()
    }
    pub(crate) fn add(&self, other: &Self) -> Self {
        self.raw().saturating_add(other.raw()).into()
    }
    pub(crate) fn sub(&self, other: &Self) -> Self {
        self.raw().saturating_sub(other.raw()).into()
    }
    pub(crate) fn mul(&self, other: &Self) -> Self {
        self.raw().saturating_mul(other.raw()).into()
    }
    pub(crate) fn div(&self, other: &Self) -> Option<Self> {
        self.raw().checked_div(other.raw()).map(Self::from)
    }
    pub(crate) fn rem(&self, other: &Self) -> Option<Self> {
        self.raw().checked_rem(other.raw()).map(Self::from)
    }
    pub(crate) fn abs(&self) -> Self {
        self.raw().saturating_abs().into()
    }
    pub(crate) fn ceil(&self) -> Self {
        self.clone()
    }
    pub(crate) fn floor(&self) -> Self {
        self.clone()
    }
    pub(crate) fn round(&self) -> Self {
        self.clone()
    }
    pub(crate) fn to_bigint(&self) -> Option<BigInt> {
        self.as_i64().map(BigInt::from)
    }
}

impl From<BigInt> for Number {
    fn from(v: BigInt) -> Self {
        Self::from(i64::try_from(v).unwrap_or_default())
    }
}
