//! What went wrong, as `opa` reports it: with code and place where it has them.

use std::fmt::{self, Write as _};

use regate_rego::EvalError;
use regate_rego::source::{Diagnostic, Location};

use super::json::Json;

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// OPA's code of it.
    pub code: Option<&'static str>,
    /// What, in a sentence.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// The line it points to, and how wide the caret is.
    line: Option<(String, u32)>,
    /// What would fix it.
    hint: Option<String>,
}

/// All that went wrong.
pub(super) type Problems = Vec<Problem>;

// === impl Problem ===

impl Problem {
    /// Without code or place.
    pub(super) fn plain(message: impl fmt::Display) -> Self {
        Self {
            code: None,
            message: message.to_string(),
            location: None,
            line: None,
            hint: None,
        }
    }

    /// Of a compilation as a whole.
    pub(super) fn compile(message: impl fmt::Display) -> Self {
        Self {
            code: Some(regate_rego::source::Code::Compile.as_str()),
            ..Self::plain(message)
        }
    }

    /// As `errors` lists it.
    pub(super) fn to_json(&self) -> Json {
        let place = self.location.as_ref().map(|at| {
            Json::object()
                .with("file", &*at.file)
                .with("row", i64::from(at.row))
                .with("col", i64::from(at.col))
        });
        Json::object()
            .with("message", self.message.as_str())
            .with_some("code", self.code)
            .with_some("location", place)
    }
}

impl Problem {
    fn shown(&self) -> String {
        let mut text = format!("{self}\n");
        if let (Some((line, width)), Some(at)) = (&self.line, &self.location) {
            let before = line.chars().take((at.col as usize).saturating_sub(1));
            // Tabs stay tabs, so that the caret stands under its column.
            let pad: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
            let caret = "^".repeat(*width as usize);
            let _ = write!(text, "\t{line}\n\t{pad}{caret}\n");
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "\t{hint}");
        }
        text
    }
}

impl fmt::Display for Problem {
    /// `file:row: code: message`, as far as these are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.location {
            if at.file.is_empty() {
                write!(f, "{}:{}: ", at.row, at.col)?;
            } else {
                write!(f, "{}:{}: ", at.file, at.row)?;
            }
        }
        if let Some(code) = self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<&Diagnostic> for Problem {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: Some(diagnostic.code.as_str()),
            message: diagnostic.message.clone(),
            location: Some(diagnostic.location.clone()),
            line: diagnostic.line.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}

impl From<&EvalError> for Problem {
    fn from(error: &EvalError) -> Self {
        Self {
            code: Some(error.code()),
            message: error.message.clone(),
            location: error.location.clone(),
            line: None,
            hint: None,
        }
    }
}

// === helpers ===

/// Diagnostics as problems.
pub(super) fn diagnosed(errors: &[Diagnostic]) -> Problems {
    errors.iter().map(Problem::from).collect()
}

/// `1 error occurred: …` or `N errors occurred:` and one after the other, each with the line it points to.
/// `loading`: they were found before anything was compiled.
pub(super) fn shown(problems: &[Problem], loading: bool) -> String {
    let during = if loading { " during loading" } else { "" };
    match problems {
        [one] => format!("1 error occurred{during}: {}", one.shown()),
        many => {
            let shown: String = many.iter().map(Problem::shown).collect();
            format!("{} errors occurred{during}:\n{shown}", many.len())
        }
    }
}
