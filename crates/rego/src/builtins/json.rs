//! JSON text, and patches and paths into documents.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
