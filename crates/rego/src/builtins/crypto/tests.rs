//! Calls and what OPA 1.22 answers to them. The longer ones are in `cases`: `shapes.json` holds values, `chains.json`
//! which certificates verify; a chain says what OPA answers where that is another answer.

use serde_json::Value as Json;

use crate::builtins::calls::{call, value};
use crate::builtins::testing::{Case, holds};
use crate::builtins::{Budget, Error};
use crate::value::Value;

const MD5: &str = "crypto.hmac.md5";
const SHA512: &str = "crypto.hmac.sha512";
const VERIFY: &str = "crypto.x509.parse_and_verify_certificates_with_options";

const CASES: &[Case] = &[
    (
        "crypto.md5",
        r#"["é😀"]"#,
        r#""62b3afe3b01f6f80152b567d9b216cde""#,
    ),
    (
        "crypto.sha1",
        r#"["é😀"]"#,
        r#""9c286deb5d7549eafd1dcb2b58e0b573bc1b4a97""#,
    ),
    (
        "crypto.sha256",
        r#"[""]"#,
        r#""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#,
    ),
    (
        "crypto.md5",
        "[1]",
        "type error: crypto.md5: operand 1 must be string but got number",
    ),
    (MD5, r#"["", ""]"#, r#""74e6f7298a9c2d168935f58c001bad88""#),
    (
        MD5,
        r#"["é", "😀"]"#,
        r#""b0f56cf8abb07fcc91bf660e6323496c""#,
    ),
    (
        MD5,
        r#"["m", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]"#,
        r#""e6d45168817ba47badfb6d81520bbbb2""#,
    ),
    (
        "crypto.hmac.sha1",
        r#"["é", "😀"]"#,
        r#""704d4320428a98e40a459e8cdf90991c14d96d83""#,
    ),
    (
        "crypto.hmac.sha256",
        r#"["", ""]"#,
        r#""b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad""#,
    ),
    (
        SHA512,
        r#"["", ""]"#,
        r#""b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac6730c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47""#,
    ),
    (
        SHA512,
        r#"["m", 1]"#,
        "type error: crypto.hmac.sha512: operand 2 must be string but got number",
    ),
    ("crypto.hmac.equal", r#"["", ""]"#, "true"),
    ("crypto.hmac.equal", r#"["a", "a"]"#, "true"),
    ("crypto.hmac.equal", r#"["a", "A"]"#, "false"),
    ("crypto.hmac.equal", r#"["a", "aa"]"#, "false"),
    (
        "crypto.hmac.equal",
        r#"["a", null]"#,
        "type error: crypto.hmac.equal: operand 2 must be string but got null",
    ),
    ("crypto.x509.parse_certificates", r#"[""]"#, "[]"),
    (
        "crypto.x509.parse_certificates",
        r#"["!"]"#,
        "error: crypto.x509.parse_certificates: illegal base64 data at input byte 0",
    ),
    (
        "crypto.x509.parse_certificates",
        r#"["AAAA"]"#,
        "error: crypto.x509.parse_certificates: x509: malformed certificate",
    ),
    ("crypto.parse_private_keys", r#"[""]"#, "null"),
    ("crypto.parse_private_keys", r#"["!"]"#, "[]"),
    ("crypto.x509.parse_rsa_private_key", r#"["AAAA"]"#, "null"),
    (
        "crypto.x509.parse_and_verify_certificates",
        r#"["!"]"#,
        "[false, []]",
    ),
    (
        "crypto.x509.parse_and_verify_certificates",
        r#"[""]"#,
        "[false, []]",
    ),
    (VERIFY, r#"["!", {"x": 1}]"#, "[false, []]"),
    (
        VERIFY,
        r#"["", {"KeyUsages": [1, "\"KeyUsageAny\""]}]"#,
        "[false, []]",
    ),
];

/// Calls that fail, with whether an argument is of the wrong type.
const FAILING: &[(&str, &str, bool)] = &[
    ("crypto.x509.parse_rsa_private_key", r#"[""]"#, false),
    ("crypto.x509.parse_certificate_request", r#"[""]"#, false),
    ("crypto.x509.parse_keypair", r#"["", ""]"#, false),
    ("crypto.x509.parse_keypair", r#"["", 1]"#, true),
    (VERIFY, r#"["", []]"#, true),
    (VERIFY, r#"["", {"x": 1}]"#, false),
    (VERIFY, r#"["", {"DNSName": 1}]"#, false),
    (VERIFY, r#"["", {"CurrentTime": "1"}]"#, false),
    (VERIFY, r#"["", {"CurrentTime": 1.5}]"#, false),
    (VERIFY, r#"["", {"CurrentTime": 1e18}]"#, false),
    (VERIFY, r#"["", {"MaxConstraintComparisons": 1.5}]"#, false),
    (VERIFY, r#"["", {"KeyUsages": "x"}]"#, false),
    (VERIFY, r#"["", {"KeyUsages": ["x"]}]"#, false),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}

#[test]
fn calls_fail_as_they_fail_in_opa() {
    for (name, args, of_type) in FAILING {
        let error = call(name, args).expect_err(args);
        assert_eq!(
            matches!(error, Error::Type(_)),
            *of_type,
            "{name}{args}: {error}"
        );
        assert!(
            matches!(error, Error::Type(_) | Error::Failed(_)),
            "{name}{args}"
        );
    }
}

#[test]
fn values_have_the_shapes_that_go_gives_them() {
    for case in cases(include_str!("cases/shapes.json")) {
        let name = text(&case, "name");
        let args = case.get("args").expect("arguments").to_string();
        match (call(text(&case, "call"), &args), case.get("answer")) {
            (Ok(got), Some(want)) => assert_eq!(got, value(&want.to_string()), "{name}"),
            (Ok(got), None) => panic!("{name}: {got}"),
            (Err(Error::Failed(_)), None) => {
                assert_eq!(text(&case, "fails"), "eval_builtin_error", "{name}");
            }
            (Err(error), _) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn certificates_verify_that_lead_to_the_root() {
    for case in cases(include_str!("cases/chains.json")) {
        let name = text(&case, "name");
        let certificates = case.get("certificates").and_then(Json::as_array);
        let pem = |der: &Json| {
            let der = der.as_str().expect("base64");
            format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n")
        };
        let pem: String = certificates
            .expect("certificates")
            .iter()
            .map(pem)
            .collect();
        let args = serde_json::json!([pem, case.get("options")]).to_string();
        let Value::Array(pair) = call(VERIFY, &args).expect(name) else {
            panic!("{name}: a pair is expected");
        };
        let got = pair.first().expect("a pair");
        let want = case.get("verifies").expect("an answer");
        assert_eq!(*got, value(&want.to_string()), "{name}");
    }
}

#[test]
fn what_is_read_is_paid_for() {
    let long = format!(r#"["-----BEGIN {}"]"#, "A".repeat(10_000));
    for name in [
        "crypto.x509.parse_certificates",
        "crypto.parse_private_keys",
    ] {
        let mut budget = Budget::default();
        budget.memory = 100_000;
        let got = crate::builtins::calls::call_within(&mut budget, name, &long);
        assert_eq!(got, Err(Error::Cancelled), "{name}");
    }
}

fn cases(json: &str) -> Vec<Json> {
    serde_json::from_str(json).expect("cases")
}

fn text<'c>(case: &'c Json, name: &str) -> &'c str {
    case.get(name).and_then(Json::as_str).expect(name)
}
