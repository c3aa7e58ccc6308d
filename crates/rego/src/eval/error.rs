//! Why an evaluation ended without an answer.

use crate::builtins;
use crate::source::Location;

/// What ended an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Two answers where the language wants one.
    Conflict,
    /// A built-in failed, in strict mode.
    Builtin,
    /// A built-in got an argument that it does not take, in strict mode.
    Type,
    /// A function that this engine does not have, or a limit of the engine itself.
    Internal,
    /// The host's flag was set.
    Cancelled,
    /// The deadline passed.
    Deadline,
    /// All steps are spent; with more of them it might end.
    TooManySteps,
    /// All memory is spent.
    TooMuchMemory,
    /// A built-in asked for what lies outside and is not there yet: evaluate again when it is.
    Waiting,
    /// Calls nest too deep for the stack that was allowed; with more of it it might end.
    TooDeep,
}

/// An error of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", place(.location.as_ref()), .kind.code())]
pub struct EvalError {
    /// What kind.
    pub kind: Kind,
    /// What happened, in a sentence.
    pub message: String,
    /// Where, as far as it is known.
    pub location: Option<Location>,
    /// How evaluation came to it, the innermost body first: of a program that was planned with
    /// [instruments](crate::plan::Options::instruments), and with a [tracer](super::Tracer).
    pub stack: Vec<Frame>,
}

/// A body that was being evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The number of its evaluation, from 0, which is the query's.
    pub query: u64,
    /// Where the expression stands that it had come to.
    pub location: Location,
    /// That expression's text.
    pub text: String,
}

/// An error on its way up: boxed, so that results stay small.
#[derive(Debug)]
pub(super) struct Halt(Box<EvalError>);

// === impl Kind ===

impl Kind {
    /// OPA's code of it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Conflict => "eval_conflict_error",
            Self::Builtin => "eval_builtin_error",
            Self::Type => "eval_type_error",
            Self::Internal | Self::Waiting => "eval_internal_error",
            Self::Cancelled
            | Self::Deadline
            | Self::TooManySteps
            | Self::TooMuchMemory
            | Self::TooDeep => "eval_cancel_error",
        }
    }
}

// === impl EvalError ===

impl EvalError {
    /// OPA's code of it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    pub(super) fn halt(kind: Kind, message: impl Into<String>, location: Option<Location>) -> Halt {
        let message = message.into();
        Halt(Box::new(Self {
            kind,
            message,
            location,
            stack: Vec::new(),
        }))
    }

    /// A spent budget, by what of it is spent.
    #[cold]
    pub(super) fn spent(budget: &builtins::Budget) -> Halt {
        let cancelled = budget.cancel.as_ref();
        let late = |at| std::time::Instant::now() >= at;
        let (kind, message) = if budget.used() > budget.steps {
            (Kind::TooManySteps, "the evaluation took all its steps")
        } else if cancelled.is_some_and(|f| f.load(std::sync::atomic::Ordering::Relaxed)) {
            (Kind::Cancelled, "caller cancelled query execution")
        } else if budget.deadline.is_some_and(late) {
            (Kind::Deadline, "the evaluation passed its deadline")
        } else {
            (Kind::TooMuchMemory, "the evaluation built too much")
        };
        Self::halt(kind, message, None)
    }
}

impl From<Halt> for EvalError {
    fn from(halt: Halt) -> Self {
        *halt.0
    }
}

// === helpers ===

fn place(location: Option<&Location>) -> String {
    location.map_or_else(String::new, |at| format!("{}:{}: ", at.file, at.row))
}
