//! What the extensions of a certificate say.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Extension;
use super::constraints::{NameConstraints, domain_is_valid};
use crate::builtins::crypto::der::{Oid, Reader, tag};
use crate::builtins::crypto::{Malformed, malformed};
use crate::builtins::uri::Parts;

/// What is known of a certificate from its extensions.
#[derive(Debug, Default)]
pub(in crate::builtins) struct Extended<'d> {
    /// What the key may be used for, a bit a use; zero where nothing is said.
    pub key_usage: u16,
    /// Whether it may issue certificates, and how many others may stand between; `None` where nothing is said.
    pub basic: Option<BasicConstraints>,
    /// Other names of the subject; `None` where nothing is said.
    pub names: Option<AlternativeNames<'d>>,
    /// The names that it may issue certificates for; `None` where nothing is said.
    pub constraints: Option<NameConstraints<'d>>,
    /// Where lists of revoked certificates are.
    pub revocation_lists: Vec<&'d [u8]>,
    /// Which of its issuer's keys signed it.
    pub authority_key: Option<&'d [u8]>,
    /// Which key is its own.
    pub subject_key: Option<&'d [u8]>,
    /// After how many certificates each must have a policy.
    pub explicit_policy: Limit,
    /// After how many certificates no policy stands for another.
    pub policy_mapping: Limit,
    /// After how many certificates "any policy" is none.
    pub any_policy: Limit,
    /// Policies; `None` where nothing is said.
    pub policies: Option<Vec<Oid<'d>>>,
    /// Which policy stands for which other.
    pub mappings: Vec<PolicyMapping<'d>>,
    /// What the subject may be used for; `None` where nothing is said.
    pub usages: Vec<Oid<'d>>,
    /// Where to ask whether it is revoked.
    pub status_servers: Vec<&'d [u8]>,
    /// Where its issuer's certificate is.
    pub issuer_certificates: Vec<&'d [u8]>,
    /// Those that are critical and were not understood.
    pub unhandled: Vec<Oid<'d>>,
}

/// Whether a certificate may issue others.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct BasicConstraints {
    /// Whether it may.
    pub issues: bool,
    /// How many others may stand between it and the last; negative where nothing is said.
    pub longest_path: i64,
}

/// Other names of a subject.
#[derive(Debug, Default)]
pub(in crate::builtins) struct AlternativeNames<'d> {
    /// Names of hosts.
    pub hosts: Vec<&'d str>,
    /// Addresses for mail.
    pub mailboxes: Vec<&'d str>,
    /// Addresses in networks.
    pub addresses: Vec<IpAddr>,
    /// URIs.
    pub uris: Vec<Parts>,
}

/// A number of certificates after which something holds.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::builtins) struct Limit(pub Option<i64>);

/// A policy of the issuer's that is the same as one of the subject's.
#[derive(Debug, Clone, Copy)]
pub(in crate::builtins) struct PolicyMapping<'d> {
    /// The issuer's.
    pub issuer: Oid<'d>,
    /// The subject's.
    pub subject: Oid<'d>,
}

/// 2.5.29, below which most extensions are.
const USUAL: [u8; 2] = [0x55, 0x1d];

/// 1.3.6.1.5.5.7.1.1
const AUTHORITY_INFORMATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];

/// 1.3.6.1.5.5.7.48, below which the ways are in which an authority informs.
const INFORMS: [u8; 7] = [0x2b, 6, 1, 5, 5, 7, 0x30];

// === impl Extended ===

