//! What must not verify: algorithms taken for others, keys for others, and signatures that only look right.

use data_encoding::BASE64URL_NOPAD;

use super::fixtures::{
    ED25519, EDDSA, ES256, ES256_BY_P384, ES256_IN_DER, ES512, P256, P256_PEM, P256_PRIVATE, P384,
    P521, PS256, PS256_LONG_SALT, PS256_NO_SALT, RS256, RS256_OF_1024_BITS, RS256_UNSIGNED, RSA,
    RSA_CERTIFICATE, RSA_OF_1024_BITS, RSA_PEM,
};
use super::{HS256, REFUSED, by, decode_verify, hs256, verify};

/// Neither function takes the token.
fn is_refused(name: &str, token: &str, key: &str) {
    assert_eq!(verify(name, token, key), "false", "{name} {token}");
    assert_eq!(decode_verify(token, &by("cert", key)), REFUSED, "{token}");
}

/// The token with another signature.
fn signed_by(token: &str, signature: &[u8]) -> String {
    let (signed, _) = token.rsplit_once('.').expect("a token");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(signature))
}

fn signature_of(token: &str) -> Vec<u8> {
    let (_, signature) = token.rsplit_once('.').expect("a token");
    BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .expect("base64")
}

#[test]
fn a_mac_by_a_public_key() {
    for key in [RSA_PEM, RSA_CERTIFICATE, P256_PEM, RSA, P256, ED25519] {
        let token = hs256(HS256, "{}", key);
        for name in ["rs256", "es256", "eddsa", "ps512"] {
            is_refused(&format!("io.jwt.verify_{name}"), &token, key);
        }
        // Even where the policy calls it a secret: whoever knows the public key could have made the token.
        assert_eq!(verify("io.jwt.verify_hs256", &token, key), "false", "{key}");
        assert_eq!(decode_verify(&token, &by("secret", key)), REFUSED, "{key}");
    }
    let set = format!(r#"{{"keys": [{RSA}]}}"#);
    let token = hs256(HS256, "{}", &set);
    assert_eq!(verify("io.jwt.verify_hs256", &token, &set), "false");
}

#[test]
fn a_mac_by_no_secret() {
    let token = hs256(HS256, "{}", "");
    assert_eq!(verify("io.jwt.verify_hs256", &token, ""), "false");
    assert_eq!(decode_verify(&token, &by("secret", "")), "failed");
}

#[test]
fn no_algorithm() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256 "}"#,
        r#"{"typ":"JWT"}"#,
        "{}",
    ] {
        let token = hs256(header, "{}", "secret");
        assert_eq!(
            verify("io.jwt.verify_hs256", &token, "secret"),
            "false",
            "{header}"
        );
        assert_eq!(
            decode_verify(&token, &by("secret", "secret")),
            REFUSED,
            "{header}"
        );
        let (unsigned, _) = token.rsplit_once('.').expect("a token");
        let unsigned = format!("{unsigned}.");
        is_refused("io.jwt.verify_rs256", &unsigned, RSA);
        is_refused("io.jwt.verify_es256", &unsigned, P256);
        assert_eq!(
            decode_verify(&unsigned, &by("secret", "secret")),
            REFUSED,
            "{header}"
        );
    }
}

