//! Documents under construction: what the rules of a partial document give, by key path; and putting values into
//! other values at a path.

use std::collections::BTreeMap;

use crate::value::{Object, Set, Value};

/// A document that is being put together.
#[derive(Debug)]
pub(super) enum Doc {
    /// Nothing came yet.
    Nothing,
    /// A value that a rule gave.
    Leaf(Value),
    /// An object whose members may still grow.
    Object(BTreeMap<Value, Doc>),
    /// A set that may still grow.
    Set(Vec<Value>),
}

/// Two rules disagree about one place.
#[derive(Debug)]
pub(super) struct Conflict;

/// Levels down to which documents are merged.
const MERGED: usize = 256;

/// Keys that a rule's head may have: what is built from it is taken down by recursion.
const KEYS: usize = 256;

// === impl Doc ===

impl Doc {
    /// Puts `value` at `keys`.
    pub(super) fn entry(&mut self, keys: &[Value], value: Value) -> Result<(), Conflict> {
        let place = self.at(keys)?;
        match place {
            Self::Nothing => *place = Self::Leaf(value),
            Self::Leaf(there) if *there == value => {}
            _ => return Err(Conflict),
        }
        Ok(())
    }

    /// Puts `value` into the set at `keys`.
    pub(super) fn member(&mut self, keys: &[Value], value: Value) -> Result<(), Conflict> {
        let place = self.at(keys)?;
        match place {
            Self::Nothing => *place = Self::Set(vec![value]),
            Self::Set(members) => members.push(value),
            _ => return Err(Conflict),
        }
        Ok(())
    }

    fn at(&mut self, keys: &[Value]) -> Result<&mut Self, Conflict> {
        let mut place = self;
        if keys.len() > KEYS {
            return Err(Conflict);
        }
        for key in keys {
            if matches!(place, Self::Nothing) {
                *place = Self::Object(BTreeMap::new());
            }
            let Self::Object(members) = place else {
                return Err(Conflict);
            };
            place = members.entry(key.clone()).or_insert(Self::Nothing);
        }
        Ok(place)
    }

    /// The value, if anything came.
    pub(super) fn finish(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Leaf(value) => Some(value),
            Self::Set(members) => Some(Set::from(members).into()),
            Self::Object(members) => {
                let members = members.into_iter();
                let members = members.filter_map(|(key, doc)| Some((key, doc.finish()?)));
                Some(members.collect::<Object>().into())
            }
        }
    }
}

// === helpers ===

/// `base` with `value` at `path`: objects on the way are copied, what is none is replaced by one. What
/// it costs is what [`put_cost`] says.
pub(super) fn put(base: Option<&Value>, path: &[Value], value: Value) -> Value {
    let mut parents = Vec::with_capacity(path.len());
    let mut here = base;
    for key in path {
        parents.push((here, key));
        here = here.and_then(|value| object_get(value, key));
    }
    let mut value = value;
    for (parent, key) in parents.into_iter().rev() {
        value = match parent {
            Some(Value::Object(object)) => object.insert(key.clone(), value).into(),
            _ => Object::from(vec![(key.clone(), value)]).into(),
        };
    }
    value
}

/// How many values [`put`] builds.
pub(super) fn put_cost(base: Option<&Value>, path: &[Value]) -> usize {
    let mut cost = 0;
    let mut base = base;
    for key in path {
        if let Some(Value::Object(object)) = base {
            cost += 2 * object.len();
        }
        cost += 2;
        base = base.and_then(|base| object_get(base, key));
    }
    cost
}

/// Two documents in one: objects are merged, otherwise `first` counts. Counts in `cost` how many members it copies.
pub(super) fn merge(first: &Value, second: &Value, cost: &mut usize) -> Value {
    merge_below(first, second, MERGED, cost)
}

/// Down to so many levels: what is merged are packages and paths of `with`, which are never that long.
fn merge_below(first: &Value, second: &Value, levels: usize, cost: &mut usize) -> Value {
    let (Value::Object(below), Value::Object(above)) = (first, second) else {
        return first.clone();
    };
    let Some(levels) = levels.checked_sub(1) else {
        return first.clone();
    };
    *cost += below.len() + above.len();
    let mut members: Vec<(Value, Value)> = below
        .iter()
        .filter(|(key, _)| above.get(key).is_none())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in above.iter() {
        let value = match below.get(key) {
            Some(there) => merge_below(there, value, levels, cost),
            None => value.clone(),
        };
        members.push((key.clone(), value));
    }
    Object::from(members).into()
}

/// What stands at `path` in `value`.
pub(super) fn find<'v>(value: &'v Value, path: &[Value]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// What stands at `path` in base documents.
pub(super) fn find_base<'v>(base: &'v Value, path: &[Value]) -> Option<&'v Value> {
    path.iter().try_fold(base, member_of_base)
}

/// What stands at `key` in a base document. There the path is text to OPA: a number finds a member by its text too,
/// and text that says a number finds an element.
pub(super) fn member_of_base<'v>(value: &'v Value, key: &Value) -> Option<&'v Value> {
    value.get(key).or_else(|| match (value, key) {
        (Value::Object(object), Value::Number(number)) => object.get_str(&number.to_string()),
        (Value::Array(items), Value::String(text)) => items.get(position(text)?),
        _ => None,
    })
}

/// The position that a text names: `1`, `01`, `+1`, `1.`, `1.0`; not `1e0`.
fn position(text: &str) -> Option<usize> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_whole =
        digits.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0');
    let at: usize = digits.parse().ok().filter(|_| is_whole)?;
    (at == 0 || !text.starts_with('-')).then_some(at)
}

fn object_get<'v>(value: &'v Value, key: &Value) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(key),
        _ => None,
    }
}
