//! What hosts verify with.

use super::super::signed::{SignedToken, VerificationKey};
use super::fixtures;

#[test]
fn a_key_of_another_kind_is_no_key() {
    for (algorithm, text, expected) in [
        ("none", "secret", "the algorithm `none` is not known"),
        ("hs256", "secret", "the algorithm `hs256` is not known"),
        ("HS256", "", "this is none"),
        ("HS256", fixtures::RSA_PEM, "this is none"),
        ("RS256", "secret", "expected the PEM text"),
        ("ES256", fixtures::RSA_PEM, "of another kind"),
    ] {
        let error = VerificationKey::new(algorithm, text).unwrap_err();
        assert!(error.to_string().contains(expected), "{algorithm}: {error}");
    }
}

#[test]
fn a_token_verifies_under_its_key_and_algorithm_only() {
    // The header is `{"alg":"HS256","kid":"k"}`, the payload `{}`, the secret `secret`.
    let signed = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.e30";
    let token = format!("{signed}.rd69mD9tVKLgvfUeKXljcdPeCIvykn8R9erAR5pRUXo");
    let token = SignedToken::parse(&token).unwrap();
    assert_eq!(token.key_id(), "k");
    assert_eq!(token.payload().unwrap(), b"{}");
    for (algorithm, secret, verifies) in [
        ("HS256", "secret", true),
        ("HS256", "Secret", false),
        ("HS512", "secret", false),
    ] {
        let key = VerificationKey::new(algorithm, secret).unwrap();
        assert_eq!(token.verifies(&key), verifies, "{algorithm} {secret}");
    }
    let other = SignedToken::parse("eyJhbGciOiJub25lIn0.e30.").unwrap();
    let key = VerificationKey::new("HS256", "secret").unwrap();
    assert!(!other.verifies(&key), "`none` is no algorithm");
}
