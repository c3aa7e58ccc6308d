//! Sums, counts and extremes of collections.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
