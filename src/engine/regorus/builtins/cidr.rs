//! `net.cidr_*`: networks that hold addresses or other networks.
//!
//! An IPv4 address that is written as an IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address: a rule on
//! one must hold for the other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use regorus::Value;

/// A network, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    /// How many of the first bits count.
    prefix: u32,
    /// How many bits there are.
    width: u32,
}

/// `net.cidr_contains(cidr, cidr_or_ip)`.
pub(super) fn contains(arguments: &[Value]) -> Option<Value> {
    let [outer, inner] = arguments else {
        return None;
    };
    Some(Value::Bool(holds(text(outer)?, text(inner)?)?))
}

/// `net.cidr_intersects(cidr1, cidr2)`.
pub(super) fn intersects(arguments: &[Value]) -> Option<Value> {
    let [one, other] = arguments else { return None };
    let (one, other) = (Network::cidr(text(one)?)?, Network::cidr(text(other)?)?);
    Some(Value::Bool(one.contains(other) || other.contains(one)))
}

/// `net.cidr_contains_matches(cidrs, cidrs_or_ips)`.
pub(super) fn contains_matches(arguments: &[Value]) -> Option<Value> {
    let [outer, inner] = arguments else {
        return None;
    };
    let (outer, inner) = (listed(outer)?, listed(inner)?);
    let mut found = Vec::new();
    for (cidr, name) in &outer {
        for (held, held_name) in &inner {
            if holds(text(cidr)?, text(held)?)? {
                found.push(Value::from(vec![name.clone(), held_name.clone()]));
            }
        }
    }
    Some(Value::from(found.into_iter().collect::<BTreeSet<_>>()))
}

fn holds(outer: &str, inner: &str) -> Option<bool> {
    let outer = Network::cidr(outer)?;
    let inner = Network::address(inner).or_else(|| Network::cidr(inner))?;
    Some(outer.contains(inner))
}

/// The networks of a collection, each with what it is called in answers.
fn listed(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::String(_) => Some(vec![(value.clone(), value.clone())]),
        Value::Array(list) => {
            let named = |(number, item)| Some((network_of(item)?, Value::from(number)));
            list.iter().enumerate().map(named).collect()
        }
        Value::Set(set) => {
            let named = |item: &Value| Some((network_of(item)?, item.clone()));
            set.iter().map(named).collect()
        }
        Value::Object(object) => {
            let named = |(key, item): (&Value, &Value)| Some((network_of(item)?, key.clone()));
            object.iter().map(named).collect()
        }
        _ => None,
    }
}

/// A text, or the first of a list.
fn network_of(item: &Value) -> Option<Value> {
    match item {
        Value::String(_) => Some(item.clone()),
        Value::Array(list) => list.first().cloned(),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

// === impl Network ===

impl Network {
    fn cidr(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix: u32 = prefix.parse().ok().filter(|_| digits)?;
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let network = Self {
            bits,
            prefix,
            width,
        };
        (prefix <= width).then(|| network.masked(prefix).canonical())
    }

    fn address(text: &str) -> Option<Self> {
        let (bits, width) = match text.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        Some(Self {
            bits,
            prefix: width,
            width,
        })
    }

    fn contains(self, inner: Self) -> bool {
        let fits = self.width == inner.width && self.prefix <= inner.prefix;
        fits && inner.masked(self.prefix).bits == self.bits
    }

    /// The network of its first `prefix` bits.
    fn masked(self, prefix: u32) -> Self {
        let free = self.width - prefix;
        let ones = u128::MAX.checked_shl(free).unwrap_or(0);
        Self {
            bits: self.bits & ones,
            prefix,
            ..self
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_lies_in_them() {
        let cases = [
            ("10.0.0.0/8", "10.1.2.3", Some(true)),
            ("10.0.0.0/8", "11.1.2.3", Some(false)),
            ("10.9.9.9/8", "10.1.0.0/16", Some(true)),
            ("10.1.0.0/16", "10.0.0.0/8", Some(false)),
            ("10.0.0.0/8", "::ffff:10.1.2.3", Some(true)),
            ("::ffff:10.0.0.0/104", "10.1.2.3", Some(true)),
            ("::/0", "10.1.2.3", Some(false)),
            ("0.0.0.0/0", "::1", Some(false)),
            ("::/80", "::/80", Some(true)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("10.0.0.0/33", "10.1.2.3", None),
            ("10.0.0.0/+8", "10.1.2.3", None),
            ("010.0.0.0/8", "10.1.2.3", None),
            ("10.0.0.0", "10.0.0.0", None),
            ("fe80::1%eth0/64", "fe80::1", None),
            ("10.0.0.0/8", "host", None),
        ];
        for (outer, inner, want) in cases {
            assert_eq!(holds(outer, inner), want, "{outer} {inner}");
        }
    }
}
