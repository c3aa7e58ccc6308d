//! The fewest networks for the same addresses.

use super::network::Network;
use crate::builtins::Error;

/// What was given: a range of addresses, and the text it keeps as long as nothing is merged with it.
#[derive(Debug)]
pub(super) struct Given {
    width: u32,
    first: u128,
    last: u128,
    text: Option<String>,
}

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
        let free = network.free_bits();
        let ones = u128::MAX.checked_shr(128 - free).unwrap_or(0);
        Self {
            width: network.width,
            first: network.bits,
            last: network.bits | ones,
            text: Some(text),
        }
    }

    /// The networks of the range, from the first address on.
    fn networks(self) -> Vec<String> {
        if let Some(text) = self.text {
            return vec![text];
        }
        let (mut from, mut all) = (Some(self.first), Vec::new());
        while let Some(first) = from.filter(|from| *from <= self.last) {
            let fits = |free: &u32| {
                let ones = u128::MAX.checked_shr(128 - free).unwrap_or(0);
                first & ones == 0 && first | ones <= self.last
            };
            // One address fits always.
            let free = (0..=self.width).rev().find(fits).unwrap_or(0);
            all.push(written(Network {
                bits: first,
                prefix: self.width - free,
                width: self.width,
            }));
            let ones = u128::MAX.checked_shr(128 - free).unwrap_or(0);
            from = (first | ones).checked_add(1);
        }
        all
    }
}

/// The networks of all that was given, with neighbours merged.
pub(super) fn merged(mut given: Vec<Given>) -> Vec<String> {
    given.sort_by_key(|range| (range.width, range.last, range.first));
    let mut kept: Vec<Given> = Vec::with_capacity(given.len());
    while let Some(mut range) = given.pop() {
        match kept.last_mut() {
            Some(next)
                if next.width == range.width && next.first.saturating_sub(1) <= range.last =>
            {
                next.first = next.first.min(range.first);
                next.text = None;
            }
            _ => kept.push(Given {
                text: range.text.take(),
                ..range
            }),
        }
    }
    kept.into_iter().flat_map(Given::networks).collect()
}

fn written(network: Network) -> String {
    format!("{network}/{}", network.prefix)
}
