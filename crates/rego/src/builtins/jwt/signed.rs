//! Signed tokens for a host that verifies signatures of its own, such as those of bundles: not a built-in, and without
//! a budget. Whether it means anything that a token verifies is for the host to say.

use std::collections::HashMap;
use std::fmt;

use super::algorithm::Algorithm;
use super::failed;
use super::keys::{Material, is_no_secret};
use super::pem;
use super::token::{Header, Token};
use crate::builtins::crypto::pem::Blocks;
use crate::builtins::crypto::public_key::PublicKey;
use crate::builtins::{Budget, Caches, Context, Error};
use crate::value::Value;

/// A token in JWS compact form whose header and signature have been read; its payload has not.
#[derive(Debug)]
pub struct SignedToken<'t> {
    token: Token<'t>,
    header: Header,
    signature: Vec<u8>,
}

/// A key with the one algorithm that it verifies.
pub struct VerificationKey {
    algorithm: Algorithm,
    material: Material,
}

// === impl SignedToken ===

impl<'t> SignedToken<'t> {
    /// Takes a token apart.
    pub fn parse(text: &'t str) -> Result<Self, Error> {
        let token = Token::split(text)?;
        unbounded(|context| {
            Ok(Self {
                header: token.header(context)?,
                signature: token.signature(context)?,
                token,
            })
        })
    }

    /// The key that it names in its header; empty where it names none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.header.kid
    }

    /// Whether `key` made the signature, by the algorithm that both name.
    #[must_use]
    pub fn verifies(&self, key: &VerificationKey) -> bool {
        let message = self.token.signed.as_bytes();
        self.header.acceptable() == Some(key.algorithm)
            && key
                .material
                .verifies(key.algorithm, message, &self.signature)
    }

    /// The payload's bytes, whoever signed them.
    pub fn payload(&self) -> Result<Vec<u8>, Error> {
        unbounded(|context| self.token.payload(context))
    }
}

// === impl VerificationKey ===

impl VerificationKey {
    /// A key from its text: PEM of a public key or of a certificate, or the secret of an HMAC.
    pub fn new(algorithm: &str, text: &str) -> Result<Self, Error> {
        let unknown = || failed(format!("the algorithm `{algorithm}` is not known"));
        let algorithm = Algorithm::named(algorithm).ok_or_else(unknown)?;
        let material = if algorithm.hmac().is_some() {
            if is_no_secret(text) {
                return Err(failed("an HMAC is verified with a secret; this is none"));
            }
            Material::Secret(text.as_bytes().into())
        } else {
            public_key(text)?
        };
        if !material.fits(algorithm) {
            return Err(failed("the key is of another kind than the algorithm's"));
        }
        Ok(Self {
            algorithm,
            material,
        })
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({:?})", self.algorithm)
    }
}

/// The key of the text's PEM block, which may also be one of RSA alone, as PKCS #1 writes it.
fn public_key(text: &str) -> Result<Material, Error> {
    let rsa = Blocks::of(text.as_bytes())
        .next()
        .filter(|block| block.kind == b"RSA PUBLIC KEY");
    if let Some(block) = rsa {
        let Some(PublicKey::Rsa { n, e }) = PublicKey::parse_pkcs1(&block.bytes) else {
            return Err(failed("the PEM block's RSA key cannot be read"));
        };
        return Material::rsa(&n.to_bytes_be(), &e.to_be_bytes());
    }
    pem::key(text)
        .ok_or_else(|| failed("expected the PEM text of a public key or a certificate"))?
}

/// Runs what a policy would have to pay for.
fn unbounded<T>(work: impl FnOnce(&mut Context<'_>) -> Result<T, Error>) -> Result<T, Error> {
    work(&mut Context {
        budget: &mut Budget::default(),
        now_ns: 0,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut HashMap::new(),
    })
}
