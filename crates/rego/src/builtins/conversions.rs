//! Values of one type made into another.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
