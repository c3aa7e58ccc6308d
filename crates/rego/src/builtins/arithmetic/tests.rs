//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("abs", "[-5]", "5"),
    ("abs", "[-5.50]", "5.5"),
    ("ceil", "[1.2]", "2"),
    ("floor", "[-1.2]", "-2"),
    ("round", "[1.5]", "2"),
    ("round", "[2.5]", "3"),
    ("round", "[-1.5]", "-2"),
    ("round", "[-2.5]", "-3"),
    ("div", "[1, 0]", "error: div: divide by zero"),
    ("rem", "[5, 0]", "error: rem: modulo by zero"),
    ("rem", "[5, 3]", "2"),
    ("rem", "[-5, 3]", "-2"),
    ("rem", "[5, -3]", "2"),
    ("rem", "[5.0, 3]", "2"),
    (
        "rem",
        "[5.5, 3]",
        "error: rem: modulo on floating-point number",
    ),
    (
        "rem",
        "[5, 3.5]",
        "error: rem: modulo on floating-point number",
    ),
    ("div", "[1, 3]", "0.33333333333333333334"),
    ("div", "[2, 3]", "0.6666666666666666667"),
    ("div", "[10, 4]", "2.5"),
    ("div", "[10, 5]", "2"),
    ("plus", "[0.1, 0.2]", "0.3"),
    (
        "minus",
        "[{1,2}, 1]",
        "type error: minus: operand 2 must be set but got number",
    ),
    ("minus", "[{1,2}, {2}]", "{1}"),
    (
        "plus",
        r#"[1, "a"]"#,
        "type error: plus: operand 2 must be number but got string",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
