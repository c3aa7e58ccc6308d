//! What is random in a query.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
