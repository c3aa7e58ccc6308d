//! Signed bundles: those that `opa` made, and what `opa` says to those that are not right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use regate::bundle::archive::{self, Limits};
use regate::bundle::{Archived, Bundle, Key, Signing, Verification};
use regate_oracle::peer;
use serde_json::json;

use crate::support::archive::bundle;
use crate::support::signature::{signatures, signed_file, token};

const POLICY: &[u8] = b"package p\n\nx := 1\n";
const DATA: &[u8] = b"{\"b\": [1.0, 1e3, \"<\\u2028\\b\"], \"a\": {}}";
const DATA_TEXT: &[u8] = b"{\"a\":{},\"b\":[1.0,1e3,\"<\\u2028\\b\"]}";

fn verification(algorithm: &str, key: &str, scope: &str) -> Verification {
    let key = Key {
        text: key.to_owned(),
        algorithm: algorithm.to_owned(),
        scope: String::new(),
    };
    let signing = Signing {
        key_id: "k".to_owned(),
        scope: scope.to_owned(),
        exclude_files: vec!["notes/*".to_owned()],
    };
    Verification {
        keys: Arc::new(BTreeMap::from([("k".to_owned(), key)])),
        signing: Some(signing),
        skip: false,
    }
}

fn read(bytes: &[u8], verification: &Verification) -> Result<Bundle, String> {
    match archive::read("b", bytes, Limits::default(), verification) {
        Ok(Archived::Snapshot(bundle)) => Ok(bundle),
        Ok(Archived::Delta(_)) => panic!("a delta"),
        Err(error) => Err(error.to_string()),
    }
}

/// An RSA key pair, or one of the algorithm's curve: private and public, as PEM.
fn key_pair(algorithm: &str) -> (String, String) {
    let kind = match algorithm {
        "ES256" => &rcgen::PKCS_ECDSA_P256_SHA256,
        "ES384" => &rcgen::PKCS_ECDSA_P384_SHA384,
        "ES512" => &rcgen::PKCS_ECDSA_P521_SHA512,
        "EdDSA" => &rcgen::PKCS_ED25519,
        _ => &rcgen::PKCS_RSA_SHA256,
    };
    let pair = rcgen::KeyPair::generate_for(kind).unwrap();
    (pair.serialize_pem(), pair.public_key_pem())
}

fn opa(opa: &Path, directory: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new(opa).args(args).current_dir(directory).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    output
        .status
        .success()
        .then_some(())
        .ok_or(said.into_owned())
}

fn opa_or_skip() -> Option<PathBuf> {
    let found = peer::find();
    if found.is_none() {
        crate::support::skip("opa is not installed; `make opa` builds it");
    }
    found
}

#[test]
fn bundles_that_opa_signed_verify_under_their_key_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bundles");
    let file = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let key = |name: &str| String::from_utf8(file(name)).unwrap();
    for (algorithm, archive, public) in [
        ("RS256", "rs256.tar.gz", "rs256.pem"),
        ("PS384", "ps384.tar.gz", "ps384.pem"),
        ("ES256", "es256.tar.gz", "es256.pem"),
        ("ES512", "es512.tar.gz", "es512.pem"),
        ("EdDSA", "eddsa.tar.gz", "eddsa.pem"),
        ("HS256", "hs256.tar.gz", "hs256.txt"),
    ] {
        let archive = file(archive);
        let bundle = read(&archive, &verification(algorithm, &key(public), "")).unwrap();
        assert_eq!(bundle.revision, "r1", "{algorithm}");
        let other = verification("HS256", "another", "");
        let refused = read(&archive, &other).unwrap_err();
        assert!(
            refused.contains("does not verify"),
            "{algorithm}: {refused}"
        );
    }
}

#[test]
fn bundles_that_opa_signs_now_verify() {
    let Some(binary) = opa_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("d")).unwrap();
    std::fs::write(source.join("p.rego"), POLICY).unwrap();
    std::fs::write(source.join("d/data.json"), DATA).unwrap();
    let (rsa, rsa_public) = key_pair("RS256");
    for algorithm in [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
        "ES384", "ES512", "EdDSA",
    ] {
        let (private, public) = match algorithm {
            "HS256" | "HS384" | "HS512" => ("secret".to_owned(), "secret".to_owned()),
            "ES256" | "ES384" | "ES512" | "EdDSA" => key_pair(algorithm),
            _ => (rsa.clone(), rsa_public.clone()),
        };
        let args = [
            "build",
            "-b",
            "source",
            "-o",
            "b.tar.gz",
            "--signing-alg",
            algorithm,
        ];
        let args = [&args[..], &["--signing-key", &private]].concat();
        opa(&binary, folder.path(), &args).unwrap();
        let bytes = std::fs::read(folder.path().join("b.tar.gz")).unwrap();
        let bundle = read(&bytes, &verification(algorithm, &public, "")).unwrap();
        assert_eq!(bundle.modules.len(), 1, "{algorithm}");
    }
}

