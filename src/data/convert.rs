//! A [`Doc`] as the engine's [`Value`], and the end of a [`Doc`]. Not the reading of text.
//!
//! Documents may nest 10,000 deep, so everything here keeps a stack of its own.

use std::borrow::Cow;

use super::{Doc, Number, Object, Value, octets};

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
#[must_use]
pub fn into_value(doc: Doc<'_>) -> Value {
    let mut stack: Vec<Open<'_>> = Vec::new();
    let mut part = Part::new(doc);
    loop {
        part = match part {
            Part::Open(mut open) => match open.next() {
                Some(doc) => {
                    stack.push(open);
                    Part::new(doc)
                }
                None => Part::Done(open.finish()),
            },
            Part::Done(value) => match stack.pop() {
                Some(mut outer) => {
                    outer.put(value);
                    Part::Open(outer)
                }
                None => return value,
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
    fn new(doc: Doc<'a>) -> Self {
        Self::Done(match doc {
            Doc::Null => Value::Null,
            Doc::Bool(value) => Value::Bool(value),
            // What is no JSON number is in no document that was read.
            Doc::Number(text) => Number::parse(&text).map_or(Value::Null, Value::Number),
            Doc::String(text) => Value::from(&*text),
            Doc::Octets(bytes) => Value::from(&*octets::to_text(&bytes)),
            Doc::Array(items) => {
                let made = Vec::with_capacity(items.len());
                return Self::Open(Open::Array {
                    rest: items.into_iter(),
                    items: made,
                });
            }
            Doc::Object(members) => {
                let made = Vec::with_capacity(members.len());
                return Self::Open(Open::Object {
                    rest: members.into_iter(),
                    key: Value::Null,
                    members: made,
                });
            }
        })
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
    fn numbers_keep_their_value() {
        let big = format!("1{}", "0".repeat(400));
        let table = [
            ("0", "0"),
            ("-0", "0"),
            ("-7", "-7"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1.50", "1.5"),
            ("100.0", "100"),
            ("1e2", "100"),
            ("1E+2", "100"),
            ("25e-1", "2.5"),
            ("1e400", big.as_str()),
            ("5e-324", "5e-324"),
            ("1e-400", "0"),
            ("1e-99999999999999999999", "0"),
        ];
        for (text, want) in table {
            assert_eq!(json(&of_number(text).expect(text)), want, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_the_bound_are_refused() {
        let long = "9".repeat(1_001);
        let odd = format!("{}.5", "9".repeat(400));
        for text in [
            "1e999999",
            "1E+1000",
            "-1e99999999999999999999",
            &long,
            &odd,
        ] {
            let error = of_number(text).expect_err(text).to_string();
            assert!(error.starts_with("number `"), "{error}");
        }
        let fraction = format!("0.{}", "3".repeat(100_000));
        assert_eq!(
            json(&of_number(&fraction).expect("a fraction")),
            "0.3333333333333333"
        );
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
        assert_eq!(value["o"], Value::from("x\u{10ffff}"));
    }

    #[test]
    fn deep_documents_need_no_stack() {
        let deep = |inner: Doc<'static>| {
            (0..10_000).fold(inner, |doc, level| match level % 2 {
                0 => Doc::Array(vec![doc]),
                _ => Doc::Object(vec![("k".into(), doc)]),
            })
        };
        let text = into_value(deep(Doc::Null)).map(|value| {
            let text = json(&value);
            // The engine's own drop recurses: 1.5 MiB of stack, and more without optimisation.
            std::mem::forget(value);
            text
        });
        assert_eq!(text.map(|text| text.len()), Ok(4 + 5_000 * 2 + 5_000 * 6));
        assert!(into_value(deep(Doc::Number("1e9999".into()))).is_err());
        let mut out = Vec::new();
        let doc = deep(Doc::Null);
        write::doc(&mut out, &doc);
        dismantle(doc);
        assert_eq!(out.len(), 4 + 5_000 * 2 + 5_000 * 6);
    }
}
