//! Private keys as JWKs (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use num_bigint::BigUint;

use super::private_key::PrivateKey;
use super::{Malformed, malformed};
use crate::value::{Object, Value};

/// A private key as a JWK. RSA keys of more than two primes cannot be one.
pub(super) fn of(key: &PrivateKey) -> Result<Value, Malformed> {
    let number = |number: &BigUint| text(&number.to_bytes_be());
    match key {
        PrivateKey::Rsa(key) if key.others.is_empty() => Ok(object([
            ("d", number(&key.d)),
            ("dp", number(&key.dp)),
            ("dq", number(&key.dq)),
            ("e", number(&BigUint::from(key.e.unsigned_abs()))),
            ("kty", "RSA".into()),
            ("n", number(&key.n)),
            ("p", number(&key.p)),
            ("q", number(&key.q)),
            ("qi", number(&key.q_inverse)),
        ])),
        PrivateKey::Rsa(_) => Err(malformed("RSA private key for a JWK: more than two primes")),
        PrivateKey::Ec {
            curve,
            secret,
            point,
        } => {
            let name = curve.jwk_name();
            let name = name.zip(PrivateKey::coordinates(*curve, point));
            let (name, (x, y)) = name.ok_or(malformed("EC private key for a JWK"))?;
            Ok(object([
                ("crv", name.into()),
                ("d", text(secret)),
                ("kty", "EC".into()),
                ("x", text(x)),
                ("y", text(y)),
            ]))
        }
        PrivateKey::Ed25519 {
            seed: secret,
            public,
        } => Ok(octets("Ed25519", secret, public)),
        PrivateKey::X25519 { secret, public } => Ok(octets("X25519", secret, public)),
    }
}

/// A key of the kind whose numbers are bytes.
fn octets(curve: &str, secret: &[u8], public: &[u8]) -> Value {
    object([
        ("crv", curve.into()),
        ("d", text(secret)),
        ("kty", "OKP".into()),
        ("x", text(public)),
    ])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (Value::from(name), value));
    Value::Object(Object::from(Vec::from(members)))
}

fn text(bytes: &[u8]) -> Value {
    BASE64URL_NOPAD.encode(bytes).into()
}
