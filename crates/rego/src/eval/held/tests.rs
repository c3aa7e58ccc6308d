//! Which labels an evaluation says. The answers are OPA's.

use crate::syntax::ast::RegoVersion;
use crate::value::json;
use crate::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile};

/// `{"x": 1, "l": [1, 2], "s": "a", "f": false}`.
const INPUT: &str = r#"{"x": 1, "l": [1, 2], "s": "a", "f": false}"#;

fn module(text: &str) -> Source<'_> {
    Source {
        name: "m.rego",
        text,
        version: RegoVersion::V1,
    }
}

/// The labels that were said when `data.a.p` was asked for; none if it is undefined.
fn labels(modules: &[&str]) -> String {
    let sources: Vec<Source<'_>> = modules.iter().map(|text| module(text)).collect();
    let compiled = compile(&sources, CompileOptions::default()).unwrap();
    let query = compiled.prepare("data.a.p").unwrap();
    let input = json::parse(INPUT).unwrap();
    let mut evaluator = Evaluator::new();
    let mut ask = || {
        let mut options = EvalOptions::default();
        let policy = compiled.policy();
        let answer = query.value(&mut evaluator, policy, Some(&input), &mut options);
        let labels: Vec<Value> = evaluator.labels(policy).cloned().collect();
        match answer.unwrap() {
            Some(_) => Value::from(labels).to_string(),
            None => "undefined".to_owned(),
        }
    };
    let first = ask();
    assert_eq!(ask(), first, "the second time");
    first
}

