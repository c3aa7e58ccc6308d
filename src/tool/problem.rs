//! What went wrong, as `opa` reports it: with code and place where it has them.

use std::fmt::{self, Write as _};

use regate_rego::EvalError;
use regate_rego::eval::Frame;
use regate_rego::source::{Code, Diagnostic, Location};

use super::json::Json;
use super::observe::{number, place_json};

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// OPA's code of it.
    pub code: Option<&'static str>,
    /// What, in a sentence.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// The line it points to, and how wide the caret is.
    line: Option<Box<(String, u32)>>,
    /// What would fix it.
    hint: Option<String>,
    /// What OPA says of it besides, in JSON alone.
    details: Option<Box<Details>>,
    /// How evaluation came to it, the innermost body first.
    stack: Box<[Frame]>,
}

/// What OPA says of an error beside its message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Details {
    /// The line of a parse error, and how many of its bytes stand before the place.
    Line { line: String, idx: u32 },
    /// The types that do not fit, as text: the lines of the message behind the first.
    Types(String),
}

/// Words of errors that the parser finds in trees.
const IN_TREE: [&str; 4] = [
    "keyword is required",
    "package expected",
    "invalid annotation",
    "cannot be used for rule",
];

/// All that went wrong.
pub type Problems = Vec<Problem>;

// === impl Problem ===

impl Problem {
    /// Without code or place.
    #[must_use]
    pub fn plain(message: impl fmt::Display) -> Self {
        Self {
            code: None,
            message: message.to_string(),
            location: None,
            line: None,
            hint: None,
            details: None,
            stack: Box::default(),
        }
    }

    /// Of a compilation as a whole.
    #[must_use]
    pub fn compile(message: impl fmt::Display) -> Self {
        Self {
            code: Some(Code::Compile.as_str()),
            ..Self::plain(message)
        }
    }

    /// As `errors` lists it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let place = |at: &Location| place_json(&at.file, at.row, at.col);
        let mut message = self.message.as_str();
        let details = self.details.as_deref().map(|details| match details {
            Details::Line { line, idx } => Json::object()
                .with("line", line.as_str())
                .with("idx", i64::from(*idx)),
            Details::Types(text) => {
                message = message.lines().next().unwrap_or_default();
                Json::object().with("text", text.as_str())
            }
        });
        let frames = self.stack.iter().map(|frame| {
            Json::object()
                .with("query_id", number(frame.query))
                .with("location", place(&frame.location))
        });
        let stack = (!self.stack.is_empty()).then(|| frames.collect::<Json>());
        Json::object()
            .with("message", message)
            .with_some("code", self.code)
            .with_some("location", self.location.as_ref().map(place))
            .with_some("details", details)
            .with_some("stack_trace", stack)
    }
}

impl Problem {
    fn shown(&self) -> String {
        let mut text = format!("{self}\n");
        if let (Some(shown), Some(at)) = (&self.line, &self.location) {
            let (line, width) = shown.as_ref();
            let before = line.chars().take((at.col as usize).saturating_sub(1));
            // Tabs stay tabs, so that the caret stands under its column.
            let pad: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
            let caret = "^".repeat(*width as usize);
            let _ = write!(text, "\t{line}\n\t{pad}{caret}\n");
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "\t{hint}");
        }
        if !self.stack.is_empty() {
            let _ = write!(text, "\n{}", self.traceback());
        }
        text
    }

    /// How evaluation came to it, a line for each body; nothing where that is not known.
    pub(super) fn traceback(&self) -> String {
        if self.stack.is_empty() {
            return String::new();
        }
        let lines = self.stack.iter().map(|frame| {
            let at = &frame.location;
            let place = match &*at.file {
                "" => format!("{}:{}", at.row, at.col),
                file => format!("{file}:{}", at.row),
            };
            format!("  {place}: {}\n", one_line(&frame.text))
        });
        std::iter::once("Traceback:\n".to_owned())
            .chain(lines)
            .collect()
    }
}

impl fmt::Display for Problem {
    /// `file:row: code: message`, as far as these are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.location {
            let frame = self.stack.first().filter(|frame| frame.location == *at);
            if let Some(frame) = frame.filter(|_| at.file.is_empty()) {
                write!(f, "{}: ", one_line(&frame.text))?;
            } else if at.file.is_empty() {
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
            line: diagnostic.line.clone().map(Box::new),
            hint: diagnostic.hint.clone(),
            details: details(diagnostic).map(Box::new),
            stack: Box::default(),
        }
    }
}

impl From<&EvalError> for Problem {
    fn from(error: &EvalError) -> Self {
        Self {
            code: Some(error.code()),
            location: error.location.clone(),
            stack: error.stack.clone().into(),
            ..Self::plain(&error.message)
        }
    }
}

// === helpers ===

/// What OPA says besides: of what its parser finds the line, of what it finds in a tree that was parsed nothing; of
/// types what they are.
fn details(diagnostic: &Diagnostic) -> Option<Details> {
    let found = &diagnostic.message;
    match diagnostic.code {
        Code::Parse if !IN_TREE.iter().any(|text| found.contains(text)) => {
            let (line, _) = diagnostic.line.as_ref()?;
            Some(Details::Line {
                line: line.clone(),
                idx: diagnostic.location.col.saturating_sub(1),
            })
        }
        Code::Type => {
            let (_, types) = found.split_once('\n')?;
            Some(Details::Types(types.replace('\t', "")))
        }
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Diagnostics as problems.
#[must_use]
pub fn diagnosed(errors: &[Diagnostic]) -> Problems {
    errors.iter().map(Problem::from).collect()
}

/// `1 error occurred: …` or `N errors occurred:` and one after the other, each with the line it points to.
/// `loading`: they were found before anything was compiled.
#[must_use]
pub fn shown(problems: &[Problem], loading: bool) -> String {
    let during = if loading { " during loading" } else { "" };
    match problems {
        [one] => format!("1 error occurred{during}: {}", one.shown()),
        many => {
            let shown: String = many.iter().map(Problem::shown).collect();
            format!("{} errors occurred{during}:\n{shown}", many.len())
        }
    }
}
