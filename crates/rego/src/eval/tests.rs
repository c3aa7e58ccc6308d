//! What evaluations answer, cost and refuse. Where the answer is OPA's, OPA gave it.

use crate::value::{Data, json, write_json};
use crate::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile_with};

use super::{Calls, EvalError, Kind};

fn ask(text: &str, query: &str, options: &mut EvalOptions) -> Result<Option<Value>, EvalError> {
    let source = Source {
        name: "p.rego",
        text,
        version: crate::syntax::ast::RegoVersion::V1,
    };
    let data = Data::new(json::parse(r#"{"base": {"x": 1, "y": [1, 2], "n": {"o": 1}}, "m": {"1": 1, "1.5": 2, "-1": 3, "10": {"2": 4}}}"#).unwrap());
    let compiled = compile_with(&[source], CompileOptions::default(), data).unwrap();
    let prepared = compiled.prepare(query).unwrap();
    let input = json::parse(r#"{"user": "ann", "x": 1, "y": true}"#).unwrap();
    let policy = compiled.policy();
    prepared.value(&mut Evaluator::new(), policy, Some(&input), options)
}

fn answer(text: &str, query: &str) -> String {
    match ask(text, query, &mut EvalOptions::default()) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn documents() {
    let cases = [
        ("p := 1 if input.user == \"ann\"", "data.t.p", "1"),
        ("p := 1 if input.user == \"bob\"", "data.t.p", "undefined"),
        ("default p := 7\np := 1 if input.z", "data.t.p", "7"),
        (
            "p := 1 if input.z else := 2 if input.y else := 3",
            "data.t.p",
            "2",
        ),
        ("p contains x if some x in [3, 1, 3]", "data.t.p", "{1, 3}"),
        ("p contains x if some x in input.none", "data.t.p", "set()"),
        ("p[x] := 1 if some x in input.none", "data.t.p", "{}"),
        (
            "p[x].b := 1 if some x in [\"a\"]",
            "data.t.p.a",
            "{\"b\": 1}",
        ),
        (
            "p[x].b := 1 if some x in [\"a\"]",
            "data.t.p.z",
            "undefined",
        ),
        (
            "p[x] contains y if {some x in [1, 2]; some y in [x, 9]}",
            "data.t.p[2]",
            "{2, 9}",
        ),
        ("f(x) := x + 1\np := f(f(1))", "data.t.p", "3"),
        (
            "default f(_) := 0\nf(x) := 1 if x > 1\np := [f(1), f(2)]",
            "data.t.p",
            "[0, 1]",
        ),
        (
            "p := x if {\n[x, [2, y]] = [1, [2, 3]]\ny == 3\n}",
            "data.t.p",
            "1",
        ),
        ("p if every x in [1, 2] { x > 0 }", "data.t.p", "true"),
        ("p if every x in [1, 2] { x > 1 }", "data.t.p", "undefined"),
        ("p if not input.z", "data.t.p", "true"),
        (
            "p := {k: v | some k, v in data.base.y}",
            "data.t.p",
            "{0: 1, 1: 2}",
        ),
        ("q := 1\nr if false\nf(x) := x", "data.t", "{\"q\": 1}"),
        ("p := 1 / 0", "data.t.p", "undefined"),
        (
            "p := [[q, v] | walk({\"a\": [1]}, [q, v])]",
            "data.t.p",
            "[[[], {\"a\": [1]}], [[\"a\"], [1]], [[\"a\", 0], 1]]",
        ),
        (
            "p contains v if walk([1, [2]], [_, v])",
            "data.t.p",
            "{1, 2, [1, [2]], [2]}",
        ),
    ];
    for (text, query, want) in cases {
        let text = format!("package t\n\n{text}\n");
        assert_eq!(answer(&text, query), want, "{text}");
    }
}

#[test]
fn paths_of_base_data_are_text() {
    let cases = [
        ("data.m[1]", "1"),
        ("data.m[1.5]", "2"),
        ("data.m[-1]", "3"),
        ("data.m[1.0]", "undefined"),
        ("data.m[input.x]", "1"),
        ("[v | some k in [1, 2]; v := data.m[k]]", "[1]"),
        ("[v | some k; v := data.m[k]; k == 1]", "[]"),
        ("data.m[10][2]", "4"),
        ("data.base.y[\"1\"]", "2"),
        ("data.base.y[sprintf(\"%d\", [1])]", "2"),
        ("data.base.y[\"01\"]", "2"),
        ("data.base.y[\"-1\"]", "undefined"),
        // Only there: what is no reference into base data finds keys as they are.
        ("[v | m := data.m; v := m[1]]", "[]"),
        ("object.get(data.m, 1, 0)", "0"),
        ("[v | v := data.m[1] with data.m as {\"1\": 5}]", "[]"),
        ("[v | v := data.m[1] with data.z as 5]", "[1]"),
        ("input.m[1]", "undefined"),
    ];
    for (text, want) in cases {
        let text = format!("package t\n\np := {text}\n");
        assert_eq!(answer(&text, "data.t.p"), want, "{text}");
    }
}

#[test]
fn replacements() {
    let cases = [
        (
            "p := x if x := input.user with input.user as \"bob\"",
            "\"bob\"",
        ),
        (
            "p := x if x := input with input.x.a as 2 with input.user as 1",
            "{\"user\": 1, \"x\": {\"a\": 2}, \"y\": true}",
        ),
        (
            "p := x if x := data.base with data.base.x as 2",
            "{\"n\": {\"o\": 1}, \"x\": 2, \"y\": [1, 2]}",
        ),
        (
            "p := x if x := data.base with data.nest.a as 1 with data.base.n as {\"k\": 1}",
            "{\"n\": {\"k\": 1, \"o\": 1}, \"x\": 1, \"y\": [1, 2]}",
        ),
        (
            "p := x if x := data.base.n with data.base.n as {\"k\": 1}",
            "{\"k\": 1}",
        ),
        ("p := x if x := data.t.q with data.t.q as 5\nq := 1", "5"),
        (
            "p := x if x := q with data.base.x as 5\nq := data.base.x",
            "5",
        ),
        (
            "p := [a, b, c] if {\na := q\nb := q with input.x as 2\nc := q\n}\nq := input.x",
            "[1, 2, 1]",
        ),
        (
            "p := x if { x := count([1]) with count as f }\nf(y) := count(y) + 10",
            "11",
        ),
        ("p := x if { x := g(1) with g as 3 }\ng(y) := y", "3"),
        (
            "p := [[x, input.user] | some x in [1, 2]; input.s == x with input.s as 2]",
            "[[2, \"ann\"]]",
        ),
    ];
    for (text, want) in cases {
        let text = format!("package t\n\n{text}\n");
        assert_eq!(answer(&text, "data.t.p"), want, "{text}");
    }
}

#[test]
fn conflicts_end_the_query_even_inside_not() {
    let cases = [
        "p := 1 if input.x\np := 2 if input.y",
        "q := 1 if input.x\nq := 2 if input.y\np if not q",
        "f(x) := 1 if x > 0\nf(x) := 2 if x > 1\np := f(2)",
        "p[k] := v if {some k in [1]; some v in [1, 2]}",
        "p := {k: v | some k in [1]; some v in [1, 2]}",
        "p[x] := {\"b\": 1} if some x in [1]\np[x].c := 2 if some x in [1]",
    ];
    for text in cases {
        let text = format!("package t\n\n{text}\n");
        let error = ask(&text, "data.t.p", &mut EvalOptions::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Conflict, "{text}: {error}");
        assert!(error.location.is_some(), "{text}");
    }
}

#[test]
fn strict_errors_end_the_query() {
    let text = "package t\n\np if 1 / input.zero == 1\np if 1 / (input.x - 1) == 1\n";
    let mut options = EvalOptions {
        strict_builtin_errors: true,
        ..EvalOptions::default()
    };
    let error = ask(text, "data.t.p", &mut options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p.rego:4: eval_builtin_error: div: divide by zero"
    );
}

#[test]
fn calls_of_nondeterministic_builtins_are_kept() {
    for (body, want) in [
        ("1 + 1", "{}"),
        (
            "[time.now_ns(), time.now_ns()]",
            r#"{"time.now_ns":{"[]":7}}"#,
        ),
        ("opa.runtime()", r#"{"opa.runtime":{"[]":{"env":{}}}}"#),
        // All rules and functions, once for the same arguments.
        (
            "[f(1), f(1), rand.intn(\"a\", 1)]",
            r#"{"rand.intn":{"[\"a\",1]":0}}"#,
        ),
        ("y if { y := f(1) }", r#"{"rand.intn":{"[\"a\",1]":0}}"#),
        // What is replaced is not called, and what fails gives nothing.
        ("y if { y := time.now_ns() with time.now_ns as 5 }", "{}"),
        ("y if { not net.lookup_ip_addr(\"nobody\"); y := 1 }", "{}"),
    ] {
        let text = format!("package p\nx := {body}\nf(x) := rand.intn(\"a\", x)\n");
        let mut options = EvalOptions {
            now_ns: 7,
            runtime: json::parse(r#"{"env": {}}"#).unwrap(),
            calls: Some(Calls::default()),
            ..EvalOptions::default()
        };
        ask(&text, "data.p.x", &mut options).unwrap();
        let mut calls = String::new();
        write_json(&options.calls.unwrap().into_value(), &mut calls).unwrap();
        assert_eq!(calls, want, "{body}");
    }
}

#[test]
fn budgets_end_what_takes_too_long() {
    let text = "package t\n\nxs := numbers.range(1, 1000)\np := count([1 | some a in xs; some b in xs; a < b])\n";
    let mut options = EvalOptions::default();
    options.budget.steps = 10_000;
    let error = ask(text, "data.t.p", &mut options).unwrap_err();
    assert_eq!(error.kind, Kind::TooManySteps);
    assert_eq!(error.code(), "eval_cancel_error");
    let mut options = EvalOptions::default();
    options.budget.memory = 10_000;
    let error = ask(text, "data.t.p", &mut options).unwrap_err();
    assert_eq!(error.kind, Kind::TooMuchMemory);
    let mut options = EvalOptions::default();
    options.budget.deadline = Some(std::time::Instant::now());
    let error = ask(text, "data.t.p", &mut options).unwrap_err();
    assert_eq!(error.kind, Kind::Deadline);
}

#[test]
fn long_chains_of_rules_never_take_the_stack() {
    use std::fmt::Write;
    let mut text = "package t\n\np0 := 1\n".to_owned();
    for at in 1..20_000 {
        writeln!(text, "p{at} := p{}", at - 1).unwrap();
    }
    let error = ask(&text, "data.t.p19999", &mut EvalOptions::default()).unwrap_err();
    assert_eq!(error.kind, Kind::TooDeep);
    assert_eq!(answer(&text, "data.t.p100"), "1");
}

#[test]
fn deep_expressions_and_long_paths_never_take_the_stack() {
    let deep = format!("{}input.x{}", "[".repeat(200), "]".repeat(200));
    let text = format!("package t\n\np := count({deep})\n");
    assert_eq!(answer(&text, "data.t.p"), "1");
    let path = ".a".repeat(2_000);
    let text = format!("package t\n\np if input{path} == 1 with input{path} as 1\n");
    assert_eq!(answer(&text, "data.t.p"), "true");
}

#[test]
fn a_larger_stack_takes_longer_chains() {
    use std::fmt::Write;
    let mut text = "package t\n\np0 := 1\n".to_owned();
    for at in 1..3_000 {
        writeln!(text, "p{at} := p{}", at - 1).unwrap();
    }
    let error = ask(&text, "data.t.p2999", &mut EvalOptions::default()).unwrap_err();
    assert_eq!(error.kind, Kind::TooDeep);
    let roomy = move || {
        let mut options = EvalOptions {
            stack: 15 << 20,
            ..EvalOptions::default()
        };
        ask(&text, "data.t.p2999", &mut options)
    };
    let thread = std::thread::Builder::new().stack_size(16 << 20);
    let answer = thread.spawn(roomy).unwrap().join().unwrap().unwrap();
    assert_eq!(answer, Some(Value::from(1_i64)));
}

#[test]
fn blocks_nest_as_deep_as_they_may_on_a_usual_stack() {
    use std::fmt::Write;
    let mut text = "package t\n\np := x0 if {\n".to_owned();
    for at in 0..290 {
        writeln!(text, "some x{at} in [{at}, 1000]").unwrap();
    }
    let sum: Vec<String> = (0..290).map(|at| format!("x{at}")).collect();
    writeln!(text, "[{}][289] == 289\nx0 == 0\n}}", sum.join(", ")).unwrap();
    let mut options = EvalOptions::default();
    options.budget.steps = 20_000;
    let ended = ask(&text, "data.t.p", &mut options);
    let ended = ended.map(|value| value.map(|value| value.to_string()));
    assert_eq!(ended, Ok(Some("0".to_owned())));
    let open = "[y | some y in ".repeat(40);
    let text = format!("package t\n\np := {open}[1]{}\n", "]".repeat(40));
    let mut options = EvalOptions::default();
    let ended = ask(&text, "data.t.p", &mut options).map(|value| value.map(|v| v.to_string()));
    assert_eq!(ended, Ok(Some("[1]".to_owned())));
}
