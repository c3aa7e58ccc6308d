//! Errors of regorus, by their text: it is all there is to go by.

use crate::engine::{CompileError, EvalError, EvalErrorKind};

/// An error of compilation, whose text carries the place and a picture of the line.
pub(super) fn compile(file: &str, code: &'static str, text: &str) -> CompileError {
    match Located::parse(text) {
        Some(found) => {
            CompileError::new(code, found.message).at(found.file, found.line, found.column)
        }
        None => CompileError::new(code, format!("{file}: {}", text.trim())),
    }
}

/// A number of the input that the engine cannot hold.
pub(super) fn number(text: String) -> EvalError {
    EvalError::reported(EvalErrorKind::Other, "eval_internal_error", text, None)
}

/// An error of evaluation.
pub(super) fn eval(text: &str) -> EvalError {
    let found = Located::parse(text);
    let message = found.as_ref().map_or(text.trim(), |found| found.message);
    let location = found
        .as_ref()
        .map(|found| format!("{}:{}", found.file, found.line));
    let (kind, code, message) = classify(message);
    EvalError::reported(kind, code, message, location)
}

/// Names an error of regorus as Rego's users know it; the wording is all there is to go by.
fn classify(message: &str) -> (EvalErrorKind, &'static str, &str) {
    let conflict = |text| (EvalErrorKind::Conflict, "eval_conflict_error", text);
    if message.starts_with("function") && message.contains("multiple outputs") {
        return conflict("functions must not produce multiple outputs for same inputs");
    }
    if message.starts_with("rules must not") || message.contains("value for key") {
        return conflict("object keys must be unique");
    }
    if message.contains("multiple outputs") || message.starts_with("rule conflicts with") {
        return conflict("complete rules must not produce multiple outputs");
    }
    if message.contains("execution") && message.contains("limit") {
        let text = "context deadline reached during query execution";
        return (EvalErrorKind::Cancelled, "eval_cancel_error", text);
    }
    (EvalErrorKind::Other, "eval_internal_error", message)
}

/// The parts of an error of regorus that names a place.
struct Located<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

impl<'a> Located<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.trim_start().strip_prefix("--> ")?;
        let (place, rest) = rest.split_once('\n')?;
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next()?.trim().parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?;
        let (_, message) = rest.split_once("error: ")?;
        Some(Self {
            file,
            line,
            column,
            message: message.trim(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_taken_from_the_engines_picture() {
        let text = "\n--> dir/a.rego:7:3\n  |\n7 | x = y\n  |   ^\nerror: complete rules should \
                    not produce multiple outputs";
        let error = eval(text);
        assert_eq!(error.kind(), EvalErrorKind::Conflict);
        assert_eq!(error.location(), Some("dir/a.rego:7"));
        let want =
            "dir/a.rego:7: eval_conflict_error: complete rules must not produce multiple outputs";
        assert_eq!(error.to_string(), want);
    }
}
