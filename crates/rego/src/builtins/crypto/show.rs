//! Certificates, requests and keys as values, in the shapes that Go's `encoding/json` gives the structures of its
//! crypto/x509: each field by its name there, `null` for a list that nothing was added to.

use std::borrow::Cow;

use data_encoding::BASE64;
use num_bigint::{BigInt, BigUint};

use super::der::{BitString, Oid, Time};
use super::name::{Any, Attribute, Name};
use super::public_key::PublicKey;
use super::{Malformed, malformed};
use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::value::{Number, Object, Value, octets};

mod certificate;
mod key;
mod request;

pub(super) use certificate::certificate;
pub(super) use key::{key_pair, private_key};
pub(super) use request::request;

/// An object of members by name.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (Value::from(name), value));
    Value::Object(Object::from(Vec::from(members)))
}

/// A list, or `null` when it is empty.
fn list<T>(items: impl IntoIterator<Item = T>, show: impl FnMut(T) -> Value) -> Value {
    let items: Vec<Value> = items.into_iter().map(show).collect();
    if items.is_empty() {
        return Value::Null;
    }
    items.into()
}

fn bytes(bytes: &[u8]) -> Value {
    BASE64.encode(bytes).into()
}

/// Text that need not be UTF-8.
fn text(bytes: &[u8]) -> Value {
    lossy(&octets::to_text(bytes))
}

/// Text that stands for bytes.
fn lossy(text: &str) -> Value {
    match octets::to_lossy(text) {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into(),
    }
}

fn oid(oid: Oid<'_>) -> Value {
    let parts = oid.small_parts().unwrap_or_default();
    let parts = parts.into_iter().map(|part| Value::from(i64::from(part)));
    parts.collect::<Vec<_>>().into()
}

fn time(time: Time) -> Result<Value, Malformed> {
    let text = time
        .text()
        .ok_or(malformed("time: its zone is too far off"))?;
    Ok(text.into())
}

fn bits(bits: BitString<'_>) -> Value {
    object([
        ("BitLength", bits.len().into()),
        ("Bytes", bytes(bits.bytes)),
    ])
}

/// A number of any size. Writing it costs the square of its digits.
fn number(number: &BigInt, budget: &mut Budget) -> Result<Value, Error> {
    budget.calculate(number.bits() / 3)?;
    Ok(Number::from(number).into())
}

fn natural(natural: &BigUint, budget: &mut Budget) -> Result<Value, Error> {
    number(&BigInt::from(natural.clone()), budget)
}

fn name(name: &Name<'_>) -> Result<Value, Malformed> {
    let texts = |number| list(name.texts(number), Value::from);
    let last = |number| Value::from(name.texts(number).last().unwrap_or_default());
    let names = name.attributes.iter().map(attribute);
    let names: Vec<Value> = names.collect::<Result<_, _>>()?;
    Ok(object([
        ("CommonName", last(3)),
        ("Country", texts(6)),
        ("ExtraNames", Value::Null),
        ("Locality", texts(7)),
        ("Names", list(names, |name| name)),
        ("Organization", texts(10)),
        ("OrganizationalUnit", texts(11)),
        ("PostalCode", texts(17)),
        ("Province", texts(8)),
        ("SerialNumber", last(5)),
        ("StreetAddress", texts(9)),
    ]))
}

fn attribute(attribute: &Attribute<'_>) -> Result<Value, Malformed> {
    let value = match &attribute.value {
        Any::Text(text) => Value::from(text.as_ref()),
        Any::Boolean(value) => Value::from(*value),
        Any::Integer(value) => Value::from(*value),
        Any::Bits(value) => bits(*value),
        Any::Oid(value) => oid(*value),
        Any::Time(value) => time(*value)?,
        Any::Bytes(value) => bytes(value),
        Any::Other => Value::Null,
    };
    Ok(object([("Type", oid(attribute.kind)), ("Value", value)]))
}

fn public_key(key: Option<&PublicKey>, budget: &mut Budget) -> Result<Value, Error> {
    Ok(match key {
        None => Value::Null,
        Some(PublicKey::Rsa { n, e }) => object([("E", (*e).into()), ("N", natural(n, budget)?)]),
        Some(PublicKey::Dsa { y, p, q, g }) => object([
            ("G", number(g, budget)?),
            ("P", number(p, budget)?),
            ("Q", number(q, budget)?),
            ("Y", number(y, budget)?),
        ]),
        Some(PublicKey::Ec { x, y, .. }) => object([
            ("Curve", object([])),
            ("X", natural(x, budget)?),
            ("Y", natural(y, budget)?),
        ]),
        Some(PublicKey::Ed25519(key)) => bytes(key),
    })
}
