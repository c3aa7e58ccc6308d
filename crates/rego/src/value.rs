//! Immutable values: cheap to clone, totally ordered as Rego orders them, bounded in depth.
//!
//! The representation is hidden: everything goes through the methods of [`Value`], [`Number`], [`Str`],
//! [`Array`], [`Object`] and [`Set`].

mod array;
mod builder;
mod compare;
mod compose;
mod data;
mod index;
pub mod json;
mod number;
mod object;
pub mod octets;
mod set;
mod shared;
#[cfg(test)]
mod tests;
mod text;
mod write;
pub mod yaml;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

pub use array::Array;
pub use builder::{ObjectBuilder, SetBuilder};
pub use data::{Data, DataError};
pub use number::{Number, NumberError};
pub use object::Object;
pub use set::Set;
pub use text::Str;
pub use write::{JsonStyle, write_json, write_json_with, write_quoted};

/// How deep values may nest. Dropping, comparing, hashing and printing are safe up to it; who builds values checks [`Value::depth`].
pub const MAX_DEPTH: usize = 10_000;

const _: () = assert!(size_of::<Value>() <= 24, "a value is three words");

/// A Rego value.
#[derive(Clone)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// A string.
    String(Str),
    /// An array.
    Array(Array),
    /// An object; its keys may be any values.
    Object(Object),
    /// A set.
    Set(Set),
}

// === impl Value ===

impl Value {
    /// Rego's name of the value's type: `null`, `boolean`, `number`, `string`, `array`, `object`, `set`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Set(_) => "set",
        }
    }

    /// What a reference `value[key]` finds: an array's element, an object's value, a set's member.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        match self {
            Self::Array(array) => match key {
                Self::Number(n) => array.get(usize::try_from(n.as_plain_i64()?).ok()?),
                _ => None,
            },
            Self::Object(object) => object.get(key),
            Self::Set(set) => set.get(key),
            _ => None,
        }
    }

    /// The member of an object whose key is the string `key`.
    #[must_use]
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(object) => object.get_str(key),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// How deep composite values nest; 0 for a scalar. Kept with the value, not counted here.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Array(v) => v.depth(),
            Self::Object(v) => v.depth(),
            Self::Set(v) => v.depth(),
            _ => 0,
        }
    }
}

impl Ord for Value {
    /// Null, booleans, numbers, strings by their bytes, arrays, objects, sets.
    fn cmp(&self, other: &Self) -> Ordering {
        compare::compare(self, other)
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        compare::equal(self, other)
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        compare::hash(self, state);
    }
}

impl fmt::Display for Value {
    /// Rego's notation: `{"a": [1, {2}]}`, `set()`; strings are quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write::write_rego(self, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write::write_rego(self, f)
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Number(Number::from(v))
    }
}

impl From<u64> for Value {
    fn from(v: u64) -> Self {
        Self::Number(Number::from(v))
    }
}

impl From<usize> for Value {
    fn from(v: usize) -> Self {
        Self::Number(Number::from(v))
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::String(Str::from(v))
    }
}

impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::String(Str::from(v))
    }
}

impl From<Str> for Value {
    fn from(v: Str) -> Self {
        Self::String(v)
    }
}

impl From<Number> for Value {
    fn from(v: Number) -> Self {
        Self::Number(v)
    }
}

impl From<Vec<Value>> for Value {
    fn from(v: Vec<Value>) -> Self {
        Self::Array(Array::from(v))
    }
}

impl From<Array> for Value {
    fn from(v: Array) -> Self {
        Self::Array(v)
    }
}

impl From<Object> for Value {
    fn from(v: Object) -> Self {
        Self::Object(v)
    }
}

impl From<Set> for Value {
    fn from(v: Set) -> Self {
        Self::Set(v)
    }
}
