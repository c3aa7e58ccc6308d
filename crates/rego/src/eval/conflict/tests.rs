//! What conflicts say, as OPA says it.

use crate::syntax::ast::RegoVersion;
use crate::{CompileOptions, EvalOptions, Evaluator, Source, compile};

/// The error's place and message.
fn refused(text: &str) -> (usize, usize, String) {
    let text = format!("package c\n\n{text}\n");
    let source = Source {
        name: "p.rego",
        text: &text,
        version: RegoVersion::V1,
    };
    let compiled = compile(&[source], CompileOptions::default()).unwrap();
    let prepared = compiled.prepare("data.c.p").unwrap();
    let input = crate::value::json::parse(r#"{"x": 1, "y": true}"#).unwrap();
    let options = &mut EvalOptions::default();
    let mut evaluator = Evaluator::new();
    let error = prepared.value(&mut evaluator, compiled.policy(), Some(&input), options);
    let error = error.unwrap_err();
    assert_eq!(error.code(), "eval_conflict_error", "{text}");
    let at = error.location.unwrap();
    (at.row as usize, at.col as usize, error.message)
}

#[test]
fn rules_and_functions_say_which_values_and_where() {
    let cases = [
        (
            "p := 1 if input.x\np := \"2\" if input.y",
            (4, 1),
            "rule data.c.p produced conflicting values:\n  1 at p.rego:3\n  \"2\" at p.rego:4",
        ),
        (
            "p := x if some x in [1, 2, 3]",
            (3, 1),
            "rule data.c.p produced conflicting values:\n  1 at p.rego:3\n  2 at p.rego:3",
        ),
        (
            "p := 1 if input.x\np := 2 if input.x\np := 1 if input.y\np := 2 if input.y\np := 4 if input.y",
            (4, 1),
            "rule data.c.p produced conflicting values:\n  1 at p.rego:3\n  2 at p.rego:4\n  2 at p.rego:6\n  4 at p.rego:7",
        ),
        (
            "p := x if some x in [1, 2]\np := 5 if input.x == 1",
            (3, 1),
            "rule data.c.p produced conflicting values:\n  1 at p.rego:3\n  2 at p.rego:3\n  5 at p.rego:4",
        ),
        (
            "p := 1 if input.x\np := 2 if {\n\tinput.x == 2\n} else := 3 if {\n\tinput.x\n}",
            (6, 3),
            "rule data.c.p produced conflicting values:\n  1 at p.rego:3\n  3 at p.rego:6",
        ),
        (
            "f(x) := \"a\" if input.x\nf(x) := y if some y in [1, 2]\np := f(2)",
            (4, 1),
            "function data.c.f produced conflicting values for the same inputs:\n  \"a\" at p.rego:3\n  1 at p.rego:4",
        ),
        (
            "p := [numbers.range(1, 100)] if input.x\np := {\"b\": {1}} if input.y",
            (4, 1),
            "rule data.c.p produced conflicting values:\n  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,... at p.rego:3\n  {\"b\": {1}} at p.rego:4",
        ),
    ];
    for (text, place, want) in cases {
        let (row, col, message) = refused(text);
        assert_eq!(message, want, "{text}");
        assert_eq!((row, col), place, "{text}");
    }
}

#[test]
fn at_most_ten_values_are_listed() {
    let rules: Vec<String> = (1..15)
        .map(|n| format!("p := {n} if input.x == 1"))
        .collect();
    let (_, _, message) = refused(&rules.join("\n"));
    assert!(message.ends_with("\n  10 at p.rego:12\n  ..."), "{message}");
}

#[test]
fn keys_that_come_twice_say_where() {
    let cases = [
        (
            "p[k] := v if {\n\tsome k in [1]\n\tsome v in [1, 2]\n}",
            (3, 1),
        ),
        (
            "p if {\n\tx := {k: v |\n\t\tsome k in [1]\n\t\tsome v in [1, 2]}\n}",
            (4, 7),
        ),
        (
            "p[k] := v if {\n\tk := 1\n\tv := 2\n}\np[k] := v if {\n\tk := 1\n\tv := 3\n}",
            (7, 1),
        ),
        (
            "p[x] := {\"b\": 1} if some x in [1]\np[x].c := 2 if some x in [1]",
            (4, 1),
        ),
    ];
    for (text, place) in cases {
        let (row, col, message) = refused(text);
        assert_eq!(message, "object keys must be unique", "{text}");
        assert_eq!((row, col), place, "{text}");
    }
}
