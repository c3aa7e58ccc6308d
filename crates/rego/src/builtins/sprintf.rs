//! Text from a format and values.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
