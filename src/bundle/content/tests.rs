//! The rules for the files of a bundle.

use super::*;
use crate::bundle::signature::Verification;
use crate::bundle::unverified::Unverified;

fn build(files: &[(&str, &str)]) -> Result<Bundle, ContentError> {
    let unsigned = Verification::default();
    let mut unverified = Unverified::new(&unsigned);
    for (name, text) in files {
        unverified.add(FilePath::parse(name)?, text.as_bytes().to_vec())?;
    }
    let files = unverified.verify("").expect("no signature is asked for");
    Content::read(files, String::new(), false)?
        .finish("b", RegoVersion::V1)?
        .whole()
}

#[test]
fn names_are_paths_below_the_top() {
    for (name, expected) in [
        ("a/b", "a/b"),
        ("./a//b", "a/b"),
        ("/a/b", "a/b"),
        ("a/./b", "a/b"),
    ] {
        assert_eq!(FilePath::parse(name).unwrap().to_string(), expected);
    }
    let deep = "a/".repeat(65);
    let long = "a".repeat(1025);
    for name in [
        "", "/", ".", "..", "../a", "a/../b", "a/..", "a\0b", "a\\b", &deep, &long,
    ] {
        assert!(FilePath::parse(name).is_err(), "{name:?}");
    }
}

#[test]
fn files_are_refused_with_their_name() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (
            &[("a/data.json", "{"), ("x", "")],
            "the file `a/data.json` is not valid JSON",
        ),
        (
            &[("a/data.yaml", "a: [")],
            "the file `a/data.yaml` is not valid YAML",
        ),
        (
            &[("data.json", "[]")],
            "the file `data.json` lies at the top and must hold an object",
        ),
        (
            &[("a.rego", "package a"), ("./a.rego", "package b")],
            "the file `a.rego` is there twice",
        ),
        (
            &[(".manifest", "{}"), ("x/.manifest", "{}")],
            "the file `x/.manifest` is there twice",
        ),
        (
            &[
                ("a/data.json", r#"{"b": {"c": 1}}"#),
                ("a/b/data.json", r#"{"c": 2}"#),
            ],
            "gives `a/b/c` a value",
        ),
        (
            &[("a/data.json", "1"), ("a/b/data.json", "2")],
            "the file `a/b/data.json` gives `a` a value",
        ),
        (
            &[(".manifest", r#"{"roots": 1}"#)],
            "the file `.manifest` is not a valid manifest",
        ),
        (
            &[("patch.json", "{}")],
            "which only a downloaded bundle can be",
        ),
        (
            &[("patch.json", "{}"), ("a/p.rego", "package a")],
            "has the file `a/p.rego`, which deltas cannot have",
        ),
        (
            &[("patch.json", "{}"), ("a/data.json", "1")],
            "has the file `a/data.json`, which deltas cannot have",
        ),
    ];
    for (files, expected) in table {
        let error = build(files).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let files = Verified(vec![(FilePath::parse("a.rego").unwrap(), vec![b'#', 0xff])]);
    let error = Content::read(files, String::new(), false).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("the file `a.rego` is not valid UTF-8 text"),
        "{error}"
    );
}

#[test]
fn everything_lies_within_the_roots() {
    let manifest = (".manifest", r#"{"roots": ["a/b", "c"]}"#);
    let good: &[&[(&str, &str)]] = &[
        &[manifest],
        &[manifest, ("x/y/p.rego", "package a.b\nx := 1")],
        &[manifest, ("p.rego", "# about\npackage c[\"d.e\"]\n")],
        &[manifest, ("a/b/data.json", "1"), ("c/data.json", "2")],
        &[manifest, ("data.json", r#"{"a": {"b": {"x": 1}}}"#)],
        &[
            (".manifest", r#"{"roots": [""]}"#),
            ("p.rego", "no package"),
            ("x/data.json", "1"),
        ],
        &[
            ("p.rego", "package x"),
            (".manifest", r#"{"roots": ["x"]}"#),
        ],
    ];
    for files in good {
        build(files).unwrap();
    }
    let bad: &[(&[(&str, &str)], &str)] = &[
        (
            &[manifest, ("p.rego", "package a\n")],
            "the file `p.rego` has the package `a`",
        ),
        (
            &[manifest, ("p.rego", "package a.bb\n")],
            "has the package `a/bb`",
        ),
        (
            &[manifest, ("p.rego", "allow := true")],
            "the file `p.rego` does not begin with a package",
        ),
        (&[manifest, ("a/data.json", "1")], "there is data at `a`"),
        (
            &[manifest, ("a/data.json", r#"{"c": 1}"#)],
            "there is data at `a/c`",
        ),
        (
            &[manifest, ("d/data.json", "1")],
            "there is data at `d`, which lies outside the manifest's roots (a/b, c)",
        ),
        (
            &[(".manifest", r#"{"roots": []}"#), ("d/data.json", "1")],
            "there is data at `d`",
        ),
        (
            &[(".manifest", r#"{"roots": []}"#), ("p.rego", "package x")],
            "has the package `x`",
        ),
    ];
    for (files, expected) in bad {
        let error = build(files).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
