//! Syntax trees to a checked policy, or to errors.

pub mod types;
