//! Tables of what the engine makes of small policies.

use std::time::{Duration, Instant};

use super::Policy;
use crate::data::{Object, Value, read, write};
use crate::engine::*;

fn module(text: &str) -> Module {
    Module {
        name: "p.rego".to_owned(),
        source: text.into(),
        version: RegoVersion::V1,
    }
}

fn compile_with(text: &str, data: &str, entrypoint: Entrypoint) -> Result<Policy, CompileErrors> {
    let data = json(data);
    Policy::compile(Source {
        modules: vec![module(text)],
        data,
        entrypoints: vec![entrypoint],
        engine: Engine::Regorus,
        runtime: Object::default(),
        max_errors: 0,
    })
}

fn compile(text: &str) -> Result<Policy, CompileErrors> {
    compile_with(text, "{}", Entrypoint::Path("a/allow".to_owned()))
}

fn eval_within(policy: &Policy, input: &str, time: Duration) -> Evaluation {
    let input = json(input);
    policy.evaluator().eval(
        0,
        &input,
        Budget {
            deadline: Instant::now() + time,
            steps: None,
        },
    )
}

fn shown(policy: &Policy, input: &str) -> String {
    match eval_within(policy, input, Duration::from_secs(20)).result {
        Ok(value) => text(&value),
        Err(error) => format!("{}: {error}", error.code()),
    }
}

fn json(text: &str) -> Value {
    read::json_value(text.as_bytes()).expect("JSON")
}

fn text(value: &Value) -> String {
    let mut out = Vec::new();
    write::value(&mut out, value);
    String::from_utf8(out).expect("UTF-8")
}

const UNDEFINED: &str = "envoyauth_eval_error: undefined decision";

#[test]
fn what_must_not_reach_the_engine_is_refused_with_its_place() {
    let deep = format!("package a\nallow := {}1{}", "[".repeat(30), "]".repeat(30));
    let cases = [
        (
            "package a\nallow if f(1)\nf(n) if f(n + 1)",
            "p.rego:3:1: rego_recursion_error: rule data.a.f is recursive: data.a.f -> data.a.f",
        ),
        (
            "package a\nallow if b\nb if c\nc if allow",
            "rego_recursion_error: rule data.a.allow is recursive",
        ),
        (
            "package a\nallow if data.a[input.x]",
            "rego_recursion_error",
        ),
        (
            "package a\nimport data.a as me\nallow if me.b\nb if data.a.allow",
            "rego_recursion_error",
        ),
        (
            "package a\nallow if data[input.x].y",
            "rego_recursion_error",
        ),
        (
            "package a\nx[k] := v if { some k, v in {1: 2}; x.foo }",
            "rego_recursion_error",
        ),
        (
            "package a\nallow if [y | y := allow]",
            "rego_recursion_error",
        ),
        (
            "package a\ndead := io.jwt.decode_verify(\"\", {})",
            "p.rego:2:9: rego_type_error: undefined function io.jwt.decode_verify: this built-in is not there yet",
        ),
        (
            "package a\ndead := http.send({})",
            "undefined function http.send: this built-in is not there yet",
        ),
        (
            "package a\nallow if nothing(input)",
            "p.rego:2:10: rego_type_error: undefined function nothing",
        ),
        (
            "package a\nallow if count(1, 2, 3)",
            "count: 3 arguments are given, 1 are wanted",
        ),
        (
            "package a\nallow if x",
            "p.rego:2:10: rego_unsafe_var_error: var x is unsafe",
        ),
        ("package a\nallow := (", "rego_parse_error"),
        (
            &*deep,
            "p.rego:2:20: rego_parse_error: brackets nest deeper",
        ),
    ];
    for (text, want) in cases {
        let error = compile(text).expect_err(text).to_string();
        assert!(error.contains(want), "{text}\n{error}");
    }
}

