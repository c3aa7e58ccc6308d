//! Certificates as values.

use std::net::IpAddr;

use super::{bytes, list, lossy, name, number, object, oid, public_key, text, time};
use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::builtins::crypto::certificate::{
    Certificate, Extended, Extension, Limit, PolicyMapping, Subtrees,
};
use crate::builtins::crypto::der::Oid;
use crate::builtins::crypto::signature::Algorithm;
use crate::builtins::crypto::usage::Usage;
use crate::builtins::uri::Parts;
use crate::value::{Object, Value};

/// A certificate; `strings` says whether its URIs are added as text, too.
pub(in crate::builtins::crypto) fn certificate(
    certificate: &Certificate<'_>,
    strings: bool,
    budget: &mut Budget,
) -> Result<Value, Error> {
    let own = own_fields(certificate, budget)?;
    let extended = &certificate.extended;
    let parts = [own, extension_fields(extended), name_fields(extended)];
    let mut members: Vec<(&str, Value)> = parts.into_iter().flatten().collect();
    if strings {
        let uris = extended.names.iter().flat_map(|names| &names.uris);
        members.push(("URIStrings", list(uris, |uri| lossy(&uri.text()))));
    }
    let members = members.into_iter();
    let members = members.map(|(name, value)| (Value::from(name), value));
    Ok(Value::Object(members.collect::<Object>()))
}

/// What is not said by extensions.
fn own_fields(
    certificate: &Certificate<'_>,
    budget: &mut Budget,
) -> Result<Vec<(&'static str, Value)>, Error> {
    let algorithm = certificate.algorithm.map_or(0, Algorithm::number);
    Ok(vec![
        ("Raw", bytes(certificate.raw)),
        ("RawTBSCertificate", bytes(certificate.signed)),
        ("RawSubjectPublicKeyInfo", bytes(certificate.key_info.whole)),
        ("RawSubject", bytes(certificate.raw_subject)),
        ("RawIssuer", bytes(certificate.raw_issuer)),
        ("Signature", bytes(&certificate.signature)),
        ("SignatureAlgorithm", algorithm.into()),
        ("PublicKeyAlgorithm", certificate.key_info.number().into()),
        ("PublicKey", public_key(certificate.key.as_ref(), budget)?),
        ("Version", certificate.version.into()),
        ("SerialNumber", number(&certificate.serial, budget)?),
        ("Issuer", name(&certificate.issuer)?),
        ("Subject", name(&certificate.subject)?),
        ("NotBefore", time(certificate.not_before)?),
        ("NotAfter", time(certificate.not_after)?),
        ("Extensions", list(&certificate.extensions, extension)),
        ("ExtraExtensions", Value::Null),
    ])
}

/// What extensions say, names apart.
fn extension_fields(extended: &Extended<'_>) -> Vec<(&'static str, Value)> {
    let known = extended.usages.iter().filter_map(|usage| Usage::of(*usage));
    let unknown = extended.usages.iter().copied();
    let unknown = unknown.filter(|usage| Usage::of(*usage).is_none());
    let longest = extended.basic.map_or(0, |basic| basic.longest_path);
    let none = extended.basic.is_some() && longest == 0;
    let small = |policies: &Vec<Oid<'_>>| {
        let policies = policies
            .iter()
            .filter(|policy| policy.small_parts().is_some());
        policies.map(|policy| oid(*policy)).collect::<Vec<_>>()
    };
    let small = extended.policies.as_ref().map(small);
    let policies = extended.policies.iter().flatten();
    let key = |key: Option<&[u8]>| key.map_or(Value::Null, bytes);
    vec![
        ("KeyUsage", i64::from(extended.key_usage).into()),
        (
            "UnhandledCriticalExtensions",
            list(extended.unhandled.iter().copied(), oid),
        ),
        ("ExtKeyUsage", list(known, |usage| usage.number().into())),
        ("UnknownExtKeyUsage", list(unknown, oid)),
        ("BasicConstraintsValid", extended.basic.is_some().into()),
        (
            "IsCA",
            extended.basic.is_some_and(|basic| basic.issues).into(),
        ),
        ("MaxPathLen", longest.into()),
        ("MaxPathLenZero", none.into()),
        ("SubjectKeyId", key(extended.subject_key)),
        ("AuthorityKeyId", key(extended.authority_key)),
        ("OCSPServer", texts(&extended.status_servers)),
        (
            "IssuingCertificateURL",
            texts(&extended.issuer_certificates),
        ),
        ("CRLDistributionPoints", texts(&extended.revocation_lists)),
        ("PolicyIdentifiers", small.map_or(Value::Null, Value::from)),
        ("Policies", list(policies, |policy| policy.text().into())),
        ("InhibitAnyPolicy", limit(extended.any_policy)),
        ("InhibitAnyPolicyZero", is_zero(extended.any_policy)),
        ("InhibitPolicyMapping", limit(extended.policy_mapping)),
        ("InhibitPolicyMappingZero", is_zero(extended.policy_mapping)),
        ("RequireExplicitPolicy", limit(extended.explicit_policy)),
        (
            "RequireExplicitPolicyZero",
            is_zero(extended.explicit_policy),
        ),
        ("PolicyMappings", list(&extended.mappings, mapping)),
    ]
}

