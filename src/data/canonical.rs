//! The one JSON text of a document that signatures of bundles are about: compact, members in the order of their keys'
//! bytes, numbers as they were written, strings escaped as Go escapes them where HTML does not matter.

use std::collections::BTreeMap;

use super::{Doc, octets, write};

/// The characters that Go writes otherwise than the rest of this program: two shorter, two longer.
const OTHERWISE: [(char, &[u8]); 4] = [
    ('\u{8}', b"\\b"),
    ('\u{c}', b"\\f"),
    ('\u{2028}', b"\\u2028"),
    ('\u{2029}', b"\\u2029"),
];

/// What is still to be written.
enum Step<'a, 'b> {
    Text(&'static [u8]),
    Key(&'a str),
    Value(&'a Doc<'b>),
}

/// The text of a document.
#[must_use]
pub fn text(doc: &Doc<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    // Documents may nest deeper than the stack.
    let mut stack = vec![Step::Value(doc)];
    while let Some(step) = stack.pop() {
        match step {
            Step::Text(text) => out.extend_from_slice(text),
            Step::Key(key) => {
                string(&mut out, key);
                out.push(b':');
            }
            Step::Value(Doc::String(text)) => string(&mut out, text),
            Step::Value(Doc::Array(items)) => {
                out.push(b'[');
                stack.push(Step::Text(b"]"));
                for (at, item) in items.iter().enumerate().rev() {
                    stack.push(Step::Value(item));
                    stack.extend((at > 0).then_some(Step::Text(b",")));
                }
            }
            Step::Value(Doc::Object(members)) => {
                out.push(b'{');
                stack.push(Step::Text(b"}"));
                // Of equal keys the last one counts.
                let members = members.iter().map(|(key, doc)| (&**key, doc));
                let sorted: BTreeMap<&str, &Doc<'_>> = members.collect();
                for (at, (key, value)) in sorted.into_iter().enumerate().rev() {
                    stack.extend([Step::Value(value), Step::Key(key)]);
                    stack.extend((at > 0).then_some(Step::Text(b",")));
                }
            }
            Step::Value(scalar) => write::doc(&mut out, scalar),
        }
    }
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    let text = octets::to_lossy(text);
    let mut rest: &str = &text;
    out.push(b'"');
    while let Some(at) = rest.find(OTHERWISE.map(|(char, _)| char)) {
        let (before, from) = rest.split_at(at);
        write::escaped(out, before);
        let mut chars = from.chars();
        let found = OTHERWISE
            .iter()
            .find(|(char, _)| chars.as_str().starts_with(*char));
        out.extend_from_slice(found.map_or(b"", |(_, text)| text));
        chars.next();
        rest = chars.as_str();
    }
    write::escaped(out, rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::json;

    #[test]
    fn it_is_the_text_that_opa_hashes() {
        // What `opa sign` gave for the left side was the hash of the right side.
        let table = [
            (
                r#"{"b": 1.0, "a": [1e3, -0, 1E400]}"#,
                r#"{"a":[1e3,-0,1E400],"b":1.0}"#,
            ),
            (r#"{"b":1, "b":2}"#, r#"{"b":2}"#),
            (r#"{"k<":[],"a":{}}"#, r#"{"a":{},"k<":[]}"#),
            (
                r#"{"b":"\u00e9\u0001\n\t\\u0008\/\u007f\b\f\r\u2028"}"#,
                "{\"b\":\"\u{e9}\\u0001\\n\\t\\\\u0008/\u{7f}\\b\\f\\r\\u2028\"}",
            ),
            (r#"{"b":"\ud800"}"#, "{\"b\":\"\u{fffd}\"}"),
            (
                "{\"\u{e9}\":1,\"z\":2,\"\\ud83d\\ude00\":3,\"\u{ffff}\":4}",
                "{\"z\":2,\"\u{e9}\":1,\"\u{ffff}\":4,\"\u{1f600}\":3}",
            ),
            (" [1, [2, null, true], \"s\"]", "[1,[2,null,true],\"s\"]"),
        ];
        for (json, want) in table {
            let parsed = json::parse(json.as_bytes()).expect("JSON");
            assert_eq!(String::from_utf8_lossy(&text(&parsed)), want);
        }
    }
}
