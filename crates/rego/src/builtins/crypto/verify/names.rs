//! Whether the names of a path's certificates are those that their issuers may issue for.

use std::net::IpAddr;

use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::builtins::crypto::certificate::{
    AlternativeNames, Certificate, Mailbox, NameConstraints, Subtrees, domain_is_valid,
};

/// The names of a certificate, taken apart.
struct Names<'c> {
    addresses: Vec<Vec<u8>>,
    hosts: &'c [&'c str],
    uri_hosts: Vec<String>,
    mailboxes: Vec<(Vec<u8>, String)>,
}

/// Which of two sets of names is looked at. Where RFC 5280 is narrower than Go, a permitted set is what the RFC says,
/// and an excluded one what Go takes it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// Whether all issuers of a path may issue for the names of those before them.
pub(super) fn are_permitted(path: &[&Certificate<'_>], budget: &mut Budget) -> Result<bool, Error> {
    for (at, certificate) in path.iter().enumerate() {
        let issuers = path.iter().skip(at + 1);
        let mut constraints = issuers
            .filter_map(|issuer| issuer.extended.constraints.as_ref())
            .peekable();
        let Some(names) = &certificate.extended.names else {
            continue;
        };
        if constraints.peek().is_none() {
            continue;
        }
        let Some(names) = Names::of(names) else {
            return Ok(false);
        };
        for constraints in constraints {
            let pairs = names.len().saturating_mul(constraints.len());
            budget.step(pairs as u64)?;
            if !names.fit(constraints) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

// === impl Names ===

impl<'c> Names<'c> {
    /// Takes them apart; `None` where one cannot be compared with any constraint.
    fn of(names: &'c AlternativeNames<'_>) -> Option<Self> {
        let uri_hosts = names.uris.iter().map(|uri| uri_host(&uri.host));
        let mailboxes = names.mailboxes.iter().map(|text| {
            let mailbox = Mailbox::parse(text)?;
            Some((mailbox.local, mailbox.domain.to_ascii_lowercase()))
        });
        let addresses = names.addresses.iter().map(|address| match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        });
        Some(Self {
            addresses: addresses.collect(),
            hosts: &names.hosts,
            uri_hosts: uri_hosts.collect::<Option<_>>()?,
            mailboxes: mailboxes.collect::<Option<_>>()?,
        })
    }

    fn len(&self) -> usize {
        self.addresses.len() + self.hosts.len() + self.uri_hosts.len() + self.mailboxes.len()
    }

    fn fit(&self, constraints: &NameConstraints<'_>) -> bool {
        let NameConstraints {
            permitted,
            excluded,
            ..
        } = constraints;
        let fits = |none: bool, matches: &dyn Fn(&Subtrees<'_>, Side) -> bool| {
            (none || matches(permitted, Side::Permitted)) && !matches(excluded, Side::Excluded)
        };
        let addresses = self.addresses.iter().all(|address| {
            fits(permitted.networks.is_empty(), &|trees, side| {
                let mut networks = trees.networks.iter();
                networks.any(|(base, mask)| contains(base, mask, address, side))
            })
        });
        let hosts = self.hosts.iter().all(|host| {
            domain_is_valid(host, false)
                && fits(permitted.hosts.is_empty(), &|trees, side| {
                    trees
                        .hosts
                        .iter()
                        .any(|tree| below(tree, host) || covered(tree, host, side))
                })
        });
        let uri_hosts = self.uri_hosts.iter().all(|host| {
            domain_is_valid(host, false)
                && fits(permitted.uri_hosts.is_empty(), &|trees, side| {
                    trees.uri_hosts.iter().any(|tree| on_host(tree, host, side))
                })
        });
        let mailboxes = self.mailboxes.iter().all(|(local, host)| {
            fits(permitted.mailboxes.is_empty(), &|trees, side| {
                trees
                    .mailboxes
                    .iter()
                    .any(|tree| match Mailbox::parse(tree) {
                        Some(mailbox) if tree.contains('@') => {
                            mailbox.local == *local && mailbox.domain.eq_ignore_ascii_case(host)
                        }
                        _ => on_host(tree, host, side),
                    })
            })
        });
        addresses && hosts && uri_hosts && mailboxes
    }
}

// === impl NameConstraints ===

impl NameConstraints<'_> {
    fn len(&self) -> usize {
        let Self {
            permitted,
            excluded,
            ..
        } = self;
        let each = |trees: &Subtrees<'_>| {
            let names = trees.hosts.len() + trees.mailboxes.len() + trees.uri_hosts.len();
            names + trees.networks.len()
        };
        each(permitted) + each(excluded)
    }
}

/// The host of a URI without its port; `None` where there is none, or an address.
fn uri_host(host: &str) -> Option<String> {
    let host = match host.rsplit_once(':') {
        Some((before, _)) if !host.ends_with(']') => before,
        _ => host,
    };
    let address = host.parse::<IpAddr>().is_ok() || host.starts_with('[') || host.contains(':');
    (!address && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether an address is in a network. One that says more than its mask lets it permits nothing: Go finds some of its
/// addresses and misses others.
fn contains(base: &[u8], mask: &[u8], address: &[u8], side: Side) -> bool {
    let bits = base.iter().zip(mask).zip(address);
    let mut same = bits.map(|((base, mask), address)| base & mask == address & mask);
    let clean = base
        .iter()
        .zip(mask)
        .all(|(base, mask)| base & mask == *base);
    base.len() == address.len() && (clean || side == Side::Excluded) && same.all(|same| same)
}

/// Whether a host is `tree` or below it. A tree with a dot in front does not hold itself; an empty one holds all.
fn below(tree: &str, host: &str) -> bool {
    let Some(at) = host.len().checked_sub(tree.len()) else {
        return false;
    };
    let end = host.get(at..).unwrap_or_default();
    let edge = at == 0
        || tree.starts_with('.')
        || host.get(..at).is_some_and(|before| before.ends_with('.'));
    tree.is_empty() || end.eq_ignore_ascii_case(tree) && edge
}

/// Whether a star in a host's first label stands for a label that is excluded.
fn covered(tree: &str, host: &str, side: Side) -> bool {
    let Some((_, parent)) = host.split_once('.').filter(|_| host.starts_with('*')) else {
        return false;
    };
    let excluded = match tree.strip_prefix('.') {
        Some(tree) => tree,
        None => tree.split_once('.').map_or("", |(_, parent)| parent),
    };
    side == Side::Excluded && !excluded.is_empty() && excluded.eq_ignore_ascii_case(parent)
}

/// The same for the host of a mailbox or a URI, for which a tree without a dot in front is one host.
fn on_host(tree: &str, host: &str, side: Side) -> bool {
    match side {
        Side::Permitted if !tree.is_empty() && !tree.starts_with('.') => {
            tree.eq_ignore_ascii_case(host)
        }
        Side::Permitted | Side::Excluded => below(tree, host) || covered(tree, host, side),
    }
}
