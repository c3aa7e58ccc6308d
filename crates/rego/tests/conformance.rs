//! OPA's language cases, run in process. What does not pass stands in a list with a reason; a listed case that
//! passes and an unlisted one that fails fail the test.
//!
//! The cases are found through `REGATE_CONFORMANCE` or beside the repository; without them the test says so and
//! passes, except where `CI` is `true`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "all of this file is a test, and says what it skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regate_rego::value::{Array, Data, Object, json, write_json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile_with};

const KNOWN: &str = "../../tests/cases/rego-known.txt";

#[test]
fn language_cases() {
    let Some(folder) = folder() else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no conformance cases: set REGATE_CONFORMANCE to the folder that has rego/*.json"
        );
        println!("SKIPPED: no conformance cases found; set REGATE_CONFORMANCE");
        return;
    };
    let known = known();
    let mut failed = BTreeMap::new();
    let mut passed = BTreeSet::new();
    let only = std::env::var("REGATE_CASE").unwrap_or_default();
    for (name, case) in cases(&folder) {
        if !name.contains(&only) {
            continue;
        }
        let run = std::panic::AssertUnwindSafe(|| run(&case));
        match std::panic::catch_unwind(run).unwrap_or_else(|_| Err("panicked".to_owned())) {
            Ok(()) => {
                passed.insert(name);
            }
            Err(why) => {
                failed.insert(name, why);
            }
        }
    }
    passed.retain(|name| !failed.contains_key(name));
    println!("{} passed, {} failed", passed.len(), failed.len());
    let listed: Vec<_> = passed
        .iter()
        .filter(|name| known.contains_key(*name))
        .collect();
    let unlisted = failed.iter().filter(|(name, _)| !known.contains_key(*name));
    let unlisted: Vec<_> = unlisted
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    assert!(
        listed.is_empty() && unlisted.is_empty(),
        "these pass; take them off {KNOWN}:\n{listed:#?}\nthese fail:\n{}",
        unlisted.join("\n")
    );
}

/// Where the cases are: a relative path starts at the repository, as it does for `make`.
fn folder() -> Option<PathBuf> {
    let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let named = std::env::var_os("REGATE_CONFORMANCE").map(PathBuf::from);
    let folder = repository.join(named.unwrap_or_else(|| "../shared/conformance".into()));
    let folder = folder.join("rego");
    folder.is_dir().then_some(folder)
}

/// The cases that do not pass, each with its reason.
fn known() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(KNOWN);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &str| {
        let (name, reason) = line
            .split_once("  # ")
            .unwrap_or_else(|| panic!("no reason: {line}"));
        (name.to_owned(), reason.to_owned())
    };
    lines.map(entry).collect()
}

/// All cases, by `folder: note`.
fn cases(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    let mut seen = BTreeMap::new();
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file = json::parse(std::fs::read(&path).unwrap()).unwrap();
        for case in &array(file.get_str("cases")) {
            let note = text(case, "note");
            let mut name = format!("{name}: {note}");
            // Some notes stand more than once.
            let times = seen
                .entry(name.clone())
                .and_modify(|n| *n += 1)
                .or_insert(1);
            if *times > 1 {
                name = format!("{name} ({times})");
            }
            all.push((name, case.clone()));
        }
    }
    all
}

fn run(case: &Value) -> Result<(), String> {
    let want_code = case.get_str("want_error_code").and_then(Value::as_str);
    let wants_error = want_code.is_some() || case.get_str("want_error").is_some();
    let answered = answer(case, true);
    let slowly = answer(case, false);
    if answered != slowly {
        return Err(format!(
            "{slowly:?} without index and reuse, {answered:?} with them"
        ));
    }
    match answered {
        Err(codes) if wants_error => match want_code {
            Some(code) if !codes.contains(code) => Err(format!("{codes}, want {code}")),
            _ => Ok(()),
        },
        Err(error) => Err(error),
        Ok(rows) if wants_error => Err(format!("no error: {rows:?}, want {want_code:?}")),
        Ok(rows) => compare(case, &rows),
    }
}

fn compare(case: &Value, rows: &[Value]) -> Result<(), String> {
    let sort = case
        .get_str("sort_bindings")
        .is_some_and(|v| *v == Value::Bool(true));
    let wanted = array(case.get_str("want_result"));
    if wanted.is_empty() {
        let any = rows
            .iter()
            .any(|row| matches!(row, Value::Object(o) if !o.is_empty()));
        let any = any || (case.get_str("want_result").is_none() && !rows.is_empty());
        return if any {
            Err(format!("want undefined, got {rows:?}"))
        } else {
            Ok(())
        };
    }
    let canonical = |values: &mut dyn Iterator<Item = &Value>| {
        let mut values: Vec<Value> = values.map(|value| canonical(value, sort)).collect();
        values.sort();
        values
    };
    let got = canonical(&mut rows.iter());
    let want = canonical(&mut wanted.iter());
    if got == want {
        return Ok(());
    }
    Err(format!("got {got:?}, want {want:?}"))
}

/// The bindings of each row, or all errors as text; what only makes them come sooner must not matter.
fn answer(case: &Value, fast: bool) -> Result<Vec<Value>, String> {
    let texts = array(case.get_str("modules"));
    let names: Vec<String> = (0..texts.len()).map(|at| format!("m{at}.rego")).collect();
    let sources: Vec<Source<'_>> = texts
        .iter()
        .zip(&names)
        .map(|(text, name)| Source {
            name,
            text: text.as_str().unwrap_or_default(),
            version: regate_rego::syntax::ast::RegoVersion::V1,
        })
        .collect();
    let data = case
        .get_str("data")
        .filter(|data| matches!(data, Value::Object(_)));
    let data = data.cloned().map_or_else(Data::default, Data::new);
    let how = CompileOptions {
        plan: regate_rego::plan::Options {
            index: fast,
            reuse: fast,
            ..regate_rego::plan::Options::default()
        },
        ..CompileOptions::default()
    };
    let all = |errors: Vec<regate_rego::source::Diagnostic>| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        texts.join("; ")
    };
    let compiled = compile_with(&sources, how, data).map_err(all)?;
    let mut query = text(case, "query").to_owned();
    if let Some(term) = case.get_str("input_term").and_then(Value::as_str) {
        query = format!("{query} with input as {term}");
    }
    let input = case
        .get_str("input")
        .filter(|input| !matches!(input, Value::Null));
    let prepared = compiled.prepare(&query).map_err(all)?;
    let mut options = EvalOptions {
        strict_builtin_errors: case.get_str("strict_error") == Some(&Value::Bool(true)),
        // Some cases hold certificates that are valid from the end of 2023 on.
        now_ns: 1_750_000_000_000_000_000,
        runtime: Object::default().into(),
        ..EvalOptions::default()
    };
    options.budget.steps = 20_000_000;
    let rows = prepared.rows(
        &mut Evaluator::new(),
        compiled.policy(),
        input,
        &mut options,
    );
    let rows = rows.map_err(|error| error.to_string())?;
    let object = |row: &regate_rego::eval::Row| {
        let bindings = row.bindings.iter();
        let object: Object = bindings
            .map(|(name, value)| (name.clone().into(), value.clone()))
            .collect();
        as_json(&object.into())
    };
    Ok(rows.iter().map(object).collect())
}

/// The value as JSON shows it.
fn as_json(value: &Value) -> Value {
    let mut text = String::new();
    write_json(value, &mut text).unwrap();
    json::parse(text).unwrap()
}

/// With arrays sorted, where their order does not count.
fn canonical(value: &Value, sort: bool) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| canonical(item, sort)).collect();
            if sort {
                items.sort();
            }
            items.into()
        }
        Value::Object(object) => {
            let members = object.iter();
            let object: Object = members
                .map(|(k, v)| (k.clone(), canonical(v, sort)))
                .collect();
            object.into()
        }
        value => value.clone(),
    }
}

fn array(value: Option<&Value>) -> Array {
    match value {
        Some(Value::Array(items)) => items.clone(),
        _ => Array::default(),
    }
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case.get_str(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
