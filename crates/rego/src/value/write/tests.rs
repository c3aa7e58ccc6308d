//! Notations against the answers of OPA 1.22.

use super::super::{Object, Set, json};
use super::*;

fn value(text: &str) -> Value {
    json::parse(text).unwrap()
}

fn object(members: Vec<(Value, Value)>) -> Value {
    Value::Object(Object::from(members))
}

fn set(members: Vec<Value>) -> Value {
    Value::Set(Set::from(members))
}

fn text(value: &Value, style: JsonStyle) -> String {
    let mut out = String::new();
    write_json_with(value, style, &mut out).unwrap();
    out
}

#[test]
fn json_marshal_writes_keys_and_sets_so() {
    let cases = [
        (object(vec![(value("1"), value("2"))]), r#"{"1":2}"#),
        (
            object(vec![(value(r#"[1, "x"]"#), value("2"))]),
            r#"{"[1,\"x\"]":2}"#,
        ),
        (
            object(vec![(set(vec![value("1")]), value("2"))]),
            r#"{"[1]":2}"#,
        ),
        (
            object(vec![
                (value("null"), value("2")),
                (value("true"), value("1")),
            ]),
            r#"{"null":2,"true":1}"#,
        ),
        (object(vec![(value("1.50"), value("2"))]), r#"{"1.50":2}"#),
        (
            object(vec![(value("10"), value("1")), (value("9"), value("2"))]),
            r#"{"10":1,"9":2}"#,
        ),
        (
            object(vec![
                (value("1"), value("2")),
                (value(r#""1""#), value("3")),
            ]),
            r#"{"1":3}"#,
        ),
        (
            object(vec![(value(r#"["<"]"#), value("2"))]),
            r#"{"[\"\\u003c\"]":2}"#,
        ),
        (
            object(vec![(
                object(vec![
                    (value(r#""b""#), value("1")),
                    (value(r#""a""#), set(vec![value("1")])),
                ]),
                value("2"),
            )]),
            r#"{"{\"a\":[1],\"b\":1}":2}"#,
        ),
        (value(r#"{"<": 1}"#), r#"{"\u003c":1}"#),
        (set(vec![value("3"), value("1")]), "[1,3]"),
        (value("[1.50, 1e2]"), "[1.50,1e2]"),
        (
            value(r#""<>&\u2028\u0001\b\f\n\r\t\u007f\"\\/""#),
            "\"\\u003c\\u003e\\u0026\\u2028\\u0001\\b\\f\\n\\r\\t\u{7f}\\\"\\\\/\"",
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(text(&value, JsonStyle::COMPACT), expected);
    }
}

#[test]
fn html_is_escaped_only_on_request() {
    let style = JsonStyle {
        escape_html: false,
        indent: None,
    };
    assert_eq!(
        text(&value(r#"{"<": "a&b>\u2029"}"#), style),
        r#"{"<":"a&b>\u2029"}"#
    );
}

#[test]
fn pretty_json_has_a_line_for_each_member() {
    let value = value(r#"[1, {"x": [], "f": {}, "y": {"z": [2]}}]"#);
    let expected = "[\n  1,\n  {\n    \"f\": {},\n    \"x\": [],\n    \"y\": {\n      \"z\": [\n        2\n      ]\n    }\n  }\n]";
    assert_eq!(text(&value, JsonStyle::PRETTY), expected);
}

#[test]
fn rego_notation_is_what_sprintf_writes() {
    let cases = [
        (
            object(vec![
                (value("1"), value("2")),
                (value(r#""1""#), value("3")),
            ]),
            r#"{1: 2, "1": 3}"#,
        ),
        (set(vec![set(vec![value("2")]), value("1")]), "{1, {2}}"),
        (set(vec![]), "set()"),
        (
            value(r#"[[], {}, null, 1.50, 1e2, "s"]"#),
            r#"[[], {}, null, 1.50, 1e2, "s"]"#,
        ),
        (
            value(r#""<>&\u2028\u0001\b\f\n\r\t\u007f\"\\/é😀\u00ad\ufeff\u200b\ue000""#),
            r#""<>&\u2028\x01\b\f\n\r\t\x7f\"\\/é😀\u00ad\ufeff\u200b\ue000""#,
        ),
        (
            object(vec![(object(vec![(value("[1]"), value("2"))]), value("3"))]),
            "{{[1]: 2}: 3}",
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(value.to_string(), expected);
    }
}

#[test]
fn keys_in_keys_are_bounded_for_their_backslashes_double() {
    let nested =
        |depth: usize| (0..depth).fold(value("1"), |inner, _| object(vec![(inner, Value::Null)]));
    assert!(write_json(&nested(MAX_KEY_NESTING), &mut String::new()).is_ok());
    assert!(write_json(&nested(MAX_KEY_NESTING + 2), &mut String::new()).is_err());
}
