//! What the process tells about itself.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];
