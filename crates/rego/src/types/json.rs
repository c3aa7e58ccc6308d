//! Types as JSON, the way `capabilities` shows them, and back.

use super::{Function, Named, Type};
use crate::value::{Object, Str, Value};

/// Why a JSON value says no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// A type is an object with a `type`.
    #[error("expected a type: an object whose member \"type\" is a string, got {0}")]
    NoType(&'static str),
    /// There is no type of that name.
    #[error(
        "unknown type \"{0}\": expected null, boolean, number, string, array, set, object, any or function"
    )]
    Unknown(String),
    /// A member has the wrong form.
    #[error("the member \"{0}\" of a type has the wrong form: expected {1}")]
    Member(&'static str, &'static str),
    /// It nests too deep.
    #[error("a type nests deeper than {MAX_DEPTH} levels")]
    Depth,
}

/// How deep types may nest.
const MAX_DEPTH: usize = 64;

// === impl Type ===

impl Type {
    /// The type as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::from(members(self).into_iter().collect::<Object>())
    }

    /// Reads a type.
    pub fn from_json(json: &Value) -> Result<Self, TypeError> {
        read(json, 0)
    }
}

// === impl Function ===

impl Function {
    /// The function's type as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::from(function(self).into_iter().collect::<Object>())
    }

    /// Reads the type of a function.
    pub fn from_json(json: &Value) -> Result<Self, TypeError> {
        match read(json, 0)? {
            Type::Function(function) => Ok(*function),
            _ => Err(TypeError::Member("type", "\"function\"")),
        }
    }
}

// === helpers ===

type Members = Vec<(Value, Value)>;

fn member(name: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::from(name), value.into())
}

fn list<'t>(types: impl IntoIterator<Item = &'t Type>) -> Value {
    let types = types.into_iter().map(Type::to_json);
    Value::from(types.collect::<Vec<_>>())
}

fn members(ty: &Type) -> Members {
    let named = |name| vec![member("type", name)];
    match ty {
        Type::Null => named("null"),
        Type::Boolean => named("boolean"),
        Type::Number => named("number"),
        Type::String => named("string"),
        Type::Array { prefix, rest } => {
            let mut out = named("array");
            if !prefix.is_empty() {
                out.push(member("static", list(prefix)));
            }
            out.extend(rest.iter().map(|rest| member("dynamic", rest.to_json())));
            out
        }
        Type::Set(of) => {
            let mut out = named("set");
            out.push(member("of", of.to_json()));
            out
        }
        Type::Object { members, rest } => {
            let pair = |key: Value, value: &Type| {
                let pair = [member("key", key), member("value", value.to_json())];
                Value::from(pair.into_iter().collect::<Object>())
            };
            let mut out = named("object");
            if !members.is_empty() {
                let members = members.iter().map(|(key, of)| pair(key.clone(), of));
                out.push(member("static", members.collect::<Vec<_>>()));
            }
            let rest = rest.iter();
            out.extend(rest.map(|rest| member("dynamic", pair(rest.0.to_json(), &rest.1))));
            out
        }
        Type::Any(of) => {
            let mut out = named("any");
            if !of.is_empty() {
                out.push(member("of", list(of)));
            }
            out
        }
        Type::Function(declaration) => function(declaration),
    }
}

fn function(function: &Function) -> Members {
    let named = |named: &Named| {
        let mut out = members(&named.of);
        let name = named.name.iter().map(|name| member("name", name.clone()));
        out.extend(name);
        let description = named.description.iter();
        out.extend(description.map(|text| member("description", text.clone())));
        Value::from(out.into_iter().collect::<Object>())
    };
    let mut out = vec![member("type", "function")];
    if !function.args.is_empty() {
        let args = function.args.iter().map(named);
        out.push(member("args", args.collect::<Vec<_>>()));
    }
    let variadic = function.variadic.iter();
    out.extend(variadic.map(|of| member("variadic", of.to_json())));
    let result = function.result.iter();
    out.extend(result.map(|result| member("result", named(result))));
    out
}

fn read(json: &Value, depth: usize) -> Result<Type, TypeError> {
    if depth > MAX_DEPTH {
        return Err(TypeError::Depth);
    }
    let name = json.get_str("type").and_then(Value::as_str);
    let name = name.ok_or(TypeError::NoType(json.type_name()))?;
    let inner = |key| json.get_str(key).map(|of| read(of, depth + 1)).transpose();
    Ok(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "number" => Type::Number,
        "string" => Type::String,
        "array" => Type::Array {
            prefix: read_list(json, "static", depth)?,
            rest: inner("dynamic")?.map(Box::new),
        },
        "set" => Type::set(inner("of")?.unwrap_or_else(Type::any)),
        "any" => Type::Any(read_list(json, "of", depth)?),
        "object" => read_object(json, depth)?,
        "function" => Type::Function(Box::new(Function {
            args: read_named(json, depth)?,
            variadic: inner("variadic")?,
            result: match json.get_str("result") {
                Some(result) => Some(read_one(result, depth)?),
                None => None,
            },
        })),
        other => return Err(TypeError::Unknown(other.to_owned())),
    })
}

fn items<'j>(json: &'j Value, key: &'static str) -> Result<&'j [Value], TypeError> {
    match json.get_str(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(TypeError::Member(key, "an array")),
    }
}

fn read_list(json: &Value, key: &'static str, depth: usize) -> Result<Vec<Type>, TypeError> {
    let items = items(json, key)?.iter();
    items.map(|item| read(item, depth + 1)).collect()
}

fn read_object(json: &Value, depth: usize) -> Result<Type, TypeError> {
    let missing = || TypeError::Member("value", "a type");
    let mut members = Vec::new();
    for item in items(json, "static")? {
        let key = item.get_str("key");
        let key = key.ok_or(TypeError::Member("key", "a value"))?;
        let value = item.get_str("value").ok_or_else(missing)?;
        members.push((key.clone(), read(value, depth + 1)?));
    }
    let rest = match json.get_str("dynamic") {
        None | Some(Value::Null) => None,
        Some(rest) => {
            let key = rest.get_str("key");
            let key = key.ok_or(TypeError::Member("key", "a type"))?;
            let value = rest.get_str("value").ok_or_else(missing)?;
            Some(Box::new((read(key, depth + 1)?, read(value, depth + 1)?)))
        }
    };
    Ok(Type::Object { members, rest })
}

fn read_named(json: &Value, depth: usize) -> Result<Vec<Named>, TypeError> {
    let items = items(json, "args")?.iter();
    items.map(|item| read_one(item, depth)).collect()
}

fn read_one(json: &Value, depth: usize) -> Result<Named, TypeError> {
    let text = |key| json.get_str(key).and_then(Value::as_str).map(Str::from);
    Ok(Named {
        name: text("name"),
        description: text("description"),
        of: read(json, depth + 1)?,
    })
}
