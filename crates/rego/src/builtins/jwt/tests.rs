//! Tokens that verify, and all those that must not.

mod fixtures;
mod refused;
mod signed;
mod vectors;

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;

use crate::builtins::testing::{Case, answer, holds, show};
use crate::builtins::{Budget, Caches, Context, Error, get};
use crate::value::Value;

use fixtures::{
    ED25519, ED25519_PEM, ED25519_PRIVATE, EDDSA, ES256, ES256_OTHER_S, ES384, ES512, P256,
    P256_PEM, P256_PRIVATE, P384, P384_PRIVATE, P521, P521_PRIVATE, PS256, RS256, RSA,
    RSA_CERTIFICATE, RSA_PEM, RSA_PRIVATE,
};
use vectors::{A1, VECTORS};

/// What a call answers at 1,700,000,000 seconds since 1970, as a term or the kind of its error.
pub(super) fn call(caches: &Caches, name: &str, args: &[Value]) -> String {
    let mut context = Context {
        budget: &mut Budget::default(),
        now_ns: 1_700_000_000_000_000_000,
        seed: 0,
        runtime: &Value::Null,
        caches,
        outside: None,
        memo: &mut HashMap::new(),
    };
    let args: Vec<&Value> = args.iter().collect();
    match get(name).expect("a known name").call(&mut context, &args) {
        Ok(value) => show(&value),
        Err(Error::Failed(_)) => "failed".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Whether a token verifies by a function and a key.
pub(super) fn verify(name: &str, token: &str, key: &str) -> String {
    call(&Caches::default(), name, &[token.into(), key.into()])
}

/// What `io.jwt.decode_verify` says under constraints, which are a term.
pub(super) fn decode_verify(token: &str, constraints: &str) -> String {
    let constraints = crate::builtins::testing::read(constraints);
    call(
        &Caches::default(),
        "io.jwt.decode_verify",
        &[token.into(), constraints],
    )
}

/// Constraints with a key alone.
pub(super) fn by(constraint: &str, key: &str) -> String {
    show(&Value::Object(
        [(constraint.into(), key.into())].into_iter().collect(),
    ))
}

/// A token of header and payload, signed by a secret.
pub(super) fn hs256(header: &str, payload: &str, secret: &str) -> String {
    let hash = aws_lc_rs::hmac::HMAC_SHA256;
    let key = aws_lc_rs::hmac::Key::new(hash, secret.as_bytes());
    let [header, payload] = [header, payload].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
    let signed = format!("{header}.{payload}");
    let mac = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(mac.as_ref()))
}

const HS256: &str = r#"{"alg":"HS256"}"#;
const REFUSED: &str = "[false, {}, {}]";

#[test]
fn the_examples_of_the_rfcs_verify() {
    for (name, token, key) in VECTORS {
        assert_eq!(verify(name, token, key), "true", "{name} {token}");
    }
    let (token, key) = A1;
    let claims = decode_verify(
        token,
        &format!(r#"{{"cert": {}, "time": 1}}"#, show(&key.into())),
    );
    assert!(claims.starts_with("[true, "), "{claims}");
}

#[test]
fn each_form_of_a_key_verifies() {
    let set = format!(r#"{{"keys": [{P256}, {RSA}]}}"#);
    let cases = [
        ("io.jwt.verify_rs256", RS256, RSA),
        ("io.jwt.verify_rs256", RS256, RSA_PEM),
        ("io.jwt.verify_rs256", RS256, RSA_CERTIFICATE),
        ("io.jwt.verify_rs256", RS256, &set),
        ("io.jwt.verify_ps256", PS256, RSA),
        ("io.jwt.verify_es256", ES256, P256),
        ("io.jwt.verify_es256", ES256, P256_PEM),
        // Both `s` are right (FIPS 186-5); OPA takes both.
        ("io.jwt.verify_es256", ES256_OTHER_S, P256),
        ("io.jwt.verify_es384", ES384, P384),
        ("io.jwt.verify_es512", ES512, P521),
        ("io.jwt.verify_eddsa", EDDSA, ED25519),
        ("io.jwt.verify_eddsa", EDDSA, ED25519_PEM),
    ];
    for (name, token, key) in cases {
        assert_eq!(verify(name, token, key), "true", "{name} {key}");
        let claims = decode_verify(token, &by("cert", key));
        assert!(
            claims.starts_with("[true, ") && claims.ends_with(r#", {"iss": "ann"}]"#),
            "{claims}"
        );
    }
}

#[test]
fn what_is_signed_here_verifies_here() {
    let signers = [
        ("RS256", RSA_PRIVATE, RSA),
        ("RS384", RSA_PRIVATE, RSA),
        ("RS512", RSA_PRIVATE, RSA),
        ("PS256", RSA_PRIVATE, RSA),
        ("PS384", RSA_PRIVATE, RSA),
        ("PS512", RSA_PRIVATE, RSA),
        ("ES256", P256_PRIVATE, P256),
        ("ES384", P384_PRIVATE, P384),
        ("ES512", P521_PRIVATE, P521),
        ("EdDSA", ED25519_PRIVATE, ED25519),
    ];
    for (alg, private, public) in signers {
        let signed = answer(
            "io.jwt.encode_sign",
            &format!(r#"[{{"alg": "{alg}"}}, {{"a": 1}}, {private}]"#),
        );
        let token = signed.trim_matches('"');
        let name = format!("io.jwt.verify_{}", alg.to_lowercase());
        assert_eq!(verify(&name, token, public), "true", "{alg}: {token}");
        // A private key is not taken for a public one, except by decode_verify, as in OPA.
        assert_eq!(verify(&name, token, private), "false", "{alg}");
        let claims = decode_verify(token, &by("cert", private));
        assert!(claims.starts_with("[true, "), "{alg}: {claims}");
    }
}

#[test]
fn numbers_of_an_rsa_key_that_can_be_computed_need_not_be_given() {
    let Value::Object(key) = crate::builtins::testing::read(RSA_PRIVATE) else {
        panic!("a key is an object");
    };
    let fewer = ["dp", "dq", "qi"]
        .iter()
        .fold(key.clone(), |key, name| key.remove(&(*name).into()));
    let args = |key: Value| {
        let header = crate::builtins::testing::read(r#"{"alg": "RS256"}"#);
        [header.clone(), header, key]
    };
    let caches = Caches::default();
    let whole = call(&caches, "io.jwt.encode_sign", &args(key.into()));
    let computed = call(&caches, "io.jwt.encode_sign", &args(fewer.into()));
    assert_eq!(whole, computed);
    assert!(whole.len() > 300, "a token: {whole}");
}

#[test]
fn claims_are_held_against_constraints() {
    // Payload, further constraints, whether it holds in OPA; the time is 1,700,000,000 s.
    let rows = [
        ("{}", "", "true"),
        (r#"{"exp": 1700000001}"#, "", "true"),
        (r#"{"exp": 1700000000}"#, "", "false"),
        (r#"{"exp": 1700000000.5}"#, "", "true"),
        (r#"{"exp": 1.7000000005e9}"#, "", "true"),
        (r#"{"exp": 99999999999999999999999}"#, "", "true"),
        (r#"{"exp": -1}"#, "", "false"),
        (r#"{"exp": 5}"#, r#""time": 4999999999.9999999"#, "false"),
        (
            r#"{"exp": 9007199254740993}"#,
            r#""time": 9007199254740992000000000"#,
            "true",
        ),
        (
            r#"{"exp": 9007199254740992}"#,
            r#""time": 9007199254740992000000000"#,
            "false",
        ),
        (r#"{"exp": "1800000000"}"#, "", "failed"),
        (r#"{"exp": null}"#, "", "failed"),
        (r#"{"nbf": 1700000000}"#, "", "true"),
        (r#"{"nbf": 1700000000.5}"#, "", "false"),
        (r#"{"nbf": true}"#, "", "failed"),
        (r#"{"exp": 5}"#, r#""time": 4999999999"#, "true"),
        (r#"{"exp": 5}"#, r#""time": 5000000000"#, "false"),
        (r#"{"exp": 5}"#, r#""time": -1"#, "failed"),
        (r#"{"exp": 5}"#, r#""time": "1""#, "failed"),
        (r#"{"exp": 5}"#, r#""time": 0"#, "true"),
        (r#"{"iss": "a"}"#, r#""iss": "a""#, "true"),
        (r#"{"iss": "a"}"#, r#""iss": "A""#, "false"),
        (r#"{"iss": "a"}"#, r#""iss": """#, "true"),
        (r#"{"iss": ["a"]}"#, r#""iss": "a""#, "false"),
        ("{}", r#""iss": "a""#, "false"),
        ("{}", r#""iss": 1"#, "failed"),
        (r#"{"aud": "a"}"#, "", "false"),
        (r#"{"aud": "a"}"#, r#""aud": "a""#, "true"),
        (r#"{"aud": ["b", 1, "a"]}"#, r#""aud": "a""#, "true"),
        (r#"{"aud": ["b"]}"#, r#""aud": "a""#, "false"),
        (r#"{"aud": []}"#, "", "false"),
        (r#"{"aud": {"a": "a"}}"#, r#""aud": "a""#, "false"),
        (r#"{"aud": null}"#, "", "false"),
        (r#"{"aud": ""}"#, "", "true"),
        ("{}", r#""aud": "a""#, "false"),
        ("{}", r#""alg": "HS256""#, "true"),
        ("{}", r#""alg": "hs256""#, "false"),
        ("{}", r#""alg": "RS256""#, "false"),
        ("{}", r#""alg": "what""#, "false"),
        ("{}", r#""alg": """#, "true"),
        ("{}", r#""sub": "a""#, "failed"),
        ("{}", r#""cert": "what""#, "failed"),
        ("[]", "", "failed"),
        ("{", "", "failed"),
        (r#"{"a": 1} {}"#, "", "failed"),
    ];
    for (payload, more, want) in rows {
        let token = hs256(HS256, payload, "secret");
        let comma = if more.is_empty() { "" } else { ", " };
        let got = decode_verify(&token, &format!(r#"{{"secret": "secret"{comma}{more}}}"#));
        let got = match got.strip_prefix('[').and_then(|got| got.split_once(',')) {
            Some((holds, _)) => holds.to_owned(),
            None => got,
        };
        assert_eq!(got, want, "{payload} {more}");
    }
}

#[test]
fn there_is_one_key_constraint() {
    let token = hs256(HS256, "{}", "secret");
    for constraints in [
        "{}".to_owned(),
        r#"{"secret": ""}"#.to_owned(),
        r#"{"secret": 1}"#.to_owned(),
        format!(r#"{{"secret": "secret", "cert": {}}}"#, show(&RSA.into())),
    ] {
        assert_eq!(
            decode_verify(&token, &constraints),
            "failed",
            "{constraints}"
        );
    }
    assert_eq!(
        decode_verify(&token, &by("cert", r#"{"keys": []}"#)),
        REFUSED
    );
}

#[test]
fn a_token_in_a_token_verifies_all_the_way_in() {
    let inner = hs256(HS256, r#"{"a":1}"#, "secret");
    let nest = |inner: &str, cty: &str, secret: &str| {
        hs256(
            &format!(r#"{{"alg":"HS256","cty":"{cty}"}}"#),
            inner,
            secret,
        )
    };
    let constraints = by("secret", "secret");
    let read = r#"[true, {"alg": "HS256"}, {"a": 1}]"#;
    for token in [
        nest(&inner, "JWT", "secret"),
        nest(&nest(&inner, "jwt", "secret"), "JWT", "secret"),
    ] {
        assert_eq!(decode_verify(&token, &constraints), read);
    }
    let outside = nest(&hs256(HS256, r#"{"a":1}"#, "other"), "JWT", "secret");
    assert_eq!(decode_verify(&outside, &constraints), REFUSED);
    // What is quoted is read by decode alone.
    let quoted = nest(&format!("\"{inner}\""), "JWT", "secret");
    assert_eq!(decode_verify(&quoted, &constraints), "failed");
    let decoded = call(&Caches::default(), "io.jwt.decode", &[quoted.into()]);
    assert!(
        decoded.starts_with(r#"[{"alg": "HS256"}, {"a": 1}, ""#),
        "{decoded}"
    );
}

#[test]
fn a_kid_chooses_its_key_and_an_unknown_one_chooses_all() {
    let key = |kid: &str, k: &str| {
        let k = BASE64URL_NOPAD.encode(k.as_bytes());
        format!(r#"{{"kty": "oct", "kid": "{kid}", "k": "{k}"}}"#)
    };
    let set = format!(r#"{{"keys": [{}, {}]}}"#, key("a", "one"), key("b", "two"));
    for (kid, secret, holds) in [
        ("a", "one", true),
        ("b", "one", false),
        ("c", "two", true),
        ("c", "x", false),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        let got = decode_verify(&hs256(&header, "{}", secret), &by("cert", &set));
        assert_eq!(got.starts_with("[true, "), holds, "{kid} {secret}: {got}");
    }
}

const DECODED: &[Case] = &[
    ("io.jwt.decode", r#"["e30.e30."]"#, r#"[{}, {}, ""]"#),
    (
        "io.jwt.decode",
        r#"["e30=.e30=.AA=="]"#,
        r#"[{}, {}, "00"]"#,
    ),
    (
        "io.jwt.decode",
        r#"["e30\n.e30.AA"]"#,
        "error: io.jwt.decode: illegal base64 data at input byte 0",
    ),
    ("io.jwt.decode", r#"["e30.e30.AQ=="]"#, r#"[{}, {}, "01"]"#),
    (
        "io.jwt.decode",
        r#"["eyJhIjoxLCJhIjoyfQ.e30.AQ"]"#,
        r#"[{"a": 2}, {}, "01"]"#,
    ),
    (
        "io.jwt.decode",
        r#"["e30"]"#,
        "error: io.jwt.decode: the encoded JWT has no period",
    ),
    (
        "io.jwt.decode",
        r#"["e30.e30.AA.AA"]"#,
        "error: io.jwt.decode: encoded JWT must have 3 sections, found 4",
    ),
    (
        "io.jwt.decode",
        r#"["W10.e30."]"#,
        "error: io.jwt.decode: decoded JSON type was not an Object",
    ),
    (
        "io.jwt.decode",
        r#"["eyJlbmMiOjF9.e30."]"#,
        "error: io.jwt.decode: the JWT is encrypted (JWE): it cannot be read",
    ),
    (
        "io.jwt.decode",
        r#"["eyJjdHkiOjF9.e30."]"#,
        "error: io.jwt.decode: cty: must be a string",
    ),
];

const SIGNED: &[Case] = &[
    // Header and payload as Go writes them: keys in order, `<` escaped, numbers as they are written.
    (
        "io.jwt.encode_sign",
        r#"[{"typ": "JWT", "alg": "HS256"}, {"b": 1.50, "a": "<é>"}, {"kty": "oct", "k": "c2VjcmV0"}]"#,
        r#""eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoiXHUwMDNjw6lcdTAwM2UiLCJiIjoxLjUwfQ.Zh1eY7ID2KShiYk8dwNhuIyN8mJUGSQc5d02xoEODTE""#,
    ),
    (
        "io.jwt.encode_sign_raw",
        r#"["{\"alg\": \"HS256\"}", "{", "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}"]"#,
        "error: io.jwt.encode_sign_raw: type is JWT but payload is not JSON",
    ),
    (
        "io.jwt.encode_sign_raw",
        r#"["{\"alg\": \"none\"}", "{}", "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}"]"#,
        "error: io.jwt.encode_sign_raw: unknown JWS algorithm: none",
    ),
    (
        "io.jwt.encode_sign_raw",
        r#"["{\"alg\": \"RS256\"}", "{}", "{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}"]"#,
        "error: io.jwt.encode_sign_raw: the key is not one that the algorithm signs with",
    ),
];

#[test]
fn tokens_are_read_and_written_as_opa_does() {
    holds(DECODED);
    holds(SIGNED);
}