/// `package a` with these rules, where `@x` in front of one stands for the label `n: x`, and what is said: the values
/// of `n`.
const RULES: &[(&str, &str)] = &[
    // Defaults, and rules that do not hold.
    ("@d default p := false\n@r p if input.y", "d"),
    ("@d default p := false\n@r p if input.x", "r"),
    ("@p p := input.y if input.x\ndefault p := 1", ""),
    ("p if input.x\n@q q if input.x", ""),
    ("@p p := q\n@q q := false", "q p"),
    // In the order in which they hold, each once.
    (
        "@z p if {q; r; q; t}\n@m q if input.x\n@a r if input.x\n@b t if input.x",
        "m a b z",
    ),
    ("@s p if q\n@s q if input.x", "s"),
    // What held counts, whatever came of it.
    (
        "default p := false\n@p p if {q; count(input.l) > 5}\n@q q if input.x",
        "q",
    ),
    ("default p := false\n@p p if not q\n@q q if input.x", "q"),
    (
        "@p p if not q\n@q q if {r; count(input.l) > 5}\n@r r if input.x",
        "r p",
    ),
    (
        "default p := false\n@p p if every x in input.l { q(x) }\n@q q(x) if x == 1",
        "q",
    ),
    (
        "@p p if {q; count(input.l) > 5}\n@q q if input.x",
        "undefined",
    ),
    // The index of rules keeps what stands before the condition from being asked.
    (
        "default p := false\n@p p if {q; input.y}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; input.s == \"b\"}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; input.s in [\"b\", \"c\"]}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; startswith(input.s, \"b\")}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; 3 in input.l}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; v := input.s; v == \"b\"}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if {q; input.f}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if {q; glob.match(\"b*\", [], input.s)}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if {q; startswith(input.s, \"b\") == true}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if {q; input.s == [\"b\", \"c\"][_]}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if {q; input.s == {\"b\": 1}}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if {q; input.s != \"a\"}\n@q q if input.x",
        "q",
    ),
    (
        "default p := false\n@p p if f(1)\n@f f(v) if {q; v == 2}\n@q q if input.x",
        "",
    ),
    (
        "default p := false\n@p p if f(\"a\")\n@f f(v) if {q; startswith(v, \"b\")}\n@q q if input.x",
        "q",
    ),
    // The first answer is enough where all rules give one constant.
    (
        "@a p if input.x\n@b p if input.x == 1\n@c p if input.y",
        "a",
    ),
    (
        "@a p := v if v := input.x\n@b p := 1 if input.x == 1",
        "a b",
    ),
    (
        "@p p if {some x in input.l; f(x)}\n@f f(x) if g(x)\n@a g(1)\n@b g(2)",
        "a f p",
    ),
    (
        "@p p := input.x if {some x in input.l; f(x)}\n@f f(x) if g(x)\n@a g(1)\n@b g(2)",
        "a f p b",
    ),
    // An else branch has none of its own.
    ("@p p := 1 if input.y\nelse := 2 if input.x", ""),
    ("@p p := 1 if input.x\nelse := 2 if input.x", "p"),
    // Functions.
    (
        "@p p if {f(1); f(2); f(1)}\n@a f(x) if x == 1\n@b f(x) if x == 2",
        "a b p",
    ),
    (
        "@p p if not f(3)\n@d default f(_) := false\n@f f(x) if x == 2",
        "d p",
    ),
    (
        "@p p := [x | some x in input.l; q(x)]\n@q q(x) if x > 1",
        "q p",
    ),
    // Documents of many rules, whole and by a member.
    (
        "@a p contains 1 if input.x\n@b p contains 2 if input.y\n@c p contains 3",
        "a c",
    ),
    (
        "@p p if 1 in q\n@a q contains 1 if input.x\n@b q contains 2",
        "a b p",
    ),
    (
        "@p p if q[_] == 1\n@a q contains 1 if input.x\n@b q contains 2",
        "a b p",
    ),
    (
        "@p p if q[1]\n@a q contains 1 if input.x\n@b q contains 2",
        "p",
    ),
    (
        "@p p if q[input.x]\n@a q contains 1 if f(1)\n@f f(x) if x > 0",
        "f p",
    ),
    (
        "@p p if {count(q) > 0; q[1]}\n@a q contains 1 if input.x\n@b q contains 2",
        "a b p",
    ),
    (
        "@p p if q.a\n@a q.a := 1 if input.x\n@b q.b := 2 if input.x",
        "a p",
    ),
    (
        "@p p if q[input.s]\n@a q.a := 1 if input.x\n@b q.b := 2 if input.x",
        "a p",
    ),
    (
        "@p p if q.a\n@a q.a := 1 if input.x\n@k q[k] := 1 if k := input.s",
        "p",
    ),
    ("@p p if q.a\n@a q.a contains 1\n@b q.b contains 1", "a p"),
    ("@p p if q.a[1]\n@a q.a contains 1\n@b q.b contains 1", "p"),
    (
        "@p p if q.a\n@a q.a[k] := 1 if k := input.s\n@b q.b[k] := 1 if k := input.s",
        "a p",
    ),
    (
        "@p p if q.a.a\n@a q[j][k] := 1 if {j := input.s; k := input.s}",
        "p",
    ),
    // The policy itself sees them.
    ("@p p if rego.metadata.rule().labels.n == \"p\"", "p"),
    // Under replacements.
    (
        "@p p if {q with input.y as 1; not q}\n@q q if input.y",
        "q p",
    ),
    (
        "@p p if q with f as g\n@q q if f(1)\n@f f(x) if x == 2\n@g g(x) if x == 1",
        "g q p",
    ),
    (
        "@p p if q with r as true\n@q q if r\n@r r if input.x",
        "q p",
    ),
];

#[test]
fn the_labels_of_rules_that_hold() {
    for (rules, want) in RULES {
        let lines = rules.lines().map(|line| {
            match line.strip_prefix('@').and_then(|line| line.split_once(' ')) {
                Some((name, rule)) => format!("# METADATA\n# labels:\n#   n: {name}\n{rule}\n"),
                None => format!("{line}\n"),
            }
        });
        let text = format!("package a\n{}", lines.collect::<String>());
        let all = want.split_whitespace();
        let all: Vec<String> = all.map(|name| format!("{{\"n\": \"{name}\"}}")).collect();
        let want = match *want {
            "undefined" => "undefined".to_owned(),
            _ => format!("[{}]", all.join(", ")),
        };
        assert_eq!(labels(&[&text]), want, "{rules}");
    }
}

