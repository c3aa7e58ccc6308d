//! What the compiler calls: membership and template strings.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