#[test]
fn what_the_engine_would_decide_silently_and_otherwise_is_refused() {
    let cases = [
        (
            "package a\nsub.allow := true\nsub[x] := false if x := \"allow\"",
            "p.rego:2:1: rego_type_error: conflicting rules data.a.sub[…] and data.a.sub.allow",
        ),
        (
            "package a\nallow if b with net.cidr_intersects as mock\nb if net.cidr_intersects(\"\", \"\")\nmock(x, y) := true",
            "rego_compile_error: `with` and the built-in function net.cidr_intersects do not work together yet",
        ),
        (
            "package a\nallow if not input.xs[_] > 2",
            "p.rego:2:23: rego_unsafe_var_error: var _ is unsafe",
        ),
        (
            "package a\nallow if count([1 | not input.xs[i]]) == 1",
            "rego_unsafe_var_error: var i is unsafe",
        ),
    ];
    for (text, want) in cases {
        let error = compile(text).expect_err(text).to_string();
        assert!(error.contains(want), "{text}\n{error}");
    }
}

#[test]
fn what_only_looks_recursive_compiles() {
    let cases = [
        "package a\npath := f(\"x\")\nf(path) := path",
        "package a\nallow if every allow in [true] { allow }",
        "package a\nx.a := x.b\nx.b := 1",
        "package a\nallow if { data.a.b.c }",
        "package a\nx := [x | x := 1]",
        "package a\nallow if count([1]) == 1\ncounted := 2",
    ];
    for text in cases {
        let errors = compile(text).err().map(|error| error.to_string());
        assert_eq!(errors, None, "{text}");
    }
}

