//! The fewest networks for the same addresses.

use super::network::Network;
use crate::builtins::Error;

/// What was given: a range of addresses, and the text it keeps as long as nothing is merged with it. Addresses of
/// IPv4 are those of IPv6 that stand for them.
#[derive(Debug)]
pub(super) struct Given {
    first: u128,
    last: u128,
    text: Option<String>,
}

/// The address of IPv6 that stands for 0.0.0.0.
const IPV4: u128 = 0xffff << 32;

// === impl Given ===

impl Given {
    /// Reads a network, or an address of IPv4, which stands for the network of its class.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        if let Some(address) = Network::address(text) {
            if address.width != 32 {
                let why = "IPv6 invalid: needs prefix length".to_owned();
                return Err(Error::Failed(why));
            }
            let prefix = match address.bits >> 24 {
                0..=0x7f => 8,
                0x80..=0xbf => 16,
                _ => 24,
            };
            let text = format!("{address}/{prefix}");
            return Ok(Self::new(address.masked(prefix), text));
        }
        let network = Network::cidr(text)
            .ok_or_else(|| Error::Failed(format!("invalid CIDR address: {text}")))?;
        Ok(Self::new(network, written(network)))
    }

    fn new(network: Network, text: String) -> Self {
        let mapped = if network.width == 32 { IPV4 } else { 0 };
        let first = network.bits | mapped;
        Self {
            first,
            last: first | ones(network.free_bits()),
            text: Some(text),
        }
    }

    /// The address before the first one, where there is one of its kind.
    fn before(&self) -> u128 {
        match self.first {
            0 | IPV4 => self.first,
            first => first - 1,
        }
    }

    /// The networks of the range, from the first address on.
    fn networks(self) -> Vec<String> {
        if let Some(text) = self.text {
            return vec![text];
        }
        let (mut from, mut all) = (Some(self.first), Vec::new());
        while let Some(first) = from.filter(|from| *from <= self.last) {
            let fits = |free: &u32| first & ones(*free) == 0 && first | ones(*free) <= self.last;
            // One address fits always.
            let free = (0..=128).rev().find(fits).unwrap_or(0);
            let network = Network {
                bits: first,
                prefix: 128 - free,
                width: 128,
            };
            all.push(written(network.canonical()));
            from = (first | ones(free)).checked_add(1);
        }
        all
    }
}

/// The networks of all that was given, with neighbours merged.
pub(super) fn merged(mut given: Vec<Given>) -> Vec<String> {
    given.sort_by_key(|range| (range.last, range.first));
    let mut kept: Vec<Given> = Vec::with_capacity(given.len());
    while let Some(range) = given.pop() {
        match kept.last_mut() {
            Some(next) if next.before() <= range.last => {
                next.first = next.first.min(range.first);
                next.text = None;
            }
            _ => kept.push(range),
        }
    }
    kept.into_iter().flat_map(Given::networks).collect()
}

/// That many ones, at the end.
fn ones(bits: u32) -> u128 {
    u128::MAX.checked_shr(128 - bits).unwrap_or(0)
}

fn written(network: Network) -> String {
    format!("{network}/{}", network.prefix)
}
