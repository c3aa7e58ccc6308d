//! The registry of built-in functions: what each is called, takes and gives, and what computes it.
//!
//! One file a family below this one; each gives a table of [`Builtin`]s. A function gets its arguments by
//! reference and a [`Context`], through which it charges what it costs and reaches what the host lends.
//! It opens no file and no socket.

use crate::types::Function;
use crate::value::Value;

mod cache;
mod context;

pub use cache::Caches;
pub use context::{Budget, Context};

/// One built-in function.
#[derive(Debug)]
pub struct Builtin {
    /// Its name: `count`, `json.marshal`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// Its arguments and result.
    pub declaration: fn() -> Function,
    /// The operator it is written as: `+`.
    pub infix: Option<&'static str>,
    /// The groups `capabilities` lists it in (`strings`, `numbers`, …).
    pub categories: &'static [&'static str],
    /// Whether it may answer the same arguments differently in another query.
    pub nondeterministic: bool,
    /// Whether it gives many answers, like `walk`; then `run` gives them as an array.
    pub relation: bool,
    /// Whether it is deprecated: refused in v1 modules.
    pub deprecated: bool,
    /// What computes it.
    pub run: Run,
}

/// What computes a built-in. `args` are as many as declared.
pub type Run = fn(&mut Context<'_>, args: &[&Value]) -> Result<Value, Error>;

/// Why a built-in gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no answer, and that is no error: a look-up that finds nothing.
    #[error("undefined")]
    Undefined,
    /// An argument is not of the right type, or not of the right form: `eval_type_error`.
    #[error("{0}")]
    Type(String),
    /// It failed: `eval_builtin_error`.
    #[error("{0}")]
    Failed(String),
    /// The evaluation's budget is spent, or it was cancelled: ends the evaluation.
    #[error("caller cancelled query execution")]
    Cancelled,
    /// Ends the evaluation always, strict or not.
    #[error("{0}")]
    Halt(String),
}

/// The built-in of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static Builtin> {
    all().iter().copied().find(|builtin| builtin.name == name)
}

/// All built-ins, by name.
#[must_use]
pub fn all() -> &'static [&'static Builtin] {
    &[]
}
