//! Text to syntax tree, in linear time and bounded depth.
//!
//! The tree says what was written, no more: names are not resolved, nothing is rewritten except where Rego's
//! own grammar does it (a chained body is a further rule, an infix operator is a call).

pub mod ast;
