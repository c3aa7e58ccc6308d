//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "count",
        "[1]",
        "type error: count: operand 1 must be one of {array, object, set, string} but got number",
    ),
    (
        "count",
        "[null]",
        "type error: count: operand 1 must be one of {array, object, set, string} but got null",
    ),
    ("count", r#"["héé"]"#, "3"),
    ("sum", "[[1,2.5]]", "3.5"),
    ("sum", "[[]]", "0"),
    ("sum", "[set()]", "0"),
    (
        "sum",
        "[[0.5, 0.5, 123456789012345678913]]",
        "123456789012345678910",
    ),
    ("sum", "[[0.1, -0.1]]", "0"),
    (
        "sum",
        "[[123456789012345678912, 1e0]]",
        "123456789012345678913",
    ),
    ("product", "[[]]", "1"),
    (
        "product",
        "[[123456789.123456789]]",
        "1.2345678912345679e+08",
    ),
    ("product", "[[0.1, 0.2]]", "0.02"),
    (
        "product",
        "[[0.1, 0.1, 0.1, 0.1, 0.1, 0.1]]",
        "1.0000000000000002e-06",
    ),
    ("product", "[[3.7, 9007199254740993]]", "33326637242541676"),
    ("product", "[[1e-400, 1e400, 3]]", "2.9999999999999996"),
    ("product", "[[1.5, 12345678901234567]]", "18518518351851852"),
    ("product", "[[0.1, 1e23]]", "10000000000000000000000"),
    ("product", "[[0, -1.5]]", "-0"),
    (
        "product",
        "[[12345678901234567891e0, 3]]",
        "37037036703703703673",
    ),
    ("product", "[[2,3]]", "6"),
    ("product", "[{2,3.5}]", "7"),
    (
        "sum",
        r#"[["a"]]"#,
        "type error: sum: operand 1 must be array of numbers but got array containing string",
    ),
    (
        "sum",
        r#"[{"a"}]"#,
        "type error: sum: operand 1 must be set of numbers but got set containing string",
    ),
    (
        "sum",
        r#"["a"]"#,
        "type error: sum: operand 1 must be one of {set, array} but got string",
    ),
    ("max", "[[]]", "undefined"),
    ("max", r#"[[1,"a"]]"#, r#""a""#),
    ("min", r#"[{1,"a"}]"#, "1"),
    ("max", "[set()]", "undefined"),
    (
        "max",
        "[1]",
        "type error: max: operand 1 must be one of {set, array} but got number",
    ),
    (
        "min",
        "[1]",
        "type error: min: operand 1 must be one of {set, array} but got number",
    ),
    ("sort", "[{3,1}]", "[1, 3]"),
    ("sort", "[[3,1,1]]", "[1, 1, 3]"),
    (
        "sort",
        "[1]",
        "type error: sort: operand 1 must be one of {set, array} but got number",
    ),
    ("any", "[[]]", "false"),
    ("any", "[[true,1]]", "true"),
    ("any", "[{false,true}]", "true"),
    ("all", "[[]]", "true"),
    ("all", "[[true,1]]", "false"),
    ("all", "[{true}]", "true"),
    (
        "any",
        "[1]",
        "type error: any: operand 1 must be one of {array, set} but got number",
    ),
    (
        "all",
        "[1]",
        "type error: all: operand 1 must be one of {array, set} but got number",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
