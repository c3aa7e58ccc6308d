//! What deltas do. Where OPA 1.22 does the same, it was asked.

use super::*;
use crate::bundle::content::ContentError;
use crate::data::{read, write};
use crate::engine::{Module, RegoVersion};

fn value(json: &str) -> Value {
    read::json_value(json.as_bytes()).unwrap()
}

fn base() -> Bundle {
    Bundle {
        name: "b".to_owned(),
        revision: "r1".to_owned(),
        roots: vec!["a".to_owned()],
        modules: vec![Module {
            name: "b/p.rego".to_owned(),
            source: "package a.p".into(),
            version: RegoVersion::V1,
        }],
        data: value(r#"{"a":{"k/l":1,"l":[1,2,3],"x":{"y":1}}}"#),
        metadata: value(r#"{"old":1}"#),
        etag: Some("e1".to_owned()),
    }
}

fn manifest(json: &str) -> Manifest {
    Manifest::parse(json.as_bytes()).unwrap()
}

fn delta(patch: &str) -> Result<Delta, ContentError> {
    let manifest = manifest(r#"{"revision": "r2", "roots": ["a"], "metadata": {"new": 2}}"#);
    Delta::read(manifest, patch.as_bytes())
}

fn applied(op: &str, path: &str, value: &str) -> Result<String, String> {
    let patch = format!(r#"{{"data": [{{"op": "{op}", "path": "{path}", "value": {value}}}]}}"#);
    let delta = delta(&patch).map_err(|error| error.to_string())?;
    let bundle = delta.apply(&base()).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    write::value(&mut text, &bundle.data);
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn operations_do_what_they_do_in_opa() {
    for (op, path, value, expected) in [
        (
            "upsert",
            "/a/x/y",
            "2",
            r#"{"a":{"k/l":1,"l":[1,2,3],"x":{"y":2}}}"#,
        ),
        (
            "upsert",
            "a/x/y/",
            "2",
            r#"{"a":{"k/l":1,"l":[1,2,3],"x":{"y":2}}}"#,
        ),
        (
            "upsert",
            "/a/q/r",
            "2",
            r#"{"a":{"k/l":1,"l":[1,2,3],"q":{"r":2},"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a//y",
            "2",
            r#"{"a":{"":{"y":2},"k/l":1,"l":[1,2,3],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/l/1",
            "9",
            r#"{"a":{"k/l":1,"l":[1,9,2,3],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/l/3",
            "9",
            r#"{"a":{"k/l":1,"l":[1,2,3,9],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/l/-",
            "9",
            r#"{"a":{"k/l":1,"l":[1,2,3,9],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/k~1l",
            "2",
            r#"{"a":{"k/l":2,"l":[1,2,3],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/k%2Fl",
            "2",
            r#"{"a":{"k/l":2,"l":[1,2,3],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/k~0l",
            "2",
            r#"{"a":{"k/l":1,"k~l":2,"l":[1,2,3],"x":{"y":1}}}"#,
        ),
        (
            "upsert",
            "/a/k~01l",
            "2",
            r#"{"a":{"k/l":1,"k~1l":2,"l":[1,2,3],"x":{"y":1}}}"#,
        ),
        ("upsert", "/a", r#"{"n":1}"#, r#"{"a":{"n":1}}"#),
        (
            "replace",
            "/a/l/1",
            "9",
            r#"{"a":{"k/l":1,"l":[1,9,3],"x":{"y":1}}}"#,
        ),
        (
            "replace",
            "/a/x",
            "null",
            r#"{"a":{"k/l":1,"l":[1,2,3],"x":null}}"#,
        ),
        (
            "remove",
            "/a/l/0",
            "1",
            r#"{"a":{"k/l":1,"l":[2,3],"x":{"y":1}}}"#,
        ),
        ("remove", "/a", "1", "{}"),
    ] {
        assert_eq!(
            applied(op, path, value).as_deref(),
            Ok(expected),
            "{op} {path}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    for (op, path, expected) in [
        (
            "upsert",
            "/a/x/y/z",
            "leads through a value that holds nothing",
        ),
        ("upsert", "/a/l/4", "no index"),
        ("upsert", "/a/l/-1", "no index"),
        ("upsert", "/a/l/x", "no index"),
        ("upsert", "/a/l/0/x", "leads through"),
        ("replace", "/a/x/n", "names what is not there"),
        ("replace", "/a/l/-", "no index"),
        ("remove", "/a/n/y", "names what is not there"),
        (
            "upsert",
            "/b/x",
            "at `b/x`, which lies outside the manifest's roots (a)",
        ),
        ("upsert", "/", "lies outside"),
        ("upsert", "", "lies outside"),
        ("add", "/a/x", "`add` is no operation"),
        ("upsert", "/a/k%l", "percent-encoding is wrong"),
    ] {
        let error = applied(op, path, "1").unwrap_err();
        assert!(error.contains(expected), "{op} {path}: {error}");
    }
    let deep = format!("/a{}", "/x".repeat(300));
    assert!(
        applied("upsert", &deep, "1")
            .unwrap_err()
            .contains("256 segments")
    );
    for patch in [
        "",
        "{",
        "[1]x",
        r#"{"data": {}}"#,
        r#"{"data": [1]}"#,
        r#"{"data": [{"op": 1}]}"#,
    ] {
        assert!(delta(patch).is_err(), "{patch}");
    }
}

#[test]
fn a_delta_takes_over_what_it_does_not_change() {
    let base = base();
    let patch = r#"{"data": [{"op": "upsert", "path": "/a/x/y", "value": 2, "z": 1}], "z": []}"#;
    let bundle = delta(patch).unwrap().apply(&base).unwrap();
    assert_eq!(
        (bundle.name.as_str(), bundle.revision.as_str()),
        ("b", "r2")
    );
    assert_eq!(bundle.metadata, value(r#"{"new":2}"#));
    assert_eq!((bundle.etag, bundle.modules), (None, base.modules.clone()));
    let list = |data: &Value| {
        let Value::Object(data) = data else {
            panic!("no object")
        };
        let Some(Value::Object(a)) = data.get_str("a") else {
            panic!("no a")
        };
        let Some(Value::Array(list)) = a.get_str("l") else {
            panic!("no l")
        };
        list.clone()
    };
    assert!(
        list(&bundle.data).ptr_eq(&list(&base.data)),
        "what did not change is shared"
    );

    let nothing = delta(r#"{"data": []}"#).unwrap().apply(&base).unwrap();
    assert_eq!(
        nothing.data, base.data,
        "an empty delta changes the revision alone"
    );
}

#[test]
fn a_delta_fits_the_bundle_of_its_roots() {
    let delta = |roots: &str| {
        let manifest = manifest(&format!(r#"{{"roots": {roots}}}"#));
        Delta::read(manifest, br#"{"data": []}"#).unwrap()
    };
    let mut base = base();
    base.roots.push("b".to_owned());
    assert!(
        delta(r#"["b", "a"]"#).apply(&base).is_ok(),
        "their order does not matter"
    );
    for roots in [r#"["a"]"#, "null", r#"["a", "b", "c"]"#] {
        let error = delta(roots).apply(&base).unwrap_err();
        assert!(
            matches!(error, DeltaError::Roots { .. }),
            "{roots}: {error}"
        );
    }
}
