//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "json.filter",
        r#"[{"a":{"b":1,"c":2},"d":3},["a/b"]]"#,
        r#"{"a": {"b": 1}}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{"b":1,"c":2},"d":3},["a/b","d"]]"#,
        r#"{"a": {"b": 1}, "d": 3}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{"b":1,"c":2},"d":3},["a","a/b"]]"#,
        r#"{"a": {"b": 1, "c": 2}}"#,
    ),
    (
        "json.filter",
        r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1"]]"#,
        r#"{"a": [{"c": 2}]}"#,
    ),
    (
        "json.filter",
        r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1","a/0/b"]]"#,
        r#"{"a": [{"b": 1}, {"c": 2}]}"#,
    ),
    (
        "json.filter",
        r#"[{"a":[{"b":1},{"c":2}],"d":3},[["a",1]]]"#,
        r#"{"a": []}"#,
    ),
    (
        "json.filter",
        r#"[{"a":[{"b":1},{"c":2}],"d":3},[["a","1"]]]"#,
        r#"{"a": [{"c": 2}]}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{1:2,"1":3}},[["a",1]]]"#,
        r#"{"a": {1: 2}}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{1:2,"1":3}},["a/1"]]"#,
        r#"{"a": {"1": 3}}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{{"b":1}}},[["a",{"b":1}]]]"#,
        r#"{"a": {{"b": 1}}}"#,
    ),
    (
        "json.filter",
        r#"[{"a":{"b","c"}},["a/b"]]"#,
        r#"{"a": {"b"}}"#,
    ),
    ("json.filter", r#"[{"a":1},["z"]]"#, "{}"),
    ("json.filter", r#"[{"a":1},["a/z"]]"#, r#"{"a": 1}"#),
    (
        "json.filter",
        r#"[{"a":{"b":1}},["/a/b"]]"#,
        r#"{"a": {"b": 1}}"#,
    ),
    (
        "json.filter",
        r#"[{"a~b":{"c/d":1},"x":2},["a~0b/c~1d"]]"#,
        r#"{"a~b": {"c/d": 1}}"#,
    ),
    ("json.filter", r#"[{"a":1},[]]"#, "{}"),
    ("json.filter", r#"[{"a":1},[""]]"#, "{}"),
    ("json.filter", r#"[{"":1,"a":2},[""]]"#, "{}"),
    ("json.filter", r#"[{"a":1},[[]]]"#, "{}"),
    (
        "json.filter",
        r#"[{"a":1},1]"#,
        "type error: json.filter: operand 2 must be one of {set, array} but got number",
    ),
    (
        "json.filter",
        r#"[{"a":1},[1]]"#,
        "type error: json.filter: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
    ),
    (
        "json.filter",
        r#"[1,["a"]]"#,
        "type error: json.filter: operand 1 must be object but got number",
    ),
    (
        "json.remove",
        r#"[{"a":{"b":1,"c":2},"d":3},["a/b"]]"#,
        r#"{"a": {"c": 2}, "d": 3}"#,
    ),
    (
        "json.remove",
        r#"[{"a":{"b":1,"c":2},"d":3},["a/b","a/c"]]"#,
        r#"{"a": {}, "d": 3}"#,
    ),
    (
        "json.remove",
        r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1"]]"#,
        r#"{"a": [{"b": 1}], "d": 3}"#,
    ),
    (
        "json.remove",
        r#"[{"a":[1,2,3],"d":3},["a/0","a/2"]]"#,
        r#"{"a": [2], "d": 3}"#,
    ),
    (
        "json.remove",
        r#"[{"a":[1,2,3],"d":3},[["a",0]]]"#,
        r#"{"a": [1, 2, 3], "d": 3}"#,
    ),
    (
        "json.remove",
        r#"[{"a":{"b","c"}},["a/b"]]"#,
        r#"{"a": {"c"}}"#,
    ),
    (
        "json.remove",
        r#"[{"a":{{"b":1,"c":2}}},[["a",{"b":1,"c":2},"b"]]]"#,
        r#"{"a": {{"c": 2}}}"#,
    ),
    ("json.remove", r#"[{"a":1},["z"]]"#, r#"{"a": 1}"#),
    ("json.remove", r#"[{"a":1},["a/z"]]"#, r#"{"a": 1}"#),
    ("json.remove", r#"[{"a":1},[""]]"#, r#"{"a": 1}"#),
    ("json.remove", r#"[{"a":1},[[]]]"#, r#"{"a": 1}"#),
    ("json.remove", r#"[{"a":{"b":1}},["a","a/b"]]"#, "{}"),
    (
        "json.remove",
        r#"[{"a":1},1]"#,
        "type error: json.remove: operand 2 must be one of {set, array} but got number",
    ),
    (
        "json.remove",
        r#"[{"a":1},[1]]"#,
        "type error: json.remove: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
    ),
    ("json.remove", r#"[{"a":1},[["a"],"b"]]"#, "{}"),
    ("json.remove", r#"[{1:2,"1":3},["1"]]"#, "{1: 2}"),
    ("json.remove", r#"[{1:2,"1":3},[[1]]]"#, r#"{"1": 3}"#),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
