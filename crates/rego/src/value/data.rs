//! Base documents: a shared immutable tree, whose updates copy the nodes on their path and share the rest.
//!
//! This is the front door of `data`: evaluation and hosts read and change base documents through it. What stands behind it is a plain
//! a [`Value`]; a more compact form can take its place without anyone noticing.

#[cfg(test)]
mod tests;

use super::{MAX_DEPTH, Object, Value};

/// The base documents at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data(Value);

/// Why base documents cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The path leads through a value that has no members of that kind.
    #[error(
        "{0} is no document below {1}: expected a path through objects, or to an element of an array"
    )]
    NoParent(Value, &'static str),
    /// There is nothing at the path.
    #[error("no document at the path: expected one that exists")]
    NotFound,
    /// Both documents have the path, and not both have an object there.
    #[error(
        "both documents have a value at key {0}: expected objects on both sides, or a value on one of them"
    )]
    Conflict(Value),
    /// The result would nest too deep.
    #[error("document too deep: expected at most {MAX_DEPTH} levels of nesting")]
    TooDeep,
}

/// Two objects while they are merged.
struct Merge {
    /// The members of the left one, each replaced by the merged one in time.
    merged: Vec<(Value, Value)>,
    right: Object,
    at: usize,
    /// Members of the right one only.
    added: Vec<(Value, Value)>,
    /// Where the left member that is merged in the next frame stands.
    waiting: usize,
}

// === impl Data ===

impl Data {
    /// Base documents under `root`, an object as a rule.
    #[must_use]
    pub fn new(root: Value) -> Self {
        Self(root)
    }

    /// The whole tree.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.0
    }

    /// The document at `path`.
    #[must_use]
    pub fn get(&self, path: &[Value]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, key| value.get(key))
    }

    /// With `value` at `path`; makes the objects on the way that are missing.
    pub fn put(&self, path: &[Value], value: Value) -> Result<Self, DataError> {
        if path.len() + value.depth() > MAX_DEPTH {
            return Err(DataError::TooDeep);
        }
        let missing = Value::Object(Object::default());
        let mut parents = Vec::with_capacity(path.len());
        let mut here = &self.0;
        for key in path {
            parents.push(here);
            here = here.get(key).unwrap_or(&missing);
        }
        let mut value = value;
        for (parent, key) in parents.into_iter().zip(path).rev() {
            value = replaced(parent, key, value)?;
        }
        if value.depth() > MAX_DEPTH {
            Err(DataError::TooDeep)
        } else {
            Ok(Self(value))
        }
    }

    /// Without the member at `path`; removing the root leaves an empty object.
    pub fn remove(&self, path: &[Value]) -> Result<Self, DataError> {
        let Some((key, parents)) = path.split_last() else {
            return Ok(Self::default());
        };
        match self.get(parents).ok_or(DataError::NotFound)? {
            Value::Object(object) if object.get(key).is_some() => {
                self.put(parents, Value::Object(object.remove(key)))
            }
            Value::Array(array) => {
                let at = Value::Array(array.clone())
                    .get(key)
                    .and_then(|_| position(key))
                    .ok_or(DataError::NotFound)?;
                let rest = array.iter().enumerate().filter(|(other, _)| *other != at);
                self.put(
                    parents,
                    rest.map(|(_, item)| item.clone())
                        .collect::<Vec<_>>()
                        .into(),
                )
            }
            _ => Err(DataError::NotFound),
        }
    }

    /// Both trees in one; only objects may stand at the same path in both.
    pub fn merge(&self, other: &Value) -> Result<Self, DataError> {
        let (Value::Object(left), Value::Object(right)) = (&self.0, other) else {
            return Err(DataError::NoParent(other.clone(), "the root"));
        };
        let mut stack = vec![Merge::new(left, right)];
        while let Some(frame) = stack.last_mut() {
            if let Some((left, right)) = frame.next_pair()? {
                stack.push(Merge::new(&left, &right));
                continue;
            }
            let done = stack.pop().map(Merge::finish).unwrap_or_default();
            match stack.last_mut() {
                Some(parent) => parent.resume(done),
                None => return Ok(Self(Value::Object(done))),
            }
        }
        Ok(self.clone())
    }
}

impl Default for Data {
    fn default() -> Self {
        Self(Value::Object(Object::default()))
    }
}

impl From<Value> for Data {
    fn from(root: Value) -> Self {
        Self(root)
    }
}

// === impl Merge ===

impl Merge {
    fn new(left: &Object, right: &Object) -> Self {
        Self {
            merged: left.as_slice().to_vec(),
            right: right.clone(),
            at: 0,
            added: Vec::new(),
            waiting: 0,
        }
    }

    /// Goes on to the next member that is an object on both sides.
    fn next_pair(&mut self) -> Result<Option<(Object, Object)>, DataError> {
        while let Some((key, right)) = self.right.at(self.at) {
            self.at += 1;
            let Ok(waiting) = self.merged.binary_search_by(|(other, _)| other.cmp(key)) else {
                self.added.push((key.clone(), right.clone()));
                continue;
            };
            match (self.merged.get(waiting).map(|(_, left)| left), right) {
                (Some(Value::Object(left)), Value::Object(right)) => {
                    self.waiting = waiting;
                    return Ok(Some((left.clone(), right.clone())));
                }
                _ => return Err(DataError::Conflict(key.clone())),
            }
        }
        Ok(None)
    }

    fn resume(&mut self, done: Object) {
        if let Some(member) = self.merged.get_mut(self.waiting) {
            member.1 = Value::Object(done);
        }
    }

    fn finish(mut self) -> Object {
        self.merged.append(&mut self.added);
        Object::from(self.merged)
    }
}

/// A copy of one level with `value` at `key`.
fn replaced(parent: &Value, key: &Value, value: Value) -> Result<Value, DataError> {
    match parent {
        Value::Object(object) => Ok(Value::Object(object.insert(key.clone(), value))),
        Value::Array(array) => {
            let with = position(key).and_then(|at| array.with(at, value));
            with.map(Value::Array).ok_or(DataError::NotFound)
        }
        parent => Err(DataError::NoParent(key.clone(), parent.type_name())),
    }
}

fn position(key: &Value) -> Option<usize> {
    match key {
        Value::Number(n) => usize::try_from(n.as_i64()?).ok(),
        _ => None,
    }
}
