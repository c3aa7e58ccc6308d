//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("numbers.range", "[1,3]", "[1, 2, 3]"),
    ("numbers.range", "[3,1]", "[3, 2, 1]"),
    (
        "numbers.range",
        "[1.5,3]",
        "type error: numbers.range: operand 1 must be integer number but got floating-point number",
    ),
    (
        "numbers.range",
        "[1,3.5]",
        "type error: numbers.range: operand 2 must be integer number but got floating-point number",
    ),
    ("numbers.range", "[1.0,3]", "[1, 2, 3]"),
    (
        "numbers.range",
        r#"["a",3]"#,
        "type error: numbers.range: operand 1 must be integer but got string",
    ),
    ("numbers.range_step", "[1,10,3]", "[1, 4, 7, 10]"),
    ("numbers.range_step", "[10,1,3]", "[10, 7, 4, 1]"),
    (
        "numbers.range_step",
        "[1,10,0]",
        "error: numbers.range_step: numbers.range_step: step must be a positive integer",
    ),
    (
        "numbers.range_step",
        "[1,10,-1]",
        "error: numbers.range_step: numbers.range_step: step must be a positive integer",
    ),
    (
        "numbers.range_step",
        "[1,10,1.5]",
        "type error: numbers.range_step: operand 3 must be integer number but got floating-point number",
    ),
    (
        "numbers.range",
        "[99999999999999999999,100000000000000000001]",
        "[99999999999999999999, 100000000000000000000, 100000000000000000001]",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
