//! X.509 certificates, read as Go's crypto/x509 reads them.

use std::collections::BTreeSet;

use num_bigint::{BigInt, Sign};

use super::der::{Oid, Reader, Time, tag};
use super::name::Name;
use super::public_key::{AlgorithmIdentifier, KeyInfo, PublicKey};
use super::signature::Algorithm;
use super::{Malformed, malformed};

mod constraints;
mod extensions;

pub(super) use self::constraints::{Mailbox, NameConstraints, Subtrees, domain_is_valid};
pub(super) use self::extensions::{AlternativeNames, Extended, Limit, PolicyMapping};

/// A certificate. What it is made of stays where it was read.
#[derive(Debug)]
pub(in crate::builtins) struct Certificate<'d> {
    /// All of it.
    pub raw: &'d [u8],
    /// What is signed.
    pub signed: &'d [u8],
    /// How it is signed; `None` in a way that is not known.
    pub algorithm: Option<Algorithm>,
    /// The signature.
    pub signature: Vec<u8>,
    /// One to three.
    pub version: i64,
    /// Never negative.
    pub serial: BigInt,
    /// Who issued it, as it is written.
    pub raw_issuer: &'d [u8],
    /// Who issued it.
    pub issuer: Name<'d>,
    /// From when it is valid.
    pub not_before: Time,
    /// To when it is valid.
    pub not_after: Time,
    /// What it is about, as it is written.
    pub raw_subject: &'d [u8],
    /// What it is about.
    pub subject: Name<'d>,
    /// The subject's key, as it is written.
    pub key_info: KeyInfo<'d>,
    /// The subject's key; `None` of a kind that is not known.
    pub key: Option<PublicKey>,
    /// All extensions.
    pub extensions: Vec<Extension<'d>>,
    /// What those that are known say.
    pub extended: Extended<'d>,
}

/// An extension.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct Extension<'d> {
    /// What it is.
    pub id: Oid<'d>,
    /// Whether a certificate is to be refused by who does not know it.
    pub critical: bool,
    /// What it says.
    pub value: &'d [u8],
}

// === impl Certificate ===

impl<'d> Certificate<'d> {
    /// Reads certificates that stand one after the other, and nothing else.
    pub(in crate::builtins) fn parse_all(mut der: &'d [u8]) -> Result<Vec<Self>, Malformed> {
        let mut certificates = Vec::new();
        while !der.is_empty() {
            let certificate = Self::parse_first(der)?;
            der = der.get(certificate.raw.len()..).unwrap_or_default();
            certificates.push(certificate);
        }
        Ok(certificates)
    }

    /// Reads one certificate and nothing else.
    pub(in crate::builtins) fn parse(der: &'d [u8]) -> Result<Self, Malformed> {
        let certificate = Self::parse_first(der)?;
        if certificate.raw.len() < der.len() {
            return Err(malformed("certificate: something follows it"));
        }
        Ok(certificate)
    }

    fn parse_first(der: &'d [u8]) -> Result<Self, Malformed> {
        let whole = Reader::new(der).element(tag::SEQUENCE);
        let whole = whole.ok_or(malformed("certificate"))?;
        let mut outer = Reader::new(whole.content);
        let signed = outer.element(tag::SEQUENCE);
        let signed = signed.ok_or(malformed("tbs certificate"))?;
        let mut inner = Reader::new(signed.content);
        let version = version(&mut inner).ok_or(malformed("version"))?;
        let serial = inner
            .integer()
            .filter(|serial| serial.sign() != Sign::Minus);
        let serial = serial.ok_or(malformed("serial number"))?;
        let algorithm = algorithm(&mut outer, &mut inner);
        let algorithm = algorithm.ok_or(malformed("signature algorithm"))?;
        let (raw_issuer, issuer) = name(&mut inner).ok_or(malformed("issuer"))?;
        let validity = validity(&mut inner).ok_or(malformed("validity"))?;
        let (raw_subject, subject) = name(&mut inner).ok_or(malformed("subject"))?;
        let key_info = KeyInfo::parse(&mut inner).ok_or(malformed("spki"))?;
        let key = key_info.key()?;
        let extensions = extensions(&mut inner, version).ok_or(malformed("extensions"))?;
        let extended = Extended::parse(&extensions)?;
        let signature = outer.bits().ok_or(malformed("signature"))?;
        Ok(Self {
            raw: whole.whole,
            signed: signed.whole,
            algorithm: Algorithm::of(algorithm),
            signature: signature.right_aligned(),
            version,
            serial,
            raw_issuer,
            issuer,
            not_before: validity.0,
            not_after: validity.1,
            raw_subject,
            subject,
            key_info,
            key,
            extensions,
            extended,
        })
    }
}

// === impl Extension ===

impl<'d> Extension<'d> {
    /// Reads the next extension; what follows its value is not looked at.
    pub(super) fn parse(reader: &mut Reader<'d>) -> Option<Self> {
        let mut inside = reader.inside(tag::SEQUENCE)?;
        let id = inside.oid()?;
        let critical = inside.has(tag::BOOLEAN) && inside.boolean()?;
        let value = inside.bytes(tag::OCTET_STRING)?;
        Some(Self {
            id,
            critical,
            value,
        })
    }
}

/// The version, counted from one.
fn version(inner: &mut Reader<'_>) -> Option<i64> {
    let Some(mut inside) = inner.optional(tag::constructed(0)).ok()? else {
        return Some(1);
    };
    let version = inside.int()?;
    let known = (0..=2).contains(&version) && inside.is_empty();
    known.then_some(version + 1)
}

/// The algorithm of the signature, which must stand in both places alike.
fn algorithm<'d>(
    outer: &mut Reader<'d>,
    inner: &mut Reader<'d>,
) -> Option<AlgorithmIdentifier<'d>> {
    let inside = inner.bytes(tag::SEQUENCE)?;
    if outer.bytes(tag::SEQUENCE)? != inside {
        return None;
    }
    AlgorithmIdentifier::parse(Reader::new(inside))
}

fn name<'d>(inner: &mut Reader<'d>) -> Option<(&'d [u8], Name<'d>)> {
    let whole = inner.element(tag::SEQUENCE)?.whole;
    Some((whole, Name::parse(whole)?))
}

fn validity(inner: &mut Reader<'_>) -> Option<(Time, Time)> {
    let mut inside = inner.inside(tag::SEQUENCE)?;
    Some((inside.time()?, inside.time()?))
}

fn extensions<'d>(inner: &mut Reader<'d>, version: i64) -> Option<Vec<Extension<'d>>> {
    let mut extensions = Vec::new();
    if version > 1 {
        // Unique identifiers, which nobody uses.
        inner.optional(tag::context(1)).ok()?;
        inner.optional(tag::context(2)).ok()?;
    }
    if version < 3 {
        return Some(extensions);
    }
    let Some(mut list) = inner.optional(tag::constructed(3)).ok()? else {
        return Some(extensions);
    };
    let mut list = list.inside(tag::SEQUENCE)?;
    let mut seen = BTreeSet::new();
    while !list.is_empty() {
        let extension = Extension::parse(&mut list)?;
        if !seen.insert(extension.id) {
            return None;
        }
        extensions.push(extension);
    }
    Some(extensions)
}
