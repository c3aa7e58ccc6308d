//! Calls and what OPA 1.22 answers to them. Numbers in a form that JSON has not are compared by value: OPA keeps their text.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("to_number", r#"["1"]"#, "1"),
    ("to_number", r#"["1.50"]"#, "1.50"),
    (
        "to_number",
        r#"["0x10"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "0x10": invalid syntax"#,
    ),
    (
        "to_number",
        r#"["  1"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "  1": invalid syntax"#,
    ),
    ("to_number", r#"["1e5"]"#, "1e5"),
    ("to_number", r#"["+1"]"#, "1"),
    ("to_number", r#"["-0"]"#, "-0"),
    ("to_number", r#"["00012"]"#, "12"),
    (
        "to_number",
        r#"["NaN"]"#,
        "type error: to_number: operand 1 must be valid number string but got string",
    ),
    (
        "to_number",
        r#"["Inf"]"#,
        "type error: to_number: operand 1 must be valid number string but got string",
    ),
    (
        "to_number",
        r#"["inf"]"#,
        "type error: to_number: operand 1 must be valid number string but got string",
    ),
    (
        "to_number",
        r#"["Infinity"]"#,
        "type error: to_number: operand 1 must be valid number string but got string",
    ),
    (
        "to_number",
        r#"[""]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "": invalid syntax"#,
    ),
    ("to_number", r#"[".5"]"#, "0.5"),
    ("to_number", r#"["5."]"#, "5"),
    (
        "to_number",
        r#"["1e1000"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "1e1000": value out of range"#,
    ),
    (
        "to_number",
        r#"["abc"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "abc": invalid syntax"#,
    ),
    (
        "to_number",
        r#"["0b1"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "0b1": invalid syntax"#,
    ),
    (
        "to_number",
        r#"["-"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "-": invalid syntax"#,
    ),
    ("to_number", r#"["-.5"]"#, "-0.5"),
    (
        "to_number",
        r#"["1e"]"#,
        r#"error: to_number: strconv.ParseFloat: parsing "1e": invalid syntax"#,
    ),
    ("to_number", r#"["0x1p4"]"#, "16"),
    ("to_number", r#"["1e-400"]"#, "1e-400"),
    ("to_number", "[true]", "1"),
    ("to_number", "[false]", "0"),
    ("to_number", "[null]", "0"),
    ("to_number", "[2]", "2"),
    (
        "to_number",
        "[[]]",
        "type error: to_number: operand 1 must be one of {null, boolean, number, string} but got array",
    ),
    ("cast_array", "[{1,2}]", "[1, 2]"),
    ("cast_array", "[[1]]", "[1]"),
    (
        "cast_array",
        "[1]",
        "type error: cast_array: operand 1 must be one of {array, set} but got number",
    ),
    ("cast_set", "[[1,1]]", "{1}"),
    ("cast_set", "[{1}]", "{1}"),
    (
        "cast_set",
        "[1]",
        "type error: cast_set: operand 1 must be one of {array, set} but got number",
    ),
    ("cast_string", r#"["a"]"#, r#""a""#),
    (
        "cast_string",
        "[1]",
        "type error: cast_string: operand 1 must be string but got number",
    ),
    (
        "cast_boolean",
        "[1]",
        "type error: cast_boolean: operand 1 must be boolean but got number",
    ),
    ("cast_boolean", "[true]", "true"),
    ("cast_null", "[null]", "null"),
    (
        "cast_null",
        "[1]",
        "type error: cast_null: operand 1 must be null but got number",
    ),
    ("cast_object", "[{}]", "{}"),
    (
        "cast_object",
        "[1]",
        "type error: cast_object: operand 1 must be object but got number",
    ),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
