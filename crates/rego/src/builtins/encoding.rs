//! Base64, hex and URL queries.
//!
//! Bytes that are not UTF-8 stand in strings as [`octets`] says.

use super::declare::{boolean, named, string, takes};
use super::{Budget, Builtin, Error};
use crate::types::{Function, Type};
use crate::value::octets;

mod base64;
mod hex;
mod urlquery;

pub(super) use self::base64::decoded as base64;

const ENCODING: &[&str] = &["encoding"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("base64.decode", "Reads base64.", base64::decode)
        .declared(decodes)
        .categories(ENCODING),
    Builtin::new(
        "base64.encode",
        "Writes a string as base64.",
        base64::encode,
    )
    .declared(encodes)
    .categories(ENCODING),
    Builtin::new(
        "base64.is_valid",
        "Whether a string is base64.",
        base64::is_valid,
    )
    .declared(|| {
        takes([string("x", "the string to look at")])
            .gives(boolean("result", "whether it can be decoded"))
    })
    .categories(ENCODING),
    Builtin::new(
        "base64url.decode",
        "Reads base64 in the alphabet for URLs, padded or not.",
        base64::decode_url,
    )
    .declared(decodes)
    .categories(ENCODING),
    Builtin::new(
        "base64url.encode",
        "Writes a string as base64 in the alphabet for URLs.",
        base64::encode_url,
    )
    .declared(encodes)
    .categories(ENCODING),
    Builtin::new(
        "base64url.encode_no_pad",
        "Writes a string as base64 in the alphabet for URLs, without padding.",
        base64::encode_url_no_pad,
    )
    .declared(encodes)
    .categories(ENCODING),
    Builtin::new("hex.decode", "Reads hexadecimal digits.", hex::decode)
        .declared(decodes)
        .categories(ENCODING),
    Builtin::new(
        "hex.encode",
        "Writes a string's bytes as hexadecimal digits.",
        hex::encode,
    )
    .declared(encodes)
    .categories(ENCODING),
    Builtin::new(
        "urlquery.decode",
        "Reads a part of a URL's query.",
        urlquery::decode,
    )
    .declared(decodes)
    .categories(ENCODING),
    Builtin::new(
        "urlquery.decode_object",
        "Reads a URL's query: names, and of each its values in order.",
        urlquery::decode_object,
    )
    .declared(|| {
        let values = Type::array(Type::String);
        takes([string("x", "the query")]).gives(named(
            "object",
            Type::object(Type::String, values),
            "the values by name",
        ))
    })
    .categories(ENCODING),
    Builtin::new(
        "urlquery.encode",
        "Writes a string so that it can be a part of a URL's query.",
        urlquery::encode,
    )
    .declared(encodes)
    .categories(ENCODING),
    Builtin::new(
        "urlquery.encode_object",
        "Writes names and values as a URL's query, by name.",
        urlquery::encode_object,
    )
    .declared(|| {
        let array = Type::array(Type::String);
        let values = Type::one_of([Type::String, array, Type::set(Type::String)]);
        takes([named(
            "object",
            Type::object(Type::String, values),
            "a value or several by name",
        )])
        .gives(string("y", "the query"))
    })
    .categories(ENCODING),
];

fn encodes() -> Function {
    takes([string("x", "the string to encode")]).gives(string("y", "the encoded string"))
}

fn decodes() -> Function {
    takes([string("x", "the string to decode")]).gives(string("y", "the decoded string"))
}

/// The bytes of base64 in the alphabet for URLs, padded or not.
pub(super) fn base64url(text: &str, budget: &mut Budget) -> Result<Vec<u8>, Error> {
    base64::read_url(text, budget)
}

/// The bytes of base64 in either alphabet, padded or not, or the position of what is illegal.
pub(super) fn base64_any(text: &str) -> Result<Vec<u8>, usize> {
    base64::read_any(text)
}

/// Bytes as a string.
fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => octets::to_text(error.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests;
