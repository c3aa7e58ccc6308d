//! Signatures of certificates: by which algorithms they are, and whether they are right.

use aws_lc_rs::signature::{
    self as provider, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};

use super::curve::Curve;
use super::der::{Reader, tag};
use super::public_key::{AlgorithmIdentifier, PublicKey};

/// A way to sign, of those that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::builtins) enum Algorithm {
    /// RSA with the padding of PKCS #1.
    Rsa(Hash),
    /// RSA with PSS, the salt as long as the hash.
    Pss(Hash),
    /// DSA: known, and nothing is verified with it.
    Dsa(Hash),
    /// ECDSA.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
}

/// What is signed in place of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::builtins) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// 1.2.840.113549.1.1, below which the algorithms of RSA are.
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// 2.16.840.1.101.3.4.2, below which the hashes are.
const HASHES: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

// === impl Algorithm ===

impl Algorithm {
    /// The algorithm of that identifier. Parameters are looked at where they matter.
    pub(in crate::builtins) fn of(identifier: AlgorithmIdentifier<'_>) -> Option<Self> {
        if let Some([number]) = identifier.oid.0.strip_prefix(&RSA) {
            return match number {
                4 => Some(Self::Rsa(Hash::Md5)),
                5 => Some(Self::Rsa(Hash::Sha1)),
                10 => pss(identifier).map(Self::Pss),
                11 => Some(Self::Rsa(Hash::Sha256)),
                12 => Some(Self::Rsa(Hash::Sha384)),
                13 => Some(Self::Rsa(Hash::Sha512)),
                _ => None,
            };
        }
        match identifier.oid.0 {
            [0x2b, 0x0e, 0x03, 0x02, 0x1d] => Some(Self::Rsa(Hash::Sha1)),
            [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => Some(Self::Dsa(Hash::Sha1)),
            [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02] => Some(Self::Dsa(Hash::Sha256)),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Some(Self::Ecdsa(Hash::Sha1)),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, number] => {
                let hash = match number {
                    2 => Hash::Sha256,
                    3 => Hash::Sha384,
                    4 => Hash::Sha512,
                    _ => return None,
                };
                Some(Self::Ecdsa(hash))
            }
            [0x2b, 0x65, 0x70] if identifier.parameters.is_none() => Some(Self::Ed25519),
            _ => None,
        }
    }

    /// The number by which Go knows it.
    pub(in crate::builtins) fn number(self) -> i64 {
        match self {
            Self::Rsa(Hash::Md5) => 2,
            Self::Rsa(Hash::Sha1) => 3,
            Self::Rsa(Hash::Sha256) => 4,
            Self::Rsa(Hash::Sha384) => 5,
            Self::Rsa(Hash::Sha512) => 6,
            Self::Dsa(Hash::Sha1) => 7,
            Self::Dsa(_) => 8,
            Self::Ecdsa(Hash::Sha1) => 9,
            Self::Ecdsa(Hash::Sha384) => 11,
            Self::Ecdsa(Hash::Sha512) => 12,
            Self::Ecdsa(_) => 10,
            Self::Pss(Hash::Sha384) => 14,
            Self::Pss(Hash::Sha512) => 15,
            Self::Pss(_) => 13,
            Self::Ed25519 => 16,
        }
    }

    /// Whether `signature` is that key's for `message`. A key of another kind than the algorithm's verifies nothing,
    /// nor does a hash that can be forged.
    pub(in crate::builtins) fn verifies(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match (self, key) {
            (Self::Rsa(hash), PublicKey::Rsa { n, e }) => {
                let Some(parameters) = pkcs1(hash, n.bits()) else {
                    return false;
                };
                rsa_verifies(parameters, (&n.to_bytes_be(), *e), message, signature)
            }
            (Self::Pss(hash), PublicKey::Rsa { n, e }) => {
                let parameters = match hash {
                    Hash::Sha256 => &provider::RSA_PSS_2048_8192_SHA256,
                    Hash::Sha384 => &provider::RSA_PSS_2048_8192_SHA384,
                    Hash::Sha512 => &provider::RSA_PSS_2048_8192_SHA512,
                    Hash::Md5 | Hash::Sha1 => return false,
                };
                rsa_verifies(parameters, (&n.to_bytes_be(), *e), message, signature)
            }
            (Self::Ecdsa(hash), PublicKey::Ec { curve, point, .. }) => ecdsa(*curve, hash)
                .is_some_and(|algorithm| algorithm.verify_sig(point, message, signature).is_ok()),
            (Self::Ed25519, PublicKey::Ed25519(key)) => provider::ED25519
                .verify_sig(key, message, signature)
                .is_ok(),
            _ => false,
        }
    }
}

/// The hash of PSS' parameters, if all of them agree with it.
fn pss(identifier: AlgorithmIdentifier<'_>) -> Option<Hash> {
    const MASK: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
    let mut inside = Reader::new(identifier.parameters?.whole).inside(tag::SEQUENCE)?;
    let mut field = |number| inside.inside(tag::constructed(number));
    let hash = AlgorithmIdentifier::parse(field(0)?.inside(tag::SEQUENCE)?)?;
    let mask = AlgorithmIdentifier::parse(field(1)?.inside(tag::SEQUENCE)?)?;
    let salt = field(2)?.int()?;
    let trailer = match inside.optional(tag::constructed(3)).ok()? {
        Some(mut trailer) => trailer.int()?,
        None => 1,
    };
    let mask_hash = Reader::new(mask.parameters?.whole).inside(tag::SEQUENCE)?;
    let mask_hash = AlgorithmIdentifier::parse(mask_hash)?;
    let bare = |hash: &AlgorithmIdentifier<'_>| hash.parameters.is_none() || hash.has_null();
    if !bare(&hash) || !bare(&mask_hash) || mask.oid.0 != MASK || mask_hash.oid != hash.oid {
        return None;
    }
    match (hash.oid.0.strip_prefix(&HASHES)?, salt, trailer) {
        ([1], 32, 1) => Some(Hash::Sha256),
        ([2], 48, 1) => Some(Hash::Sha384),
        ([3], 64, 1) => Some(Hash::Sha512),
        _ => None,
    }
}

/// How the provider verifies; short keys are verified as far as it does so.
fn pkcs1(hash: Hash, bits: u64) -> Option<&'static RsaParameters> {
    match hash {
        Hash::Sha256 if bits < 2048 => {
            Some(&provider::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        Hash::Sha512 if bits < 2048 => {
            Some(&provider::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        Hash::Sha256 => Some(&provider::RSA_PKCS1_2048_8192_SHA256),
        Hash::Sha384 => Some(&provider::RSA_PKCS1_2048_8192_SHA384),
        Hash::Sha512 => Some(&provider::RSA_PKCS1_2048_8192_SHA512),
        Hash::Md5 | Hash::Sha1 => None,
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &provider::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &provider::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &provider::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &provider::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &provider::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &provider::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &provider::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &provider::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &provider::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

fn rsa_verifies(
    parameters: &RsaParameters,
    (n, e): (&[u8], i64),
    message: &[u8],
    signature: &[u8],
) -> bool {
    // One, or an even number, would let anybody sign; Go takes no larger one.
    if e < 3 || e % 2 == 0 || e > i64::from(i32::MAX) {
        return false;
    }
    let e = e.to_be_bytes();
    let zeros = e.iter().take_while(|byte| **byte == 0).count();
    let e = e.get(zeros..).unwrap_or_default();
    let key = RsaPublicKeyComponents { n, e };
    key.verify(parameters, message, signature).is_ok()
}
