//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("object.get", r#"[{"a":{"b":1}},"a",9]"#, r#"{"b": 1}"#),
    ("object.get", r#"[{"a":{"b":1}},["a","b"],9]"#, "1"),
    ("object.get", r#"[{"a":{"b":1}},["a","c"],9]"#, "9"),
    (
        "object.get",
        r#"[{"a":{"b":1}},[],9]"#,
        r#"{"a": {"b": 1}}"#,
    ),
    ("object.get", r#"[{"a":[10,20]},["a",1],9]"#, "20"),
    ("object.get", r#"[{"a":[10,20]},["a","1"],9]"#, "9"),
    ("object.get", r#"[{"a":{10,20}},["a",10],9]"#, "10"),
    ("object.get", r#"[{["a"]:1},["a"],9]"#, "9"),
    ("object.get", r#"[{["a"]:1},[["a"]],9]"#, "1"),
    (
        "object.get",
        r#"[1,"a",9]"#,
        "type error: object.get: operand 1 must be object but got number",
    ),
    (
        "object.union",
        r#"[{"a":{"b":1}},{"a":{"c":2}}]"#,
        r#"{"a": {"b": 1, "c": 2}}"#,
    ),
    ("object.union", r#"[{"a":{"b":1}},{"a":2}]"#, r#"{"a": 2}"#),
    ("object.union", r#"[{"a":[1]},{"a":[2]}]"#, r#"{"a": [2]}"#),
    (
        "object.union",
        "[1,{}]",
        "type error: object.union: operand 1 must be object but got number",
    ),
    (
        "object.union",
        "[{},1]",
        "type error: object.union: operand 2 must be object but got number",
    ),
    (
        "object.union_n",
        r#"[[{"a":{"b":1}},{"a":{"c":2}},{"a":3}]]"#,
        r#"{"a": 3}"#,
    ),
    (
        "object.union_n",
        r#"[[{"a":{"b":1}},{"a":3},{"a":{"c":2}}]]"#,
        r#"{"a": {"c": 2}}"#,
    ),
    ("object.union_n", "[[]]", "{}"),
    (
        "object.union_n",
        "[[1]]",
        "type error: object.union_n: operand 1 must be array of objects but got array containing number",
    ),
    (
        "object.union_n",
        "[[{},1]]",
        "type error: object.union_n: operand 1 must be array of objects but got array containing number",
    ),
    (
        "object.union_n",
        "[1]",
        "type error: object.union_n: operand 1 must be array but got number",
    ),
    ("object.remove", r#"[{"a":1,"b":2},["a"]]"#, r#"{"b": 2}"#),
    ("object.remove", r#"[{"a":1,"b":2},{"a"}]"#, r#"{"b": 2}"#),
    ("object.remove", r#"[{"a":1,"b":2},{"a":7}]"#, r#"{"b": 2}"#),
    (
        "object.remove",
        r#"[{"a":1,"b":2},1]"#,
        "type error: object.remove: operand 2 must be one of {object, set, array} but got number",
    ),
    (
        "object.remove",
        r#"[1,["a"]]"#,
        "type error: object.remove: operand 1 must be object but got number",
    ),
    (
        "object.filter",
        r#"[{"a":1,"b":2},["a","z"]]"#,
        r#"{"a": 1}"#,
    ),
    ("object.filter", r#"[{"a":1,"b":2},{"a":7}]"#, r#"{"a": 1}"#),
    (
        "object.filter",
        r#"[{"a":{"b":{"c":1}},"b":2},{"a":{"b":1}}]"#,
        r#"{"a": {"b": {"c": 1}}}"#,
    ),
    (
        "object.filter",
        r#"[{"a":{"b":{"c":1},"d":2},"b":2},["a"]]"#,
        r#"{"a": {"b": {"c": 1}, "d": 2}}"#,
    ),
    (
        "object.filter",
        r#"[{"a":1},1]"#,
        "type error: object.filter: operand 2 must be one of {object, set, array} but got number",
    ),
    (
        "object.filter",
        r#"[1,["a"]]"#,
        "type error: object.filter: operand 1 must be object but got number",
    ),
    ("object.keys", r#"[{"a":1,2:3}]"#, r#"{2, "a"}"#),
    (
        "object.keys",
        "[1]",
        "type error: object.keys: operand 1 must be object but got number",
    ),
    ("object.subset", r#"[{"a":1,"b":2},{"a":1}]"#, "true"),
    ("object.subset", "[[1],set()]", "true"),
    ("object.subset", "[[],set()]", "false"),
    ("object.subset", r#"[{"a":1,"b":2},{"a":2}]"#, "false"),
    (
        "object.subset",
        r#"[{"a":{"x":1,"y":2}},{"a":{"x":1}}]"#,
        "true",
    ),
    ("object.subset", r#"[{"a":[1,2,3]},{"a":[2,3]}]"#, "true"),
    ("object.subset", r#"[{"a":[1,2,3]},{"a":[1,3]}]"#, "false"),
    ("object.subset", r#"[{"a":{1,2,3}},{"a":{1,3}}]"#, "true"),
    ("object.subset", "[{1,2},{1}]", "true"),
    ("object.subset", "[{1,2},{3}]", "false"),
    ("object.subset", "[[1,2,3],[2,3]]", "true"),
    ("object.subset", "[[1,2,3],[]]", "true"),
    ("object.subset", "[[],[]]", "true"),
    ("object.subset", "[[1,2,3],{1,2}]", "true"),
    ("object.subset", "[[1,2,3],{1,7}]", "false"),
    (
        "object.subset",
        "[{1,2},[1]]",
        "type error: object.subset: both arguments object.subset must be of the same type or array and set",
    ),
    (
        "object.subset",
        r#"[{"a":1},1]"#,
        "type error: object.subset: both arguments object.subset must be of the same type or array and set",
    ),
    (
        "object.subset",
        "[1,{}]",
        "type error: object.subset: both arguments object.subset must be of the same type or array and set",
    ),
    (
        "object.subset",
        r#"[{"a":[{"x":1,"y":1}]},{"a":[{"x":1}]}]"#,
        "false",
    ),
    ("object.subset", r#"[[{"x":1,"y":1}],[{"x":1}]]"#, "false"),
    ("object.subset", "[[[1,2],[3]],[[1]]]", "false"),
    (
        "object.subset",
        r#"[[1,{"a":{"b":1,"c":2}}],[{"a":{"b":1}}]]"#,
        "false",
    ),
    ("object.subset", r#"[{"a":{1,2}},{"a":[1]}]"#, "false"),
    ("object.subset", r#"[{"a":[1,2]},{"a":{1}}]"#, "false"),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
