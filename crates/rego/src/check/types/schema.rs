//! JSON Schemas as types, read as OPA reads them: properties, items, `anyOf`, `allOf`, references inside the schema.
//! What else a schema may say is no matter of types. References to other documents are not followed.

use std::collections::HashMap;

use super::shape::{self, Kind, Shape, Ty};
use super::valid;
use crate::builtins::schema_part;
use crate::value::Value;

/// Why a schema cannot be read as a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SchemaError {
    /// It is neither an object nor a boolean.
    #[error("unable to compile the schema: it must be an object")]
    NoObject,
    /// What all of must hold has nothing in common.
    #[error("type checking: unable to merge these schemas: type mismatch: {0} and {1}")]
    Merge(String, String),
    /// A keyword's value is not what it must be.
    #[error("unable to compile the schema: the value of {0} is none that it can have")]
    Keyword(String),
    /// A reference leads to a document that would have to be fetched.
    #[error("unable to compile the schema: {0} is another document, which is not fetched")]
    Remote(String),
    /// A reference leads nowhere.
    #[error("unable to compile the schema: the reference {0} leads nowhere in it")]
    Reference(String),
}

/// A schema taken apart as far as types need it.
#[derive(Debug, Clone, Default)]
struct Parts<'s> {
    types: Vec<&'s str>,
    properties: Vec<(&'s Value, &'s Value)>,
    items: Vec<&'s Value>,
    /// Whether `items` is one schema for all of them.
    uniform: bool,
    any_of: Option<Vec<&'s Value>>,
    all_of: Option<Vec<&'s Value>>,
}

/// Reads one schema.
struct Reader<'s> {
    root: &'s Value,
    /// What references led to; `None` while that is being read.
    seen: HashMap<&'s str, Option<Ty>>,
    ids: HashMap<&'s str, &'s Value>,
    /// How many parts may still be read.
    left: usize,
}

/// Nesting beyond which a part of a schema is `any`.
const MAX_DEPTH: usize = 96;

/// Parts after which the rest is `any`: `allOf` may name one part over and over.
const MAX_PARTS: usize = 500_000;

/// The type that a schema describes.
pub(super) fn read(schema: &Value) -> Result<Ty, SchemaError> {
    if !matches!(schema, Value::Object(_) | Value::Bool(_)) {
        return Err(SchemaError::NoObject);
    }
    let mut reader = Reader {
        root: schema,
        seen: HashMap::new(),
        ids: HashMap::new(),
        left: MAX_PARTS,
    };
    reader.find_ids();
    valid::check(schema, &reader.ids.keys().copied().collect())?;
    reader.schema(schema, 0)
}

// === impl Reader ===

impl<'s> Reader<'s> {
    /// Notes the parts of the schema that have an identifier.
    fn find_ids(&mut self) {
        let mut todo = vec![self.root];
        while let Some(value) = todo.pop() {
            match value {
                Value::Object(members) => {
                    let id = ["$id", "id", "$anchor"].into_iter();
                    let mut id = id.filter_map(|key| members.get_str(key)?.as_str());
                    if let Some(id) = id.next() {
                        self.ids.entry(id).or_insert(value);
                    }
                    todo.extend(members.values());
                }
                Value::Array(items) => todo.extend(items.iter()),
                _ => {}
            }
        }
    }

    fn schema(&mut self, schema: &'s Value, depth: usize) -> Result<Ty, SchemaError> {
        if depth > MAX_DEPTH {
            return Ok(Some(shape::any()));
        }
        if let Some(reference) = reference(schema) {
            return self.reference(reference, depth);
        }
        self.parts(&Parts::of(schema), depth)
    }

    fn reference(&mut self, reference: &'s str, depth: usize) -> Result<Ty, SchemaError> {
        if let Some(seen) = self.seen.get(reference) {
            // What contains itself is taken for anything.
            return Ok(seen.clone().unwrap_or_else(|| Some(shape::any())));
        }
        let Some(target) = self.resolve(reference)? else {
            return Ok(Some(shape::any()));
        };
        self.seen.insert(reference, None);
        let ty = self.schema(target, depth + 1)?;
        self.seen.insert(reference, Some(ty.clone()));
        Ok(ty)
    }

