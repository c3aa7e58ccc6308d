//! Answers of OPA, one row a call.

use crate::builtins::calls::answers;

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
    ]);
}
