//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    (
        "union",
        "[1]",
        "type error: union: operand 1 must be set but got number",
    ),
    ("union", "[set()]", "set()"),
    ("intersection", "[set()]", "set()"),
    ("intersection", "[{{1,2},{2,3}}]", "{2}"),
    (
        "intersection",
        "[{1}]",
        "type error: intersection: operand 1 must be set but got number",
    ),
    (
        "union",
        "[{1}]",
        "type error: union: operand 1 must be set but got number",
    ),
    ("union", "[{{1,2},{2,3}}]", "{1, 2, 3}"),
    ("and", "[{1,2}, {2}]", "{2}"),
    ("or", "[{1,2}, {3}]", "{1, 2, 3}"),
    (
        "or",
        "[{1}, 1]",
        "type error: or: operand 2 must be set but got number",
    ),
    ("set_diff", "[{1,2},{1}]", "{2}"),
    (
        "set_diff",
        "[{1,2},1]",
        "type error: set_diff: operand 2 must be set but got number",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