impl<'d> Extended<'d> {
    /// Reads the extensions that are known.
    pub(super) fn parse(extensions: &[Extension<'d>]) -> Result<Self, Malformed> {
        let mut extended = Self::default();
        for extension in extensions {
            let handled = extended.read(extension).ok_or(malformed("extension"))?;
            if extension.critical && !handled {
                extended.unhandled.push(extension.id);
            }
        }
        Ok(extended)
    }

    /// Reads one; whether it is known and understood. Those that must not be critical are refused when they are.
    fn read(&mut self, extension: &Extension<'d>) -> Option<bool> {
        let Extension {
            id,
            critical,
            value,
        } = *extension;
        let mut reader = Reader::new(value);
        if id.0 == AUTHORITY_INFORMATION {
            self.read_information(reader).filter(|()| !critical)?;
            return Some(true);
        }
        let Some(&[number]) = id.0.strip_prefix(&USUAL) else {
            return Some(false);
        };
        match number {
            14 | 35 if critical => return None,
            14 => self.subject_key = Some(reader.bytes(tag::OCTET_STRING)?),
            15 => {
                let bits = reader.bits()?;
                let set = (0..9).filter(|at| bits.at(*at));
                self.key_usage = set.fold(0, |usage, at| usage | 1 << at);
            }
            17 => {
                let names = AlternativeNames::parse(reader)?;
                let known = !names.is_empty();
                self.names = Some(names);
                return Some(known);
            }
            19 => self.basic = Some(BasicConstraints::parse(reader)?),
            30 => {
                let constraints = NameConstraints::parse(reader, critical)?;
                let known = constraints.understood;
                self.constraints = Some(constraints);
                return Some(known);
            }
            31 => self.revocation_lists = revocation_lists(reader)?,
            32 => self.policies = Some(policies(reader)?),
            33 => self.mappings = mappings(reader)?,
            35 => {
                let mut inside = reader.inside(tag::SEQUENCE)?;
                if inside.has(tag::context(0)) {
                    self.authority_key = Some(inside.bytes(tag::context(0))?);
                }
            }
            36 => {
                let mut inside = reader.inside(tag::SEQUENCE)?;
                self.explicit_policy = Limit::parse(&mut inside, 0)?;
                self.policy_mapping = Limit::parse(&mut inside, 1)?;
            }
            37 => self.usages = usages(reader)?,
            54 => self.any_policy = Limit(Some(reader.int()?)),
            _ => return Some(false),
        }
        Some(true)
    }

    fn read_information(&mut self, mut reader: Reader<'d>) -> Option<()> {
        let mut list = reader.inside(tag::SEQUENCE)?;
        while !list.is_empty() {
            let mut inside = list.inside(tag::SEQUENCE)?;
            let method = inside.oid()?;
            if !inside.has(tag::context(6)) {
                continue;
            }
            let uri = inside.bytes(tag::context(6))?;
            match method.0.strip_prefix(&INFORMS) {
                Some([1]) => self.status_servers.push(uri),
                Some([2]) => self.issuer_certificates.push(uri),
                _ => {}
            }
        }
        Some(())
    }
}

// === impl BasicConstraints ===

impl BasicConstraints {
    fn parse(mut reader: Reader<'_>) -> Option<Self> {
        let mut inside = reader.inside(tag::SEQUENCE)?;
        let issues = inside.has(tag::BOOLEAN) && inside.boolean()?;
        let longest_path = if inside.has(tag::INTEGER) {
            inside.int().filter(|length| *length >= 0)?
        } else {
            -1
        };
        Some(Self {
            issues,
            longest_path,
        })
    }
}

// === impl AlternativeNames ===

impl<'d> AlternativeNames<'d> {
    /// Reads names; those of other kinds are passed over.
    pub(in crate::builtins::crypto) fn parse(mut reader: Reader<'d>) -> Option<Self> {
        let mut list = reader.inside(tag::SEQUENCE)?;
        let mut names = Self::default();
        while !list.is_empty() {
            let element = list.any()?;
            let content = element.content;
            match element.tag ^ 0x80 {
                1 => names.mailboxes.push(ascii(content)?),
                2 => names.hosts.push(ascii(content)?),
                6 => {
                    let uri = Parts::parse(ascii(content)?)?;
                    let fine = uri.host.is_empty() || domain_is_valid(&uri.host, false);
                    names.uris.push(Some(uri).filter(|_| fine)?);
                }
                7 => names.addresses.push(address(content)?),
                _ => {}
            }
        }
        Some(names)
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty()
            && self.mailboxes.is_empty()
            && self.addresses.is_empty()
            && self.uris.is_empty()
    }
}

// === impl Limit ===

impl Limit {
    fn parse(inside: &mut Reader<'_>, number: u8) -> Option<Self> {
        let tag = tag::context(number);
        if inside.has(tag) {
            return inside.int_tagged(tag).map(|limit| Self(Some(limit)));
        }
        Some(Self(None))
    }
}

/// Text, if all of it is ASCII.
pub(super) fn ascii(content: &[u8]) -> Option<&str> {
    str::from_utf8(content).ok().filter(|text| text.is_ascii())
}

fn address(content: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(content).map(Ipv4Addr::from);
    let v6 = || <[u8; 16]>::try_from(content).map(Ipv6Addr::from);
    v4.map(IpAddr::V4).or_else(|_| v6().map(IpAddr::V6)).ok()
}

fn revocation_lists(mut reader: Reader<'_>) -> Option<Vec<&[u8]>> {
    let mut list = reader.inside(tag::SEQUENCE)?;
    let mut uris = Vec::new();
    while !list.is_empty() {
        let mut point = list.inside(tag::SEQUENCE)?;
        let Some(mut name) = point.optional(tag::constructed(0)).ok()? else {
            continue;
        };
        let mut full = name.inside(tag::constructed(0))?;
        while full.has(tag::context(6)) {
            uris.push(full.bytes(tag::context(6))?);
        }
    }
    Some(uris)
}

fn policies(mut reader: Reader<'_>) -> Option<Vec<Oid<'_>>> {
    let mut list = reader.inside(tag::SEQUENCE)?;
    let mut policies = Vec::new();
    let mut seen = BTreeSet::new();
    while !list.is_empty() {
        let mut policy = list.inside(tag::SEQUENCE)?;
        let policy = Oid::long(policy.bytes(tag::OID)?)?;
        policies.push(Some(policy).filter(|policy| seen.insert(*policy))?);
    }
    Some(policies)
}

fn mappings(mut reader: Reader<'_>) -> Option<Vec<PolicyMapping<'_>>> {
    let mut list = reader.inside(tag::SEQUENCE)?;
    let mut mappings = Vec::new();
    while !list.is_empty() {
        let mut mapping = list.inside(tag::SEQUENCE)?;
        // Go does not ask whether these are well-formed.
        let issuer = Oid::unchecked(mapping.bytes(tag::OID)?)?;
        let subject = Oid::unchecked(mapping.bytes(tag::OID)?)?;
        mappings.push(PolicyMapping { issuer, subject });
    }
    Some(mappings)
}

fn usages(mut reader: Reader<'_>) -> Option<Vec<Oid<'_>>> {
    let mut list = reader.inside(tag::SEQUENCE)?;
    let mut usages = Vec::new();
    while !list.is_empty() {
        usages.push(list.oid()?);
    }
    Some(usages)
}
