//! Ranges of integers.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
