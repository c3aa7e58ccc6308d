//! What is accepted and what is not, on signatures made here; those of `opa` are in `tests/it`.

use serde_json::json;

use super::*;
use crate::bundle::archive::{self, ArchiveError, Limits};
use crate::bundle::sign::{signatures, signed_file, token};
use crate::bundle::{Archived, build};

const POLICY: &[u8] = b"package p\n\nx := 1\n";
const DATA: &[u8] = b"{\"b\": 1.0, \"a\": 2}";
/// What is hashed of [`DATA`].
const DATA_TEXT: &[u8] = b"{\"a\":2,\"b\":1.0}";

fn files() -> Vec<(&'static str, &'static [u8])> {
    vec![("p.rego", POLICY), ("d/data.json", DATA)]
}

fn hashed() -> Vec<(&'static str, &'static [u8])> {
    vec![("p.rego", POLICY), ("d/data.json", DATA_TEXT)]
}

fn verification(signing: Option<Signing>) -> Verification {
    let key = |text: &str, scope: &str| Key {
        text: text.to_owned(),
        algorithm: "HS256".to_owned(),
        scope: scope.to_owned(),
    };
    let keys = [
        ("k1", key("secret", "")),
        ("k2", key("other", "")),
        ("scoped", key("secret", "read")),
        (
            "wide",
            Key {
                algorithm: "HS512".to_owned(),
                ..key("secret", "")
            },
        ),
    ];
    let keys = keys.map(|(name, key)| (name.to_owned(), key));
    Verification {
        keys: Arc::new(BTreeMap::from(keys)),
        signing,
        skip: false,
    }
}

fn signing(key_id: &str, scope: &str, exclude_files: &[&str]) -> Signing {
    Signing {
        key_id: key_id.to_owned(),
        scope: scope.to_owned(),
        exclude_files: exclude_files.iter().map(|&it| it.to_owned()).collect(),
    }
}

fn read(
    files: &[(&str, &[u8])],
    signature: &str,
    verification: &Verification,
) -> Result<Archived, ArchiveError> {
    // The signature comes last: nothing may have been parsed before it.
    let mut files = files.to_vec();
    files.push((".signatures.json", signature.as_bytes()));
    archive::read("b", &build::bundle(&files), Limits::default(), verification)
}

/// What is wrong, or nothing.
fn complaint<T>(read: Result<T, ArchiveError>) -> String {
    read.err().map_or(String::new(), |error| error.to_string())
}

#[test]
fn a_signature_is_asked_for_where_signing_says_so() {
    let unsigned = build::bundle(&files());
    let read_unsigned = |verification: &Verification| {
        complaint(archive::read(
            "b",
            &unsigned,
            Limits::default(),
            verification,
        ))
    };
    let signed = signatures(&hashed(), &json!({"keyid": "k1"}), "secret");
    assert_eq!(read_unsigned(&Verification::default()), "");
    assert_eq!(read_unsigned(&verification(None)), "");
    for signing in [
        signing("k1", "", &[]),
        signing("", "s", &[]),
        signing("", "", &[]),
    ] {
        let error = read_unsigned(&verification(Some(signing)));
        assert!(error.contains("missing its .signatures.json"), "{error}");
    }
    let error = complaint(read(&files(), &signed, &Verification::default()));
    assert!(error.contains("no verification key is provided"), "{error}");
    let skipped = Verification {
        skip: true,
        ..verification(Some(signing("k1", "", &[])))
    };
    assert_eq!(read_unsigned(&skipped), "");
    assert_eq!(complaint(read(&files(), "{", &skipped)), "");
}

