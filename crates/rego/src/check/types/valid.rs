//! Whether a schema is one: keywords whose values are of another kind than they must be are refused, as in OPA.
//!
//! Only what is wrong whatever the document is looked at; what a schema means for types stands in `schema`.

use std::collections::HashSet;

use super::schema::SchemaError;
use crate::value::Value;

/// What a keyword's value must be.
#[derive(Debug, Clone, Copy)]
enum Want {
    /// One of the types' names, or several.
    Types,
    /// A schema.
    Schema,
    /// A schema or several.
    Schemas,
    /// Schemas in a list.
    List,
    /// Schemas by name.
    Named,
    /// Strings in a list.
    Names,
    Array,
    Object,
    Boolean,
    Number,
    Text,
}

/// The keywords and what their values must be.
const KEYWORDS: &[(&str, Want)] = &[
    ("type", Want::Types),
    ("properties", Want::Named),
    ("patternProperties", Want::Named),
    ("definitions", Want::Named),
    ("items", Want::Schemas),
    ("additionalProperties", Want::Schema),
    ("not", Want::Schema),
    ("if", Want::Schema),
    ("then", Want::Schema),
    ("else", Want::Schema),
    ("contains", Want::Schema),
    ("propertyNames", Want::Schema),
    ("allOf", Want::List),
    ("anyOf", Want::List),
    ("oneOf", Want::List),
    ("enum", Want::Array),
    ("required", Want::Names),
    ("dependencies", Want::Object),
    ("minimum", Want::Number),
    ("maximum", Want::Number),
    ("minLength", Want::Number),
    ("maxLength", Want::Number),
    ("minItems", Want::Number),
    ("maxItems", Want::Number),
    ("uniqueItems", Want::Boolean),
    ("pattern", Want::Text),
    ("title", Want::Text),
    ("description", Want::Text),
    ("$id", Want::Text),
    ("$ref", Want::Text),
];

const TYPES: &[&str] = &[
    "array", "boolean", "integer", "number", "null", "object", "string",
];

/// Refuses what is no schema; other documents than `ids` and the schema of schemas cannot be referred to.
pub(super) fn check(schema: &Value, ids: &HashSet<&str>) -> Result<(), SchemaError> {
    let mut todo = vec![schema];
    while let Some(schema) = todo.pop() {
        let Value::Object(_) = schema else {
            continue;
        };
        if let Some(reference) = schema.get_str("$ref").and_then(Value::as_str) {
            // What stands beside a reference says nothing.
            known(reference, ids)?;
            continue;
        }
        for (keyword, want) in KEYWORDS {
            if let Some(value) = schema.get_str(keyword)
                && !want.takes(value, &mut todo)
            {
                return Err(SchemaError::Keyword((*keyword).to_owned()));
            }
        }
    }
    Ok(())
}

/// Refuses a reference to a document that nobody gave: it would have to be fetched.
fn known(reference: &str, ids: &HashSet<&str>) -> Result<(), SchemaError> {
    let document = reference.split('#').next().unwrap_or_default();
    let draft = document.starts_with("http://json-schema.org/draft-");
    let relative = || ids.iter().any(|id| id.ends_with(&format!("/{document}")));
    if document.is_empty() || draft || ids.contains(document) || relative() {
        return Ok(());
    }
    Err(SchemaError::Remote(reference.to_owned()))
}

// === impl Want ===

impl Want {
    /// Whether `value` is of this kind; the schemas in it are still to be looked at.
    fn takes<'s>(self, value: &'s Value, todo: &mut Vec<&'s Value>) -> bool {
        let is_schema = |value: &&Value| matches!(value, Value::Object(_) | Value::Bool(_));
        let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
        match (self, value) {
            (Self::Types, Value::Array(names)) => names.iter().all(is_type),
            (Self::Types, name) => is_type(name),
            (Self::Named, Value::Object(members)) => {
                todo.extend(members.values());
                members.values().all(|value| is_schema(&value))
            }
            (Self::List | Self::Schemas, Value::Array(items)) => {
                todo.extend(items.iter());
                items.iter().all(|value| is_schema(&value))
            }
            (Self::Schema | Self::Schemas, value) => {
                todo.push(value);
                is_schema(&value)
            }
            (Self::Array, value) => matches!(value, Value::Array(_)),
            (Self::Names, Value::Array(names)) => names.iter().all(|name| name.as_str().is_some()),
            (Self::Object, value) => matches!(value, Value::Object(_)),
            (Self::Boolean, value) => matches!(value, Value::Bool(_)),
            (Self::Number, value) => matches!(value, Value::Number(_)),
            (Self::Text, value) => value.as_str().is_some(),
            (Self::Named | Self::List | Self::Names, _) => false,
        }
    }
}
