//! What archives are read and what archives are refused.

use std::fmt::Write as _;

use crate::bundle::Bundle;
use crate::bundle::build::{bundle, gzip, header, tar};
use serde_json::json;

use super::*;

const POLICY: &[u8] = b"package authz\n\nallow := true\n";

/// Reads what nobody signed.
fn read(name: &str, bytes: &[u8], limits: Limits) -> Result<Bundle, ArchiveError> {
    let read = super::read(name, bytes, limits, &Verification::default());
    read.and_then(|archived| Ok(archived.whole()?))
}

fn limits() -> Limits {
    Limits::default()
}

fn refusal(bytes: &[u8], limits: Limits) -> String {
    read("b", bytes, limits).unwrap_err().to_string()
}

fn data(files: &[(&str, &[u8])]) -> serde_json::Value {
    let bundle = read("b", &bundle(files), limits()).unwrap();
    serde_json::from_str(&text(&bundle.data)).unwrap()
}

#[test]
fn a_bundle_is_read_whole() {
    let bytes = bundle(&[
        ("/.manifest", br#"{"revision": "r1", "roots": ["authz", "users"], "rego_version": 0, "metadata": {"a": 1}}"#),
        ("/authz/policy.rego", POLICY),
        ("/users/data.json", br#"{"alice": ["admin"]}"#),
        ("/README.md", b"not part of it"),
    ]);
    let bundle = read("main", &bytes, limits()).unwrap();
    assert_eq!(
        (bundle.name.as_str(), bundle.revision.as_str()),
        ("main", "r1")
    );
    assert_eq!(bundle.roots, ["authz", "users"]);
    assert_eq!(bundle.modules.len(), 1);
    assert_eq!(bundle.modules[0].name, "main/authz/policy.rego");
    assert_eq!(bundle.modules[0].source.as_bytes(), POLICY);
    assert_eq!(bundle.modules[0].version, RegoVersion::V0);
    assert_eq!(
        text(&bundle.data).replace(char::is_whitespace, ""),
        r#"{"users":{"alice":["admin"]}}"#
    );
    assert_eq!(
        text(&bundle.metadata).replace(char::is_whitespace, ""),
        r#"{"a":1}"#
    );
}

#[test]
fn without_a_manifest_a_bundle_owns_everything() {
    let options = Limits::new(1 << 20, RegoVersion::V0);
    let bundle = read("b", &bundle(&[("p.rego", POLICY)]), options).unwrap();
    assert_eq!(bundle.roots, [""]);
    assert_eq!(bundle.revision, "");
    assert_eq!(
        bundle.modules[0].version,
        RegoVersion::V0,
        "the default counts"
    );
}

#[test]
fn data_lies_at_the_path_of_its_directory() {
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let table: &[(Files<'_>, serde_json::Value)] = &[
        (&[("data.json", b"{\"a\": 1}")], json!({"a": 1})),
        (&[("./x/data.json", b"[1]")], json!({"x": [1]})),
        (
            &[("/x/y/data.yaml", b"a: [b]")],
            json!({"x": {"y": {"a": ["b"]}}}),
        ),
        (&[("x/data.yml", b"a: b")], json!({"x": {"a": "b"}})),
        (
            &[("x/data.json", b"{\"a\": 1}"), ("x/y/data.json", b"2")],
            json!({"x": {"a": 1, "y": 2}}),
        ),
        (
            &[("x/data.json", b"{\"a\": 1}"), ("x/data.yaml", b"b: 2")],
            json!({"x": {"a": 1, "b": 2}}),
        ),
        (&[("x/users.json", b"{}"), ("datax.json", b"{}")], json!({})),
        // As the peer does with archives.
        (&[("a b/data.json", b"1")], json!({"a%20b": 1})),
        (&[("ü/data.json", b"1")], json!({"%C3%BC": 1})),
        (&[("a:b@c.d/data.json", b"1")], json!({"a:b@c.d": 1})),
    ];
    for (files, expected) in table {
        assert_eq!(data(files), *expected, "{files:?}");
    }
}

#[test]
fn what_is_no_file_is_passed_over() {
    let mut builder = tar::Builder::new(Vec::new());
    for kind in [
        tar::EntryType::Directory,
        tar::EntryType::Char,
        tar::EntryType::Fifo,
    ] {
        let mut header = header("data.json", kind, 0);
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link] {
        let mut header = header("evil.rego", kind, 0);
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
    }
    let read = read("b", &gzip(&builder.into_inner().unwrap()), limits()).unwrap();
    assert!(read.modules.is_empty());
    assert_eq!(
        read.data,
        crate::data::Value::Object(crate::data::Object::default())
    );
}

#[test]
fn long_names_are_read() {
    let mut long = String::from("a");
    for i in 0..30 {
        write!(long, "/directory{i}").unwrap();
    }
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(POLICY.len() as u64);
    builder
        .append_data(&mut header, format!("{long}/p.rego"), POLICY)
        .unwrap();
    let bundle = read("b", &gzip(&builder.into_inner().unwrap()), limits()).unwrap();
    assert_eq!(bundle.modules[0].name, format!("b/{long}/p.rego"));
}

#[test]
fn several_gzip_members_are_one_file() {
    let tar = tar(&[("data.json", b"{\"a\": 1}"), ("p.rego", POLICY)]);
    let (first, second) = tar.split_at(700);
    let bytes = [gzip(first), gzip(second)].concat();
    assert_eq!(read("b", &bytes, limits()).unwrap().modules.len(), 1);
}

#[test]
fn broken_archives_are_refused() {
    let good = bundle(&[("data.json", b"{\"a\": 1}"), ("p.rego", POLICY)]);
    for length in 0..good.len() {
        assert!(
            read("b", &good[..length], limits()).is_err(),
            "cut at {length}"
        );
    }
    let plain = tar(&[("p.rego", POLICY)]);
    assert!(refusal(&plain, limits()).contains("compressed with gzip"));
    assert!(
        refusal(
            &gzip(b"no tar at all, but long enough for nothing"),
            limits()
        )
        .contains("cannot be unpacked")
    );
    assert!(refusal(b"<html>not found</html>", limits()).contains("cannot be unpacked"));
    let mut checksum = good.clone();
    let last = checksum.len() - 6;
    checksum[last] ^= 1;
    assert!(
        refusal(&checksum, limits()).contains("cannot be unpacked"),
        "the check sum at the end counts"
    );
    let cut = &plain[..600];
    assert!(
        read("b", &gzip(cut), limits()).is_err(),
        "a whole gzip file with half a tar file"
    );
}

#[test]
fn sizes_are_bounded() {
    let text = vec![b'#'; 100_000];
    let noise: Vec<u8> = (0..100_000u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let small = Limits {
        size: 50_000,
        ..limits()
    };
    assert!(
        refusal(&bundle(&[("p.rego", &text)]), small).contains("more than 50000 bytes"),
        "one file"
    );
    assert!(
        refusal(&bundle(&[("x.bin", &text)]), small).contains("more than 50000 bytes"),
        "a file passed over"
    );
    assert!(
        refusal(&bundle(&[("x.bin", &noise)]), small).contains("more than 50000 bytes"),
        "the archive"
    );
    let files = Limits {
        files: 2,
        ..limits()
    };
    let three: &[(&str, &[u8])] = &[("a", b""), ("b", b""), ("c", b"")];
    assert!(refusal(&bundle(three), files).contains("more than 2 entries"));
    assert!(read("b", &bundle(&three[..2]), files).is_ok());
}

#[test]
fn bombs_are_refused() {
    let blanks = vec![b' '; 1 << 20];
    let limits = Limits {
        ratio_from: 1 << 20,
        ..limits()
    };
    for name in ["data.json", "passed-over.bin"] {
        let error = refusal(&bundle(&[(name, &blanks)]), limits);
        assert!(
            error.contains("more than 250 times its own size"),
            "{error}"
        );
    }
    let small = bundle(&[("x.bin", &blanks[..1 << 19])]);
    assert!(
        read("b", &small, limits).is_ok(),
        "below the bound no ratio counts"
    );
}

#[test]
fn a_size_that_lies_costs_no_memory() {
    let mut header = header("data.json", tar::EntryType::Regular, 0);
    header.set_size(900 << 20);
    header.set_cksum();
    let bytes = [header.as_bytes().as_slice(), &[b' '; 1024]].concat();
    assert!(refusal(&gzip(&bytes), limits()).contains("cannot be unpacked"));
}

#[test]
fn an_encoding_is_undone_when_it_is_one() {
    let archive = bundle(&[("p.rego", POLICY)]);
    assert_eq!(undo_encoding(gzip(&archive), limits()).unwrap(), archive);
    assert_eq!(
        undo_encoding(archive.clone(), limits()).unwrap(),
        archive,
        "labelled but not encoded"
    );
    let small = Limits {
        size: 10,
        ..limits()
    };
    assert!(undo_encoding(gzip(&archive), small).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(128))]

    /// Behind check sums that are right, anything may stand.
    #[test]
    fn damage_is_an_error_or_harmless(
        flips in proptest::collection::vec((0..4096_usize, 0..=255_u8), 1..16),
    ) {
        let mut tar = tar(&[
            (".manifest", br#"{"roots": ["a"], "file_rego_versions": {"a/*": 0}}"#),
            ("a/data.json", b"{\"b\": [1, 2.5]}"),
            ("a/data.yaml", b"c: [d, {e: f}]"),
            ("a/p.rego", b"package a[\"b\"]\n"),
        ]);
        for (index, byte) in flips {
            let length = tar.len();
            tar[index % length] = byte;
        }
        if let Ok(bundle) = read("b", &gzip(&tar), limits()) {
            assert!(bundle.roots.iter().all(|root| !root.ends_with('/')));
        }
    }
}

fn text(value: &crate::data::Value) -> String {
    let mut out = Vec::new();
    crate::data::write::value(&mut out, value);
    String::from_utf8(out).unwrap()
}
