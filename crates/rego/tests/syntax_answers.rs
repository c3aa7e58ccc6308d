//! Small modules in corners of the grammar, and what OPA said to them: which it takes, and in which rows it finds
//! an error. More rows may be told here, since reading goes on behind an error.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::BTreeSet;

use regate_rego::source::File;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::syntax::{Options, parse_module};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Value, compile};

const CASES: &str = include_str!("../../../tests/cases/rego/syntax/modules.yaml");

#[test]
fn modules_are_taken_and_refused_as_in_opa() {
    let cases = read(CASES);
    let Some(Value::Array(cases)) = cases.get_str("cases") else {
        panic!("there are no cases");
    };
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(
        !cases.is_empty() && wrong.is_empty(),
        "{}",
        wrong.join("\n")
    );
}

fn difference(case: &Value) -> Option<String> {
    let text = case.get_str("module").and_then(Value::as_str).unwrap();
    let version = match case.get_str("version").and_then(Value::as_str) {
        Some("v0") => RegoVersion::V0,
        _ => RegoVersion::V1,
    };
    let options = Options {
        version,
        ..Options::default()
    };
    let found = parse_module(&File::new("t.rego", text), &options);
    let found: BTreeSet<String> = found.err().map_or_else(BTreeSet::new, |errors| {
        errors.iter().map(|e| e.location.row.to_string()).collect()
    });
    let Some(Value::Array(rows)) = case.get_str("rows") else {
        return Some(format!("{text:?} has no rows"));
    };
    let rows: BTreeSet<String> = rows.iter().map(ToString::to_string).collect();
    let same = rows.is_subset(&found) && rows.is_empty() == found.is_empty();
    (!same).then(|| format!("{version:?} {text:?}: OPA {rows:?}, here {found:?}"))
}

/// YAML, which the engine itself reads.
fn read(file: &str) -> Value {
    let compiled = compile(&[], CompileOptions::default()).unwrap();
    let query = compiled.prepare("yaml.unmarshal(input)").unwrap();
    let input = Value::from(file);
    let mut evaluator = Evaluator::new();
    let mut options = EvalOptions {
        strict_builtin_errors: true,
        ..EvalOptions::default()
    };
    let policy = compiled.policy();
    let answer = query.value(&mut evaluator, policy, Some(&input), &mut options);
    answer.unwrap().unwrap()
}
