//! Bundles on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use super::*;
use crate::bundle::{Key, Signing, build, sign};
use crate::data::Value;

/// Loads what nobody signed.
fn load(path: &Path, ignore: &[String], limits: Limits) -> Result<Bundle, LoadError> {
    super::load(path, ignore, limits, &Verification::default())
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn data(json: &str) -> Value {
    crate::data::read::json_value(json.as_bytes()).unwrap()
}

#[test]
fn a_directory_is_a_bundle() {
    let tree = tree(&[
        (
            ".manifest",
            r#"{"revision": "7", "roots": ["authz", "a b"]}"#,
        ),
        ("authz/p.rego", "package authz"),
        ("a b/data.json", "1"),
        ("README.md", ""),
    ]);
    let bundle = load(tree.path(), &[], Limits::default()).unwrap();
    assert_eq!(bundle.name, tree.path().to_string_lossy());
    assert_eq!(bundle.revision, "7");
    assert_eq!(
        bundle.modules[0].name,
        tree.path().join("authz/p.rego").to_string_lossy()
    );
    assert_eq!(
        bundle.data,
        data(r#"{"a b": 1}"#),
        "keys of directories are not encoded"
    );
}

#[test]
fn names_that_match_are_left_out() {
    let tree = tree(&[
        (".hidden/p.rego", "package h"),
        ("p_test.rego", "package t"),
        ("a/p.rego", "package a"),
    ]);
    let ignore = [".*".to_owned(), "*_test.rego".to_owned()];
    let bundle = load(tree.path(), &ignore, Limits::default()).unwrap();
    assert_eq!(bundle.modules.len(), 1);
    assert!(
        load(tree.path(), &["[".to_owned()], Limits::default())
            .unwrap_err()
            .to_string()
            .contains("`[`")
    );
}

#[test]
fn a_mounted_config_map_is_read_once() {
    let tree = tree(&[("..2026/p.rego", "package p")]);
    symlink("..2026", tree.path().join("..data")).unwrap();
    symlink("..data/p.rego", tree.path().join("p.rego")).unwrap();
    symlink(".", tree.path().join("circle")).unwrap();
    symlink("nowhere", tree.path().join("lost.rego")).unwrap();
    assert_eq!(
        load(tree.path(), &[], Limits::default())
            .unwrap()
            .modules
            .len(),
        1
    );
}

#[test]
fn an_archive_is_a_bundle() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.tar.gz");
    fs::write(
        &path,
        build::bundle(&[("a b/data.json", b"1"), ("p.rego", b"package p")]),
    )
    .unwrap();
    let bundle = load(&path, &[], Limits::default()).unwrap();
    assert_eq!(bundle.data, data(r#"{"a%20b": 1}"#));
    assert_eq!(bundle.modules[0].name, format!("{}/p.rego", path.display()));
}

#[test]
fn refusals_name_the_path() {
    let tree = tree(&[
        ("a/data.json", "{"),
        ("b/p.rego", "package p # and more than the limit"),
    ]);
    let refusal = |path: &Path, limits| load(path, &[], limits).unwrap_err().to_string();
    let error = refusal(tree.path(), Limits::default());
    assert!(
        error.contains(&*tree.path().to_string_lossy()) && error.contains("a/data.json"),
        "{error}"
    );
    assert!(refusal(&tree.path().join("nowhere"), Limits::default()).contains("nowhere"));
    let small = Limits {
        size: 10,
        ..Limits::default()
    };
    assert!(refusal(&tree.path().join("b"), small).contains("more than 10 bytes"));
    assert!(refusal(&tree.path().join("b/p.rego"), small).contains("more than 10 bytes"));
}

#[test]
fn a_directory_is_signed_by_the_names_of_its_files_with_or_without_its_own() {
    let policy = "package p";
    let tree = tree(&[("p.rego", policy), ("README", "")]);
    let key = Key {
        text: "secret".to_owned(),
        algorithm: "HS256".to_owned(),
        scope: String::new(),
    };
    let verification = Verification {
        keys: Arc::new(BTreeMap::from([("k".to_owned(), key)])),
        signing: Some(Signing {
            key_id: "k".to_owned(),
            ..Signing::default()
        }),
        skip: false,
    };
    let long = |name: &str| format!("{}/{name}", tree.path().display());
    for (names, good) in [
        (["p.rego".to_owned(), "README".to_owned()], true),
        ([long("p.rego"), long("README")], true),
        ([long("p.rego"), "README".to_owned()], false),
    ] {
        let [first, second] = &names;
        let signatures = sign::signatures(
            &[(first, policy.as_bytes()), (second, b"")],
            &serde_json::json!({}),
            "secret",
        );
        fs::write(tree.path().join(".signatures.json"), signatures).unwrap();
        let read = super::load(tree.path(), &[], Limits::default(), &verification);
        assert_eq!(read.is_ok(), good, "{names:?}: {read:?}");
    }
}
