//! What is told of evaluations. Counts and notes are those that OPA 1.22 gave; of its events the order is, while the
//! literals are ours.

use super::{Event, Lines, Op, Recorder, picked, shared};
use crate::eval::Row;
use crate::eval::profile::{By, Profile};
use crate::plan::ir::Query;
use crate::value::json;
use crate::{CompileOptions, Compiled, EvalOptions, Evaluator, Source, compile, plan};

const POLICY: &str = r#"package a

default allow := false

allow if {
	some x in input.xs
	x > 1
	f(x) == 3
	trace(sprintf("hi %v", [x]))
}

f(x) := y if {
	y := x + 1
}

s contains x if {
	some x in [1, 2]
	not x == 2
}
"#;

fn compiled(instruments: bool) -> Compiled {
    let source = Source {
        name: "a.rego",
        text: POLICY,
        version: crate::syntax::ast::RegoVersion::V1,
    };
    let plan = plan::Options {
        instruments,
        ..plan::Options::default()
    };
    let options = CompileOptions {
        plan,
        ..CompileOptions::default()
    };
    compile(&[source], options).unwrap()
}

fn rows(compiled: &Compiled, query: &str, options: &mut EvalOptions) -> Vec<Row> {
    let input = json::parse(r#"{"xs": [1, 2, 3]}"#).unwrap();
    let prepared = compiled.prepare(query).unwrap();
    let policy = compiled.policy();
    prepared
        .rows(&mut Evaluator::new(), policy, Some(&input), options)
        .unwrap()
}

fn told(query: &str, shown: impl Fn(&Query, &[Event]) -> String) -> String {
    let compiled = compiled(true);
    let (recorder, tracer) = shared(Recorder {
        locals: true,
        ..Recorder::default()
    });
    let mut options = EvalOptions {
        tracer: Some(tracer),
        ..EvalOptions::default()
    };
    rows(&compiled, query, &mut options);
    let events = std::mem::take(&mut recorder.lock().unwrap().events);
    let prepared = compiled.prepare(query).unwrap();
    shown(prepared.plan(), &events)
}

#[test]
fn notes_come_with_the_way_to_them() {
    let text = told("data.a.allow", |query, events| {
        Lines::new(&query.files).text(&picked(events, &[Op::Note]))
    });
    let expected = "\
query:1      Enter data.a.allow = _
a.rego:5     | Enter data.a.allow
a.rego:9     | | Note \"hi 2\"
";
    assert_eq!(text, expected);
}

#[test]
fn failures_come_with_the_way_to_them() {
    let text = told("data.a.allow", |query, events| {
        Lines::new(&query.files).text(&picked(events, &[Op::Fail]))
    });
    let expected = "\
query:1      Enter data.a.allow = _
a.rego:5     | Enter data.a.allow
a.rego:7     | | Fail x > 1
";
    assert_eq!(text, expected);
}

#[test]
fn events_come_in_the_order_of_opa() {
    let text = told("data.a.s", |query, events| {
        Lines::new(&query.files).text(events)
    });
    let expected = "\
query:1       Enter data.a.s = _
query:1       | Eval data.a.s = _
query:1       | Index data.a.s (matched 1 rule)
a.rego:16     | Enter data.a.s
a.rego:17     | | Eval [1, 2]
a.rego:17     | | Eval some x in [1, 2]
a.rego:18     | | Eval not x == 2
a.rego:18     | | Enter x == 2
a.rego:18     | | | Eval x == 2
a.rego:18     | | | Fail x == 2
a.rego:16     | | Exit data.a.s
a.rego:16     | Redo data.a.s
a.rego:17     | | Redo some x in [1, 2]
a.rego:18     | | Eval not x == 2
a.rego:18     | | Enter x == 2
a.rego:18     | | | Eval x == 2
a.rego:18     | | | Exit x == 2
a.rego:18     | | Redo x == 2
a.rego:18     | | | Redo x == 2
a.rego:18     | | Fail not x == 2
a.rego:17     | | Redo some x in [1, 2]
a.rego:17     | | Redo [1, 2]
query:1       | Exit data.a.s = _
query:1       Redo data.a.s = _
query:1       | Redo data.a.s = _
";
    assert_eq!(text, expected);
}

#[test]
fn values_of_variables_are_shown_where_they_are_asked_for() {
    let text = told("data.a.allow", |query, events| {
        Lines::new(&query.files)
            .locals()
            .text(&picked(events, &[Op::Fail]))
    });
    assert!(text.ends_with("Fail x > 1             {x: 1}\n"), "{text}");
}

#[test]
fn profiles_count_as_opa_does() {
    let compiled = compiled(true);
    let (profile, tracer) = shared(Profile::default());
    let mut options = EvalOptions {
        tracer: Some(tracer),
        ..EvalOptions::default()
    };
    rows(&compiled, "data.a", &mut options);
    let prepared = compiled.prepare("data.a").unwrap();
    let by = [By::File, By::Row];
    let mut lines = profile.lock().unwrap().lines(&prepared.plan().files);
    lines.sort_by(|a, b| By::order(&by, a, b));
    let counts: Vec<_> = lines
        .iter()
        .filter(|line| &*line.location.file == "a.rego")
        .map(|line| {
            let counts = (line.num_eval, line.num_redo, line.num_gen_expr);
            (line.location.row, line.location.col, counts)
        })
        .collect();
    // Row, column of the first expression, (evaluations, redos, expressions).
    let expected = [
        (18, 2, (4, 1, 2)),
        (17, 12, (2, 3, 2)),
        (13, 7, (2, 2, 2)),
        (9, 8, (2, 2, 2)),
        (8, 2, (2, 2, 2)),
        (7, 2, (2, 1, 1)),
        (6, 2, (1, 2, 1)),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn without_instruments_there_are_no_marks_and_answers_are_the_same() {
    let (plain, watched) = (compiled(false), compiled(true));
    assert!(!plain.policy().program().to_string().contains("mark"));
    assert!(plain.policy().program().marked.is_empty());
    assert!(watched.policy().program().to_string().contains("mark"));
    for query in ["data.a", "data.a.f(2)", "x := data.a.s[_]", "data.a.nope"] {
        let answers = |compiled, tracer| {
            let mut options = EvalOptions {
                tracer,
                ..EvalOptions::default()
            };
            rows(compiled, query, &mut options)
        };
        let recorder: Box<dyn super::Tracer> = Box::new(Recorder::default());
        let expected = answers(&plain, None);
        assert_eq!(answers(&watched, None), expected, "{query}");
        assert_eq!(answers(&watched, Some(recorder)), expected, "{query}");
    }
}
