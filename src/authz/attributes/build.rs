//! The two things that a walk over a request can make: a borrowed document, or the engine's value.
//! Not the walk, and no rules of any encoding.

use std::borrow::Cow;

use super::Style;
use crate::authz::wire::schema::Name;
use crate::data::{Doc, Number, Object, Value, float};

/// Makes documents out of what a walk finds.
pub(super) trait Build<'a> {
    /// What is made.
    type Out;
    /// An object that is not complete yet.
    type Object;

    /// `null`.
    fn null() -> Self::Out;
    /// `true` or `false`.
    fn bool(value: bool) -> Self::Out;
    /// A number without fraction.
    fn integer(value: i64) -> Self::Out;
    /// A finite number.
    fn double(value: f64, style: Style) -> Self::Out;
    /// A string of the request.
    fn text(value: &'a str) -> Self::Out;
    /// A string made from the request.
    fn made(value: String) -> Self::Out;
    /// An array.
    fn array(items: Vec<Self::Out>) -> Self::Out;
    /// A new object.
    fn object() -> Self::Object;
    /// Adds a member; of two with one key the last counts.
    fn put(object: &mut Self::Object, key: Key<'a>, value: Self::Out);
    /// Completes an object.
    fn finish(object: Self::Object) -> Self::Out;
}

/// The key of a member.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    /// A key of the schema.
    Name(Name),
    /// A key of the request.
    Text(&'a str),
}

/// Makes [`Doc`]s.
#[derive(Debug)]
pub(super) struct IntoDoc;

/// Makes [`Value`]s.
#[derive(Debug)]
pub(super) struct IntoValue;

// === impl Key ===

impl<'a> Key<'a> {
    /// The key's text.
    pub(super) fn as_str(self) -> &'a str {
        match self {
            Self::Name(name) => name.as_str(),
            Self::Text(text) => text,
        }
    }
}

// === impl IntoDoc ===

impl<'a> Build<'a> for IntoDoc {
    type Out = Doc<'a>;
    type Object = Vec<(Cow<'a, str>, Doc<'a>)>;

    fn null() -> Doc<'a> {
        Doc::Null
    }

    fn bool(value: bool) -> Doc<'a> {
        Doc::Bool(value)
    }

    fn integer(value: i64) -> Doc<'a> {
        Doc::Number(value.to_string().into())
    }

    fn double(value: f64, _: Style) -> Doc<'a> {
        Doc::Number(float::json_text(value).into())
    }

    fn text(value: &'a str) -> Doc<'a> {
        Doc::String(value.into())
    }

    fn made(value: String) -> Doc<'a> {
        Doc::String(value.into())
    }

    fn array(items: Vec<Doc<'a>>) -> Doc<'a> {
        Doc::Array(items)
    }

    fn object() -> Self::Object {
        Vec::new()
    }

    fn put(object: &mut Self::Object, key: Key<'a>, value: Doc<'a>) {
        object.push((key.as_str().into(), value));
    }

    fn finish(object: Self::Object) -> Doc<'a> {
        Doc::Object(object)
    }
}

// === impl IntoValue ===

impl<'a> Build<'a> for IntoValue {
    type Out = Value;
    type Object = Vec<(Value, Value)>;

    fn null() -> Value {
        Value::Null
    }

    fn bool(value: bool) -> Value {
        Value::Bool(value)
    }

    fn integer(value: i64) -> Value {
        Value::from(value)
    }

    /// In its usual form v3 shows a policy an exponent from 1e+06 on, where the log has the digits.
    fn double(value: f64, style: Style) -> Value {
        let number = match style {
            Style::Protomap => Number::try_from(value).ok(),
            Style::GoJson | Style::Protojson => Number::parse(&float::json_text(value)),
        };
        number.map_or(Value::Null, Value::Number)
    }

    fn text(value: &'a str) -> Value {
        Value::from(value)
    }

    fn made(value: String) -> Value {
        Value::from(value)
    }

    fn array(items: Vec<Value>) -> Value {
        Value::from(items)
    }

    fn object() -> Self::Object {
        Vec::new()
    }

    fn put(object: &mut Self::Object, key: Key<'a>, value: Value) {
        object.push((key_value(key), value));
    }

    fn finish(object: Self::Object) -> Value {
        Value::Object(Object::from(object))
    }
}

fn key_value(key: Key<'_>) -> Value {
    Value::from(key.as_str())
}
