//! Private keys in their usual forms: PKCS #1, PKCS #8 and SEC 1.

use std::fmt;

use aws_lc_rs::agreement;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::curve::Curve;
use super::der::{Element, Reader, tag};
use super::public_key::{AlgorithmIdentifier, Kind, PublicKey};
use super::{Malformed, malformed};

mod rsa;

pub(super) use self::rsa::{Rsa, Third};

/// A private key with its public one.
pub(in crate::builtins) enum PrivateKey {
    /// RSA.
    Rsa(Box<Rsa>),
    /// A number, and the point that it makes of the curve's first.
    Ec {
        /// The curve.
        curve: Curve,
        /// The number, as many bytes as a coordinate.
        secret: Vec<u8>,
        /// The point, uncompressed.
        point: Vec<u8>,
    },
    /// The seed, and the public key.
    Ed25519 {
        /// 32 bytes.
        seed: Vec<u8>,
        /// 32 bytes.
        public: Vec<u8>,
    },
    /// The number, and the public key.
    X25519 {
        /// 32 bytes.
        secret: Vec<u8>,
        /// 32 bytes.
        public: Vec<u8>,
    },
}

// === impl PrivateKey ===

impl PrivateKey {
    /// Reads a key in the form of RSA keys.
    pub(in crate::builtins) fn parse_pkcs1(der: &[u8]) -> Result<Self, Malformed> {
        let key = Rsa::parse(der).ok_or(malformed("RSA private key"))?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// Reads a key in the form that says what kind of key it is.
    pub(in crate::builtins) fn parse_pkcs8(der: &[u8]) -> Result<Self, Malformed> {
        pkcs8(der).ok_or(malformed("PKCS #8 private key"))
    }

    /// Reads a key in the form of keys on curves.
    pub(in crate::builtins) fn parse_sec1(der: &[u8]) -> Result<Self, Malformed> {
        sec1(der, None).ok_or(malformed("EC private key"))
    }

    /// Reads a key in any of the forms. X25519 keys, which sign nothing, are refused.
    pub(in crate::builtins) fn parse_signing(der: &[u8]) -> Result<Self, Malformed> {
        let signing = |key: &Self| !matches!(key, Self::X25519 { .. });
        if let Ok(key) = Self::parse_pkcs1(der) {
            return Ok(key);
        }
        if let Ok(key) = Self::parse_pkcs8(der) {
            return Some(key).filter(signing).ok_or(malformed("signing key"));
        }
        Self::parse_sec1(der)
    }

    /// Whether `key` is its public one.
    pub(in crate::builtins) fn belongs_to(&self, key: &PublicKey) -> bool {
        match (self, key) {
            (Self::Rsa(rsa), PublicKey::Rsa { n, e }) => rsa.n == *n && rsa.e == *e,
            (
                Self::Ec {
                    curve,
                    point,
                    secret: _,
                },
                PublicKey::Ec {
                    curve: other,
                    point: public,
                    ..
                },
            ) => curve == other && point == public,
            (Self::Ed25519 { public, .. }, PublicKey::Ed25519(other)) => public == other,
            _ => false,
        }
    }

    /// The two coordinates of a point on a curve.
    pub(super) fn coordinates(curve: Curve, point: &[u8]) -> Option<(&[u8], &[u8])> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(curve.size())?;
        Some((x, y))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "Rsa",
            Self::Ec { .. } => "Ec",
            Self::Ed25519 { .. } => "Ed25519",
            Self::X25519 { .. } => "X25519",
        })
    }
}

fn pkcs8(der: &[u8]) -> Option<PrivateKey> {
    let mut inside = Reader::new(der).inside(tag::SEQUENCE)?;
    inside.int()?;
    let algorithm = AlgorithmIdentifier::parse(inside.inside(tag::SEQUENCE)?)?;
    let key = inside.bytes(tag::OCTET_STRING)?;
    let bare = || {
        let seed = Reader::new(key).bytes(tag::OCTET_STRING)?;
        let fine = algorithm.parameters.is_none() && seed.len() == 32;
        fine.then(|| seed.to_vec())
    };
    match Kind::of(algorithm.oid)? {
        Kind::Rsa => Some(PrivateKey::Rsa(Box::new(Rsa::parse(key)?))),
        Kind::Ec => {
            let named = algorithm.parameters.map(|element| element.tag);
            match named {
                Some(tag::OID) => sec1(key, Some(algorithm.curve()?)),
                _ => sec1(key, None),
            }
        }
        Kind::Ed25519 => {
            let seed = bare()?;
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
            let public = pair.public_key().as_ref().to_vec();
            Some(PrivateKey::Ed25519 { seed, public })
        }
        Kind::X25519 => {
            let secret = bare()?;
            let public = public_of(&agreement::X25519, &secret)?;
            Some(PrivateKey::X25519 { secret, public })
        }
        Kind::Dsa => None,
    }
}

/// Reads a key on a curve, which is `curve` or the one that it names itself.
fn sec1(der: &[u8], curve: Option<Curve>) -> Option<PrivateKey> {
    let mut inside = Reader::new(der).inside(tag::SEQUENCE)?;
    let version = inside.int()?;
    let digits = inside.bytes(tag::OCTET_STRING)?;
    // What stands in these two and is of another kind than expected is passed over, as Go passes over it.
    let named = explicit(&mut inside, 0).ok()?;
    let named = named.filter(|named| named.tag == tag::OID);
    let named = match named {
        Some(named) => Some(Reader::new(named.whole).oid()?),
        None => None,
    };
    let public = explicit(&mut inside, 1).ok()?;
    if let Some(public) = public.filter(|public| public.tag == tag::BIT_STRING) {
        // Not looked at further: the point is calculated.
        Reader::new(public.whole).bits()?;
    }
    let curve = curve.or_else(|| named.and_then(Curve::named))?;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.get(zeros..)?;
    let padding = curve.size().checked_sub(digits.len())?;
    let secret = [vec![0; padding].as_slice(), digits].concat();
    let point = public_of(curve.agreement()?, &secret)?;
    (version == 1).then_some(PrivateKey::Ec {
        curve,
        secret,
        point,
    })
}

/// The element inside `[number]`, if that comes next. Nothing may end with the head of an empty element here.
fn explicit<'d>(inside: &mut Reader<'d>, number: u8) -> Result<Option<Element<'d>>, Malformed> {
    let mut ahead = *inside;
    if ahead.is_empty() {
        return Ok(None);
    }
    let wrapper = ahead.any().ok_or(malformed("element"))?;
    if wrapper.content.is_empty() && ahead.is_empty() {
        return Err(malformed("element"));
    }
    if wrapper.tag != tag::constructed(number) {
        return Ok(None);
    }
    *inside = ahead;
    let inner = Reader::new(wrapper.content).any();
    inner.map(Some).ok_or(malformed("element"))
}

fn public_of(algorithm: &'static agreement::Algorithm, secret: &[u8]) -> Option<Vec<u8>> {
    let key = agreement::PrivateKey::from_private_key(algorithm, secret).ok()?;
    let public = key.compute_public_key().ok()?;
    Some(public.as_ref().to_vec())
}
