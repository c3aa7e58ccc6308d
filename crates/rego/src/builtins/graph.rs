//! `graph.*` and `walk`: what can be reached in a graph, and what lies inside a value.

use super::Builtin;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[];

/// Placeholder.
#[derive(Debug)]
pub struct Walk;
