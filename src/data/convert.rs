//! A [`Doc`] as the engine's [`Value`], and the end of a [`Doc`]. Not the reading of text.
//!
//! Documents may nest 10,000 deep, so everything here keeps a stack of its own.

use std::borrow::Cow;

use thiserror::Error;

use super::{Doc, Number, Object, Value, octets};

/// A number that the engine cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("number `{0}` is out of range: its exponent is too large")]
pub struct NumberError(String);

/// An array or object that is being converted.
enum Open<'a> {
    Array {
        rest: std::vec::IntoIter<Doc<'a>>,
        items: Vec<Value>,
    },
    Object {
        rest: Members<'a>,
        key: Value,
        members: Vec<(Value, Value)>,
    },
}

type Members<'a> = std::vec::IntoIter<(Cow<'a, str>, Doc<'a>)>;

/// A scalar's value, or a container that has to be converted first.
enum Part<'a> {
    Done(Value),
    Open(Open<'a>),
}

/// The engine's value of a document. Numbers keep their text.
pub fn into_value(doc: Doc<'_>) -> Result<Value, NumberError> {
    let mut stack: Vec<Open<'_>> = Vec::new();
    let mut part = Part::new(doc);
    loop {
        part = match part {
            Err(error) => {
                stack.into_iter().for_each(Open::dismantle);
                return Err(error);
            }
            Ok(Part::Open(mut open)) => match open.next() {
                Some(doc) => {
                    stack.push(open);
                    Part::new(doc)
                }
                None => Ok(Part::Done(open.finish())),
            },
            Ok(Part::Done(value)) => match stack.pop() {
                Some(mut outer) => {
                    outer.put(value);
                    Ok(Part::Open(outer))
                }
                None => return Ok(value),
            },
        };
    }
}

/// Drops a document without recursion. The plain drop takes most of a megabyte of stack when a
/// document nests 10,000 deep.
pub fn dismantle(doc: Doc<'_>) {
    let mut rest = vec![doc];
    while let Some(doc) = rest.pop() {
        match doc {
            Doc::Array(items) => rest.extend(items),
            Doc::Object(members) => rest.extend(members.into_iter().map(|(_, doc)| doc)),
            _ => {}
        }
    }
}

// === impl Part ===

impl<'a> Part<'a> {
    fn new(doc: Doc<'a>) -> Result<Self, NumberError> {
        Ok(Self::Done(match doc {
            Doc::Null => Value::Null,
            Doc::Bool(value) => Value::Bool(value),
            Doc::Number(text) => {
                let number = Number::parse(&text);
                Value::Number(number.ok_or_else(|| NumberError(text.chars().take(32).collect()))?)
            }
            Doc::String(text) => Value::from(&*text),
            Doc::Octets(bytes) => Value::from(&*octets::to_text(&bytes)),
            Doc::Array(items) => {
                let made = Vec::with_capacity(items.len());
                return Ok(Self::Open(Open::Array {
                    rest: items.into_iter(),
                    items: made,
                }));
            }
            Doc::Object(members) => {
                let made = Vec::with_capacity(members.len());
                return Ok(Self::Open(Open::Object {
                    rest: members.into_iter(),
                    key: Value::Null,
                    members: made,
                }));
            }
        }))
    }
}

// === impl Open ===

impl<'a> Open<'a> {
    fn next(&mut self) -> Option<Doc<'a>> {
        match self {
            Self::Array { rest, .. } => rest.next(),
            Self::Object { rest, key, .. } => {
                let (name, doc) = rest.next()?;
                *key = Value::from(&*name);
                Some(doc)
            }
        }
    }

    fn put(&mut self, value: Value) {
        match self {
            Self::Array { items, .. } => items.push(value),
            Self::Object { key, members, .. } => {
                members.push((std::mem::replace(key, Value::Null), value));
            }
        }
    }

    fn finish(self) -> Value {
        match self {
            Self::Array { items, .. } => Value::from(items),
            Self::Object { members, .. } => Value::Object(Object::from(members)),
        }
    }

    fn dismantle(self) {
        match self {
            Self::Array { rest, .. } => rest.for_each(dismantle),
            Self::Object { rest, .. } => rest.for_each(|(_, doc)| dismantle(doc)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::write;

    fn json(value: &Value) -> String {
        let mut out = Vec::new();
        write::value(&mut out, value);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn of_number(text: &str) -> Result<Value, NumberError> {
        into_value(Doc::Number(text.into()))
    }

    #[test]
    fn numbers_keep_their_text() {
        let table = [
            "0",
            "-7",
            "9007199254740993",
            "123456789012345678901234567890",
            "1.50",
            "100.0",
            "1e400",
            "5e-324",
        ];
        for text in table {
            assert_eq!(json(&of_number(text).expect(text)), text);
        }
        let error = of_number("1e9999999999")
            .expect_err("out of range")
            .to_string();
        assert!(error.starts_with("number `1e9999999999` is"), "{error}");
    }

    #[test]
    fn documents_become_values() {
        let doc = Doc::Object(vec![
            ("a".into(), Doc::Number("1".into())),
            (
                "b".into(),
                Doc::Array(vec![Doc::Null, Doc::Bool(true), Doc::Array(vec![])]),
            ),
            ("a".into(), Doc::String("last".into())),
            ("o".into(), Doc::Octets(b"x\xff".to_vec())),
            ("e".into(), Doc::Object(vec![])),
        ]);
        let value = into_value(doc).expect("fits");
        assert_eq!(
            json(&value),
            r#"{"a":"last","b":[null,true,[]],"e":{},"o":"x�"}"#
        );
        assert_eq!(value.get_str("o"), Some(&Value::from("x\u{10ffff}")));
    }

    #[test]
    fn deep_documents_need_no_stack() {
        let deep = |inner: Doc<'static>| {
            (0..10_000).fold(inner, |doc, level| match level % 2 {
                0 => Doc::Array(vec![doc]),
                _ => Doc::Object(vec![("k".into(), doc)]),
            })
        };
        let text = json(&into_value(deep(Doc::Null)).expect("fits"));
        assert_eq!(text.len(), 4 + 5_000 * 2 + 5_000 * 6);
        let mut out = Vec::new();
        let doc = deep(Doc::Null);
        write::doc(&mut out, &doc);
        dismantle(doc);
        assert_eq!(out.len(), 4 + 5_000 * 2 + 5_000 * 6);
    }
}