#[test]
fn an_algorithm_that_the_header_does_not_name() {
    // The MAC is right, the header says otherwise; OPA does not look.
    for alg in ["HS384", "HS512", "RS256", "ES256"] {
        let token = hs256(&format!(r#"{{"alg":"{alg}"}}"#), "{}", "secret");
        assert_eq!(
            verify("io.jwt.verify_hs256", &token, "secret"),
            "false",
            "{alg}"
        );
        assert_eq!(
            decode_verify(&token, &by("secret", "secret")),
            REFUSED,
            "{alg}"
        );
    }
    for (token, key) in [
        (RS256, RSA),
        (PS256, RSA),
        (ES256, P256),
        (EDDSA, ED25519),
        (ES512, P521),
    ] {
        let verified = [
            "rs256", "rs384", "rs512", "ps256", "ps384", "ps512", "es256", "es384", "es512",
            "eddsa",
        ]
        .iter()
        .filter(|name| verify(&format!("io.jwt.verify_{name}"), token, key) == "true");
        assert_eq!(verified.count(), 1, "{token}");
    }
}

#[test]
fn an_algorithm_or_a_use_that_the_key_does_not_name() {
    let with = |member: &str| RSA.replace(r#""kty": "RSA""#, &format!(r#""kty": "RSA", {member}"#));
    for member in [
        r#""alg": "RS512""#,
        r#""alg": "PS256""#,
        r#""alg": "RSA-OAEP""#,
        r#""use": "enc""#,
        r#""key_ops": ["encrypt"]"#,
        r#""kid": "a", "alg": "RS384""#,
    ] {
        is_refused("io.jwt.verify_rs256", RS256, &with(member));
    }
    for member in [
        r#""alg": "RS256""#,
        r#""use": "sig""#,
        r#""key_ops": ["verify"]"#,
        r#""kid": "a""#,
    ] {
        assert_eq!(
            verify("io.jwt.verify_rs256", RS256, &with(member)),
            "true",
            "{member}"
        );
    }
}

#[test]
fn a_curve_of_another_algorithm() {
    is_refused("io.jwt.verify_es256", ES256_BY_P384, P384);
    is_refused("io.jwt.verify_es256", ES256, P384);
    is_refused("io.jwt.verify_es512", ES512, P256);
}

#[test]
fn what_is_critical_and_not_understood() {
    for crit in [
        r#"["junk"]"#,
        r#"["exp"]"#,
        r#"["b64"],"b64":true"#,
        r#"["alg"]"#,
        r#"["a",1]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit}}}"#);
        let token = hs256(&header, "{}", "secret");
        assert_eq!(
            verify("io.jwt.verify_hs256", &token, "secret"),
            "false",
            "{crit}"
        );
        assert_eq!(
            decode_verify(&token, &by("secret", "secret")),
            REFUSED,
            "{crit}"
        );
    }
    for crit in ["[]", "null", "\"junk\"", "{}", "[1]"] {
        let token = hs256(
            &format!(r#"{{"alg":"HS256","crit":{crit}}}"#),
            "{}",
            "secret",
        );
        assert_eq!(
            verify("io.jwt.verify_hs256", &token, "secret"),
            "false",
            "{crit}"
        );
        assert_eq!(
            decode_verify(&token, &by("secret", "secret")),
            "failed",
            "{crit}"
        );
    }
}

#[test]
fn a_mac_that_is_cut_or_changed() {
    let token = hs256(HS256, "{}", "secret");
    let mac = signature_of(&token);
    let flipped = |at: usize| {
        let mut mac = mac.clone();
        mac[at] ^= 1;
        mac
    };
    let longer = [mac.as_slice(), &[0]].concat();
    for wrong in [
        &[][..],
        &mac[..16],
        &mac[..31],
        &longer,
        &flipped(0),
        &flipped(31),
    ] {
        let token = signed_by(&token, wrong);
        assert_eq!(
            verify("io.jwt.verify_hs256", &token, "secret"),
            "false",
            "{wrong:?}"
        );
        assert_eq!(
            decode_verify(&token, &by("secret", "secret")),
            REFUSED,
            "{wrong:?}"
        );
    }
}

#[test]
fn signatures_of_curves_that_only_look_right() {
    let right = signature_of(ES256);
    let (r, s) = right.split_at(32);
    let zero = [0; 32];
    let order = BASE64URL_NOPAD
        .decode(b"_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE")
        .expect("base64");
    let more = [&[0], r, &[0], s].concat();
    let wrong: [Vec<u8>; 12] = [
        Vec::new(),
        vec![0; 64],
        [&zero, s].concat(),
        [r, &zero].concat(),
        [&order, s].concat(),
        [r, &order].concat(),
        [s, r].concat(),
        [&[0xff; 32], s].concat(),
        right[..63].to_vec(),
        [&right[..], &[0]].concat(),
        more,
        [&[1; 32][..], &[1; 32]].concat(),
    ];
    for wrong in wrong {
        is_refused("io.jwt.verify_es256", &signed_by(ES256, &wrong), P256);
    }
    is_refused("io.jwt.verify_es256", ES256_IN_DER, P256);
    let right = signature_of(EDDSA);
    for wrong in [
        vec![0; 64],
        right[..63].to_vec(),
        [&right[..32], &[0xff; 32]].concat(),
    ] {
        is_refused("io.jwt.verify_eddsa", &signed_by(EDDSA, &wrong), ED25519);
    }
}

#[test]
fn rsa_keys_and_signatures_that_are_too_weak() {
    is_refused("io.jwt.verify_rs256", RS256_OF_1024_BITS, RSA_OF_1024_BITS);
    is_refused(
        "io.jwt.verify_rs256",
        RS256_UNSIGNED,
        &RSA.replace("AQAB", "AQ"),
    );
    // RFC 7518, 3.5: the salt is as long as the hash.
    is_refused("io.jwt.verify_ps256", PS256_NO_SALT, RSA);
    is_refused("io.jwt.verify_ps256", PS256_LONG_SALT, RSA);
    let right = signature_of(RS256);
    let mut changed = right.clone();
    changed[100] ^= 1;
    for wrong in [
        &[][..],
        &right[1..],
        &[&[0], &right[..]].concat(),
        &[0; 256],
        &[0xff; 256],
        &changed,
    ] {
        is_refused("io.jwt.verify_rs256", &signed_by(RS256, wrong), RSA);
    }
}

#[test]
fn keys_that_are_none() {
    let twice = format!("{RSA_PEM}{RSA_PEM}");
    let off_curve = P256.replacen(r#""x": ""#, r#""x": "AA"#, 1);
    let no_point = r#"{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}"#;
    let keys = [
        "",
        "{}",
        "[]",
        "null",
        "-----BEGIN CERTIFICATE-----",
        &twice,
        &RSA_PEM.replace("PUBLIC KEY", "RSA PRIVATE KEY"),
        &RSA_PEM.replace("PUBLIC KEY", "CERTIFICATE"),
        &RSA_PEM.replace("IDAQAB", "IDAQAC"),
        &RSA.replace("AQAB", "AQAA"),
        &RSA.replace("AQAB", ""),
        &RSA.replace(r#""RSA""#, r#""rsa""#),
        &RSA.replace(r#""kty": "RSA""#, r#""kty": "RSA", "alg": "what""#),
        &RSA.replace(r#""kty": "RSA""#, r#""kty": "RSA", "x5c": ["AA"]"#),
        &off_curve,
        no_point,
        &P256_PRIVATE.replace("P-256", "P-257"),
        &ED25519.replace(r#""x": ""#, r#""x": "AA"#),
        r#"{"kty": "oct", "k": ""}"#,
        r#"{"keys": {}}"#,
        &format!(r#"{{"keys": [{RSA}, {{}}]}}"#),
    ];
    for key in keys {
        assert_eq!(verify("io.jwt.verify_rs256", RS256, key), "failed", "{key}");
        assert_eq!(decode_verify(RS256, &by("cert", key)), "failed", "{key}");
    }
}
