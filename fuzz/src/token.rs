//! Tokens and keys: any text as a token, as a certificate, public key or JWK set, and as what is signed with.

use regate_rego::Value;
use regate_rego::builtins::{Caches, Error};
use regate_rego::value::Object;

use crate::builtin::call;

/// Pieces of tokens and keys.
pub(crate) const PIECES: &[&str] = &[
    "\0",
    ".",
    "e30",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJFUzI1NiJ9",
    "eyJjdHkiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
    "{\"kty\":\"RSA\",\"n\":\"",
    "\",\"e\":\"AQAB\"",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"",
    "\",\"y\":\"",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"",
    "{\"kty\":\"oct\",\"k\":\"AA\"}",
    "{\"keys\":[",
    "\"alg\":\"RS256\"",
    "\"kid\":\"a\"",
    "\"d\":\"",
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN PUBLIC KEY-----\n",
    "-----END PUBLIC KEY-----\n",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
];

/// The target: token and key, parted by a zero.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (token, key) = text.split_once('\0').unwrap_or((&text, ""));
    let caches = Caches::default();
    let (token, key) = (Value::from(token), Value::from(key));
    drop(call(&caches, "io.jwt.decode", &[&token]));
    for name in ["hs256", "rs256", "ps384", "es256", "es512", "eddsa"] {
        let name = format!("io.jwt.verify_{name}");
        twice(&caches, &name, &[&token, &key]);
    }
    for constraint in ["cert", "secret"] {
        let constraints: Object = [(constraint.into(), key.clone())].into_iter().collect();
        twice(
            &caches,
            "io.jwt.decode_verify",
            &[&token, &constraints.into()],
        );
    }
    for alg in ["HS256", "RS256", "ES256", "EdDSA"] {
        let header = format!("{{\"alg\":\"{alg}\",\"typ\":\"a\"}}").into();
        let signed = call(&caches, "io.jwt.encode_sign_raw", &[&header, &token, &key]);
        assert!(
            !matches!(signed, Err(Error::Halt(_))),
            "signing does not halt"
        );
    }
}

/// What is remembered answers as what is computed.
fn twice(caches: &Caches, name: &str, args: &[&Value]) {
    let first = call(caches, name, args);
    assert_eq!(
        call(caches, name, args),
        first,
        "{name} answers the same again"
    );
}
