//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "array.concat",
        "[[1],1]",
        "type error: array.concat: operand 2 must be array but got number",
    ),
    (
        "array.concat",
        "[1,[1]]",
        "type error: array.concat: operand 1 must be array but got number",
    ),
    ("array.slice", "[[1,2,3],-1,2]", "[1, 2]"),
    ("array.slice", "[[1,2,3],1,20]", "[2, 3]"),
    ("array.slice", "[[1,2,3],2,1]", "[]"),
    ("array.slice", "[[1,2,3],5,9]", "[]"),
    (
        "array.slice",
        "[[1,2,3],1.5,2]",
        "type error: array.slice: operand 2 must be integer number but got floating-point number",
    ),
    (
        "array.slice",
        "[[1,2,3],0,99999999999999999999]",
        "type error: array.slice: operand 3 must be integer number but got floating-point number",
    ),
    (
        "array.slice",
        "[1,1.5,2]",
        "type error: array.slice: operand 1 must be array but got number",
    ),
    (
        "array.slice",
        r#"[[1],"a",2]"#,
        "type error: array.slice: operand 2 must be number but got string",
    ),
    ("array.reverse", "[[1,2]]", "[2, 1]"),
    (
        "array.reverse",
        "[1]",
        "type error: array.reverse: operand 1 must be array but got number",
    ),
    ("array.flatten", "[[1,[2,[3]],{4},[]]]", "[1, 2, [3], {4}]"),
    (
        "array.flatten",
        "[1]",
        "type error: array.flatten: operand 1 must be array but got number",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