#[test]
fn data_at_the_place_of_a_rule_is_refused() {
    let path = || Entrypoint::Path("a/allow".to_owned());
    let compile = |text, data| {
        compile_with(text, data, path())
            .err()
            .map(|e| e.to_string())
    };
    let error = compile("package a\nallow := 1", r#"{"a": {"allow": 2}}"#).expect("refused");
    assert!(
        error.contains("p.rego:2:1: rego_type_error: conflicting rule for data path a/allow"),
        "{error}"
    );
    assert!(compile("package a\nallow := 1", r#"{"a": 2}"#).is_some());
    assert_eq!(
        compile("package a\nallow := 1", r#"{"a": {"other": 2}}"#),
        None
    );
}

#[test]
fn every_file_reports_its_errors_up_to_the_limit() {
    let broken = |name: &str| Module {
        name: name.to_owned(),
        ..module("package a\nallow := (")
    };
    let modules = vec![broken("c.rego"), broken("a.rego"), broken("b.rego")];
    let source = Source {
        modules,
        data: Value::Object(Object::default()),
        entrypoints: Vec::new(),
        engine: Engine::Regorus,
        runtime: Object::default(),
        max_errors: 2,
    };
    let errors = Policy::compile(source).expect_err("errors");
    let files: Vec<_> = errors
        .errors
        .iter()
        .filter_map(|e| e.location.as_ref())
        .map(|l| l.file.as_str())
        .collect();
    assert_eq!((files, errors.omitted), (vec!["a.rego", "b.rego"], 1));
}

#[test]
fn decision_paths_lead_through_rules_values_and_data() {
    let text = "package a\nallow := input.x\nobject := {\"k\": {\"n\": [10, 20]}, 7: \"seven\"}\nset contains \"m\"\nf(x) := x\n\
                sub.one := 1\npart[k] := v if some k, v in {\"a\": 1}";
    let data = r#"{"gates": {"1": {"open": true}}, "list": [5, 6], "a": {"base": 3}}"#;
    let cases = [
        ("a/allow", "1"),
        ("//a///allow/", "1"),
        ("a/object/k/n/1", "20"),
        ("a/object/007", "\"seven\""),
        ("a/object/none", UNDEFINED),
        ("a/set/m", "\"m\""),
        ("a/set/x", UNDEFINED),
        ("a/sub/one", "1"),
        ("a/sub", r#"{"one":1}"#),
        ("a/part/a", "1"),
        ("a/base", "3"),
        ("gates/1/open", "true"),
        ("list/1", "6"),
        ("list/9", UNDEFINED),
        ("nothing/here", UNDEFINED),
        (
            "a/f",
            "envoyauth_eval_error: rego_type_error: the decision path `a/f` names a function",
        ),
        ("", "envoyauth_eval_error: the decision path is empty"),
    ];
    for (path, want) in cases {
        let policy =
            compile_with(text, data, Entrypoint::Path(path.to_owned())).expect("it compiles");
        assert_eq!(shown(&policy, r#"{"x": 1}"#), want, "{path}");
    }
}

#[test]
fn a_path_that_nobody_defines_is_warned_of_with_the_nearest() {
    let near = |path: &str| {
        let policy = compile_with(
            "package envoy.authz\nallow := 1\nmask(x) := x",
            "{}",
            Entrypoint::Path(path.to_owned()),
        )
        .expect("it compiles");
        (policy.defines(0), policy.warnings().join("; "))
    };
    let (defined, warning) = near("envoy/authz/alow");
    assert!(
        !defined && warning.ends_with("nearest: `envoy/authz/allow`"),
        "{warning}"
    );
    assert_eq!(near("envoy/authz/allow"), (true, String::new()));
    // It is there, and evaluation says that it is no decision: not to be taken for "no masks".
    assert_eq!(near("envoy/authz/mask"), (true, String::new()));
}

#[test]
fn queries_give_their_first_expression() {
    let text = "package a\nlevel := input.n\nopen if input.open\nsubject(x) := x";
    let cases = [
        ("data.a.level >= 2", r#"{"n": 3}"#, "true"),
        ("data.a.level >= 2", r#"{"n": 1}"#, "false"),
        ("data.a.level >= 2", "{}", UNDEFINED),
        (
            "data.a.level; data.a.open",
            r#"{"n": 1, "open": true}"#,
            "1",
        ),
        ("data.a.level; data.a.open", r#"{"n": 1}"#, UNDEFINED),
        ("x := data.a.level; x > 1", r#"{"n": 1}"#, "true"),
        ("data.a.level # comment", r#"{"n": 1}"#, "1"),
        ("data.a.level with input.n as 5", r#"{"n": 1}"#, "5"),
        ("not data.a.open", "{}", "true"),
        ("not startswith(input.p, \"/a\")", r#"{"p": "/x"}"#, "true"),
        ("not startswith(input.p, \"/a\")", "{}", UNDEFINED),
        (
            "some x in input.xs; data.a.subject(x)",
            r#"{"xs": [1]}"#,
            "true",
        ),
    ];
    for (query, input, want) in cases {
        let policy = compile_with(text, "{}", Entrypoint::Query(query.to_owned())).expect(query);
        assert_eq!(shown(&policy, input), want, "{query} {input}");
    }
    for query in [
        "data.a[",
        "",
        "true }\nevil if { true",
        "data.a.nothing(1)",
        "io.jwt.decode(1)",
        "not input.xs[_] > 1",
    ] {
        let compiled = compile_with(text, "{}", Entrypoint::Query(query.to_owned()));
        assert!(compiled.is_err(), "{query}");
    }
}

#[test]
fn the_deadline_ends_an_evaluation_even_where_errors_are_swallowed() {
    let text = "package a\nallow if not slow(1)\nslow(x) if { some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == 0 - x }";
    let policy = compile(text).expect("it compiles");
    let error = eval_within(&policy, "{}", Duration::from_millis(50))
        .result
        .expect_err("cancelled");
    assert_eq!(
        (error.kind(), error.code()),
        (EvalErrorKind::Cancelled, "eval_cancel_error"),
        "{error}"
    );
    let error = eval_within(&policy, "{}", Duration::ZERO)
        .result
        .expect_err("cancelled");
    assert_eq!(error.kind(), EvalErrorKind::Cancelled);
}

#[test]
fn what_a_negation_reads_must_be_there() {
    let text = "package a\nallow if not startswith(input.path, \"/admin\")";
    let policy = compile(text).expect("it compiles");
    assert_eq!(shown(&policy, r#"{"path": "/x"}"#), "true");
    assert_eq!(shown(&policy, r#"{"path": "/admin"}"#), UNDEFINED);
    assert_eq!(shown(&policy, "{}"), UNDEFINED);
}

#[test]
fn undefined_never_becomes_an_allow() {
    let cases = [
        "allow if every x in input.xs { x > 1 }",
        "allow if { every x in input.xs[input.k] { x > 1 } }",
        "allow if every x in f(input.xs) { x > 1 }\nf(x) := x",
        "allow if [1, input.xs]",
        "allow if {\"a\": input.xs}",
        "allow if {input.xs}",
        "allow if count([input.xs]) == 1",
        "allow if not input.xs in [1]",
        "allow if not 1 in input.xs",
        "allow if not input.xs != 1",
        "allow if not count(input.xs) > 1",
        "allow if not data.users[input.user]",
        "allow if not f(input.xs)\nf(x) if x == 1",
        "allow if { y := input.xs; not y }",
        "allow if input.xs != 1",
        "allow if { x := input.xs } else if { input.xs }",
        "allow if not regex.match(input.p, input.q)",
        "allow if not (input.xs & {1}) == {1}",
        "allow if not input.xs + 1 == 2",
        "allow if count({x | some x in [1]; not f(input.xs, x)}) == 1\nf(x, y) if x == y",
    ];
    let wrong = cases.iter().filter_map(|rule| {
        let policy = compile(&format!("package a\n{rule}")).expect(rule);
        let got = shown(&policy, "{}");
        (got != UNDEFINED).then(|| format!("{rule}: {got}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_panic_of_the_engine_costs_one_evaluation() {
    let policy = compile("package a\nallow if strings.count(\"abc\", input.part) == 1")
        .expect("it compiles");
    let mut evaluator = policy.evaluator();
    let mut kind = |input: &str| {
        let budget = Budget {
            deadline: Instant::now() + Duration::from_secs(20),
            steps: None,
        };
        let input = json(input);
        evaluator
            .eval(0, &input, budget)
            .result
            .map_err(|error| error.kind())
    };
    assert_eq!(kind(r#"{"part": "a"}"#), Ok(Value::Bool(true)));
    assert_eq!(kind(r#"{"part": ""}"#), Err(EvalErrorKind::Panic));
    assert_eq!(kind(r#"{"part": "b"}"#), Ok(Value::Bool(true)));
}

#[test]
fn conflicts_are_errors_with_their_place() {
    let policy =
        compile("package a\nallow := 1 if input.x\nallow := 2 if input.y").expect("it compiles");
    let error = eval_within(&policy, r#"{"x": 1, "y": 1}"#, Duration::from_secs(20))
        .result
        .expect_err("a conflict");
    assert_eq!(
        (error.kind(), error.code()),
        (EvalErrorKind::Conflict, "eval_conflict_error")
    );
    assert!(
        error.location().is_some_and(|at| at.starts_with("p.rego:")),
        "{error}"
    );
}

#[test]
fn prints_come_with_their_place_and_only_once() {
    let policy =
        compile("package a\nallow if {\n\tprint(\"at: 1:2: \", input.x)\n}").expect("it compiles");
    let mut evaluator = policy.evaluator();
    for _ in 0..2 {
        let budget = Budget {
            deadline: Instant::now() + Duration::from_secs(20),
            steps: None,
        };
        let input = json(r#"{"x": "y"}"#);
        let prints = evaluator.eval(0, &input, budget).prints;
        let want = Print {
            location: "p.rego:3".to_owned(),
            message: "at: 1:2:  y".to_owned(),
        };
        assert_eq!(prints, vec![want]);
    }
}

#[test]
fn old_and_new_modules_live_together() {
    let old = Module {
        name: "old.rego".to_owned(),
        source: "package old\nopen { input.x }".into(),
        version: RegoVersion::V0,
    };
    let new = module("package a\nallow if data.old.open");
    let entrypoints = vec![Entrypoint::Path("a/allow".to_owned())];
    let source = Source {
        modules: vec![old, new],
        data: Value::Object(Object::default()),
        entrypoints,
        engine: Engine::Regorus,
        runtime: Object::default(),
        max_errors: 0,
    };
    let policy = Policy::compile(source).expect("it compiles");
    assert_eq!(shown(&policy, r#"{"x": true}"#), "true");
}

#[test]
fn the_demand_misses_nothing() {
    let of = |paths: &[&str]| {
        let mut demand = Demand::nothing();
        for path in paths {
            demand.add(path.split('.').filter(|key| !key.is_empty()));
        }
        demand
    };
    let http = "attributes.request.http";
    let cases: [(&str, &[&str]); 22] = [
        ("allow if input.a.b == 1", &["a.b"]),
        ("allow if input[\"a\"].b", &["a.b"]),
        ("allow if input.a[input.b].c", &["a", "b"]),
        ("allow if input.a[0].c", &["a"]),
        ("allow if input.a[_].c", &["a"]),
        ("allow if input", &[""]),
        ("allow if { x := input.a; x.b }", &["a"]),
        ("allow if f(input)\nf(x) := x.y", &[""]),
        (
            "allow if object.get(input.attributes.request.http, \"headers\", {}).x",
            &[http],
        ),
        (
            "import input.attributes.request.http as req\nallow if req.method",
            &["attributes.request.http.method"],
        ),
        (
            "import input.attributes.request.http\nallow if http.headers[\"x-a\"]",
            &["attributes.request.http.headers.x-a"],
        ),
        ("import input as i\nallow if i.a", &["a"]),
        ("import input\nallow if input.a", &["a"]),
        ("import input.a\nallow if f(a)\nf(x) := x", &["a"]),
        ("allow if { some k; input[k] == 1 }", &[""]),
        ("allow if walk(input.a, [_, _])", &["a"]),
        (
            "allow if { \"x\" in input.a; not input.b.c; every z in input.d { z } }",
            &["a", "b.c", "d"],
        ),
        ("allow := [x | x := input.a.b[_]]", &["a.b"]),
        (
            "allow if b with input.x as input.y\nb if input.z",
            &["y", "z"],
        ),
        (
            "default allow := false\nallow := {\"h\": input.h} if { true } else := input.e",
            &["h", "e"],
        ),
        (
            "s contains input.m if true\np[input.k] := input.v",
            &["m", "k", "v"],
        ),
        ("allow if true", &[]),
    ];
    for (body, want) in cases {
        let policy = compile(&format!("package a\n{body}")).expect(body);
        assert_eq!(policy.demand(0), &of(want), "{body}");
    }
}

#[test]
fn demand_of_a_query_counts() {
    let query = Entrypoint::Query("input.q.r == 1; data.a.allow".to_owned());
    let policy = compile_with("package a\nallow if input.x", "{}", query).expect("it compiles");
    assert!(policy.demand(0).member("q").is_some() && policy.demand(0).member("x").is_some());
}

#[test]
fn variables_that_nothing_binds_are_refused_with_their_place() {
    let cases = [
        (
            "deny := typo",
            "p.rego:2:9: rego_unsafe_var_error: var typo is unsafe",
        ),
        (
            "deny contains z if true",
            "p.rego:2:15: rego_unsafe_var_error: var z",
        ),
        ("x[k] := 1", "p.rego:2:3: rego_unsafe_var_error: var k"),
        ("f(a) := b", "p.rego:2:9: rego_unsafe_var_error: var b"),
        (
            "x := 1 if input.a else := q",
            "p.rego:2:27: rego_unsafe_var_error: var q",
        ),
        (
            "dead(a) if a == q",
            "p.rego:2:17: rego_unsafe_var_error: var q",
        ),
        (
            "x := [y | input.z]",
            "p.rego:2:7: rego_unsafe_var_error: var y",
        ),
        (
            "x if every y in [1] { y == z }",
            "p.rego:2:28: rego_unsafe_var_error: var z",
        ),
        (
            "x if { not input.ys[i]; input.xs[i] }",
            "p.rego:2:21: rego_compile_error: var i gets its value too late",
        ),
        (
            "allow if { count([1 | input.xs[i]]) == 1; some i in [1] }",
            "rego_compile_error: var i gets its value too late",
        ),
        (
            "x if { every q in [1] { input.ys[i] }; input.xs[i] }",
            "p.rego:2:34: rego_compile_error: var i gets",
        ),
        (
            "default x := input.y",
            "p.rego:2:14: rego_parse_error: illegal default rule",
        ),
        ("default x := typo", "p.rego:2:"),
        ("default x := y\ny := 1", "p.rego:2:"),
    ];
    for (text, want) in cases {
        let error = compile(&format!("package a\n{text}")).err();
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(want), "{text}\n{error}");
    }
}
