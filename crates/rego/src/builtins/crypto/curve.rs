//! The curves whose keys Go reads, and the points on them.

use std::sync::LazyLock;

use aws_lc_rs::agreement;
use num_bigint::BigUint;

use super::der::Oid;

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::builtins) enum Curve {
    /// secp224r1: its keys are read; nothing is verified with them.
    P224,
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// y² = x³ - 3x + b over the integers modulo p.
struct Equation {
    p: BigUint,
    b: BigUint,
}

static EQUATIONS: LazyLock<[Equation; 4]> = LazyLock::new(|| {
    [
        Equation::of(
            "ffffffffffffffffffffffffffffffff000000000000000000000001",
            "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
        ),
        Equation::of(
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        ),
        Equation::of(
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe\
             ffffffff0000000000000000ffffffff",
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a\
             c656398d8a2ed19d2a85c8edd3ec2aef",
        ),
        Equation::of(
            "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
             ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109\
             e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        ),
    ]
});

// === impl Curve ===

impl Curve {
    /// The curve of that name.
    pub(in crate::builtins) fn named(oid: Oid<'_>) -> Option<Self> {
        match oid.0 {
            [0x2b, 0x81, 0x04, 0x00, 0x21] => Some(Self::P224),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Some(Self::P256),
            [0x2b, 0x81, 0x04, 0x00, 0x22] => Some(Self::P384),
            [0x2b, 0x81, 0x04, 0x00, 0x23] => Some(Self::P521),
            _ => None,
        }
    }

    /// What a JWK calls it, if it can be there.
    pub(in crate::builtins) fn jwk_name(self) -> Option<&'static str> {
        match self {
            Self::P224 => None,
            Self::P256 => Some("P-256"),
            Self::P384 => Some("P-384"),
            Self::P521 => Some("P-521"),
        }
    }

    /// The bytes of a coordinate.
    pub(in crate::builtins) fn size(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// How the provider calculates on it, if it does.
    pub(super) fn agreement(self) -> Option<&'static agreement::Algorithm> {
        match self {
            Self::P224 => None,
            Self::P256 => Some(&agreement::ECDH_P256),
            Self::P384 => Some(&agreement::ECDH_P384),
            Self::P521 => Some(&agreement::ECDH_P521),
        }
    }

    /// The coordinates of an uncompressed point, if it is on the curve.
    pub(in crate::builtins) fn point(self, bytes: &[u8]) -> Option<(BigUint, BigUint)> {
        let coordinates = bytes.strip_prefix(&[4])?;
        let (x, y) = coordinates.split_at_checked(self.size())?;
        if y.len() != self.size() {
            return None;
        }
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        let [p224, p256, p384, p521] = &*EQUATIONS;
        let equation = match self {
            Self::P224 => p224,
            Self::P256 => p256,
            Self::P384 => p384,
            Self::P521 => p521,
        };
        equation.holds(&x, &y).then_some((x, y))
    }
}

// === impl Equation ===

impl Equation {
    fn of(p: &str, b: &str) -> Self {
        let number = |text: &str| BigUint::parse_bytes(text.as_bytes(), 16).unwrap_or_default();
        let (p, b) = (number(p), number(b));
        Self { p, b }
    }

    fn holds(&self, x: &BigUint, y: &BigUint) -> bool {
        let Self { p, b } = self;
        if x >= p || y >= p {
            return false;
        }
        let left = y * y % p;
        // x³ - 3x, without going below zero.
        let right = (x * x % p * x + (p - x) * 3_u32 + b) % p;
        left == right
    }
}

#[cfg(test)]
mod tests {
    use super::Curve;
    use aws_lc_rs::agreement::PrivateKey;

    #[test]
    fn points_of_the_curve_are_known_from_others() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let algorithm = curve.agreement().expect("a curve of the provider");
            let key = PrivateKey::generate(algorithm).expect("a key");
            let point = key.compute_public_key().expect("a point");
            let mut point = point.as_ref().to_vec();
            assert!(curve.point(&point).is_some(), "{curve:?}");
            if let Some(last) = point.last_mut() {
                *last ^= 1;
            }
            assert!(curve.point(&point).is_none(), "{curve:?}");
            assert!(curve.point(&[0]).is_none(), "{curve:?}");
        }
    }
}
