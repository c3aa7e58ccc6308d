//! What can go wrong with a policy: errors of its compilation, and errors of one evaluation.
//!
//! Not the errors of reading files; those are the instance's.

use std::fmt;

use regate_rego::source::Diagnostic;

/// Where in a policy something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The module's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// One reason why a policy does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// Where it is, when that is known.
    pub location: Option<Location>,
    /// The stable code (`rego_parse_error`, `rego_type_error`, …).
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// The same in our own engine's form.
    pub diagnostic: Option<Box<Diagnostic>>,
}

/// Why a policy does not compile: the first errors, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileErrors {
    /// The errors that are shown.
    pub errors: Vec<CompileError>,
    /// How many are left out.
    pub omitted: usize,
}

/// Why an evaluation gave no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    kind: EvalErrorKind,
    code: &'static str,
    message: String,
    location: Option<String>,
}

/// The kinds of [`EvalError`] that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// No rule gave a value.
    Undefined,
    /// The deadline came.
    Cancelled,
    /// Rules gave different values for one thing.
    Conflict,
    /// The evaluation took more steps than it was given; it may be run again with more.
    TooManySteps,
    /// Something outside was asked for that is not known yet; it may be run again when it is.
    Waiting,
    /// The engine panicked.
    Panic,
    /// Anything else.
    Other,
}

// === impl CompileError ===

impl CompileError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            location: None,
            code,
            message,
            diagnostic: None,
        }
    }

    pub(super) fn at(mut self, file: &str, line: u32, column: u32) -> Self {
        self.location = Some(Location {
            file: file.to_owned(),
            line,
            column,
        });
        self
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Location { file, line, column }) = &self.location {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for CompileError {}

// === impl CompileErrors ===

impl CompileErrors {
    /// At most `max` of `errors`, in the order of their places; zero shows all.
    pub(super) fn limited(mut errors: Vec<CompileError>, max: usize) -> Self {
        errors.sort_by(|a, b| place(a).cmp(&place(b)));
        errors.dedup();
        let shown = if max == 0 {
            errors.len()
        } else {
            max.min(errors.len())
        };
        let omitted = errors.len() - shown;
        errors.truncate(shown);
        Self { errors, omitted }
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more errors", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileErrors {}

fn place(error: &CompileError) -> Option<(&str, u32, u32)> {
    error
        .location
        .as_ref()
        .map(|at| (at.file.as_str(), at.line, at.column))
}

// === impl EvalError ===

impl EvalError {
    /// No rule gave a value.
    pub(super) fn undefined() -> Self {
        Self::plain(
            EvalErrorKind::Undefined,
            "envoyauth_eval_error",
            "undefined decision",
        )
    }

    /// The deadline came before there was a decision.
    pub(super) fn cancelled() -> Self {
        let text = "context deadline reached during query execution";
        Self::plain(EvalErrorKind::Cancelled, "eval_cancel_error", text)
    }

    /// The engine panicked.
    pub(super) fn panic() -> Self {
        let text = "the evaluation failed unexpectedly; this is a defect, please report it";
        Self::plain(EvalErrorKind::Panic, "eval_internal_error", text)
    }

    /// The decision path can never have a value that is a decision.
    pub(super) fn broken(message: String) -> Self {
        Self::plain(EvalErrorKind::Other, "envoyauth_eval_error", message)
    }

    /// An error that the evaluation reports itself.
    pub(super) fn reported(
        kind: EvalErrorKind,
        code: &'static str,
        message: impl Into<String>,
        location: Option<String>,
    ) -> Self {
        Self {
            location,
            ..Self::plain(kind, code, message)
        }
    }

    /// The code that metrics and decision logs carry.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The error's kind.
    #[must_use]
    pub fn kind(&self) -> EvalErrorKind {
        self.kind
    }

    /// `file:line` in the policy, when that is known.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    fn plain(kind: EvalErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            code,
            message,
            location: None,
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == "envoyauth_eval_error" {
            return f.write_str(&self.message);
        }
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for EvalError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_errors_are_shown() {
        let one = |line| CompileError::new("rego_parse_error", "odd").at("a.rego", line, 1);
        let errors = CompileErrors::limited(vec![one(3), one(1), one(2), one(1)], 2);
        let want = "a.rego:1:1: rego_parse_error: odd\na.rego:2:1: rego_parse_error: odd\nand 1 more errors";
        assert_eq!(errors.to_string(), want);
    }
}
