//! Look-ups against loops.

use crate::value::{Data, json};
use crate::{CompileOptions, EvalOptions, Evaluator, Source, compile_with};

/// Enough members that loops over them are look-ups, with tests that are met, missed and undefined.
#[test]
fn look_ups_in_data_answer_as_loops_do() {
    let members = (0..40).map(|n| match n % 8 {
        7 => format!(r#"{{"n": {n}}}"#),
        6 => format!(r"[{n}]"),
        _ => format!(
            r#"{{"n": {n}, "k": "k{}", "o": {{"p": [{}, 1.0]}}}}"#,
            n % 4,
            n % 3
        ),
    });
    let members = members.collect::<Vec<_>>().join(", ");
    let pairs = (0..40).map(|n| format!(r#""key{n}": {{"k": "k{}"}}"#, n % 4));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    let data = format!(r#"{{"xs": [{members}], "m": {{{pairs}}}, "few": [{{"k": "k1"}}]}}"#);
    let rows = [
        "{x.n | some x in data.xs; x.k == input.k}",
        "{[i, x.n] | some i, x in data.xs; x.k == input.k; x.o.p[0] == input.p}",
        "{x.n | some x in data.xs; input.p == x.o.p[0]; x.n > 5; x.k = input.k}",
        "{x.n | some x in data.xs; x.o.p[1] == 1}",
        "{x.n | some x in data.xs; x.k == input.absent}",
        "{x.n | some x in data.xs; x.absent == input.k}",
        "{i | data.xs[i].k == input.k}",
        "{i | data.xs[i] == [14]}",
        "{k | some k, x in data.m; x.k == input.k}",
        "{x | some x in data.few; x.k == input.k}",
        "{x.n | some x in data.xs; x.n == x.n; x.k == input.k}",
        "{[x.n, y.n] | some x in data.xs; some y in data.xs; y.n == x.o.p[0]; y.k == x.k}",
        "{x | some x in data.xs; x.k == input.k} with data.xs as [{\"k\": \"k1\", \"with\": 1}]",
        "{x.n | some x in data.xs; x.k == input.k} with input.k as \"k2\"",
        "[xs | some n in numbers.range(0, 4); k := sprintf(\"k%d\", [n]); xs := {x.n | some x in input.xs; x.k == k}]",
        "[xs | some i in input.ks; xs := [x.n | some x in input.xs; x.k == i]]",
        "[xs | some i in input.ks; xs := [x.n | some x in ys; x.k == i; x.n != 3]]",
        "[xs | some i in input.ks; xs := [x.n | some x in input.xs; x.k == i]] with input.xs as data.few",
        "[xs | some i in input.ks; some j in data.few; xs := [x.n | some x in input.xs; x.k == i] with input.xs as array.concat(data.xs, data.few)]",
        "count([1 | some x in data.xs; not x.k == input.k])",
    ];
    let data = json::parse(&data).unwrap();
    let input = json::parse(format!(
        r#"{{"k": "k1", "p": 1, "ks": ["k0", "k1", "k2", "k1"], "xs": [{members}]}}"#
    ))
    .unwrap();
    for row in rows {
        let text = format!(
            "package p\n\nys contains y if some y in data.xs\n\nanswer := a if a := {row}\n"
        );
        let ask = |index: bool| {
            let plan = crate::plan::Options {
                index,
                ..crate::plan::Options::default()
            };
            let options = CompileOptions {
                plan,
                ..CompileOptions::default()
            };
            let source = Source {
                name: "p.rego",
                text: &text,
                version: crate::syntax::ast::RegoVersion::V1,
            };
            let data = Data::new(data.clone());
            let compiled = compile_with(&[source], options, data).unwrap();
            let query = compiled.prepare("data.p.answer").unwrap();
            let mut options = EvalOptions::default();
            let mut evaluator = Evaluator::new();
            let answer = query.value(
                &mut evaluator,
                compiled.policy(),
                Some(&input),
                &mut options,
            );
            (answer.unwrap(), compiled.policy().program().fields.len())
        };
        let ((with, sites), (without, none)) = (ask(true), ask(false));
        assert_eq!(with, without, "{row}");
        assert!(with.is_some() && none == 0, "{row}");
        assert!(sites > 0 || row.starts_with("count"), "{row} is looked up");
    }
}
