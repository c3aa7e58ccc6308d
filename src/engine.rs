//! The policy engine: modules and data in, a [`Policy`] out; inputs in, decisions out.
//!
//! The engine behind it is regorus. Nothing outside this room and `data` names it. What regorus
//! gets wrong in a way that could hurt (unbounded recursion, exponential parsing, panics) is stopped
//! here, before or around it.

use std::sync::Arc;
use std::time::Instant;

mod builtins;
mod check;
mod demand;
mod entry;
mod error;
mod evaluator;
mod facts;
mod index;
mod negation;
mod policy;
mod safety;
mod scan;
#[cfg(test)]
mod tests;

pub use demand::Demand;
pub use error::{CompileError, CompileErrors, EvalError, EvalErrorKind, Location};
pub use evaluator::{Evaluation, Evaluator};
pub use policy::{Policy, Source};

/// One Rego file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The file's name as errors and `print` show it.
    pub name: String,
    /// Its text.
    pub source: Arc<str>,
    /// The language version it is written in.
    pub version: RegoVersion,
}

/// A version of the Rego language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RegoVersion {
    /// Rego before OPA 1.0, without `import rego.v1`.
    V0,
    /// Rego since OPA 1.0.
    #[default]
    V1,
}

/// What of the policy is asked for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrypoint {
    /// `path`: `/`-separated, exactly as configured.
    Path(String),
    /// `query`: any Rego body; its first expression is the decision.
    Query(String),
}

/// What bounds one evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The evaluation is stopped when this time comes.
    pub deadline: Instant,
}

/// One line of `print()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// `file:line`.
    pub location: String,
    /// What was printed.
    pub message: String,
}
