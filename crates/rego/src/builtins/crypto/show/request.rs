//! Requests for certificates as values.

use super::certificate::{address, extension, strings, uri};
use super::{attribute, bytes, list, name, object, oid, public_key};
use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::builtins::crypto::Malformed;
use crate::builtins::crypto::request::{Nested, Request};
use crate::builtins::crypto::signature::Algorithm;
use crate::value::Value;

/// A request.
pub(in crate::builtins::crypto) fn request(
    request: &Request<'_>,
    budget: &mut Budget,
) -> Result<Value, Error> {
    let algorithm = request.algorithm.map_or(0, Algorithm::number);
    let attributes = request.attributes.iter().map(nested);
    let attributes: Vec<Value> = attributes.collect::<Result<_, _>>()?;
    let names = &request.names;
    Ok(object([
        ("Attributes", list(attributes, |attribute| attribute)),
        ("DNSNames", strings(Some(&names.hosts))),
        ("EmailAddresses", strings(Some(&names.mailboxes))),
        ("Extensions", list(&request.extensions, extension)),
        ("ExtraExtensions", Value::Null),
        ("IPAddresses", list(&names.addresses, address)),
        ("PublicKey", public_key(request.key.as_ref(), budget)?),
        ("PublicKeyAlgorithm", request.key_info.number().into()),
        ("Raw", bytes(request.raw)),
        ("RawSubject", bytes(request.raw_subject)),
        ("RawSubjectPublicKeyInfo", bytes(request.key_info.whole)),
        ("RawTBSCertificateRequest", bytes(request.signed)),
        ("Signature", bytes(&request.signature)),
        ("SignatureAlgorithm", algorithm.into()),
        ("Subject", name(&request.subject)?),
        ("URIs", list(&names.uris, uri)),
        ("Version", request.version.into()),
    ]))
}

fn nested(nested: &Nested<'_>) -> Result<Value, Malformed> {
    let mut lists = Vec::new();
    for list in &nested.lists {
        let list = list.iter().map(attribute);
        lists.push(Value::from(list.collect::<Result<Vec<_>, _>>()?));
    }
    Ok(object([
        ("Type", oid(nested.kind)),
        ("Value", lists.into()),
    ]))
}
