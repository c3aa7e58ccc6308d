//! A Rego engine to embed: modules and data in, a compiled policy out; inputs in, answers out.
//!
//! The rooms stand in the order in which a policy walks through them. A room uses only those above it.
//!
//! | room | what it is |
//! | --- | --- |
//! | [`value`] | immutable values with a total order |
//! | [`types`] | the static types of values |
//! | [`source`] | files, spans in them, errors about them |
//! | [`syntax`] | text to syntax tree |
//! | [`builtins`] | the registry of built-in functions |
//! | [`hir`] | what a checked policy is: names resolved, bodies in an order that is safe |
//! | [`capabilities`] | what the engine can do, as a file |
//! | [`check`] | syntax trees to a checked policy, or to errors |
//! | [`plan`] | a checked policy to units over numbered slots |
//! | [`eval`] | plan, data and input to answers |
//! | [`compile()`] | the short way through all of them |
//!
//! No room does input or output; what reaches outside is handed in by the host.

pub mod builtins;
pub mod capabilities;
pub mod check;
mod compile;
pub mod eval;
pub mod hir;
pub mod plan;
pub mod source;
pub mod syntax;
pub mod types;
pub mod value;

pub use compile::{CompileOptions, Compiled, PreparedQuery, Source, compile, compile_with};
pub use eval::{EvalError, Evaluator, Options as EvalOptions, Policy};
pub use value::Value;
