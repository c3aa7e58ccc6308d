//! What is covered, as OPA 1.22 says it of the same modules and queries.

use super::{Cover, Range, Report};
use crate::eval::trace::shared;
use crate::value::json;
use crate::{CompileOptions, EvalOptions, Evaluator, Source, compile, plan};

fn covered(text: &str, query: &str) -> Report {
    let text = format!("package a\n{text}");
    let source = Source {
        name: "a.rego",
        text: &text,
        version: crate::syntax::ast::RegoVersion::V1,
    };
    let options = CompileOptions {
        plan: plan::Options {
            instruments: true,
            ..plan::Options::default()
        },
        ..CompileOptions::default()
    };
    let compiled = compile(&[source], options).unwrap();
    let prepared = compiled.prepare(query).unwrap();
    let (cover, tracer) = shared(Cover::default());
    let mut options = EvalOptions {
        tracer: Some(tracer),
        ..EvalOptions::default()
    };
    let input = json::parse(r#"{"xs": [1, 2, 3], "x": 2, "s": "a"}"#).unwrap();
    let policy = compiled.policy();
    prepared
        .rows(&mut Evaluator::new(), policy, Some(&input), &mut options)
        .unwrap();
    cover.lock().unwrap().report(policy.program())
}

fn shown(ranges: &[Range]) -> String {
    let shown = ranges.iter().map(|Range { start, end }| {
        let (row, col) = start;
        if row == &end.0 {
            format!("{row}:{col}-{}", end.1)
        } else {
            format!("{row}:{col}-{}:{}", end.0, end.1)
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn ranges_are_those_of_opa() {
    let cases = [
        ("p if input.x > 1", "data.a.p", "2:1-2 2:6-13 2:6-17", ""),
        ("p if input.x == 2", "data.a.p", "2:1-2 2:6-18", ""),
        (
            "p if count(input.xs) == 3",
            "data.a.p",
            "2:1-2 2:6-21 2:6-26 2:12-20",
            "",
        ),
        (
            "p if not count(input.xs) == 7",
            "data.a.p",
            "2:1-2 2:6-30 2:10-25 2:16-24",
            "",
        ),
        (
            "q contains x if some x in [1, 2]",
            "data.a.q",
            "2:1-13 2:17-33 2:27-33",
            "",
        ),
        ("r contains 1", "data.a.r", "2:1-2 2:1-13", ""),
        (
            "f(x) := x\np := f(1)",
            "data.a.p",
            "2:1-10 2:9-10 3:1-10 3:6-10",
            "",
        ),
        ("default d := 3", "data.a.d", "2:1-8 2:9-15", ""),
        (
            "default d := 3\nd := 4 if input.x == 2",
            "data.a.d",
            "3:1-7 3:11-23",
            "2:1-8 2:9-15",
        ),
        (
            "p if every e in input.xs { e + 1 > 1 }",
            "data.a.p",
            "2:1-2 2:6-39 2:17-25 2:28-33 2:28-37",
            "",
        ),
        (
            "c := [y | some y in [1,2,3]; y != 2]",
            "data.a.c",
            "2:1-37 2:6-37 2:11-28 2:21-28 2:30-36",
            "",
        ),
        (
            "f(x) := y if {\n\ty := x + 1\n} else := 7 if {\n\tx == 10\n}\np := f(1)",
            "data.a.p",
            "2:1-10 3:2-12 3:7-12 7:1-10 7:6-10",
            "4:3-12 5:2-9",
        ),
    ];
    for (text, query, hit, missed) in cases {
        let report = covered(text, query);
        let file = report.files.get("a.rego").unwrap();
        assert_eq!(
            (
                shown(&file.covered).as_str(),
                shown(&file.not_covered).as_str()
            ),
            (hit, missed),
            "{text}"
        );
    }
}

#[test]
fn lines_are_counted_once_and_in_full() {
    let report = covered(
        "p if {\n\tinput.s in {\n\t\t\"a\",\n\t\t\"b\",\n\t}\n}\nq if false",
        "data.a.p",
    );
    assert_eq!((report.covered_lines, report.not_covered_lines), (5, 1));
    assert!((report.coverage - 500.0 / 6.0).abs() < 1e-9);
}
