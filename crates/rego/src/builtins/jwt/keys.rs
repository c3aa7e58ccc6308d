//! Keys that tokens are verified with.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};

use super::algorithm::{Algorithm, Curve, RSA_ALGORITHMS};
use super::token::{Header, Token};
use super::{charge_json, failed, jwk, pem};
use crate::builtins::{Context, Error};

/// A certificate's key, a public key, or the keys of a JWK set, in order.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// One of its own, for as long as the process runs; never 0.
    number: u64,
}

/// A key and what is known about it.
#[derive(Debug)]
pub(super) struct Key {
    /// `kid`; empty where it has none.
    pub(super) kid: String,
    /// The one algorithm that it may be used with, where it says so.
    pub(super) algorithm: Option<Algorithm>,
    /// Whether it is a private key: `io.jwt.verify_*` takes none.
    pub(super) private: bool,
    /// The key itself.
    pub(super) material: Material,
}

/// What signatures are verified with.
pub(super) enum Material {
    Secret(Box<[u8]>),
    Rsa {
        key: RsaPublicKeyComponents<Box<[u8]>>,
        /// Made ready for each algorithm when it is first used with it.
        ready: Box<[OnceLock<Option<ParsedPublicKey>>; RSA_ALGORITHMS]>,
    },
    Ec(Curve, ParsedPublicKey),
    Ed25519(ParsedPublicKey),
    /// A key that verifies no token.
    Other,
}

/// The longest RSA modulus that is looked at, in bytes.
pub(super) const LONGEST_RSA: usize = 1024;

// === impl KeySet ===

impl KeySet {
    /// Reads PEM, else a JWK or a set of them.
    pub(super) fn parse(text: &str, context: &mut Context<'_>) -> Result<Self, Error> {
        charge_json(context, text.len())?;
        if let Some(material) = pem::key(text) {
            let key = Key {
                kid: String::new(),
                algorithm: None,
                private: false,
                material: material?,
            };
            return Ok(Self::new(vec![key]));
        }
        let keys = jwk::parse(text.as_bytes())?;
        // Each key is checked, which costs more than reading it.
        context.budget.step(keys.len() as u64 * 100)?;
        let keys = keys.iter().map(jwk::Jwk::verifier);
        let keys = keys.filter_map(Result::transpose).collect::<Result<_, _>>();
        keys.map(Self::new)
    }

    fn new(keys: Vec<Key>) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        Self { keys, number }
    }

    /// A number that no other set has.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether a token verifies: under the key that it names, else under any that may be used with `algorithm`.
    pub(super) fn verify(
        &self,
        token: &Token<'_>,
        header: &Header,
        algorithm: Algorithm,
        private: bool,
        context: &mut Context<'_>,
    ) -> Result<bool, Error> {
        let signature = token.signature(context)?;
        let named = self.keys.iter().find(|key| key.kid == header.kid);
        let tried = match named.filter(|_| !header.kid.is_empty()) {
            Some(named) => std::slice::from_ref(named),
            None => &self.keys,
        };
        for key in tried {
            if key.algorithm.is_some_and(|only| only != algorithm) || key.private && !private {
                continue;
            }
            let message = token.signed.as_bytes();
            context.budget.step(key.material.cost(message.len()))?;
            if key.material.verifies(algorithm, message, &signature) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.keys.iter().map(Key::size).sum()
    }
}

// === impl Key ===

impl Key {
    fn size(&self) -> usize {
        // What the provider keeps of a key is about ten times its bytes.
        let material = match &self.material {
            Material::Secret(bytes) => bytes.len(),
            Material::Rsa { key, .. } => 10 * key.n.len(),
            Material::Ec(..) | Material::Ed25519(_) | Material::Other => 1024,
        };
        size_of::<Self>() + self.kid.len() + material
    }
}

// === impl Material ===

