//! The policy engine: modules and data in, a [`Policy`] out; inputs in, decisions out.
//!
//! There are two behind this door: our own, and regorus. [`Engine::Verify`] asks both.

use std::sync::Arc;
use std::time::Instant;

use crate::data::{Object, Value};

mod demand;
mod error;
mod evaluator;
mod memory;
mod native;
mod policy;
mod query;
mod regorus;
mod runtime;
mod world;

pub use demand::Demand;
pub use error::{CompileError, CompileErrors, EvalError, EvalErrorKind, Location};
pub use evaluator::{Difference, Evaluation, Evaluator};
pub use memory::{Memory, MemoryLimits};
pub use policy::Policy;
pub use query::{Answers, Diagnostic, Failure, Query, Terms, Unprepared, Wanted};
pub use runtime::runtime;
pub use world::{Answer, Known, NoAnswer, Question, World};

/// Which engine decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Engine {
    /// Our own.
    #[default]
    Native,
    /// regorus.
    Regorus,
    /// Our own decides, regorus is asked as well, and differences are reported.
    Verify,
}

/// What a policy is compiled from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The Rego files.
    pub modules: Vec<Module>,
    /// The base data, an object.
    pub data: Value,
    /// What is asked for decisions, by the number that [`Evaluator::eval`] takes. The first one is
    /// expected to be defined; of the others nobody is warned.
    pub entrypoints: Vec<Entrypoint>,
    /// What decides.
    pub engine: Engine,
    /// What `opa.runtime()` gives; regorus has its own.
    pub runtime: Object,
    /// How many errors are reported at most; zero reports all.
    pub max_errors: usize,
}

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
    /// How many steps our own engine takes before it gives way with [`EvalErrorKind::TooManySteps`].
    pub steps: Option<u64>,
}

/// One line of `print()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// `file:line`.
    pub location: String,
    /// What was printed.
    pub message: String,
}
