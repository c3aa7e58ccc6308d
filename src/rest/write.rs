//! Writes of data: `PUT`, `PATCH` and `DELETE` of `/v1/data`. They go through the instance's one writer.

use axum::http::{StatusCode, header};
use axum::response::Response;

use super::answer::{Refusal, bare};
use super::body::member;
use super::params::decoded;
use super::{Call, Rest, not_done};
use crate::data::{Value, read};
use crate::engine::CompileErrors;
use crate::instance::{Edit, EditError, Operation, Step};
use crate::tool::problem::Problem;

impl Rest {
    /// `PUT /v1/data`.
    pub(super) async fn put_data(
        &self,
        call: &Call,
        path: Vec<String>,
    ) -> Result<Response, Refusal> {
        let value = self.written(call).await?;
        let conditions = call.headers.get_all(header::IF_NONE_MATCH);
        let new = conditions.iter().any(|value| value == "*");
        self.make(Edit::PutData { path, value, new }).await
    }

    /// `PATCH /v1/data`.
    pub(super) async fn patch_data(
        &self,
        call: &Call,
        path: Vec<String>,
    ) -> Result<Response, Refusal> {
        let steps = steps(&path, &self.written(call).await?)?;
        self.make(Edit::PatchData(steps)).await
    }

    /// `DELETE /v1/data`.
    pub(super) async fn delete_data(&self, path: Vec<String>) -> Result<Response, Refusal> {
        self.make(Edit::DeleteData(path)).await
    }

    async fn make(&self, edit: Edit) -> Result<Response, Refusal> {
        match self.edits.make(edit).await {
            Ok(()) => Ok(bare(StatusCode::NO_CONTENT)),
            Err(EditError::Exists) => Ok(bare(StatusCode::NOT_MODIFIED)),
            Err(EditError::Compile(errors)) => Err(Refusal::invalid(summary(&errors))),
            Err(error) => Err(Refusal::of_edit(&error)),
        }
    }

    /// The document of a write, as it came: OPA reads neither gzip nor YAML there.
    async fn written(&self, call: &Call) -> Result<Value, Refusal> {
        let payload = call.payload.clone();
        let read = move || read::first_json_value(payload.raw());
        let read = self.asking.pool.run(read).await.map_err(not_done)?;
        read.map_err(|error| Refusal::invalid(error.to_string()))
    }
}

// === impl Refusal ===

impl Refusal {
    /// As a change that was not made is answered.
    pub(super) fn of_edit(error: &EditError) -> Self {
        let text = error.to_string();
        match error {
            EditError::Conflict(_) => Self::new(StatusCode::NOT_FOUND, "resource_conflict", text),
            EditError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "resource_not_found", text),
            EditError::Failed(_) => Self::internal(text),
            EditError::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", text),
            EditError::Owned { .. }
            | EditError::AllOwned(_)
            | EditError::RootOwned
            | EditError::Exists
            | EditError::Root(_)
            | EditError::Compile(_) => Self::invalid(text),
        }
    }
}

// === helpers ===

/// Reads a patch of the document at `base`.
fn steps(base: &[String], patch: &Value) -> Result<Vec<Step>, Refusal> {
    let Value::Array(steps) = patch else {
        return Err(Refusal::invalid("expected a list of operations"));
    };
    let step = |step: &Value| {
        if !matches!(step, Value::Object(_)) {
            return Err(Refusal::invalid(
                "expected operations with `op`, `path` and `value`",
            ));
        }
        let text = |name| {
            member(step, name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let operation = match text("op") {
            "add" => Operation::Add,
            "remove" => Operation::Remove,
            "replace" => Operation::Replace,
            other => return Err(Refusal::invalid(format!("bad patch operation: {other}"))),
        };
        let below = pointer(text("path"));
        let bad = || Refusal::invalid(format!("bad patch path: {}", text("path")));
        let mut path = base.to_vec();
        path.extend(below.ok_or_else(bad)?);
        Ok(Step {
            operation,
            path,
            value: member(step, "value").cloned().unwrap_or(Value::Null),
        })
    };
    steps.iter().map(step).collect()
}

/// The names of a JSON pointer, in which OPA reads percent escapes too; slashes at its ends do not count. What has an
/// escape that is none is nothing.
fn pointer(text: &str) -> Option<Vec<String>> {
    let text = text.trim_matches('/');
    let names = text.split('/').filter(|_| !text.is_empty());
    let plain = |name: String| name.replace("~1", "/").replace("~0", "~");
    names.map(|name| decoded(name, false).map(plain)).collect()
}

/// All errors in one text.
fn summary(errors: &CompileErrors) -> String {
    let shown = problems(errors);
    let lines: Vec<String> = shown.iter().map(ToString::to_string).collect();
    match lines.as_slice() {
        [one] => format!("1 error occurred: {one}"),
        many => format!("{} errors occurred:\n{}", many.len(), many.join("\n")),
    }
}

/// Errors as OPA lists them.
pub(super) fn problems(errors: &CompileErrors) -> Vec<Problem> {
    let errors = errors.errors.iter();
    let problems = errors.map(|error| match &error.diagnostic {
        Some(diagnostic) => Problem::from(&**diagnostic),
        None => Problem::plain(error),
    });
    problems.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_as_opa_reads_it() {
        for (text, names) in [
            ("", &[][..]),
            ("/", &[]),
            ("/a/b", &["a", "b"]),
            ("a~1b/c~0d", &["a/b", "c~d"]),
            ("//a%20b/", &["a b"]),
            ("%7E1", &["/"]),
            ("a//b", &["a", "", "b"]),
            ("-", &["-"]),
        ] {
            let want = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(pointer(text), Some(want), "{text}");
        }
        assert_eq!(pointer("/%zz"), None);
    }

    #[test]
    fn a_patch_is_a_list_of_known_operations() {
        let steps = |text: &str| {
            let patch = read::json_value(text.as_bytes()).expect("JSON");
            steps(&["base".to_owned()], &patch)
        };
        let read = steps(r#"[{"op": "add", "path": "/x", "value": true}]"#).expect("a patch");
        assert_eq!(read[0].path, ["base", "x"]);
        for bad in [
            "{}",
            "[1]",
            r#"[{"path": "/x"}]"#,
            r#"[{"op": "test", "path": "/x"}]"#,
        ] {
            assert!(steps(bad).is_err(), "{bad}");
        }
    }
}
