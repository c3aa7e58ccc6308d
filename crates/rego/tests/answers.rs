//! Small programs that look for a wrong answer where one is likely, and what OPA answered to them: replayed with
//! and without the index. What a file of them looks like says `tests/cases/rego/hunt`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of this file is a test"
)]

use std::path::Path;

use regate_rego::source::Diagnostic;
use regate_rego::value::{Array, Data, json, write_json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile, compile_with};

const CASES: &str = "../../tests/cases/rego/hunt";

#[test]
fn answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES);
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let cases = read(&std::fs::read_to_string(&path).unwrap());
        for case in &array(&cases, "cases") {
            count += 1;
            let want = want(case);
            let (with, without) = (answer(case, true), answer(case, false));
            if with != want || without != want {
                let note = text(case, "note");
                wrong.push(format!(
                    "{note}: want {want}, got {with}, without the index {without}"
                ));
            }
        }
    }
    assert!(count > 0, "no cases in {CASES}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file of cases: YAML, which the engine itself reads.
fn read(file: &str) -> Value {
    let compiled = compile(&[], CompileOptions::default()).unwrap();
    let query = compiled.prepare("yaml.unmarshal(input)").unwrap();
    let input = Value::from(file);
    let mut options = EvalOptions {
        strict_builtin_errors: true,
        ..EvalOptions::default()
    };
    let mut evaluator = Evaluator::new();
    let answer = query.value(
        &mut evaluator,
        compiled.policy(),
        Some(&input),
        &mut options,
    );
    answer.unwrap().unwrap()
}

fn want(case: &Value) -> String {
    if let Some(code) = case.get_str("error").and_then(Value::as_str) {
        return code.to_owned();
    }
    case.get_str("want")
        .map_or_else(|| "undefined".to_owned(), shown)
}

/// The value as JSON shows it, `undefined`, or the error's code.
fn answer(case: &Value, index: bool) -> String {
    match evaluated(case, index) {
        Ok(Some(value)) => shown(&value),
        Ok(None) => "undefined".to_owned(),
        Err(code) => code,
    }
}

fn evaluated(case: &Value, index: bool) -> Result<Option<Value>, String> {
    let texts = array(case, "modules");
    let sources = texts.iter().map(|text| Source {
        name: "p.rego",
        text: text.as_str().unwrap_or_default(),
        version: regate_rego::syntax::ast::RegoVersion::V1,
    });
    let sources: Vec<Source<'_>> = sources.collect();
    let how = CompileOptions {
        plan: regate_rego::plan::Options {
            index,
            ..regate_rego::plan::Options::default()
        },
        ..CompileOptions::default()
    };
    let code = |errors: Vec<Diagnostic>| errors.first().map_or("", |e| e.code.as_str()).to_owned();
    let data = case.get_str("data").cloned();
    let data = data.map_or_else(Data::default, Data::new);
    let compiled = compile_with(&sources, how, data).map_err(code)?;
    let query = case.get_str("query").and_then(Value::as_str);
    let query = compiled.prepare(query.unwrap_or("data.t")).map_err(code)?;
    let mut options = EvalOptions {
        strict_builtin_errors: case.get_str("strict") == Some(&Value::Bool(true)),
        ..EvalOptions::default()
    };
    let (mut evaluator, input) = (Evaluator::new(), case.get_str("input"));
    query
        .value(&mut evaluator, compiled.policy(), input, &mut options)
        .map_err(|error| error.code().to_owned())
}

/// The value as its JSON reads: sets are arrays, keys are strings.
fn shown(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text).unwrap();
    let mut again = String::new();
    write_json(&json::parse(text).unwrap(), &mut again).unwrap();
    again
}

fn array(value: &Value, key: &str) -> Array {
    match value.get_str(key) {
        Some(Value::Array(items)) => items.clone(),
        _ => panic!("{key} is no array"),
    }
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case.get_str(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
