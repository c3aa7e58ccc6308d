//! Private keys as values.

use num_bigint::BigUint;

use super::{bytes, certificate, natural, object};
use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::builtins::crypto::certificate::Certificate;
use crate::builtins::crypto::private_key::{PrivateKey, Rsa, Third};
use crate::value::Value;

/// A private key.
pub(in crate::builtins::crypto) fn private_key(
    key: &PrivateKey,
    budget: &mut Budget,
) -> Result<Value, Error> {
    match key {
        PrivateKey::Rsa(key) => rsa(key, budget),
        PrivateKey::Ec {
            curve,
            secret,
            point,
        } => {
            let (x, y) = PrivateKey::coordinates(*curve, point).unwrap_or_default();
            let mut number = |bytes| natural(&BigUint::from_bytes_be(bytes), budget);
            Ok(object([
                ("Curve", object([])),
                ("D", number(secret)?),
                ("X", number(x)?),
                ("Y", number(y)?),
            ]))
        }
        PrivateKey::Ed25519 { seed, public } => Ok(bytes(&[seed.as_slice(), public].concat())),
        // Go shows nothing of it.
        PrivateKey::X25519 { .. } => Ok(object([])),
    }
}

/// Certificates and the private key of the first.
pub(in crate::builtins::crypto) fn key_pair(
    chain: &[Vec<u8>],
    leaf: &Certificate<'_>,
    key: &PrivateKey,
    budget: &mut Budget,
) -> Result<Value, Error> {
    let chain: Vec<Value> = chain.iter().map(|der| bytes(der)).collect();
    Ok(object([
        ("Certificate", chain.into()),
        ("Leaf", certificate(leaf, false, budget)?),
        ("OCSPStaple", Value::Null),
        ("PrivateKey", private_key(key, budget)?),
        ("SignedCertificateTimestamps", Value::Null),
        ("SupportedSignatureAlgorithms", Value::Null),
    ]))
}

fn rsa(key: &Rsa, budget: &mut Budget) -> Result<Value, Error> {
    let mut number = |value: &BigUint| natural(value, budget);
    let mut primes = vec![number(&key.p)?, number(&key.q)?];
    let mut values = Vec::new();
    for third in &key.others {
        let Third {
            prime,
            exponent,
            coefficient,
            product,
        } = third;
        primes.push(number(prime)?);
        values.push(object([
            ("Coeff", number(coefficient)?),
            ("Exp", number(exponent)?),
            ("R", number(product)?),
        ]));
    }
    let precomputed = object([
        ("CRTValues", values.into()),
        ("Dp", number(&key.dp)?),
        ("Dq", number(&key.dq)?),
        ("Qinv", number(&key.q_inverse)?),
    ]);
    Ok(object([
        ("D", number(&key.d)?),
        ("E", key.e.into()),
        ("N", number(&key.n)?),
        ("Precomputed", precomputed),
        ("Primes", primes.into()),
    ]))
}
