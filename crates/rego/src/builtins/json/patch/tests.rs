//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"b","value":2}]]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"/b","value":2}]]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"//b","value":2}]]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":["b"],"value":2}]]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"","value":2}]]"#,
        "2",
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"/","value":2}]]"#,
        r#"{"": 2, "a": 1}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":[],"value":2}]]"#,
        "2",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":"/a/0","value":9}]]"#,
        r#"{"a": [9, 1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":"/a/-","value":9}]]"#,
        r#"{"a": [1, 2, 9]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":"/a/2","value":9}]]"#,
        r#"{"a": [1, 2, 9]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":"/a/3","value":9}]]"#,
        "error: json.patch: index for array insertion out of bounds",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a",0],"value":9}]]"#,
        r#"{"a": [9, 1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a",-1],"value":9}]]"#,
        "error: json.patch: index for array insertion out of bounds",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a","01"],"value":9}]]"#,
        "error: json.patch: leading zeros are not allowed in JSON paths",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a","+1"],"value":9}]]"#,
        r#"{"a": [1, 9, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a","x"],"value":9}]]"#,
        "error: json.patch: invalid string for indexing",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a",1.0],"value":9}]]"#,
        r#"{"a": [1, 9, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":["a","1.0"],"value":9}]]"#,
        r#"{"a": [1, 9, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"remove","path":"/a/0"}]]"#,
        r#"{"a": [2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"remove","path":"/a/2"}]]"#,
        "error: json.patch: index for array delete out of bounds",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"remove","path":"/a/-"}]]"#,
        "error: json.patch: index for array delete out of bounds",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"remove","path":"/b"}]]"#,
        r#"error: json.patch: cannot delete child key "b" that does not exist"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"replace","path":"/a/0","value":9}]]"#,
        r#"{"a": [9, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"replace","path":"/b","value":9}]]"#,
        r#"error: json.patch: cannot delete child key "b" that does not exist"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"replace","path":"/a/2","value":9}]]"#,
        "error: json.patch: index for array delete out of bounds",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"replace","path":"","value":9}]]"#,
        "9",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"move","from":"/a","path":"/b"}]]"#,
        r#"{"b": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"move","from":"/a/0","path":"/a/1"}]]"#,
        r#"{"a": [2, 1]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":{"b":1}},[{"op":"move","from":"/z","path":"/b"}]]"#,
        r#"error: json.patch: path "z" does not exist in object term {"a": {"b": 1}}"#,
    ),
    (
        "json.patch",
        r#"[{"a":{"b":1}},[{"op":"move","from":"/a","path":""}]]"#,
        r#"{"b": 1}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"copy","from":"/a","path":"/b"}]]"#,
        r#"{"a": [1, 2], "b": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"copy","from":"","path":"/b"}]]"#,
        r#"{"a": [1, 2], "b": {"a": [1, 2]}}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"copy","from":"/z","path":"/b"}]]"#,
        r#"error: json.patch: path "z" does not exist in object term {"a": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"test","path":"/a/0","value":1}]]"#,
        r#"{"a": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"test","path":"","value":{"a":[1,2]}}]]"#,
        r#"{"a": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"test","path":"/z","value":null}]]"#,
        r#"error: json.patch: path "z" does not exist in object term {"a": [1, 2]}"#,
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"foo","path":"/z","value":null}]]"#,
        "error: json.patch: unrecognized op: 'foo'",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"path":"/z","value":1}]]"#,
        "error: json.patch: missing required attribute 'op'",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","value":1}]]"#,
        "error: json.patch: missing required attribute 'path'",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":"/x"}]]"#,
        "error: json.patch: missing required attribute 'value'",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"add","path":1,"value":1}]]"#,
        "type error: json.patch: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":1,"path":"/a","value":1}]]"#,
        "error: json.patch: attribute 'op' must be a string but found: number",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[1]]"#,
        "error: json.patch: a patch is an array of objects, and something in it is none",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},1]"#,
        "type error: json.patch: operand 2 must be array but got number",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"move","path":"/a"}]]"#,
        "error: json.patch: missing required attribute 'from'",
    ),
    (
        "json.patch",
        r#"[{"a":[1,2]},[{"op":"copy","path":"/a","from":1}]]"#,
        "type error: json.patch: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"add","path":"c","value":"c"}]]"#,
        r#"{"a", "b", "c"}"#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"add","path":"c","value":"d"}]]"#,
        r#"error: json.patch: a set has its members under themselves: "d" cannot be put at "c""#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"add","path":"-","value":"d"}]]"#,
        r#"error: json.patch: a set has its members under themselves: "d" cannot be put at "-""#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"remove","path":"b"}]]"#,
        r#"{"a"}"#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"remove","path":"z"}]]"#,
        r#"error: json.patch: cannot delete child key "z" that does not exist"#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"replace","path":"b","value":"x"}]]"#,
        r#"error: json.patch: a set has its members under themselves: "x" cannot be put at "b""#,
    ),
    (
        "json.patch",
        r#"[{"a",["b"]},[{"op":"remove","path":[["b"]]}]]"#,
        r#"{"a"}"#,
    ),
    (
        "json.patch",
        r#"[{"a",{"b":1}},[{"op":"add","path":[{"b":1},"c"],"value":2}]]"#,
        r#"{"a", {"b": 1, "c": 2}}"#,
    ),
    (
        "json.patch",
        r#"[{"x":{"a",{"b":1}}},[{"op":"replace","path":["x",{"b":1},"b"],"value":2}]]"#,
        r#"error: json.patch: path {"b": 1} does not exist in set term {"a", {}}"#,
    ),
    (
        "json.patch",
        r#"[{"a",{"b":1}},[{"op":"move","from":["a"],"path":["b"]}]]"#,
        r#"error: json.patch: a set has its members under themselves: "a" cannot be put at "b""#,
    ),
    (
        "json.patch",
        r#"[{"a","b"},[{"op":"test","path":"b","value":"b"}]]"#,
        r#"{"a", "b"}"#,
    ),
    (
        "json.patch",
        r#"[1,[{"op":"add","path":"b","value":"b"}]]"#,
        "error: json.patch: expected composite type, found value: 1 (type: ast.Number)",
    ),
    (
        "json.patch",
        r#"[1,[{"op":"add","path":"","value":"b"}]]"#,
        r#""b""#,
    ),
    ("json.patch", "[1,[]]", "1"),
    (
        "json.patch",
        r#"[[1,2],[{"op":"add","path":"0","value":"b"}]]"#,
        r#"["b", 1, 2]"#,
    ),
    (
        "json.patch",
        r#"[{"a~b":1},[{"op":"remove","path":"/a~0b"}]]"#,
        "{}",
    ),
    (
        "json.patch",
        r#"[{"a/b":1},[{"op":"remove","path":"/a~1b"}]]"#,
        "{}",
    ),
    (
        "json.patch",
        r#"[{"a/b":1},[{"op":"remove","path":["a~1b"]}]]"#,
        r#"error: json.patch: cannot delete child key "a~1b" that does not exist"#,
    ),
    (
        "json.patch",
        r#"[{"a/b":1},[{"op":"remove","path":["a/b"]}]]"#,
        "{}",
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"/a/b","value":2}]]"#,
        "error: json.patch: expected composite type, found value: 1 (type: ast.Number)",
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":"/z/b","value":2}]]"#,
        r#"error: json.patch: path "z" does not exist in object term {"a": 1}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":["z",1],"value":2}]]"#,
        r#"error: json.patch: path "z" does not exist in object term {"a": 1}"#,
    ),
    (
        "json.patch",
        r#"[{"a":1},[{"op":"add","path":[1],"value":2}]]"#,
        r#"{1: 2, "a": 1}"#,
    ),
    (
        "json.patch",
        r#"[{1:1},[{"op":"remove","path":[1]}]]"#,
        "{}",
    ),
    (
        "json.patch",
        r#"[{1:1},[{"op":"remove","path":"1"}]]"#,
        r#"error: json.patch: cannot delete child key "1" that does not exist"#,
    ),
    (
        "json.patch",
        r#"[{"a":1,"":2},[{"op":"remove","path":"/"}]]"#,
        r#"{"a": 1}"#,
    ),
    (
        "json.patch",
        r#"[{"a":{"":2}},[{"op":"remove","path":"/a/"}]]"#,
        r#"{"a": {}}"#,
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}

/// OPA reads the array as it was before, or dies.
#[test]
fn each_operation_reads_what_those_before_it_left() {
    holds(&[
        (
            "json.patch",
            r#"[[1,2,3],[{"op":"remove","path":"/0"},{"op":"copy","path":"/-","from":"/0"}]]"#,
            "[2, 3, 2]",
        ),
        (
            "json.patch",
            r#"[[[1],2,3],[{"op":"move","path":"/1/-","from":"/0"}]]"#,
            "error: json.patch: expected composite type, found value: 3 (type: ast.Number)",
        ),
        (
            "json.patch",
            r#"[["a","b"],[{"op":"remove","path":"/0"},{"op":"test","path":"/0","value":"a"}]]"#,
            r#"error: json.patch: `test` wants "a" and there is "b""#,
        ),
        (
            "json.patch",
            r#"[[1],[{"op":"remove","path":""}]]"#,
            "error: json.patch: the whole document cannot be removed",
        ),
    ]);
}
