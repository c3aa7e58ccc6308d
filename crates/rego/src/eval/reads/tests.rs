//! What is known under a `with`: what it does not change costs nothing again, what it changes is another. The
//! answers are OPA's.

use crate::syntax::ast::RegoVersion;
use crate::value::{Data, json};
use crate::{CompileOptions, EvalOptions, Evaluator, Source, compile_with};

/// The answer as text, and the steps that it took.
fn ask(text: &str) -> (String, u64) {
    let text = format!("package t\n\n{text}\n");
    let source = Source {
        name: "p.rego",
        text: &text,
        version: RegoVersion::V1,
    };
    let data = Data::new(json::parse(r#"{"base": {"x": 1, "y": 2}, "other": {"z": 3}}"#).unwrap());
    let compiled = compile_with(&[source], CompileOptions::default(), data).unwrap();
    let prepared = compiled.prepare("data.t.p").unwrap();
    let mut options = EvalOptions::default();
    let answer = prepared.value(&mut Evaluator::new(), compiled.policy(), None, &mut options);
    let answer = match answer {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    };
    (answer, options.budget.used())
}

const DEAR: &str =
    "dear := count([1 | some a in numbers.range(1, 30); some b in numbers.range(1, 30)])";

#[test]
fn what_a_with_does_not_change_is_known_under_it() {
    let cases = [
        ("q := dear + input", "input as x"),
        ("q := dear + data.other.z", "data.other.z as x"),
        ("q := dear + data.base.x", "data.base as {\"x\": x}"),
        ("q := dear + data.t.r\nr := 1", "data.t.r as x"),
        ("q := dear + f(1)\nf(y) := y", "f as x"),
        ("q := dear + abs(-1)", "abs as x"),
        ("q := g(dear)\ng(n) := n + input", "input as x"),
        (
            "q := m[\"k\"] + input\nm[k] := dear if some k in [\"k\"]",
            "input as x",
        ),
        ("q := g(3) + input\ng(n) := dear + n", "input as x"),
        (
            "q := w + input\nw := x if x := v with input as 7\nv := dear + input",
            "data.base as x",
        ),
    ];
    for (text, with) in cases {
        let used = |n: usize| {
            let text = format!(
                "{DEAR}\n{text}\np := count([1 | some x in numbers.range(1, {n}); q with {with}])"
            );
            let (answer, used) = ask(&text);
            if !text.contains("w + input") {
                assert_eq!(answer, n.to_string(), "{text}");
            }
            used
        };
        let (few, many) = (used(10), used(1_000));
        assert!(many < few + 1_000 * 100, "{few} steps, then {many}: {text}");
    }
}

#[test]
fn what_a_with_changes_is_another() {
    let cases = [
        (
            "p := [a, b, c] if {\na := q\nb := q with input as 2\nc := q with data.base.x as 5\n}\nq := [r, s, data.base.y]\nr := data.base.x\ndefault s := 0\ns := input",
            "[[1, 0, 2], [1, 2, 2], [5, 0, 2]]",
        ),
        // Above and below what is replaced, by keys that are not known.
        (
            "p := [a, b, c] if {\na := q\nb := q with data.base as {\"y\": 9}\nc := q with data.base.x as 8\n}\nq := {k: v | some k in [\"x\", \"y\"]; v := data.base[k]}",
            "[{\"x\": 1, \"y\": 2}, {\"y\": 9}, {\"x\": 8, \"y\": 2}]",
        ),
        // Functions, also through others and by what stands in for them.
        (
            "p := [a, b, c] if {\na := q\nb := q with f as g\nc := q with input.z as 4 with f as g\n}\nq := [f(1), h]\nh := f(2)\nf(x) := x\ng(x) := x + k\ndefault k := 10\nk := input.z",
            "[[1, 2], [11, 12], [5, 6]]",
        ),
        (
            "p := [a, b] if {\na := q\nb := q with count as c\n}\nq := r\nr := count([1, 2])\nc(xs) := count(xs) + 1",
            "[2, 3]",
        ),
        // Replacements inside replacements.
        (
            "p := a if a := [q, w] with input as 1\nw := x if x := q with data.base.x as 7\nq := [input, data.base.x]",
            "[[1, 1], [1, 7]]",
        ),
        (
            "p := a if a := [q, w, q] with data.base.x as 7\nw := x if x := q with input as 1\nq := [r, data.base.x]\ndefault r := 0\nr := input",
            "[[0, 7], [1, 7], [0, 7]]",
        ),
        // A look-up by key and a call, each known outside before.
        (
            "p := [a, b, c, d] if {\na := m.k\nb := m.k with input as 5\nc := f(1)\nd := f(1) with input as 5\n}\nm[k] := v if { some k in [\"k\"]; v := r }\nf(x) := x + r\ndefault r := 0\nr := input",
            "[0, 5, 1, 6]",
        ),
    ];
    for (text, want) in cases {
        assert_eq!(ask(text).0, want, "{text}");
    }
}