#[test]
fn what_is_written_around_a_rule_counts_and_the_inner_scope_wins() {
    let sub = "# METADATA\n# scope: subpackages\n# labels: {a: 1, b: 1, c: 1, d: 1}\n";
    let package = "# METADATA\n# labels: {b: 2, c: 2, d: 2}\n";
    let document = "# METADATA\n# scope: document\n# labels: {c: 3, d: 3}\n";
    let rule = "# METADATA\n# labels: {d: 4}\n";
    let all = format!("{sub}\n{package}package a\n{document}\n{rule}p if input.x\n");
    let other = "package a\np if input.y\n";
    let branch =
        format!("{package}package a\n{document}\n{rule}p := 1 if input.y\nelse := 2 if input.x\n");
    let far = format!("{sub}package a.b\n");
    let cases: [(&[&str], &str); 8] = [
        (&[&all], r#"[{"a": 1, "b": 2, "c": 3, "d": 4}]"#),
        (&[&branch], r#"[{"b": 2, "c": 3, "d": 3}]"#),
        // Of the document and the package, also in another file.
        (
            &[
                &format!("{package}package a\n{document}p if input.y\n"),
                "package a\np if input.x\n",
            ],
            r#"[{"b": 2, "c": 3, "d": 3}]"#,
        ),
        // Each for itself, down the packages.
        (
            &[
                &far,
                "package a.b.c\nq if r\nr if true\n",
                &format!("package a\n{rule}p if data.a.b.c.q\n"),
            ],
            r#"[{"a": 1, "b": 1, "c": 1, "d": 1}, {"d": 4}]"#,
        ),
        // A whole value takes the place of another.
        (
            &[
                "# METADATA\n# labels: {a: {x: 1, y: 1}}\npackage a\n# METADATA\n# labels: {a: {x: 2}}\np if true\n",
            ],
            r#"[{"a": {"x": 2}}]"#,
        ),
        (
            &[
                "package a\n# METADATA\n# labels: {m: one, n: one}\n\n# METADATA\n# labels: {m: two}\np if true\n",
            ],
            r#"[{"m": "two", "n": "one"}]"#,
        ),
        (
            &[
                "package a\n# METADATA\n# labels: {a: 1.50, b: true, c: [1, {d: null}], 1: x}\np if true\n",
            ],
            r#"[{"1": "x", "a": 1.5, "b": true, "c": [1, {"d": null}]}]"#,
        ),
        (
            &["package a\n# METADATA\n# labels: {}\np if true\n", other],
            "[]",
        ),
    ];
    for (modules, want) in cases {
        assert_eq!(labels(modules), want, "{modules:?}");
    }
}

#[test]
fn labels_that_are_no_mapping_are_refused() {
    for written in ["[a]", "x", "1"] {
        let text = format!("package a\n# METADATA\n# labels: {written}\np if true\n");
        let errors = compile(&[module(&text)], CompileOptions::default()).unwrap_err();
        assert!(
            errors[0].message.contains("labels"),
            "{}",
            errors[0].message
        );
    }
}

#[test]
fn a_policy_without_labels_is_planned_as_if_there_were_none() {
    let plan = |before: &str| {
        let text = format!("package a\n{before}p if {{q; input.y}}\nq if input.x\n");
        let compiled = compile(&[module(&text)], CompileOptions::default()).unwrap();
        let program = compiled.policy().program();
        (
            program.to_string(),
            program.units.iter().any(|unit| unit.index.is_some()),
        )
    };
    let plain = plan("# METADATA\n# title: t\n");
    assert!(!plain.0.contains("held"), "{}", plain.0);
    assert!(!plain.1, "two rules need no index");
    let labelled = plan("# METADATA\n# labels: {n: 1}\n");
    assert!(labelled.0.contains("held {\"n\": 1}"), "{}", labelled.0);
    assert!(
        labelled.1,
        "what stands behind `q` decides whether it is asked"
    );
}
