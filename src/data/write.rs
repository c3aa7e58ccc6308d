//! JSON text of documents and values, compact. Not the reading of it.
//!
//! Documents may nest 10,000 deep, so the writers keep a stack of their own.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Doc, Value, octets};

/// Up to how many members an object's keys are compared one by one.
const FEW: usize = 16;

/// A container that has been begun: what is still to be written, and how it ends.
enum Rest<'a, T> {
    Array(Box<dyn Iterator<Item = &'a T> + 'a>),
    Object(Box<dyn Iterator<Item = (Cow<'a, str>, &'a T)> + 'a>),
}

/// Appends the JSON text of a document. Of two members with one key only the last is written; bytes
/// that are not UTF-8 become U+FFFD.
pub fn doc(out: &mut Vec<u8>, doc: &Doc<'_>) {
    write(out, doc, begin_doc);
}

/// Appends the JSON text of a value: sets as sorted arrays, members in the order of their keys, a
/// key that is no string as its JSON text.
pub fn value(out: &mut Vec<u8>, value: &Value) {
    write(out, value, begin_value);
}

/// Appends a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    quoted(out, &octets::to_lossy(text));
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// What stands between the quotes of a JSON string.
pub(super) fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        from = at + 1;
        escape(out, byte);
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
}

/// Writes a document of either kind; `begin` writes a scalar, or says what a container holds.
fn write<'a, T>(
    out: &mut Vec<u8>,
    whole: &'a T,
    begin: impl Fn(&mut Vec<u8>, &'a T) -> Option<Rest<'a, T>>,
) {
    let mut stack = Vec::new();
    let mut next = Some(whole);
    loop {
        if let Some(item) = next.take()
            && let Some(rest) = begin(out, item)
        {
            out.push(rest.opening());
            stack.push((rest, true));
        }
        let Some((rest, first)) = stack.last_mut() else {
            return;
        };
        next = rest.next(out, first);
        if next.is_none() {
            out.push(rest.closing());
            stack.pop();
        }
    }
}

fn begin_doc<'a, 'b>(out: &mut Vec<u8>, doc: &'a Doc<'b>) -> Option<Rest<'a, Doc<'b>>> {
    match doc {
        Doc::Null => out.extend_from_slice(b"null"),
        Doc::Bool(value) => boolean(out, *value),
        Doc::Number(text) => out.extend_from_slice(text.as_bytes()),
        Doc::String(text) => string(out, text),
        Doc::Octets(bytes) => string(out, &octets::to_text(bytes)),
        Doc::Array(items) => return Some(Rest::Array(Box::new(items.iter()))),
        Doc::Object(members) => return Some(Rest::Object(last_of_each(members))),
    }
    None
}

fn begin_value<'a>(out: &mut Vec<u8>, value: &'a Value) -> Option<Rest<'a, Value>> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => boolean(out, *value),
        Value::Number(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::String(text) => string(out, text),
        Value::Array(items) => return Some(Rest::Array(Box::new(items.iter()))),
        Value::Set(items) => return Some(Rest::Array(Box::new(items.iter()))),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key_text(key), value));
            return Some(Rest::Object(Box::new(members)));
        }
    }
    None
}

// === impl Rest ===

impl<'a, T> Rest<'a, T> {
    fn opening(&self) -> u8 {
        match self {
            Self::Array(_) => b'[',
            Self::Object(_) => b'{',
        }
    }

    fn closing(&self) -> u8 {
        match self {
            Self::Array(_) => b']',
            Self::Object(_) => b'}',
        }
    }

    /// The next item, after the comma and the key that go before it.
    fn next(&mut self, out: &mut Vec<u8>, first: &mut bool) -> Option<&'a T> {
        let (key, item) = match self {
            Self::Array(rest) => (None, rest.next()?),
            Self::Object(rest) => rest.next().map(|(key, item)| (Some(key), item))?,
        };
        if !std::mem::take(first) {
            out.push(b',');
        }
        if let Some(key) = key {
            string(out, &key);
            out.push(b':');
        }
        Some(item)
    }
}

