//! Asks OPA's command line: slower than its server, but it takes all modules at once, knows strict queries, and can do
//! without its index.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

use regate_rego::Value;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Object, json};

use crate::answer::{Answer, Outcome};
use crate::program::{self, Text, Way, json_text};

/// How `opa eval` is asked.
#[derive(Debug, Clone, Copy, Default)]
struct How {
    strict: bool,
    /// With neither index nor early exit.
    plain: bool,
}

/// Codes and messages of errors in modules.
type Refusal = Vec<(String, String)>;

/// What a program gives.
pub fn outcome(opa: &Path, text: &Text) -> io::Result<Outcome> {
    in_folder(text, |folder| {
        if text.queries.is_empty()
            && let Err(refusal) = eval(opa, folder, text, "", How::default())?
        {
            return Ok(Outcome::refused(text.modules.len(), refusal));
        }
        let mut answers = Vec::with_capacity(text.queries.len());
        for query in &text.queries {
            let mut both = [false, true].map(|_| Answer::Failed("not asked".to_owned()));
            for (strict, answer) in [false, true].into_iter().zip(&mut both) {
                if matches!(text.way, Way::Query { strict: wanted } if wanted != strict) {
                    continue;
                }
                let how = How {
                    strict,
                    plain: false,
                };
                *answer = match eval(opa, folder, text, query, how)? {
                    Ok(answer) => answer,
                    Err(refusal) => return Ok(Outcome::refused(text.modules.len(), refusal)),
                };
            }
            answers.push(both);
        }
        Ok(Outcome::Answers(answers))
    })
}

/// What `opa eval` answers with neither index nor early exit: so each literal is evaluated, in the order of the
/// body, and no error is passed over because a later literal says no.
pub fn without_index(opa: &Path, text: &Text, query: &str, strict: bool) -> io::Result<Answer> {
    in_folder(text, |folder| {
        let how = How {
            strict,
            plain: true,
        };
        let answer = eval(opa, folder, text, query, how)?;
        Ok(answer.unwrap_or_else(|refusal| {
            let code = refusal.into_iter().next().map(|(code, _)| code);
            Answer::Error(code.unwrap_or_default())
        }))
    })
}

/// Whether `opa eval` runs a comprehension for all keys at once, to look its answers up by them: then what fails for
/// one that nobody asks for fails the query.
pub fn indexes_comprehensions(
    opa: &Path,
    text: &Text,
    query: &str,
    strict: bool,
) -> io::Result<bool> {
    in_folder(text, |folder| {
        let how = How {
            strict,
            ..How::default()
        };
        let mut command = command(opa, folder, text, query, how);
        command.args(["--metrics", "--instrument"]);
        let output = json::parse(&command.output()?.stdout).unwrap_or(Value::Null);
        let metrics = output.get_str("metrics");
        let built = "counter_eval_op_comprehension_cache_build";
        Ok(metrics.is_some_and(|metrics| metrics.get_str(built).is_some()))
    })
}

// === helpers ===

fn in_folder<T>(text: &Text, ask: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("regate-oracle-{}-{run}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let answer = write_files(&folder, text).and_then(|()| ask(&folder));
    fs::remove_dir_all(&folder)?;
    answer
}

fn write_files(folder: &Path, text: &Text) -> io::Result<()> {
    for (name, module) in text.names().iter().zip(&text.modules) {
        fs::write(folder.join(format!("{name}.rego")), module)?;
    }
    fs::write(folder.join("data.json"), json_text(&text.data()))?;
    if let Some(input) = &text.input {
        // It must not be loaded as data.
        fs::write(folder.join("input"), json_text(input))?;
    }
    Ok(())
}

fn eval(
    opa: &Path,
    folder: &Path,
    text: &Text,
    query: &str,
    how: How,
) -> io::Result<Result<Answer, Refusal>> {
    let mut command = command(opa, folder, text, query, how);
    let Ok(output) = json::parse(&command.output()?.stdout) else {
        return Ok(Ok(Answer::Failed("opa fell over".to_owned())));
    };
    if let Some(Value::Array(errors)) = output.get_str("errors") {
        return Ok(failed(errors.iter().collect()));
    }
    let rows = match output.get_str("result") {
        Some(Value::Array(rows)) => rows.iter().collect(),
        _ => Vec::new(),
    };
    let value = match text.way {
        Way::Query { .. } => {
            let rows = rows.into_iter().filter(|row| holds(row));
            program::rows(rows.map(bindings).collect())
        }
        Way::InTurn | Way::Together => rows.first().and_then(|row| first_value(row)),
    };
    Ok(Ok(value.map_or(Answer::Undefined, Answer::Value)))
}

fn command(opa: &Path, folder: &Path, text: &Text, query: &str, how: How) -> Command {
    let mut command = Command::new(opa);
    command.args(["eval", "--format", "json"]);
    if how.plain {
        command.args(["--disable-indexing", "--disable-early-exit"]);
    }
    if text.version == RegoVersion::V0 {
        command.arg("--v0-compatible");
    }
    if how.strict {
        command.arg("--strict-builtin-errors");
    }
    if text.input.is_some() {
        command.arg("--input").arg(folder.join("input"));
    }
    for name in text.names() {
        let path = folder.join(format!("{name}.rego"));
        command.arg("--data").arg(path);
    }
    command
        .arg("--data")
        .arg(folder.join("data.json"))
        .arg(text.question(query));
    command
}

/// Errors in modules, or the answer that an error in the query or in its evaluation is.
fn failed(errors: Vec<&Value>) -> Result<Answer, Refusal> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let in_module = |error: &&Value| {
        let file = error.get_str("location").and_then(|at| at.get_str("file"));
        text(error.get_str("code")).starts_with("rego_") && !text(file).is_empty()
    };
    let code = |error: &Value| text(error.get_str("code"));
    if errors.iter().any(in_module) {
        let errors = errors.into_iter();
        return Err(errors
            .map(|error| (code(error), text(error.get_str("message"))))
            .collect());
    }
    Ok(Answer::Error(
        errors.first().map(|error| code(error)).unwrap_or_default(),
    ))
}

/// `opa eval` shows a row whose expression is false, which is no answer of the query.
fn holds(row: &Value) -> bool {
    match row.get_str("expressions") {
        Some(Value::Array(expressions)) => expressions
            .iter()
            .all(|expression| expression.get_str("value") != Some(&Value::Bool(false))),
        _ => true,
    }
}

fn bindings(row: &Value) -> Value {
    let bindings = row.get_str("bindings").cloned();
    bindings.unwrap_or_else(|| Object::default().into())
}

fn first_value(row: &Value) -> Option<Value> {
    let first = row.get_str("expressions")?.get(&Value::from(0_i64))?;
    first.get_str("value").cloned()
}
