//! Public keys in PEM: a certificate or a SubjectPublicKeyInfo. Anything else is refused.
//!
//! Whether a certificate is valid, by its dates or its issuer, is not asked: it is a way to write a key.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::algorithm::Curve;
use super::failed;
use super::keys::Material;
use crate::builtins::Error;
use crate::builtins::encoding::base64;

/// A PEM block and what follows it.
struct Block<'t> {
    kind: &'t str,
    der: Vec<u8>,
    rest: &'t str,
}

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The key of the text's first PEM block; `None` where it has none.
pub(super) fn key(text: &str) -> Option<Result<Material, Error>> {
    let block = Block::first(text)?;
    if !block.rest.is_empty() {
        return Some(Err(failed("extra data after a PEM block")));
    }
    Some(match block.kind {
        "CERTIFICATE" => certificate(&block.der),
        "PUBLIC KEY" => public_key(&block.der),
        _ => Err(failed("the PEM block is no certificate and no public key")),
    })
}

/// Whether these bytes are a certificate.
pub(super) fn is_certificate(der: &[u8]) -> bool {
    matches!(X509Certificate::from_der(der), Ok(([], _)))
}

// === impl Block ===

impl<'t> Block<'t> {
    /// The first block that is whole. What stands before it is passed over.
    fn first(text: &'t str) -> Option<Self> {
        let mut rest = text;
        loop {
            rest = match rest.strip_prefix(BEGIN) {
                Some(rest) => rest,
                None => rest.split_once("\n-----BEGIN ")?.1,
            };
            let (opening, mut body) = line(rest);
            let Some(kind) = opening.strip_suffix(DASHES) else {
                continue;
            };
            let mut headers = false;
            while let (header, after) = line(body)
                && header.contains(':')
            {
                body = after;
                headers = true;
            }
            let Some((data, end)) = ending(body, headers) else {
                continue;
            };
            let (closing, after) = line(end);
            if closing.strip_suffix(DASHES) != Some(kind) {
                continue;
            }
            let digits: String = data.split([' ', '\t']).collect();
            if let Ok(der) = base64(&digits) {
                let rest = after;
                return Some(Self { kind, der, rest });
            }
        }
    }
}

/// Parts a block's data from what follows `-----END `.
fn ending(body: &str, headers: bool) -> Option<(&str, &str)> {
    match body.strip_prefix(END) {
        Some(end) if !headers => Some(("", end)),
        _ => body.split_once("\n-----END "),
    }
}

/// The first line without the blanks at its end, and what follows it.
fn line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.strip_suffix('\r').unwrap_or(line);
    (line.trim_end_matches([' ', '\t']), rest)
}

fn certificate(der: &[u8]) -> Result<Material, Error> {
    match X509Certificate::from_der(der) {
        // A key of a kind that is not known verifies nothing.
        Ok(([], certificate)) => Ok(material(certificate.public_key())?.unwrap_or(Material::Other)),
        _ => Err(failed("the PEM block's certificate cannot be read")),
    }
}

fn public_key(der: &[u8]) -> Result<Material, Error> {
    match SubjectPublicKeyInfo::from_der(der) {
        Ok(([], key)) => material(&key)?.ok_or_else(|| failed("a public key of unknown kind")),
        _ => Err(failed("the PEM block's public key cannot be read")),
    }
}

/// Modulus and exponent of an RSAPublicKey, and nothing else.
fn rsa(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (numbers, []) = element(SEQUENCE, der)? else {
        return None;
    };
    let (modulus, rest) = element(INTEGER, numbers)?;
    let (exponent, []) = element(INTEGER, rest)? else {
        return None;
    };
    Some((positive(modulus)?, positive(exponent)?))
}

/// The content of a DER element with that tag, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [first, ..] if *first != tag => return None,
        [_, length @ 0..=0x7f, rest @ ..] | [_, 0x81, length @ 0x80..=0xff, rest @ ..] => {
            (usize::from(*length), rest)
        }
        [_, 0x82, high @ 1..=0xff, low, rest @ ..] => {
            let length = u16::from_be_bytes([*high, *low]);
            (usize::from(length), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A number that is not negative and as short as it can be.
fn positive(number: &[u8]) -> Option<&[u8]> {
    match number {
        [0, 0x80..=0xff, ..] | [1..=0x7f, ..] => Some(number),
        _ => None,
    }
}

fn material(key: &SubjectPublicKeyInfo<'_>) -> Result<Option<Material>, Error> {
    let bits = key.subject_public_key.data.as_ref();
    let curve = key.algorithm.parameters.as_ref();
    let curve = curve.and_then(|curve| curve.as_oid().ok().map(|oid| oid.to_id_string()));
    Ok(Some(
        match key.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => match rsa(bits) {
                Some((modulus, exponent)) => Material::rsa(modulus, exponent)?,
                None => return Err(failed("the RSA key cannot be read")),
            },
            "1.2.840.10045.2.1" => match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => Material::ec(Curve::P256, bits)?,
                Some("1.3.132.0.34") => Material::ec(Curve::P384, bits)?,
                Some("1.3.132.0.35") => Material::ec(Curve::P521, bits)?,
                // P-224: known, and of no use for tokens.
                Some("1.3.132.0.33") => Material::Other,
                _ => return Err(failed("unsupported elliptic curve")),
            },
            "1.3.101.112" => Material::ed25519(bits)?,
            // X25519 and DSA: known, and of no use for tokens.
            "1.3.101.110" | "1.2.840.10040.4.1" => Material::Other,
            _ => return Ok(None),
        },
    ))
}
