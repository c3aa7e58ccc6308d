//! Tokens signed here (JWS), by a key of the configuration.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding,
};
use aws_lc_rs::{digest, hmac};
use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value, json};

use super::Secret;

/// A key with the algorithm that it signs by.
pub(super) struct SigningKey {
    algorithm: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>),
}

// === impl SigningKey ===

impl SigningKey {
    /// Reads `key`: PEM for all algorithms but those of HMAC, whose key is the text itself.
    pub(super) fn read(algorithm: &str, key: &Secret) -> Result<Self, String> {
        let rsa = |encoding| Ok(Pair::Rsa(Box::new(rsa(key)?), encoding));
        let mac = |hash| {
            let key = hmac::Key::new(hash, key.reveal().as_bytes());
            Ok(Pair::Hmac(Box::new(key)))
        };
        let pair = match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "PS384" => rsa(&signature::RSA_PSS_SHA384),
            "PS512" => rsa(&signature::RSA_PSS_SHA512),
            "ES256" => ecdsa(key, &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => ecdsa(key, &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            "ES512" => ecdsa(key, &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            "EdDSA" => ed25519(key),
            "HS256" => mac(hmac::HMAC_SHA256),
            "HS384" => mac(hmac::HMAC_SHA384),
            "HS512" => mac(hmac::HMAC_SHA512),
            other => Err(format!("no algorithm `{other}` signs tokens")),
        }?;
        Ok(Self {
            algorithm: algorithm.to_owned(),
            pair,
        })
    }

    /// The algorithm's name.
    pub(super) fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The signature of `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let failed = |_| "the key does not sign".to_owned();
        let random = SystemRandom::new();
        Ok(match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .map_err(failed)?;
                signature
            }
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Pair::Ed25519(pair) => pair.try_sign(message).map_err(failed)?.as_ref().to_vec(),
            Pair::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.algorithm).finish()
    }
}

/// What is signed of a token: header and claims.
pub(super) fn unsigned(algorithm: &str, thumbprint: Option<&str>, claims: &Value) -> String {
    let mut header = Map::from_iter([
        ("alg".to_owned(), json!(algorithm)),
        ("typ".to_owned(), json!("JWT")),
    ]);
    if let Some(thumbprint) = thumbprint {
        header.insert("x5t".to_owned(), json!(thumbprint));
    }
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(&Value::Object(header)), part(claims))
}

/// The hash that the algorithm `name` signs, for signers that take it in place of the message.
pub(super) fn hash(name: &str, message: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match name {
        "ES256" | "ES256K" | "PS256" | "RS256" => &digest::SHA256,
        "ES384" | "PS384" | "RS384" => &digest::SHA384,
        "ES512" | "PS512" | "RS512" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, message).as_ref().to_vec())
}

/// The two numbers of an ECDSA signature in DER, each of `size` bytes, as tokens have them.
pub(super) fn fixed(der: &[u8], size: usize) -> Option<Vec<u8>> {
    let body = element(der, 0x30)?.0;
    let (r, rest) = element(body, 0x02)?;
    let (s, rest) = element(rest, 0x02)?;
    let mut out = Vec::with_capacity(2 * size);
    for number in [r, s] {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..)?;
        out.resize(out.len() + size.checked_sub(digits.len())?, 0);
        out.extend(digits);
    }
    rest.is_empty().then_some(out)
}

/// The content of the element with `tag` that `der` begins with, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        ..=0x7f => (length, rest),
        // No signature of a curve here is longer than a second byte can say.
        0x81 => rest.split_first().map(|(length, rest)| (*length, rest))?,
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(usize::from(length)))?
}

fn rsa(key: &Secret) -> Result<RsaKeyPair, String> {
    let pair = match &der(key)? {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err("not an RSA key".to_owned()),
    };
    pair.map_err(|error| format!("not an RSA key of 2048 to 8192 bits: {error}"))
}

fn ecdsa(key: &Secret, algorithm: &'static EcdsaSigningAlgorithm) -> Result<Pair, String> {
    let pair = EcdsaKeyPair::from_private_key_der(algorithm, der(key)?.secret_der());
    pair.map(Pair::Ecdsa)
        .map_err(|error| format!("not a key on the algorithm's curve: {error}"))
}

fn ed25519(key: &Secret) -> Result<Pair, String> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der(key)?.secret_der());
    pair.map(Pair::Ed25519)
        .map_err(|error| format!("not an Ed25519 key: {error}"))
}

fn der(key: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(key.reveal().as_bytes())
        .map_err(|_| "expected a private key in PEM".to_owned())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{KeyPair as _, UnparsedPublicKey};

    use super::*;

    #[test]
    fn signatures_in_der_become_fixed() {
        let der = [0x30, 7, 2, 2, 0, 0x80, 2, 1, 5];
        assert_eq!(fixed(&der, 2), Some(vec![0, 0x80, 0, 5]));
        for (bad, size) in [
            (&der[..8], 2),
            (&der[..], 0),
            (&[][..], 2),
            (&[0x30, 0x82], 2),
        ] {
            assert_eq!(fixed(bad, size), None, "{bad:?}");
        }
        let long = [&der[..], &[1]].concat();
        assert!(
            fixed(&long, 2).is_some(),
            "what comes after is not looked at"
        );
    }

    #[test]
    fn what_is_signed_verifies() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let key = SigningKey::read("ES256", &pair.serialize_pem().into()).unwrap();
        let message = unsigned(key.algorithm(), Some("x"), &json!({"iss": "me"}));
        let signature = key.sign(message.as_bytes()).unwrap();
        let Pair::Ecdsa(pair) = &key.pair else {
            panic!("a key on a curve")
        };
        let public = pair.public_key().as_ref().to_vec();
        UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, public)
            .verify(message.as_bytes(), &signature)
            .unwrap();
        let header = message.split('.').next().unwrap();
        let header = BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
        assert_eq!(header, br#"{"alg":"ES256","typ":"JWT","x5t":"x"}"#);
    }

    /// RFC 7515, appendix A.1, in its structure.
    #[test]
    fn a_secret_signs_by_hmac() {
        let key = SigningKey::read("HS256", &"key".into()).unwrap();
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"key"), b"a.b");
        assert_eq!(key.sign(b"a.b").unwrap(), mac.as_ref());
    }

    #[test]
    fn keys_that_do_not_fit_are_refused_without_their_text() {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (algorithm, key) in [
            ("RS256", pem.as_str()),
            ("ES384", &pem),
            ("EdDSA", &pem),
            ("ES256", "hush"),
            ("none", "hush"),
        ] {
            let error = SigningKey::read(algorithm, &key.into()).err().unwrap();
            assert!(
                !error.contains("hush") && !error.contains("BEGIN"),
                "{error}"
            );
        }
    }
}