/// What extensions say about names.
fn name_fields(extended: &Extended<'_>) -> Vec<(&'static str, Value)> {
    let names = extended.names.iter();
    let constraints = extended.constraints.as_ref();
    let permitted = constraints.map(|constraints| &constraints.permitted);
    let excluded = constraints.map(|constraints| &constraints.excluded);
    let critical = constraints.is_some_and(|constraints| constraints.critical);
    let hosts = |trees: Option<&Subtrees<'_>>| strings(trees.map(|trees| &trees.hosts));
    let mailboxes = |trees: Option<&Subtrees<'_>>| strings(trees.map(|trees| &trees.mailboxes));
    let uris = |trees: Option<&Subtrees<'_>>| strings(trees.map(|trees| &trees.uri_hosts));
    vec![
        (
            "DNSNames",
            strings(names.clone().map(|names| &names.hosts).next()),
        ),
        (
            "EmailAddresses",
            strings(names.clone().map(|names| &names.mailboxes).next()),
        ),
        (
            "IPAddresses",
            list(names.clone().flat_map(|names| &names.addresses), address),
        ),
        ("URIs", list(names.flat_map(|names| &names.uris), uri)),
        ("PermittedDNSDomainsCritical", critical.into()),
        ("PermittedDNSDomains", hosts(permitted)),
        ("ExcludedDNSDomains", hosts(excluded)),
        ("PermittedIPRanges", networks(permitted)),
        ("ExcludedIPRanges", networks(excluded)),
        ("PermittedEmailAddresses", mailboxes(permitted)),
        ("ExcludedEmailAddresses", mailboxes(excluded)),
        ("PermittedURIDomains", uris(permitted)),
        ("ExcludedURIDomains", uris(excluded)),
    ]
}

/// An extension as it is written.
pub(super) fn extension(extension: &Extension<'_>) -> Value {
    object([
        ("Critical", extension.critical.into()),
        ("Id", oid(extension.id)),
        ("Value", bytes(extension.value)),
    ])
}

/// An address in a network.
pub(super) fn address(address: &IpAddr) -> Value {
    address.to_canonical().to_string().into()
}

/// A URI in its parts.
pub(super) fn uri(parts: &Parts) -> Value {
    let user = parts.user.as_ref().map_or(Value::Null, |_| object([]));
    let raw = |raw: &Option<String>| lossy(raw.as_deref().unwrap_or_default());
    object([
        ("ForceQuery", parts.forces_query.into()),
        ("Fragment", lossy(&parts.fragment)),
        ("Host", lossy(&parts.host)),
        ("OmitHost", parts.omits_host.into()),
        ("Opaque", lossy(&parts.opaque)),
        ("Path", lossy(&parts.path)),
        ("RawFragment", raw(&parts.raw_fragment)),
        ("RawPath", raw(&parts.raw_path)),
        ("RawQuery", lossy(&parts.query)),
        ("Scheme", lossy(&parts.scheme)),
        ("User", user),
    ])
}

/// Texts, or `null` when there is none.
pub(super) fn strings(texts: Option<&Vec<&str>>) -> Value {
    list(texts.into_iter().flatten(), |text| Value::from(*text))
}

fn texts(items: &[&[u8]]) -> Value {
    list(items, |item| text(item))
}

fn networks(trees: Option<&Subtrees<'_>>) -> Value {
    let networks = trees.into_iter().flat_map(|trees| &trees.networks);
    list(networks, |(base, mask)| {
        let v4 = <[u8; 4]>::try_from(*base).map(IpAddr::from);
        let v6 = <[u8; 16]>::try_from(*base).map(IpAddr::from);
        let base = v4.or(v6).map_or(Value::Null, |base| address(&base));
        object([("IP", base), ("Mask", bytes(mask))])
    })
}

fn mapping(mapping: &PolicyMapping<'_>) -> Value {
    object([
        ("IssuerDomainPolicy", mapping.issuer.text().into()),
        ("SubjectDomainPolicy", mapping.subject.text().into()),
    ])
}

fn limit(limit: Limit) -> Value {
    limit.0.unwrap_or_default().into()
}

fn is_zero(limit: Limit) -> Value {
    (limit.0 == Some(0)).into()
}
