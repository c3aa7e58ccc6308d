//! A network: the first bits of its addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    /// The bits; those that do not count are zero.
    pub bits: u128,
    /// How many of the first bits count.
    pub prefix: u32,
    /// How many bits there are: 32 or 128.
    pub width: u32,
}

// === impl Network ===

impl Network {
    /// The network that `text` names: `10.0.0.0/8`. Bits behind its prefix do not matter.
    pub(super) fn cidr(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix: u32 = prefix.parse().ok().filter(|_| digits)?;
        let network = Self::of(address.parse().ok()?);
        (prefix <= network.width).then(|| network.masked(prefix).canonical())
    }

    /// The network of the one address that `text` names.
    pub(super) fn address(text: &str) -> Option<Self> {
        Some(Self::of(text.parse::<IpAddr>().ok()?.to_canonical()))
    }

    /// Whether all addresses of `inner` are in this one.
    pub(super) fn contains(self, inner: Self) -> bool {
        let fits = self.width == inner.width && self.prefix <= inner.prefix;
        fits && inner.masked(self.prefix).bits == self.bits
    }

    /// How many of its bits are free.
    pub(super) fn free_bits(self) -> u32 {
        self.width - self.prefix
    }

    /// Its address number `at`.
    pub(super) fn host(self, at: u64) -> Self {
        Self {
            bits: self.bits | u128::from(at),
            prefix: self.width,
            width: self.width,
        }
    }

    /// The network of its first `prefix` bits.
    pub(super) fn masked(self, prefix: u32) -> Self {
        let free = self.width - prefix;
        let ones = u128::MAX.checked_shl(free).unwrap_or(0);
        Self {
            bits: self.bits & ones,
            prefix,
            ..self
        }
    }

    fn of(address: IpAddr) -> Self {
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        Self {
            bits,
            prefix: width,
            width,
        }
    }

    /// An IPv4 network that is written as an IPv6 one is the IPv4 network.
    fn canonical(self) -> Self {
        if self.width == 128 && self.prefix >= 96 && self.bits >> 32 == 0xffff {
            Self {
                bits: self.bits & u128::from(u32::MAX),
                prefix: self.prefix - 96,
                width: 32,
            }
        } else {
            self
        }
    }
}

/// The address without the prefix.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.bits) {
            Ok(bits) if self.width == 32 => Ipv4Addr::from_bits(bits).fmt(f),
            _ => Ipv6Addr::from_bits(self.bits).fmt(f),
        }
    }
}
