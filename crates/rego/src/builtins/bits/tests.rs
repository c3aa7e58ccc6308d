//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("bits.and", "[6,3]", "2"),
    ("bits.and", "[-6,3]", "2"),
    ("bits.or", "[-6,3]", "-5"),
    ("bits.xor", "[-6,3]", "-7"),
    ("bits.negate", "[5]", "-6"),
    ("bits.negate", "[-5]", "4"),
    ("bits.lsh", "[1,100]", "1267650600228229401496703205376"),
    (
        "bits.lsh",
        "[1,-1]",
        "type error: bits.lsh: operand 2 must be an unsigned integer number but got a negative integer",
    ),
    ("bits.rsh", "[-5,1]", "-3"),
    (
        "bits.rsh",
        "[5,-1]",
        "type error: bits.rsh: operand 2 must be an unsigned integer number but got a negative integer",
    ),
    (
        "bits.and",
        "[1.5,1]",
        "type error: bits.and: operand 1 must be integer number but got floating-point number",
    ),
    (
        "bits.and",
        "[1,1.5]",
        "type error: bits.and: operand 2 must be integer number but got floating-point number",
    ),
    (
        "bits.lsh",
        "[1,1.5]",
        "type error: bits.lsh: operand 2 must be integer number but got floating-point number",
    ),
    (
        "bits.lsh",
        "[1.5,1]",
        "type error: bits.lsh: operand 1 must be integer number but got floating-point number",
    ),
    (
        "bits.negate",
        "[1.5]",
        "type error: bits.negate: operand 1 must be integer number but got floating-point number",
    ),
    ("bits.and", "[1.0,1]", "1"),
    (
        "bits.and",
        r#"["a",1]"#,
        "type error: bits.and: operand 1 must be integer but got string",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
