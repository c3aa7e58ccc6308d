//! Public keys.

use num_bigint::{BigInt, BigUint, Sign};

use super::curve::Curve;
use super::der::{BitString, Element, Oid, Reader, tag};
use super::{Malformed, malformed};

/// What an algorithm is and what it is given.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct AlgorithmIdentifier<'d> {
    /// The algorithm.
    pub oid: Oid<'d>,
    /// Its parameters, with their tag.
    pub parameters: Option<Element<'d>>,
}

/// The key of a certificate or of a request, as it is written there.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct KeyInfo<'d> {
    /// All of it.
    pub whole: &'d [u8],
    /// What kind of key it is.
    pub algorithm: AlgorithmIdentifier<'d>,
    /// The key.
    pub bits: BitString<'d>,
}

/// A public key of a kind that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::builtins) enum PublicKey {
    /// Modulus and exponent, which are positive.
    Rsa {
        /// The modulus.
        n: BigUint,
        /// The exponent.
        e: i64,
    },
    /// A number and the three of its group. Nothing is verified with it.
    Dsa {
        /// The key.
        y: BigInt,
        /// The modulus.
        p: BigInt,
        /// The order.
        q: BigInt,
        /// The generator.
        g: BigInt,
    },
    /// A point on a curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The point, uncompressed.
        point: Vec<u8>,
        /// Its first coordinate.
        x: BigUint,
        /// Its second coordinate.
        y: BigUint,
    },
    /// 32 bytes.
    Ed25519(Vec<u8>),
}

/// `NULL` with its tag.
const NULL: &[u8] = &[5, 0];

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

/// The kinds of keys that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::builtins) enum Kind {
    Rsa,
    Dsa,
    Ec,
    Ed25519,
    /// Known of private keys only.
    X25519,
}

// === impl Kind ===

impl Kind {
    /// The kind of that identifier.
    pub(in crate::builtins) fn of(oid: Oid<'_>) -> Option<Self> {
        match oid.0 {
            RSA => Some(Self::Rsa),
            DSA => Some(Self::Dsa),
            EC => Some(Self::Ec),
            ED25519 => Some(Self::Ed25519),
            X25519 => Some(Self::X25519),
            _ => None,
        }
    }
}

// === impl AlgorithmIdentifier ===

impl<'d> AlgorithmIdentifier<'d> {
    /// Reads what a sequence holds.
    pub(in crate::builtins) fn parse(mut inside: Reader<'d>) -> Option<Self> {
        let oid = inside.oid()?;
        let parameters = if inside.is_empty() {
            None
        } else {
            Some(inside.any()?)
        };
        Some(Self { oid, parameters })
    }

    /// Whether the parameters are `NULL`.
    pub(in crate::builtins) fn has_null(&self) -> bool {
        self.parameters.is_some_and(|element| element.whole == NULL)
    }

    /// The curve that the parameters name.
    pub(in crate::builtins) fn curve(&self) -> Option<Curve> {
        let mut parameters = Reader::new(self.parameters?.whole);
        parameters.oid().and_then(Curve::named)
    }
}

// === impl KeyInfo ===

impl<'d> KeyInfo<'d> {
    /// Reads the next element.
    pub(in crate::builtins) fn parse(reader: &mut Reader<'d>) -> Option<Self> {
        let element = reader.element(tag::SEQUENCE)?;
        let mut inside = Reader::new(element.content);
        let algorithm = AlgorithmIdentifier::parse(inside.inside(tag::SEQUENCE)?)?;
        let bits = inside.bits()?;
        let whole = element.whole;
        Some(Self {
            whole,
            algorithm,
            bits,
        })
    }

    /// The number by which Go knows the kind of key; zero of one that it does not know.
    pub(in crate::builtins) fn number(&self) -> i64 {
        match Kind::of(self.algorithm.oid) {
            Some(Kind::Rsa) => 1,
            Some(Kind::Dsa) => 2,
            Some(Kind::Ec) => 3,
            Some(Kind::Ed25519) => 4,
            Some(Kind::X25519) | None => 0,
        }
    }

    /// The key; `None` of a kind that is not known.
    pub(in crate::builtins) fn key(&self) -> Result<Option<PublicKey>, Malformed> {
        let bytes = self.bits.right_aligned();
        let bare = self.algorithm.parameters.is_none();
        let key = match Kind::of(self.algorithm.oid) {
            Some(Kind::Rsa) if self.algorithm.has_null() => rsa(&bytes),
            Some(Kind::Dsa) => self.dsa(&bytes),
            Some(Kind::Ec) => self.ec(bytes),
            Some(Kind::Ed25519) if bare && bytes.len() == 32 => Some(PublicKey::Ed25519(bytes)),
            Some(Kind::Rsa | Kind::Ed25519) => None,
            Some(Kind::X25519) | None => return Ok(None),
        };
        key.map(Some).ok_or(malformed("public key"))
    }

    fn dsa(&self, bytes: &[u8]) -> Option<PublicKey> {
        let y = Reader::new(bytes).integer()?;
        let mut parameters = Reader::new(self.algorithm.parameters?.whole).inside(tag::SEQUENCE)?;
        let (p, q) = (parameters.integer()?, parameters.integer()?);
        let g = parameters.integer()?;
        let positive = [&y, &p, &q, &g].iter().all(|n| n.sign() == Sign::Plus);
        positive.then_some(PublicKey::Dsa { y, p, q, g })
    }

    fn ec(&self, point: Vec<u8>) -> Option<PublicKey> {
        let curve = self.algorithm.curve()?;
        let (x, y) = curve.point(&point)?;
        Some(PublicKey::Ec { curve, point, x, y })
    }
}

// === impl PublicKey ===

impl PublicKey {
    /// An RSA key alone, as PKCS #1 writes it.
    pub(in crate::builtins) fn parse_pkcs1(der: &[u8]) -> Option<Self> {
        rsa(der)
    }
}

fn rsa(bytes: &[u8]) -> Option<PublicKey> {
    let mut inside = Reader::new(bytes).inside(tag::SEQUENCE)?;
    let (n, e) = (inside.integer()?, inside.int()?);
    let n = n.to_biguint().filter(|n| *n != BigUint::ZERO)?;
    (e > 0).then_some(PublicKey::Rsa { n, e })
}
