//! The index of a unit's rules: which of them can hold, by what `input`, `data` and the arguments are.

/// Selects rules.
#[derive(Debug, Default)]
pub struct Index {}
