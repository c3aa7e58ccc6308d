//! Bundles: archives, what signs them, and what deltas change.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use regate::bundle::archive::{self, Limits};
use regate::bundle::{Archived, Bundle, Key, Signing, Verification};
use regate::data::{read, write};
use regate::engine::RegoVersion;
use regate_rego::Value;
use regate_rego::builtins::Caches;

use crate::builtin::call;

const BLOCK: usize = 512;

/// What signatures are likely made of.
pub(crate) const SIGNATURE_PIECES: &[&str] = &[
    "{\"signatures\":[\"",
    "\"files\":[",
    "{\"name\":\"p.rego\",\"hash\":\"",
    "\",\"algorithm\":\"SHA-256\"}",
    "\"keyid\":\"k\"",
    "\"scope\":\"\"",
    "\"plugin\":",
    ".",
    "eyJhbGciOiJIUzI1NiJ9",
];

/// What deltas are likely made of.
pub(crate) const DELTA_PIECES: &[&str] = &[
    "{\"data\":[",
    "{\"op\":\"upsert\",\"path\":\"/a/l/-\",\"value\":1},",
    "{\"op\":\"remove\",\"path\":\"/a/l/0\"},",
    "{\"op\":\"replace\",\"path\":\"a/x/y\",\"value\":{}},",
    "/-",
    "~1",
    "%2F",
    "]}",
];

fn limits() -> Limits {
    Limits {
        size: 1 << 20,
        files: 100,
        ratio: 100,
        ratio_from: 64 << 10,
        rego_version: RegoVersion::V1,
    }
}

/// A bundle's archive, or the tar file in it.
pub fn bundle_archive(data: &[u8]) {
    let verification = Verification::default();
    drop(archive::read("fuzz", data, limits(), &verification));
    if data.starts_with(b"\x1f\x8b") {
        return;
    }
    let mut tar = data.to_vec();
    mend_checksums(&mut tar);
    drop(archive::read("fuzz", &gzip(&tar), limits(), &verification));
}

/// A `.signatures.json`, and the payload of one that is signed.
pub fn bundle_signatures(data: &[u8]) {
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
    let files = |signatures: &[u8]| {
        let tar = tar(&[("p.rego", b"package p"), (".signatures.json", signatures)]);
        archive::read("fuzz", &gzip(&tar), limits(), &verification)
    };
    drop(files(data));
    let Ok(payload) = std::str::from_utf8(data) else {
        return;
    };
    let header = Value::from(r#"{"alg":"HS256"}"#);
    let secret = Value::from(r#"{"kty":"oct","k":"c2VjcmV0"}"#);
    let args = [&header, &payload.into(), &secret];
    let token = call(&Caches::default(), "io.jwt.encode_sign_raw", &args);
    let Ok(Value::String(token)) = token else {
        return;
    };
    let signatures = format!(r#"{{"signatures":["{token}"]}}"#);
    if files(signatures.as_bytes()).is_ok() {
        assert!(payload.contains("p.rego"), "what is accepted is named");
    }
}

/// A `patch.json`, applied to a bundle.
pub fn bundle_delta(data: &[u8]) {
    let tar = tar(&[(".manifest", br#"{"roots":["a"]}"#), ("patch.json", data)]);
    let read = archive::read("fuzz", &gzip(&tar), limits(), &Verification::default());
    let Ok(Archived::Delta(delta)) = read else {
        return;
    };
    let before = br#"{"a":{"l":[1,2,3],"x":{"y":1}}}"#;
    let base = Bundle {
        name: "fuzz".to_owned(),
        revision: String::new(),
        roots: vec!["a".to_owned()],
        modules: Vec::new(),
        data: read::json_value(before).unwrap(),
        metadata: Value::Null,
        etag: None,
    };
    let Ok(bundle) = delta.apply(&base) else {
        return;
    };
    let mut text = Vec::new();
    write::value(&mut text, &bundle.data);
    let Value::Object(changed) = read::json_value(&text).unwrap() else {
        panic!("data is an object")
    };
    assert!(
        changed.keys().all(|key| key.as_str() == Some("a")),
        "nothing outside the roots is changed"
    );
}

/// A tar file with `files`.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in files {
        let mut header = [0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    mend_checksums(&mut tar);
    tar
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Makes the headers of a tar file valid again, so that what was mutated is read and not refused
/// for its sum.
fn mend_checksums(tar: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            return;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = header[124..135]
            .iter()
            .fold(0_usize, |size, digit| (size << 3) | usize::from(digit & 7));
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
}
