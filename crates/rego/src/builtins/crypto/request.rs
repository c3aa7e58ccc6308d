//! Requests for certificates (PKCS #10), read as Go's crypto/x509 reads them. Their signatures are not verified.

use std::collections::BTreeSet;

use super::certificate::{AlternativeNames, Extension};
use super::der::{Oid, Reader, tag};
use super::name::{Any, Attribute, Name};
use super::public_key::{AlgorithmIdentifier, KeyInfo, PublicKey};
use super::signature::Algorithm;
use super::{Malformed, malformed};

/// A request.
#[derive(Debug)]
pub(in crate::builtins) struct Request<'d> {
    /// All of it.
    pub raw: &'d [u8],
    /// What is signed.
    pub signed: &'d [u8],
    /// Its version, counted from zero.
    pub version: i64,
    /// What it is about, as it is written.
    pub raw_subject: &'d [u8],
    /// What it is about.
    pub subject: Name<'d>,
    /// The subject's key, as it is written.
    pub key_info: KeyInfo<'d>,
    /// The subject's key; `None` of a kind that is not known.
    pub key: Option<PublicKey>,
    /// Those attributes that hold sets of lists of attributes.
    pub attributes: Vec<Nested<'d>>,
    /// The extensions that the certificate shall have.
    pub extensions: Vec<Extension<'d>>,
    /// Other names of the subject.
    pub names: AlternativeNames<'d>,
    /// How it is signed; `None` in a way that is not known.
    pub algorithm: Option<Algorithm>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// An attribute that holds a set of lists of attributes.
#[derive(Debug)]
pub(in crate::builtins) struct Nested<'d> {
    /// What it is about.
    pub kind: Oid<'d>,
    /// The lists.
    pub lists: Vec<Vec<Attribute<'d>>>,
}

/// 1.2.840.113549.1.9.14
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];

/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

// === impl Request ===

impl<'d> Request<'d> {
    /// Reads one request and nothing else.
    pub(in crate::builtins) fn parse(der: &'d [u8]) -> Result<Self, Malformed> {
        let request = Self::parse_first(der).ok_or(malformed("certificate request"))?;
        if request.raw.len() < der.len() {
            return Err(malformed("certificate request: something follows it"));
        }
        Ok(request)
    }

    fn parse_first(der: &'d [u8]) -> Option<Self> {
        let whole = Reader::new(der).element(tag::SEQUENCE)?;
        let mut outer = Reader::new(whole.content);
        let signed = outer.element(tag::SEQUENCE)?;
        let mut inner = Reader::new(signed.content);
        let version = inner.int()?;
        let raw_subject = inner.any()?.whole;
        let subject = Name::parse_any(raw_subject)?;
        let key_info = KeyInfo::parse(&mut inner)?;
        let key = key_info.key().ok()?;
        let attributes = inner.inside(tag::constructed(0))?;
        let algorithm = AlgorithmIdentifier::parse(outer.inside(tag::SEQUENCE)?)?;
        let signature = outer.bits()?;
        let extensions = requested(attributes)?;
        let names = extensions
            .iter()
            .find(|extension| extension.id.0 == ALTERNATIVE_NAMES);
        let names = match names {
            Some(names) => AlternativeNames::parse(Reader::new(names.value))?,
            None => AlternativeNames::default(),
        };
        Some(Self {
            raw: whole.whole,
            signed: signed.whole,
            version,
            raw_subject,
            subject,
            key_info,
            key,
            attributes: nested(attributes)?,
            extensions,
            names,
            algorithm: Algorithm::of(algorithm),
            signature: signature.right_aligned(),
        })
    }
}

// === impl Nested ===

impl<'d> Nested<'d> {
    fn parse(mut attribute: Reader<'d>) -> Option<Self> {
        let mut inside = attribute.inside(tag::SEQUENCE)?;
        let kind = inside.oid()?;
        let mut set = inside.inside(tag::SET)?;
        let mut lists = Vec::new();
        while !set.is_empty() {
            let mut list = set.inside(tag::SEQUENCE)?;
            let mut attributes = Vec::new();
            while !list.is_empty() {
                let mut inside = list.inside(tag::SEQUENCE)?;
                let kind = inside.oid()?;
                let value = Any::parse(inside.any()?)?;
                attributes.push(Attribute { kind, value });
            }
            lists.push(attributes);
        }
        Some(Self { kind, lists })
    }
}

/// The attributes that can be read as nested ones; others are passed over.
fn nested(mut attributes: Reader<'_>) -> Option<Vec<Nested<'_>>> {
    let mut nested = Vec::new();
    while !attributes.is_empty() {
        let whole = attributes.any()?.whole;
        nested.extend(Nested::parse(Reader::new(whole)));
    }
    Some(nested)
}

/// The extensions that are asked for, each once.
fn requested(mut attributes: Reader<'_>) -> Option<Vec<Extension<'_>>> {
    let mut extensions = Vec::new();
    let mut seen = BTreeSet::new();
    while !attributes.is_empty() {
        let whole = attributes.any()?.whole;
        let Some((EXTENSION_REQUEST, first)) = attribute(Reader::new(whole)) else {
            continue;
        };
        let mut list = Reader::new(first).inside(tag::SEQUENCE)?;
        while !list.is_empty() {
            let extension = Extension::parse(&mut list)?;
            extensions.push(Some(extension).filter(|new| seen.insert(new.id))?);
        }
    }
    Some(extensions)
}

/// What an attribute is about, and the first of its values; `None` of one that cannot be read or has none.
fn attribute(mut reader: Reader<'_>) -> Option<(&[u8], &[u8])> {
    let mut inside = reader.inside(tag::SEQUENCE)?;
    let kind = inside.oid()?.0;
    let mut values = inside.inside(tag::SET)?;
    let first = values.any()?.whole;
    while !values.is_empty() {
        values.any()?;
    }
    Some((kind, first))
}
