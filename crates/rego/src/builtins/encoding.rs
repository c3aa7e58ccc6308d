//! Base64, hex and URL queries.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