    /// What a reference leads to; `None` where that is another document.
    fn resolve(&self, reference: &'s str) -> Result<Option<&'s Value>, SchemaError> {
        if let Some(target) = self.ids.get(reference) {
            return Ok(Some(target));
        }
        let Some(pointer) = reference.strip_prefix('#') else {
            return Ok(None);
        };
        if !pointer.starts_with('/') {
            return Ok(Some(self.root));
        }
        let target = schema_part(self.root, pointer);
        target
            .map(Some)
            .map_err(|_| SchemaError::Reference(reference.to_owned()))
    }

    fn parts(&mut self, parts: &Parts<'s>, depth: usize) -> Result<Ty, SchemaError> {
        if depth > MAX_DEPTH || self.left == 0 {
            return Ok(Some(shape::any()));
        }
        self.left -= 1;
        if let Some(any_of) = &parts.any_of {
            return self.any_of(parts, any_of, depth);
        }
        if let Some(all_of) = &parts.all_of {
            return self.all_of(parts, all_of, depth);
        }
        let is = |name: &str| parts.types.contains(&name);
        if is("boolean") {
            return Ok(shape::boolean());
        }
        if is("string") {
            return Ok(shape::string());
        }
        if is("integer") || is("number") {
            return Ok(shape::number());
        }
        let untyped = parts.types.is_empty();
        if is("object") || (untyped && !parts.properties.is_empty()) {
            return self.object(parts, depth);
        }
        if is("array") || (untyped && !parts.items.is_empty()) {
            return self.array(parts, depth);
        }
        Ok(Some(shape::any()))
    }

    fn object(&mut self, parts: &Parts<'s>, depth: usize) -> Result<Ty, SchemaError> {
        let any = || Some(shape::any());
        if parts.properties.is_empty() {
            return Ok(Some(shape::object(Vec::new(), Some((any(), any())))));
        }
        let mut members = Vec::with_capacity(parts.properties.len());
        for (name, schema) in &parts.properties {
            let of = self.schema(schema, depth + 1)?;
            members.push(((*name).clone(), of));
        }
        Ok(Some(shape::object(members, None)))
    }

    fn array(&mut self, parts: &Parts<'s>, depth: usize) -> Result<Ty, SchemaError> {
        let mut items = Vec::with_capacity(parts.items.len());
        for schema in &parts.items {
            items.push(self.schema(schema, depth + 1)?);
        }
        Ok(Some(match items.as_slice() {
            [] => shape::array(Some(shape::any())),
            [one] if parts.uniform => shape::array(one.clone()),
            _ => shape::tuple(items),
        }))
    }

    fn any_of(
        &mut self,
        parts: &Parts<'s>,
        any_of: &[&'s Value],
        depth: usize,
    ) -> Result<Ty, SchemaError> {
        let mut types = Vec::with_capacity(any_of.len() + 1);
        if !parts.types.is_empty() {
            let rest = Parts {
                any_of: None,
                ..parts.clone()
            };
            let core = self.parts(&rest, depth + 1)?;
            let closed = core.as_ref().is_some_and(|core| is_closed(core));
            types.extend(Some(core).filter(|_| closed));
        }
        for schema in any_of {
            types.push(self.schema(schema, depth + 1)?);
        }
        Ok(shape::union(types))
    }

    fn all_of(
        &mut self,
        parts: &Parts<'s>,
        all_of: &[&'s Value],
        depth: usize,
    ) -> Result<Ty, SchemaError> {
        let mut merged: Option<Parts<'s>> = None;
        for schema in all_of {
            let Some(target) = self.follow(schema)? else {
                return Ok(Some(shape::any()));
            };
            let part = Parts::of(target);
            let bare = part.types.is_empty() && part.any_of.is_some();
            if bare && part.properties.is_empty() && part.items.is_empty() {
                continue;
            }
            merged = Some(match merged {
                None => part.with_implied_type(),
                Some(merged) => merged.merge(part.with_implied_type())?,
            });
        }
        let Some(merged) = merged else {
            return Ok(Some(shape::any()));
        };
        if parts.types.is_empty() {
            return self.parts(&merged, depth + 1);
        }
        let own = Parts {
            all_of: None,
            ..parts.clone()
        };
        let merged = merged.merge(own)?;
        self.parts(&merged, depth + 1)
    }

    /// The schema behind references; `None` where that is another document, or behind too many of them.
    fn follow(&self, schema: &'s Value) -> Result<Option<&'s Value>, SchemaError> {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let Some(reference) = reference(schema) else {
                return Ok(Some(schema));
            };
            match self.resolve(reference)? {
                Some(target) => schema = target,
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

// === impl Parts ===

impl<'s> Parts<'s> {
    fn of(schema: &'s Value) -> Self {
        let list = |key| match schema.get_str(key) {
            Some(Value::Array(items)) => Some(items.iter().collect()),
            _ => None,
        };
        let types = match schema.get_str("type") {
            Some(Value::String(name)) => vec![&**name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let properties = match schema.get_str("properties") {
            Some(Value::Object(members)) => members.iter().collect(),
            _ => Vec::new(),
        };
        let (items, uniform) = match schema.get_str("items") {
            Some(Value::Array(items)) => (items.iter().collect(), false),
            Some(one @ (Value::Object(_) | Value::Bool(_))) => (vec![one], true),
            _ => (Vec::new(), false),
        };
        Self {
            types,
            properties,
            items,
            uniform,
            any_of: list("anyOf"),
            all_of: list("allOf"),
        }
    }

    fn with_implied_type(mut self) -> Self {
        let implied = if !self.properties.is_empty() {
            "object"
        } else if !self.items.is_empty() {
            "array"
        } else {
            return self;
        };
        if !self.types.contains(&implied) {
            self.types.push(implied);
        }
        self
    }

    /// What holds where both hold.
    fn merge(mut self, other: Self) -> Result<Self, SchemaError> {
        if self.types != other.types {
            let show = |types: &[&str]| types.join(", ");
            return Err(SchemaError::Merge(show(&self.types), show(&other.types)));
        }
        // Where one of them names no members the first one counts alone, as it does for OPA.
        if self.types.contains(&"object") {
            if !self.properties.is_empty() {
                self.properties.extend(other.properties);
            }
        } else if self.types.contains(&"array") && !self.items.is_empty() {
            let more = other.items.get(self.items.len()..).unwrap_or_default();
            self.items.extend(more);
        }
        Ok(self)
    }
}

// === helpers ===

fn reference(schema: &Value) -> Option<&str> {
    schema.get_str("$ref")?.as_str()
}

fn is_closed(ty: &Shape) -> bool {
    matches!(ty.kind(), Kind::Object { members, rest: None } if !members.is_empty())
}
