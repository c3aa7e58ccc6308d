//! Updates of base documents.

use super::super::json;
use super::*;

fn value(text: &str) -> Value {
    json::parse(text).unwrap()
}

fn data(text: &str) -> Data {
    Data::new(value(text))
}

fn path(text: &str) -> Vec<Value> {
    text.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| json::parse(part).unwrap_or_else(|_| Value::from(part)))
        .collect()
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => a.ptr_eq(b),
        (Some(Value::Array(a)), Some(Value::Array(b))) => a.ptr_eq(b),
        _ => false,
    }
}

#[test]
fn put_makes_the_way_and_replaces() {
    let cases = [
        ("{}", "a/b/c", "1", r#"{"a": {"b": {"c": 1}}}"#),
        (
            r#"{"a": {"b": 1, "x": 2}}"#,
            "a/b",
            "[]",
            r#"{"a": {"b": [], "x": 2}}"#,
        ),
        (
            r#"{"a": [1, {"b": 2}]}"#,
            "a/1/b",
            "3",
            r#"{"a": [1, {"b": 3}]}"#,
        ),
        (r#"{"a": 1}"#, "", r#"{"b": 1}"#, r#"{"b": 1}"#),
    ];
    for (before, at, new, after) in cases {
        assert_eq!(data(before).put(&path(at), value(new)), Ok(data(after)));
    }
    assert_eq!(
        data(r#"{"a": 1}"#).put(&path("a/b"), Value::Null),
        Err(DataError::NoParent(Value::from("b"), "number"))
    );
    assert_eq!(
        data(r#"{"a": []}"#).put(&path("a/0"), Value::Null),
        Err(DataError::NotFound)
    );
}

#[test]
fn an_update_shares_what_is_not_on_its_path() {
    let before = data(r#"{"a": {"b": {"c": [1]}, "d": {"e": [2]}}, "f": {"g": [3]}}"#);
    for after in [
        before.put(&path("a/b/c"), value("[4]")).unwrap(),
        before.remove(&path("a/b/c")).unwrap(),
    ] {
        for kept in ["f", "a/d", "a/d/e"] {
            assert!(
                same(before.get(&path(kept)), after.get(&path(kept))),
                "{kept}"
            );
        }
        for copied in ["", "a", "a/b"] {
            assert!(
                !same(before.get(&path(copied)), after.get(&path(copied))),
                "{copied}"
            );
        }
    }
}

#[test]
fn remove_takes_a_member_an_element_or_all() {
    assert_eq!(
        data(r#"{"a": {"b": 1}}"#).remove(&path("a/b")),
        Ok(data(r#"{"a": {}}"#))
    );
    assert_eq!(
        data(r#"{"a": [1, 2, 3]}"#).remove(&path("a/1")),
        Ok(data(r#"{"a": [1, 3]}"#))
    );
    assert_eq!(data(r#"{"a": 1}"#).remove(&[]), Ok(Data::default()));
    for absent in ["b", "a/b", "b/c"] {
        assert_eq!(
            data(r#"{"a": 1}"#).remove(&path(absent)),
            Err(DataError::NotFound)
        );
    }
}

#[test]
fn merge_joins_objects_and_refuses_the_rest() {
    let left = data(r#"{"a": {"b": 1, "x": {"y": 1}}, "c": 2}"#);
    let right = value(r#"{"a": {"d": 3, "x": {"z": 2}}, "e": [4], "0": 5}"#);
    let merged =
        data(r#"{"a": {"b": 1, "d": 3, "x": {"y": 1, "z": 2}}, "c": 2, "e": [4], "0": 5}"#);
    assert_eq!(left.merge(&right), Ok(merged));
    assert_eq!(
        left.merge(&value(r#"{"a": {"b": 1}}"#)),
        Err(DataError::Conflict(Value::from("b")))
    );
    assert!(left.merge(&value("[1]")).is_err());
}
