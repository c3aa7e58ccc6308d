//! What certificates and keys come in: PEM, DER, and base64 of either.

use super::pem::Blocks;
use super::private_key::PrivateKey;
use super::{Malformed, malformed};
use crate::builtins::Error;
use crate::builtins::encoding::base64;

/// How PEM begins, for those who ask first.
const BEGIN: &[u8] = b"-----BEGIN";

/// The certificates of a text, as they are written, one after the other.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<u8>, Error> {
    if text.starts_with(BEGIN) {
        return Ok(certificate_blocks(text)?);
    }
    let bytes = base64(text)?;
    if bytes.starts_with(BEGIN) {
        return Ok(certificate_blocks(&bytes)?);
    }
    Ok(bytes)
}

/// The request of a text.
pub(super) fn request(text: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = if text.starts_with(b"-----BEGIN CERTIFICATE REQUEST-----") {
        text.to_vec()
    } else {
        base64(text)?
    };
    Ok(match Blocks::of(&bytes).next() {
        None => bytes,
        Some(block) if block.kind == b"CERTIFICATE REQUEST" => block.bytes,
        Some(_) => return Err(malformed("PEM of a certificate request").into()),
    })
}

/// The private keys of a text; blocks of other kinds are passed over.
pub(super) fn private_keys(text: &[u8]) -> Result<Vec<PrivateKey>, Malformed> {
    let decoded = base64(text).ok();
    let text = decoded.as_deref().unwrap_or(text);
    let keys = Blocks::of(text).filter_map(|block| {
        let der = block.bytes.as_slice();
        Some(match block.kind {
            b"RSA PRIVATE KEY" => PrivateKey::parse_pkcs1(der),
            b"PRIVATE KEY" => PrivateKey::parse_pkcs8(der),
            b"EC PRIVATE KEY" => PrivateKey::parse_sec1(der),
            _ => return None,
        })
    });
    keys.collect()
}

/// The certificates of a key pair, of which there is at least one.
pub(super) fn chain(text: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let bytes = unwrapped(text)?;
    if !bytes.starts_with(b"-----BEGIN ") {
        return Ok(vec![bytes]);
    }
    let blocks = Blocks::of(&bytes).filter(|block| block.kind == b"CERTIFICATE");
    let chain: Vec<_> = blocks.map(|block| block.bytes).collect();
    if chain.is_empty() {
        return Err(malformed("certificate: there is none").into());
    }
    Ok(chain)
}

/// The key of a key pair.
pub(super) fn key(text: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = unwrapped(text)?;
    if !bytes.starts_with(BEGIN) {
        return Ok(bytes);
    }
    let mut blocks = Blocks::of(&bytes);
    let key = blocks.find(|block| {
        let kind = block.kind.strip_suffix(b"PRIVATE KEY");
        kind.is_some_and(|kind| kind.is_empty() || kind.ends_with(b" "))
    });
    let key = key.ok_or(malformed("private key: there is none"))?;
    Ok(key.bytes)
}

fn unwrapped(text: &[u8]) -> Result<Vec<u8>, Error> {
    if text.starts_with(b"-----BEGIN ") {
        return Ok(text.to_vec());
    }
    base64(text)
}

fn certificate_blocks(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut der = Vec::new();
    for block in Blocks::of(text) {
        if block.kind != b"CERTIFICATE" {
            return Err(malformed("PEM: a block is no certificate"));
        }
        der.extend(block.bytes);
    }
    Ok(der)
}
