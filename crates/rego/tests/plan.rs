//! Plans from outside: the answers are the same with and without the index, and with marks for tools.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use regate_rego::plan::Options;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{json, write_json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, compile};

/// Every kind of condition that the index knows, beside rules that it must not leave out.
const POLICY: &str = r#"package a

allow if { input.user == "u1"; input.method == "GET" }
allow if { input.user == "u2"; input.method in {"GET", "PUT"} }
allow if { some m in ["A", "B"]; m == input.method }
allow if startswith(input.path, "/pub")
allow if glob.match("/v?/*", ["/"], input.path)
allow if { ["api", version, "res"] = input.parts; version != "v0" }
allow if { "admin" in input.roles; not input.blocked }
allow if input.debug

level := 1 if { input.user == "u9" } else := 2 if { input.method == "TRACE" }
level := 1 if { input.user == "u8"; input.user != "u7" }
level := 3 if { input.user == "u7" }
level := 4 if { input.user == "u6" } else := 5 if input.user == "u5"

f(1, _) := "one"
f(2, x) := x
f(x, "s") := x if x > 2
f([a, "p"], b) := [a, b]
f({"k": v}, _) := v

calls := [f(1.0, 2), f(2, 3), f(3, "s"), f([1, "p"], 4), f({"k": 5}, 6)]

by.a contains "x" if input.user == "u1"
by.b contains "y" if input.user == "u2"
by.c contains "z"
by[k] contains v if some k, v in input.more

known if "z" in by.c
open := {v | some v in by[input.key]}
mocked := x if { x := allow with input.user as "u1" with input.method as "GET" }
untouched if { not allow with startswith as false }
"#;

/// Inputs, and what OPA 1.22 answers to `data.a` without what is the same for all.
const CASES: &[(&str, &str)] = &[
    ("{}", r#"{"by":{"c":["z"]},"open":[],"untouched":true}"#),
    (
        r#"{"user": "u1", "method": "GET", "key": "a"}"#,
        r#"{"allow":true,"by":{"a":["x"],"c":["z"]},"open":["x"]}"#,
    ),
    (
        r#"{"user": "u2", "method": "PUT", "key": "b", "more": {"b": "w", "d": 1}}"#,
        r#"{"allow":true,"by":{"b":["w","y"],"c":["z"],"d":[1]},"open":["w","y"]}"#,
    ),
    (
        r#"{"user": "u2", "method": "POST", "key": "d", "more": {"b": "w", "d": 1}}"#,
        r#"{"by":{"b":["w","y"],"c":["z"],"d":[1]},"open":[1],"untouched":true}"#,
    ),
    (
        r#"{"method": "B", "user": "u9"}"#,
        r#"{"allow":true,"by":{"c":["z"]},"level":1,"open":[]}"#,
    ),
    (
        r#"{"method": "TRACE", "path": "/public"}"#,
        r#"{"allow":true,"by":{"c":["z"]},"level":2,"open":[],"untouched":true}"#,
    ),
    (
        r#"{"path": "/v1/x", "user": "u8"}"#,
        r#"{"allow":true,"by":{"c":["z"]},"level":1,"open":[]}"#,
    ),
    (
        r#"{"path": "/v11/x", "user": "u6", "method": "TRACE"}"#,
        "eval_conflict_error",
    ),
    (
        r#"{"parts": ["api", "v1", "res"]}"#,
        r#"{"allow":true,"by":{"c":["z"]},"open":[]}"#,
    ),
    (
        r#"{"parts": ["api", "v0", "res"]}"#,
        r#"{"by":{"c":["z"]},"open":[],"untouched":true}"#,
    ),
    (
        r#"{"parts": ["api", "v1", "res", "x"], "debug": false}"#,
        r#"{"by":{"c":["z"]},"open":[],"untouched":true}"#,
    ),
    (
        r#"{"roles": ["x", "admin"]}"#,
        r#"{"allow":true,"by":{"c":["z"]},"open":[]}"#,
    ),
    (
        r#"{"roles": {"k": "admin"}, "blocked": true}"#,
        r#"{"by":{"c":["z"]},"open":[],"untouched":true}"#,
    ),
    (
        r#"{"debug": 0}"#,
        r#"{"allow":true,"by":{"c":["z"]},"open":[]}"#,
    ),
];

/// Is in each answer: it depends on no input.
const CALLS: &str = r#""calls":["one",3,3,[1,4],5]"#;

#[test]
fn the_index_changes_no_answer() {
    for (input, want) in CASES {
        for (index, instruments) in [(true, false), (false, false), (true, true)] {
            let options = Options {
                instruments,
                index,
                ..Options::default()
            };
            let got = answer(input, options);
            assert_eq!(got, *want, "input {input}, {options:?}");
        }
    }
}

fn answer(input: &str, plan: Options) -> String {
    let source = Source {
        name: "p.rego",
        text: POLICY,
        version: RegoVersion::V1,
    };
    let options = CompileOptions {
        plan,
        ..CompileOptions::default()
    };
    let compiled = compile(&[source], options).expect("compiles");
    let query = compiled
        .prepare("{k: v | some k, v in data.a; not k in {\"known\", \"mocked\"}}")
        .expect("prepared");
    let input = json::parse(input).expect("JSON");
    let mut evaluator = Evaluator::new();
    let mut options = EvalOptions::default();
    match query.value(
        &mut evaluator,
        compiled.policy(),
        Some(&input),
        &mut options,
    ) {
        Err(error) => error.code().to_owned(),
        Ok(value) => {
            let mut text = String::new();
            write_json(&value.expect("defined"), &mut text).expect("written");
            assert!(text.contains(CALLS), "{text}");
            let text = text.replace(CALLS, "").replace(",,", ",");
            text.replace("{,", "{").replace(",}", "}")
        }
    }
}
