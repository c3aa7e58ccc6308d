//! Private RSA keys, and whether their numbers agree with each other.

use num_bigint::BigUint;

use crate::builtins::crypto::der::{Reader, tag};

/// A private RSA key.
pub(in crate::builtins) struct Rsa {
    /// The modulus.
    pub n: BigUint,
    /// The public exponent.
    pub e: i64,
    /// The private exponent.
    pub d: BigUint,
    /// The first prime.
    pub p: BigUint,
    /// The second prime.
    pub q: BigUint,
    /// `d` modulo `p - 1`.
    pub dp: BigUint,
    /// `d` modulo `q - 1`.
    pub dq: BigUint,
    /// The inverse of `q` modulo `p`.
    pub q_inverse: BigUint,
    /// Further primes, which nobody should use.
    pub others: Vec<Third>,
}

/// A prime beyond the second.
pub(in crate::builtins) struct Third {
    /// The prime.
    pub prime: BigUint,
    /// The private exponent modulo the prime less one.
    pub exponent: BigUint,
    /// The inverse of `product` modulo the prime.
    pub coefficient: BigUint,
    /// The product of the primes before it.
    pub product: BigUint,
}

/// The most bytes of a key. Checking it costs about their square.
const LONGEST: usize = 12_000;

/// The most primes beyond the second.
const MOST: usize = 8;

// === impl Rsa ===

impl Rsa {
    /// Reads a key and nothing else. One whose numbers do not agree is none.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut inside = outer.inside(tag::SEQUENCE)?;
        if !outer.is_empty() || der.len() > LONGEST {
            return None;
        }
        let version = inside.int()?;
        let modulus = positive(&mut inside)?;
        let exponent = inside.int()?;
        let (d, p, q) = (
            positive(&mut inside)?,
            positive(&mut inside)?,
            positive(&mut inside)?,
        );
        let mut given = Vec::new();
        while inside.has(tag::INTEGER) && given.len() < 3 {
            given.push(positive(&mut inside)?);
        }
        let others = match inside.optional(tag::SEQUENCE).ok()? {
            Some(others) => primes(others)?,
            None => Vec::new(),
        };
        let one = BigUint::from(1_u32);
        if version > 1 || [&p, &q].iter().any(|prime| **prime <= one) {
            return None;
        }
        // What is there in part only is calculated anew, as it is for a key of more primes.
        let given = <[BigUint; 3]>::try_from(given).ok();
        let [dp, dq, q_inverse] = match given.filter(|_| others.is_empty()) {
            Some(given) => given,
            None => [&d % (&p - &one), &d % (&q - &one), q.modinv(&p)?],
        };
        let key = Self {
            others: thirds(others, &d, &p * &q)?,
            n: modulus,
            e: exponent,
            d,
            p,
            q,
            dp,
            dq,
            q_inverse,
        };
        let agrees = key.is_public() && (!key.others.is_empty() || key.agrees());
        agrees.then_some(key)
    }

    fn is_public(&self) -> bool {
        let exponent = self.e >= 2 && self.e % 2 == 1 && self.e <= i64::from(i32::MAX);
        exponent && self.n.bit(0) && self.d < self.n
    }

    /// Whether primes, exponents and modulus agree, and are not so that the key can be guessed.
    fn agrees(&self) -> bool {
        let Self { n, d, p, q, .. } = self;
        let one = BigUint::from(1_u32);
        let (below_p, below_q) = (p - &one, q - &one);
        let Ok(e) = u64::try_from(self.e) else {
            return false;
        };
        let inverts = |exponent: &BigUint, below: &BigUint| {
            exponent < below && *exponent == d % below && exponent * e % below == one
        };
        let distance = if p > q { p - q } else { q - p };
        let half = i128::from(n.bits() / 2);
        p < n
            && q < n
            && p * q % n == BigUint::ZERO
            && inverts(&self.dp, &below_p)
            && inverts(&self.dq, &below_q)
            && self.q_inverse < *p
            && &self.q_inverse * q % p == one
            && i128::from(distance.bits()) > half - 100
            && i128::from(d.bits()) > half
    }
}

fn positive(inside: &mut Reader<'_>) -> Option<BigUint> {
    let number = inside.integer()?.to_biguint()?;
    (number != BigUint::ZERO).then_some(number)
}

/// The primes beyond the second; what else stands there is calculated anew.
fn primes(mut list: Reader<'_>) -> Option<Vec<BigUint>> {
    let mut primes = Vec::new();
    while !list.is_empty() {
        let mut inside = list.inside(tag::SEQUENCE)?;
        primes.push(positive(&mut inside)?);
        inside.integer()?;
        inside.integer()?;
    }
    (primes.len() <= MOST).then_some(primes)
}

fn thirds(primes: Vec<BigUint>, d: &BigUint, mut product: BigUint) -> Option<Vec<Third>> {
    let one = BigUint::from(1_u32);
    let mut thirds = Vec::new();
    for prime in primes {
        if prime <= one {
            return None;
        }
        let next = &product * &prime;
        thirds.push(Third {
            exponent: d % (&prime - &one),
            coefficient: product.modinv(&prime)?,
            product,
            prime,
        });
        product = next;
    }
    Some(thirds)
}