/// What is configured (key and scope), what is signed (the header's key, claims, by which secret),
/// and what is complained about.
type KeyCase = (
    Option<(&'static str, &'static str)>,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const KEYS: [KeyCase; 17] = [
    (None, "", r#"{"keyid": "k1"}"#, "secret", ""),
    (None, "k1", "{}", "secret", ""),
    (None, "k1", r#"{"keyid": "k2"}"#, "secret", ""),
    (
        None,
        "k1",
        r#"{"keyid": "k2"}"#,
        "other",
        "not verify under the key `k1`",
    ),
    (None, "", "{}", "secret", "neither the signature nor"),
    (
        None,
        "",
        r#"{"keyid": "k3"}"#,
        "secret",
        "`k3` is not among `keys`",
    ),
    (
        None,
        "",
        r#"{"keyid": "wide"}"#,
        "secret",
        "not verify under the key `wide`",
    ),
    (Some(("k2", "")), "k1", r#"{"keyid": "k1"}"#, "other", ""),
    (Some(("k2", "")), "", "{}", "secret", "does not verify"),
    (
        Some(("k1", "")),
        "",
        r#"{"scope": "read"}"#,
        "secret",
        "scope mismatch",
    ),
    (
        Some(("k1", "read")),
        "",
        r#"{"scope": "read"}"#,
        "secret",
        "",
    ),
    (Some(("k1", "read")), "", "{}", "secret", "scope mismatch"),
    (
        Some(("scoped", "")),
        "",
        r#"{"scope": "read"}"#,
        "secret",
        "",
    ),
    (Some(("scoped", "")), "", "{}", "secret", "scope mismatch"),
    (
        Some(("scoped", "all")),
        "",
        r#"{"scope": "all"}"#,
        "secret",
        "",
    ),
    (
        Some(("k1", "")),
        "",
        r#"{"iat": "x"}"#,
        "secret",
        "a payload that is none",
    ),
    (
        Some(("k1", "")),
        "",
        r#"{"iat": 1, "exp": 1}"#,
        "secret",
        "",
    ),
];

#[test]
fn keys_and_scopes_are_found_as_opa_finds_them() {
    for (configured, kid, claims, secret, expected) in KEYS {
        let mut payload: serde_json::Value = serde_json::from_str(claims).unwrap();
        let said = hashed().into_iter();
        payload["files"] = said.map(|(name, bytes)| signed_file(name, bytes)).collect();
        let token = token(&json!({"alg": "HS256", "kid": kid}), &payload, secret);
        let signature = json!({"signatures": [token]}).to_string();
        let signing = configured.map(|(key_id, scope)| signing(key_id, scope, &[]));
        let error = complaint(read(&files(), &signature, &verification(signing)));
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{configured:?} {kid} {claims}: {error}"
        );
    }
}

#[test]
fn every_file_is_the_one_that_was_signed() {
    type Files<'a> = Vec<(&'a str, &'a [u8])>;
    let with = |mut list: Files<'static>, name, bytes| {
        list.push((name, bytes));
        list
    };
    let table: Vec<(Files<'_>, Files<'_>, &[&str], &str)> = vec![
        (files(), hashed(), &[], ""),
        // As JSON is written does not matter for data, for other files it does.
        (
            with(files(), "d/e/data.yaml", b"a: 1\n"),
            with(hashed(), "d/e/data.yaml", b"{\"a\":1}"),
            &[],
            "",
        ),
        (
            with(files(), "x.json", b"{ }"),
            with(hashed(), "x.json", b"{}"),
            &[],
            "the file `x.json` is not the one",
        ),
        (
            with(files(), "q.rego", b"package q"),
            hashed(),
            &[],
            "the file `q.rego` is not included",
        ),
        (
            with(files(), "README", b""),
            hashed(),
            &[],
            "the file `README` is not included",
        ),
        (
            with(files(), "policy.wasm", b""),
            hashed(),
            &[],
            "the file `policy.wasm` is not included",
        ),
        (
            files(),
            with(hashed(), "q.rego", b""),
            &[],
            "`q.rego` is named in the signature and not in",
        ),
        (
            vec![("p.rego", b"package p"), ("d/data.json", DATA)],
            hashed(),
            &[],
            "the file `p.rego` is not the one",
        ),
        (
            vec![("p.rego", POLICY), ("d/data.json", b"{\"a\":2,\"b\":1}")],
            hashed(),
            &[],
            "`d/data.json` is not the one",
        ),
        // What cannot be hashed is never data.
        (
            with(files(), "e/data.json", b"{"),
            with(hashed(), "e/data.json", b"{"),
            &[],
            "cannot be hashed",
        ),
        (with(files(), "x/y.txt", b"1"), hashed(), &["x/*"], ""),
        (
            with(files(), "x/z/y.txt", b"1"),
            hashed(),
            &["x/*", "*.txt"],
            "not included",
        ),
        (files(), with(hashed(), "gone", b"1"), &["gone"], ""),
        (
            files(),
            with(hashed(), "p.rego", b"two opinions"),
            &[],
            "the file `p.rego` is not the one",
        ),
    ];
    for (files, hashed, excluded, expected) in table {
        let signature = signatures(&hashed, &json!({}), "secret");
        let read = read(
            &files,
            &signature,
            &verification(Some(signing("k1", "", excluded))),
        );
        let error = complaint(read);
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{files:?}: {error}"
        );
    }
}

#[test]
fn the_signatures_file_holds_one_token() {
    let payload = json!({"files": [signed_file("p.rego", POLICY)]});
    let good = token(&json!({"alg": "HS256"}), &payload, "secret");
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    let critical = token(&json!({"alg": "HS256", "crit": ["x"]}), &payload, "secret");
    let table = [
        (json!({"signatures": [good], "x": 1}), ""),
        (json!({"signatures": []}), "has 0 tokens"),
        (json!({"signatures": [good, good]}), "has 2 tokens"),
        (
            json!({"signatures": [good], "plugin": "p"}),
            "the plugin `p`",
        ),
        (json!({"signatures": ["a.b"]}), "has a token that is none"),
        (json!({"signatures": [unsigned]}), "does not verify"),
        (json!({"signatures": [critical]}), "does not verify"),
        (json!([good]), "is not what it should be"),
        (json!({"signatures": [1]}), "is not what it should be"),
    ];
    for (signature, expected) in table {
        let verification = verification(Some(signing("k1", "", &[])));
        let read = read(&[("p.rego", POLICY)], &signature.to_string(), &verification);
        let error = complaint(read);
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{signature}: {error}"
        );
    }
}

#[test]
fn hashes_are_compared_by_the_algorithms_that_opa_knows() {
    for (algorithm, hash, expected) in [
        ("MD5", "5d41402abc4b2a76b9719d911017c592", ""),
        ("SHA-1", "AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D", ""),
        (
            "SHA-224",
            "ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193",
            "",
        ),
        ("SHA-256", "", "is not the one that was signed"),
        ("SHA256", "", "which is not computed here"),
        ("", "", "which is not computed here"),
    ] {
        let signed = Signed {
            name: "x".to_owned(),
            hash: hash.to_owned(),
            algorithm: algorithm.to_owned(),
        };
        let error = check_hash(&signed, b"hello").err().unwrap_or_default();
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{algorithm}: {error}"
        );
    }
}