/// Names with contents.
type Files = Vec<(&'static str, &'static [u8])>;

/// Signatures made for the tests are held against `opa`, so that what these accept is what it does.
#[test]
fn opa_accepts_and_refuses_the_same_signatures() {
    let Some(binary) = opa_or_skip() else {
        return;
    };
    let files: Files = vec![("p.rego", POLICY), ("d/data.json", DATA)];
    let hashed: Files = vec![("p.rego", POLICY), ("d/data.json", DATA_TEXT)];
    let with = |list: &Files, name, bytes: &'static [u8]| {
        let mut list = list.clone();
        list.push((name, bytes));
        list
    };
    let good = signatures(&hashed, &json!({"scope": "s"}), "secret");
    let payload = json!({"scope": "s", "files": [signed_file("p.rego", POLICY)]});
    let short = token(&json!({"alg": "HS512"}), &payload, "secret");
    let of = |hashed: &Files| signatures(hashed, &json!({"scope": "s"}), "secret");
    let cases: Vec<(Files, Option<String>)> = vec![
        (files.clone(), Some(good.clone())),
        (files.clone(), None),
        (files.clone(), Some("{".to_owned())),
        (files.clone(), Some(json!({"signatures": []}).to_string())),
        (
            files[..1].to_vec(),
            Some(json!({"signatures": [short]}).to_string()),
        ),
        (
            files.clone(),
            Some(signatures(&hashed, &json!({"scope": "s"}), "other")),
        ),
        (
            files.clone(),
            Some(signatures(&hashed, &json!({}), "secret")),
        ),
        (
            files.clone(),
            Some(signatures(
                &hashed,
                &json!({"scope": "s", "keyid": "x"}),
                "secret",
            )),
        ),
        (with(&files, "q.rego", b"package q"), Some(good.clone())),
        (with(&files, "README", b""), Some(good.clone())),
        (with(&files, "notes/a.txt", b""), Some(good.clone())),
        (with(&files, "notes/b/a.txt", b""), Some(good.clone())),
        (files[..1].to_vec(), Some(good.clone())),
        (
            files.clone(),
            Some(of(&with(&hashed, "p.rego", b"another"))),
        ),
        (
            with(&files, "x.json", b"{ }"),
            Some(of(&with(&hashed, "x.json", b"{ }"))),
        ),
        (
            with(&files, "x.json", b"{ }"),
            Some(of(&with(&hashed, "x.json", b"{}"))),
        ),
        (
            with(&files, "e/data.yaml", b"a: 1.0\n"),
            Some(of(&with(&hashed, "e/data.yaml", b"{\"a\":1}"))),
        ),
        (
            with(&files, "e/data.yml", b"a: 1\n"),
            Some(of(&with(&hashed, "e/data.yml", b"{\"a\":1}"))),
        ),
        (
            with(&files, ".manifest", b"{ \"x\": 1}"),
            Some(of(&with(&hashed, ".manifest", b"{\"x\":1}"))),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (number, (mut files, signature)) in cases.into_iter().enumerate() {
        if let Some(signature) = &signature {
            files.push((".signatures.json", signature.as_bytes()));
        }
        let bytes = bundle(&files);
        std::fs::write(folder.path().join("b.tar.gz"), &bytes).unwrap();
        let args = [
            "build",
            "-b",
            "b.tar.gz",
            "-o",
            "out.tar.gz",
            "--signing-alg",
            "HS256",
        ];
        let more = ["--verification-key", "secret", "--scope", "s"];
        let args = [&args[..], &more, &["--exclude-files-verify", "notes/*"]].concat();
        let theirs = opa(&binary, folder.path(), &args);
        let ours = read(&bytes, &verification("HS256", "secret", "s"));
        assert_eq!(
            ours.is_ok(),
            theirs.is_ok(),
            "case {number}: {files:?}\nopa: {theirs:?}\nours: {ours:?}"
        );
    }
}
