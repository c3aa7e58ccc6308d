//! `uri.*`.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