impl Material {
    /// An RSA key of modulus and exponent, with or without zeros in front.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Error> {
        let (n, e) = (trim(n), trim(e));
        let odd = e.last().is_some_and(|last| last % 2 == 1);
        if n.is_empty() || !odd || e.len() > 8 {
            return Err(failed("not an RSA key: modulus or exponent is wrong"));
        }
        if n.len() > LONGEST_RSA || e == [1] {
            return Ok(Self::Other);
        }
        Ok(Self::Rsa {
            key: RsaPublicKeyComponents {
                n: n.into(),
                e: e.into(),
            },
            ready: Box::default(),
        })
    }

    /// A point of a curve, uncompressed.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        let uncompressed = point.len() == 1 + 2 * curve.size() && point.first() == Some(&4);
        let key = ParsedPublicKey::new(curve.verification(), point).ok();
        let key = key.filter(|_| uncompressed);
        let key = key.ok_or_else(|| failed("not a point of the key's curve"))?;
        Ok(Self::Ec(curve, key))
    }

    /// A key of 32 bytes.
    pub(super) fn ed25519(bytes: &[u8]) -> Result<Self, Error> {
        let key = ParsedPublicKey::new(&ED25519, bytes);
        let key = key.map_err(|_| failed("not an Ed25519 key"))?;
        Ok(Self::Ed25519(key))
    }

    /// Whether the signature is right. A key of another kind than the algorithm's verifies nothing.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(secret) => mac_verifies(secret, algorithm, message, signature),
            Self::Rsa { key, ready } => {
                let Some((at, parameters)) = algorithm.rsa() else {
                    return false;
                };
                let make = || key.to_parsed_public_key(parameters).ok();
                let ready = ready.get(at).and_then(|key| key.get_or_init(make).as_ref());
                ready.is_some_and(|key| key.verify_sig(message, signature).is_ok())
            }
            Self::Ec(curve, key) => {
                algorithm.curve() == Some(*curve) && key.verify_sig(message, signature).is_ok()
            }
            Self::Ed25519(key) => {
                algorithm == Algorithm::EdDsa && key.verify_sig(message, signature).is_ok()
            }
            Self::Other => false,
        }
    }

    /// Whether the algorithm works on keys of this kind.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Secret(_) => algorithm.hmac().is_some(),
            Self::Rsa { .. } => algorithm.rsa().is_some(),
            Self::Ec(curve, _) => algorithm.curve() == Some(*curve),
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Self::Other => false,
        }
    }

    /// What verifying costs, in steps.
    fn cost(&self, message: usize) -> u64 {
        let hash = message as u64 / 16;
        hash + match self {
            Self::Secret(_) => 50,
            Self::Rsa { key, .. } => {
                // A product of numbers twice as long costs four times as much.
                let words = key.n.len() as u64 / 8;
                words * words
            }
            Self::Ec(Curve::P256, _) => 1500,
            Self::Ec(..) => 4000,
            Self::Ed25519(_) => 2000,
            Self::Other => 0,
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Rsa { .. } => "Rsa",
            Self::Ec(..) => "Ec",
            Self::Ed25519(_) => "Ed25519",
            Self::Other => "Other",
        })
    }
}

/// Whether a MAC is right; compared in constant time.
pub(super) fn mac_verifies(
    secret: &[u8],
    algorithm: Algorithm,
    message: &[u8],
    mac: &[u8],
) -> bool {
    let Some(hash) = algorithm.hmac() else {
        return false;
    };
    hmac::verify(&hmac::Key::new(hash, secret), message, mac).is_ok()
}

/// Whether a secret is none: empty, or a key that is not secret, with which anybody could have made the MAC.
pub(super) fn is_no_secret(secret: &str) -> bool {
    let text = secret.trim_start();
    let keys = || jwk::parse(text.as_bytes());
    secret.is_empty()
        || text.contains("-----BEGIN ")
        || ["ssh-", "ecdsa-sha2-"]
            .iter()
            .any(|kind| text.starts_with(kind))
        || text.starts_with('{') && keys().is_ok_and(|keys| !keys.iter().all(jwk::Jwk::is_secret))
}

/// Without zeros in front.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}
