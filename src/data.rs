//! Immutable JSON documents: the engine's [`Value`], and [`Doc`], a borrowed tree that knows the
//! text of its numbers.
//!
//! A [`Doc`] is what a request, a body or a configuration file is read into. It becomes a [`Value`]
//! for the engine, or JSON text for the decision log, and is then thrown away.

use std::borrow::Cow;

pub mod canonical;
mod convert;
pub mod float;
mod footprint;
pub mod json;
pub mod merge;
pub mod quote;
pub mod read;
pub mod write;
pub mod yaml;

pub use convert::{NumberError, dismantle, into_value};
pub use footprint::footprint;

/// A value of the policy engine: cheap to clone, safe to share.
pub use regate_rego::Value;

/// Strings whose bytes are not UTF-8.
pub use regate_rego::value::octets;

/// The parts of values.
pub use regate_rego::value::{Array, Number, Object, Set, Str};

/// A JSON document that borrows from the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Doc<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number by its JSON text, kept as it was written (`1.50`, `1e400`).
    Number(Cow<'a, str>),
    /// A string.
    String(Cow<'a, str>),
    /// A string whose bytes are not UTF-8, as percent-decoding can give.
    Octets(Vec<u8>),
    /// An array.
    Array(Vec<Doc<'a>>),
    /// An object; of two equal keys the last one counts.
    Object(Vec<(Cow<'a, str>, Doc<'a>)>),
}
