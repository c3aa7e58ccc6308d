//! The names that a certificate may issue others for.

use std::net::IpAddr;

use super::extensions::ascii;
use crate::builtins::crypto::der::{Reader, tag};

mod mailbox;

pub(in crate::builtins::crypto) use mailbox::Mailbox;

/// What is permitted, and what is excluded.
#[derive(Debug)]
pub(in crate::builtins) struct NameConstraints<'d> {
    /// Whether who does not understand them must refuse the certificate.
    pub critical: bool,
    /// Whether all of them were understood.
    pub understood: bool,
    /// What is permitted. Of a kind of which nothing is, all is.
    pub permitted: Subtrees<'d>,
    /// What is excluded.
    pub excluded: Subtrees<'d>,
}

/// Sets of names.
#[derive(Debug, Default)]
pub(in crate::builtins) struct Subtrees<'d> {
    /// Names of hosts, and all below them.
    pub hosts: Vec<&'d str>,
    /// Networks: an address and its mask, which are of the same length.
    pub networks: Vec<(&'d [u8], &'d [u8])>,
    /// Mailboxes, or the hosts that they are on.
    pub mailboxes: Vec<&'d str>,
    /// The hosts of URIs.
    pub uri_hosts: Vec<&'d str>,
}

// === impl NameConstraints ===

impl<'d> NameConstraints<'d> {
    /// Reads them; there is at least one.
    pub(super) fn parse(mut reader: Reader<'d>, critical: bool) -> Option<Self> {
        let mut inside = reader.inside(tag::SEQUENCE)?;
        let permitted = inside.optional(tag::constructed(0)).ok()?;
        let excluded = inside.optional(tag::constructed(1)).ok()?;
        let none = |trees: Option<Reader<'_>>| trees.is_none_or(|trees| trees.is_empty());
        if !reader.is_empty() || !inside.is_empty() || none(permitted) && none(excluded) {
            return None;
        }
        let mut understood = true;
        let mut subtrees = |trees: Option<Reader<'d>>| match trees {
            Some(trees) => Subtrees::parse(trees, &mut understood),
            None => Some(Subtrees::default()),
        };
        let (permitted, excluded) = (subtrees(permitted)?, subtrees(excluded)?);
        Some(Self {
            critical,
            understood,
            permitted,
            excluded,
        })
    }
}

// === impl Subtrees ===

impl<'d> Subtrees<'d> {
    fn parse(mut list: Reader<'d>, understood: &mut bool) -> Option<Self> {
        const MAILBOX: u8 = tag::context(1);
        const HOST: u8 = tag::context(2);
        const URI: u8 = tag::context(6);
        const ADDRESS: u8 = tag::context(7);
        let mut trees = Self::default();
        while !list.is_empty() {
            let base = list.inside(tag::SEQUENCE)?.any()?;
            let content = base.content;
            let host = || ascii(content).filter(|host| domain_is_valid(host, true));
            match base.tag {
                HOST => trees.hosts.push(host()?),
                ADDRESS => trees.networks.push(network(content)?),
                MAILBOX => {
                    let text = ascii(content)?;
                    let fine = if text.contains('@') {
                        Mailbox::parse(text).is_some()
                    } else {
                        domain_is_valid(text, true)
                    };
                    trees.mailboxes.push(Some(text).filter(|_| fine)?);
                }
                URI => {
                    let host = host().filter(|host| host.parse::<IpAddr>().is_err());
                    trees.uri_hosts.push(host?);
                }
                _ => *understood = false,
            }
        }
        Some(trees)
    }
}

/// Whether a text can be the name of a host as Go takes it; with `below`, a dot may stand before it.
pub(in crate::builtins::crypto) fn domain_is_valid(domain: &str, below: bool) -> bool {
    let labels = match domain.strip_prefix('.') {
        Some(labels) if below => labels,
        _ => domain,
    };
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_graphic());
    domain.is_empty() || labels.split('.').all(label)
}

/// An address and a mask of ones and then zeros.
fn network(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let half = match content.len() {
        8 => 4,
        32 => 16,
        _ => return None,
    };
    let (address, mask) = content.split_at_checked(half)?;
    let mut rest = mask.iter().skip_while(|byte| **byte == 0xff);
    let edge = rest.next().copied().unwrap_or_default();
    let fine = edge.leading_ones() + edge.trailing_zeros() == 8 && rest.all(|byte| *byte == 0);
    fine.then_some((address, mask))
}
