//! Answers of OPA, one row a call.

use super::Walk;
use crate::builtins::calls::{answers, call_within, value};
use crate::builtins::{Budget, Error};
use crate::value::Value;

#[test]
fn graphs_are_followed_as_opa_does() {
    answers(&[
        (
            "graph.reachable",
            r#"[{"a": ["b", "c"], "b": ["d"], "c": [], "d": ["a"]}, ["a"]]"#,
            r#"{"set()": ["a", "b", "c", "d"]}"#,
        ),
        (
            "graph.reachable",
            r#"[{"a": ["b", "c"], "b": ["d"], "c": [], "d": ["a"]}, ["c", "b"]]"#,
            r#"{"set()": ["a", "b", "c", "d"]}"#,
        ),
        (
            "graph.reachable",
            r#"[{"a": ["a"]}, ["a"]]"#,
            r#"{"set()": ["a"]}"#,
        ),
        (
            "graph.reachable",
            r#"[{"a": ["x"]}, ["a"]]"#,
            r#"{"set()": ["a"]}"#,
        ),
        (
            "graph.reachable",
            r#"[{"a": null}, ["a"]]"#,
            r#"{"set()": ["a"]}"#,
        ),
        ("graph.reachable", r#"[{}, ["a"]]"#, r#"{"set()": []}"#),
        (
            "graph.reachable",
            r#"[{"a": ["b", "b"], "b": ["b"]}, ["a"]]"#,
            r#"{"set()": ["a", "b"]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["b", "c"], "b": ["d"], "c": [], "d": ["a"]}, ["a"]]"#,
            r#"{"set()": [["a", "b", "d"], ["a", "c"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["b", "c"], "b": ["d"], "c": [], "d": ["a"]}, ["c", "b"]]"#,
            r#"{"set()": [["b", "d", "a"], ["b", "d", "a", "c"], ["c"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["a"]}, ["a"]]"#,
            r#"{"set()": [["a", "a"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["x"]}, ["a"]]"#,
            r#"{"set()": [["a"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": null}, ["a"]]"#,
            r#"{"set()": [["a"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{}, ["a"]]"#,
            r#"{"set()": []}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["b", "b"], "b": ["b"]}, ["a"]]"#,
            r#"{"set()": [["a", "b"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["e"], "e": ["b", "d"]}, ["a"]]"#,
            r#"{"set()": [["a", "b", "d", "e"], ["a", "c", "d", "e"], ["a", "c", "d", "e", "b"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["x"], "x": ["y", "z"], "y": [], "z": ["y"]}, ["a"]]"#,
            r#"{"set()": [["a", "x", "y"], ["a", "x", "z", "y"]]}"#,
        ),
        (
            "graph.reachable_paths",
            r#"[{"a": ["a", "b"], "b": ["a"]}, ["a"]]"#,
            r#"{"set()": [["a", "a"], ["a", "a", "b"], ["a", "b"]]}"#,
        ),
    ]);
}

#[test]
fn a_walk_comes_by_each_value_with_its_path() {
    answers(&[
        ("walk", "[1]", "[[[], 1]]"),
        (
            "walk",
            r#"[{"a": [1, {"b": 2}], "c": {"set()": ["x"]}}]"#,
            r#"[
                [[], {"a": [1, {"b": 2}], "c": {"set()": ["x"]}}],
                [["a"], [1, {"b": 2}]],
                [["a", 0], 1],
                [["a", 1], {"b": 2}],
                [["a", 1, "b"], 2],
                [["c"], {"set()": ["x"]}],
                [["c", "x"], "x"]
            ]"#,
        ),
    ]);
}

#[test]
fn a_walk_stays_below_a_pattern() {
    let whole = value(r#"{"a": [{"k": 1}, {"k": 2}, 3], "b": {"k": 4}}"#);
    let key = |key: &str| Some(Value::from(key));
    let rows = [
        (
            vec![key("a"), None, key("k")],
            r#"[[["a", 0, "k"], 1], [["a", 1, "k"], 2]]"#,
        ),
        (vec![key("b")], r#"[[["b"], {"k": 4}], [["b", "k"], 4]]"#),
        (vec![key("c")], "[]"),
        (vec![None, None, None, None], "[]"),
    ];
    for (pattern, want) in rows {
        let mut walk = Walk::new(&whole).below(pattern.clone());
        let mut pairs = Vec::new();
        while let Some(found) = walk.next() {
            let path = Value::from(walk.path().to_vec());
            pairs.push(Value::from(vec![path, found.clone()]));
        }
        assert_eq!(Value::from(pairs), value(want), "{pattern:?}");
    }
    let mut walk = Walk::new(&whole).without_paths();
    assert_eq!(walk.by_ref().count(), 9);
    assert_eq!(walk.path(), &[]);
}

#[test]
fn what_grows_ends_with_the_budget() {
    // Each node has an edge to each other.
    let all: Vec<String> = (0..330).map(|n| format!(r#""{n}""#)).collect();
    let all = all.join(", ");
    let nodes: Vec<String> = (0..330).map(|n| format!(r#""{n}": [{all}]"#)).collect();
    let paths = format!(r#"[{{{}}}, ["0"]]"#, nodes.join(", "));
    // The end of one glob is found to be missing from the other behind every choice.
    let globs = format!(
        r#"["{}c", "{}d+"]"#,
        "[ab]*a".repeat(400),
        "a*[ab]".repeat(400)
    );
    for (name, args) in [
        ("graph.reachable_paths", paths.as_str()),
        ("net.cidr_expand", r#"["10.0.0.0/9"]"#),
        ("regex.globs_match", globs.as_str()),
    ] {
        let mut budget = Budget::default();
        budget.steps = 100_000;
        let got = call_within(&mut budget, name, args);
        assert_eq!(got, Err(Error::Cancelled), "{name}");
    }
}