/// The members of an object without those whose key comes again.
fn last_of_each<'a, 'b>(
    members: &'a [(Cow<'b, str>, Doc<'b>)],
) -> Box<dyn Iterator<Item = (Cow<'a, str>, &'a Doc<'b>)> + 'a> {
    let pair = |(key, doc): &'a (Cow<'b, str>, Doc<'b>)| (Cow::Borrowed(&**key), doc);
    if members.len() <= FEW {
        let comes_again = move |(at, (key, _)): &(usize, &(Cow<'b, str>, Doc<'b>))| {
            members.iter().skip(at + 1).any(|(later, _)| later == key)
        };
        let rest = members
            .iter()
            .enumerate()
            .filter(move |member| !comes_again(member));
        return Box::new(rest.map(move |(_, member)| pair(member)));
    }
    let last: HashMap<&str, usize> = members
        .iter()
        .enumerate()
        .map(|(at, (key, _))| (&**key, at))
        .collect();
    let rest = members
        .iter()
        .enumerate()
        .filter(move |(at, (key, _))| last.get(&**key).is_none_or(|last| last == at));
    Box::new(rest.map(move |(_, member)| pair(member)))
}

/// The text of a key: itself when it is a string, otherwise its JSON text.
fn key_text(key: &Value) -> Cow<'_, str> {
    if let Value::String(text) = key {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::new();
    value(&mut out, key);
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// A character that may not stand in a JSON string as it is.
fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            for digit in [byte >> 4, byte & 15] {
                out.extend(HEX.get(usize::from(digit)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_doc(document: &Doc<'_>) -> String {
        let mut out = Vec::new();
        doc(&mut out, document);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn of_value(whole: &Value) -> String {
        let mut out = Vec::new();
        value(&mut out, whole);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn strings_are_escaped() {
        let table = [
            ("", r#""""#),
            ("a\"b\\c/", r#""a\"b\\c/""#),
            (
                "\n\r\t\u{0}\u{1f}\u{7f}",
                "\"\\n\\r\\t\\u0000\\u001f\u{7f}\"",
            ),
            (
                "\u{fc}\u{2028}\u{1f511}<&>",
                "\"\u{fc}\u{2028}\u{1f511}<&>\"",
            ),
            ("\u{10ffff}", "\"\u{fffd}\""),
        ];
        for (text, want) in table {
            assert_eq!(of_doc(&Doc::String(text.into())), want);
            let back: String = serde_json::from_str(want).expect("valid JSON");
            assert_eq!(back, octets::to_lossy(text));
        }
    }

    #[test]
    fn documents_keep_the_text_of_numbers_and_the_last_of_equal_keys() {
        let member = |key: &'static str, text: &'static str| (key.into(), Doc::Number(text.into()));
        let document = Doc::Object(vec![
            member("a", "1.50"),
            member("b", "1e400"),
            member("a", "2"),
            ("c".into(), Doc::Octets(b"\xe2\x82|".to_vec())),
        ]);
        assert_eq!(
            of_doc(&document),
            "{\"b\":1e400,\"a\":2,\"c\":\"\u{fffd}\u{fffd}|\"}"
        );
        let many = Doc::Object(
            (0..100)
                .map(|i| ((i % 50).to_string().into(), Doc::Null))
                .collect(),
        );
        let back: serde_json::Value = serde_json::from_str(&of_doc(&many)).expect("valid JSON");
        assert_eq!(back.as_object().map(serde_json::Map::len), Some(50));
        assert_eq!(of_doc(&many).matches("null").count(), 50);
    }

    #[test]
    fn values_are_sorted_and_keys_become_strings() {
        let number = |text: &str| Value::from(crate::data::Number::parse(text).expect("a number"));
        let set = [
            Value::from("b"),
            number("2.5"),
            Value::Null,
            Value::from("a"),
        ];
        let object = [
            (Value::from(vec![Value::from(1_i64)]), number("1e300")),
            (Value::from("k"), Value::Set(set.into_iter().collect())),
            (number("1e-7"), Value::Bool(false)),
        ];
        let text = of_value(&Value::Object(object.into_iter().collect()));
        assert_eq!(text, r#"{"1e-7":false,"k":[null,2.5,"a","b"],"[1]":1e300}"#);
    }
}
