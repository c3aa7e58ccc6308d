//! The registry of built-in functions: what each is called, takes and gives, and what computes it.
//!
//! One file a family below this one; each gives a table of [`Builtin`]s. A function gets its arguments by
//! reference and a [`Context`], through which it charges what it costs and reaches what the host lends.
//! It opens no file and no socket.

use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::types::Function;
use crate::value::{NumberError, Value};

mod aggregates;
mod arithmetic;
mod arrays;
pub mod aws;
mod bits;
mod cache;
#[cfg(test)]
mod calls;
mod comparison;
mod context;
mod conversions;
mod crypto;
mod declare;
mod encoding;
mod glob;
mod graph;
mod graphql;
pub mod http;
mod internal;
mod json;
mod jwt;
mod kept;
mod net;
mod numbers;
mod objects;
mod operand;
mod outside;
mod providers;
mod random;
mod regex;
mod rego;
mod runtime;
mod semver;
mod sets;
mod sprintf;
mod strings;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod types;
mod units;
mod uri;
mod uuid;
mod yaml;

pub use cache::{Caches, Ready};
pub use context::{Budget, Context};
pub use graph::Walk;
pub(crate) use json::schema_part;
pub use jwt::cache::{TokenCache, TokenLimits, TokenStats};
pub use kept::KeptStats;
pub use outside::{Outside, Question, Reply};
pub use regex::Regex;

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
    /// Whether it is for modules of the host alone, and so no capability.
    pub hosts: bool,
    /// What compiles its constant arguments, before anything is asked.
    pub prepare: Option<Prepare>,
    /// What computes it.
    pub run: Run,
}

/// Compiles arguments that are constants: `None` stands for one that is not.
pub type Prepare = fn(&mut Ready, args: &[Option<&Value>]);

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
    /// The answer is outside and not there yet: ends the evaluation, which the host runs again.
    #[error("waits for an answer from outside")]
    Waiting,
    /// Ends the evaluation always, strict or not.
    #[error("{0}")]
    Halt(String),
}

/// A built-in by its number: the same for as long as the process runs, dense from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuiltinId(u16);

/// One table a family.
static FAMILIES: &[&[Builtin]] = &[
    aggregates::TABLE,
    arithmetic::TABLE,
    arrays::TABLE,
    bits::TABLE,
    comparison::TABLE,
    conversions::TABLE,
    crypto::TABLE,
    encoding::TABLE,
    glob::TABLE,
    graph::TABLE,
    graphql::TABLE,
    http::TABLE,
    internal::TABLE,
    json::TABLE,
    jwt::TABLE,
    net::TABLE,
    numbers::TABLE,
    objects::TABLE,
    providers::TABLE,
    random::TABLE,
    regex::TABLE,
    rego::TABLE,
    runtime::TABLE,
    semver::TABLE,
    sets::TABLE,
    sprintf::TABLE,
    strings::TABLE,
    time::TABLE,
    types::TABLE,
    units::TABLE,
    uri::TABLE,
    uuid::TABLE,
    yaml::TABLE,
];

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::gather);

struct Registry {
    by_name: Vec<&'static Builtin>,
    ids: HashMap<&'static str, BuiltinId, FixedState>,
}

// === impl Builtin ===

impl Builtin {
    /// Runs it; an error's message begins with its name.
    pub fn call(&self, context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
        let places = args.iter().map(|arg| match arg {
            Value::Number(number) => number.span(),
            _ => 0,
        });
        context.budget.calculate(places.sum())?;
        (self.run)(context, args).map_err(|error| match error {
            Error::Type(message) => Error::Type(format!("{}: {message}", self.name)),
            Error::Failed(message) => Error::Failed(format!("{}: {message}", self.name)),
            error => error,
        })
    }
}

// === impl Error ===

impl From<NumberError> for Error {
    fn from(error: NumberError) -> Self {
        Self::Failed(error.to_string())
    }
}

// === impl BuiltinId ===

impl BuiltinId {
    /// The built-in with that number.
    #[must_use]
    pub fn builtin(self) -> Option<&'static Builtin> {
        all().get(usize::from(self.0)).copied()
    }
}

// === impl Registry ===

impl Registry {
    fn gather() -> Self {
        let mut by_name: Vec<&'static Builtin> = FAMILIES.iter().copied().flatten().collect();
        by_name.sort_unstable_by_key(|builtin| builtin.name);
        let ids = (0..).map(BuiltinId);
        let ids = by_name.iter().zip(ids).map(|(b, id)| (b.name, id));
        let ids = ids.collect();
        Self { by_name, ids }
    }
}

/// The built-in of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static Builtin> {
    id(name)?.builtin()
}

/// The number of the built-in of that name.
#[must_use]
pub fn id(name: &str) -> Option<BuiltinId> {
    REGISTRY.ids.get(name).copied()
}

/// All built-ins, by name.
#[must_use]
pub fn all() -> &'static [&'static Builtin] {
    &REGISTRY.by_name
}

#[cfg(test)]
mod tests {
    use super::testing::call;
    use super::{Budget, BuiltinId, Error, all, get, id};

    #[test]
    fn names_are_sorted_unique_and_found() {
        let names: Vec<&str> = all().iter().map(|builtin| builtin.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for name in names {
            let found = id(name).and_then(BuiltinId::builtin).map(|b| b.name);
            assert_eq!(found, Some(name));
        }
        assert!(get("no.such").is_none(), "an unknown name is not found");
    }

    #[test]
    fn what_a_few_arguments_blow_up_is_refused_before_it_is_built() {
        let calls = [
            ("numbers.range", "[0, 1000000000000000000]"),
            ("numbers.range_step", "[0, 1000000000000000000, 2]"),
            ("sprintf", r#"["%10000000d", [1]]"#),
            ("sprintf", r#"["%.10000000f", [1.5]]"#),
            ("bits.lsh", "[1, 1000000]"),
        ];
        for (name, args) in calls {
            let mut budget = Budget::default();
            budget.memory = 100_000;
            let answer = call(name, args, &mut budget);
            assert_eq!(answer, Err(Error::Cancelled), "{name}({args})");
        }
    }
}
