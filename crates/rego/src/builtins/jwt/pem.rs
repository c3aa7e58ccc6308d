//! Public keys in PEM: a certificate or a SubjectPublicKeyInfo. Anything else is refused.
//!
//! Whether a certificate is valid, by its dates or its issuer, is not asked: it is a way to write a key.

use super::algorithm::Curve;
use super::failed;
use super::keys::Material;
use crate::builtins::Error;
use crate::builtins::crypto::certificate::Certificate;
use crate::builtins::crypto::curve;
use crate::builtins::crypto::der::Reader;
use crate::builtins::crypto::pem::Blocks;
use crate::builtins::crypto::public_key::{KeyInfo, Kind, PublicKey};

/// The key of the text's first PEM block; `None` where it has none.
pub(super) fn key(text: &str) -> Option<Result<Material, Error>> {
    let mut blocks = Blocks::of(text.as_bytes());
    let block = blocks.next()?;
    if !blocks.rest().is_empty() {
        return Some(Err(failed("extra data after a PEM block")));
    }
    Some(match block.kind {
        b"CERTIFICATE" => certificate(&block.bytes),
        b"PUBLIC KEY" => public_key(&block.bytes),
        _ => Err(failed("the PEM block is no certificate and no public key")),
    })
}

fn certificate(der: &[u8]) -> Result<Material, Error> {
    let certificate = Certificate::parse(der)?;
    // A key of a kind that is not known verifies nothing.
    certificate
        .key
        .as_ref()
        .map_or(Ok(Material::Other), material)
}

fn public_key(der: &[u8]) -> Result<Material, Error> {
    let mut reader = Reader::new(der);
    let info = KeyInfo::parse(&mut reader).filter(|_| reader.is_empty());
    let info = info.ok_or_else(|| failed("the PEM block's public key cannot be read"))?;
    match info.key()? {
        Some(key) => material(&key),
        None if Kind::of(info.algorithm.oid) == Some(Kind::X25519) => Ok(Material::Other),
        None => Err(failed("a public key of unknown kind")),
    }
}

fn material(key: &PublicKey) -> Result<Material, Error> {
    match key {
        PublicKey::Rsa { n, e } => Material::rsa(&n.to_bytes_be(), &e.to_be_bytes()),
        PublicKey::Ec { curve, point, .. } => match curve {
            curve::Curve::P256 => Material::ec(Curve::P256, point),
            curve::Curve::P384 => Material::ec(Curve::P384, point),
            curve::Curve::P521 => Material::ec(Curve::P521, point),
            curve::Curve::P224 => Ok(Material::Other),
        },
        PublicKey::Ed25519(bytes) => Material::ed25519(bytes),
        PublicKey::Dsa { .. } => Ok(Material::Other),
    }
}
