//! What `print` prints, as OPA prints it.

use std::sync::{Arc, Mutex};

use crate::syntax::ast::RegoVersion;
use crate::value::json;
use crate::{CompileOptions, EvalOptions, Evaluator, Source, compile};

/// The lines that a query of `data.c.p` prints, each with the row of the call.
fn printed(text: &str) -> Vec<String> {
    let text = format!("package c\n\n{text}\n");
    let source = Source {
        name: "p.rego",
        text: &text,
        version: RegoVersion::V1,
    };
    let options = CompileOptions {
        prints: true,
        ..CompileOptions::default()
    };
    let compiled = compile(&[source], options).unwrap();
    let prepared = compiled.prepare("data.c.p").unwrap();
    let input = json::parse(r#"{"xs": [1, 2, 3]}"#).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&lines);
    let mut options = EvalOptions {
        print: Some(Box::new(move |at, line| {
            let row = at.map_or(0, |at| at.row);
            to.lock().unwrap().push(format!("{row}: {line}"));
        })),
        ..EvalOptions::default()
    };
    let policy = compiled.policy();
    let answer = prepared.value(&mut Evaluator::new(), policy, Some(&input), &mut options);
    answer.unwrap();
    lines.lock().unwrap().clone()
}

#[test]
fn lines_are_those_of_opa() {
    let cases: [(&str, &[&str]); 8] = [
        // A `print` behind `not` holds.
        (
            "p if { not print(\"a\"); not print(input.nope); print(\"b\") }",
            &["3: a", "3: <undefined>", "3: b"],
        ),
        (
            "p if print(\"hello\", 1, {\"a\"}, [1, \"x\"], null, {\"k\": 1.50})",
            &["3: hello 1 {\"a\"} [1, \"x\"] null {\"k\": 1.50}"],
        ),
        (
            "p if {\n\tx := input.xs[_]\n\tprint(\"x is\", x, input.nope)\n\tx > 1\n}",
            &["5: x is 1 <undefined>", "5: x is 2 <undefined>"],
        ),
        (
            "p contains x if {\n\tsome x in [1, 2]\n\tprint(x, \"in p\")\n}",
            &["5: 1 in p", "5: 2 in p"],
        ),
        (
            "p if {\n\tprint()\n\tprint({y | some y in [1, 2]})\n}",
            &["4: ", "5: {1, 2}"],
        ),
        (
            "f(x) := y if {\n\tprint(\"f\", x)\n\ty := x + 1\n}\np := [f(1), f(1), f(2)]",
            &["4: f 1", "4: f 2"],
        ),
        (
            "m if { print(\"in not\"); false }\np if not m",
            &["3: in not"],
        ),
        (
            "p if every v in [1, 2] { print(\"every\", v) }",
            &["3: every 1", "3: every 2"],
        ),
    ];
    for (text, want) in cases {
        assert_eq!(printed(text), want, "{text}");
    }
}

#[test]
fn what_prints_is_not_kept() {
    // The comprehension depends on no variable, and the rule on nothing that is replaced.
    let text = "p if {\n\tsome x in [1, 2]\n\tq with input.y as x\n\tcount([1 | print(\"again\")]) > x\n}\nq if print(\"q\")";
    assert_eq!(printed(text), ["8: q", "6: again", "8: q", "6: again"]);
}
