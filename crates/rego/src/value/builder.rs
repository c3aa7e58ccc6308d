//! Builders: sets and objects while they grow, each insertion in constant time.

use super::index::{Index, SMALL, hash_of};
use super::{Object, Set, Value};

/// A set that grows.
#[derive(Debug, Default)]
pub struct SetBuilder {
    members: Vec<Value>,
    index: Index,
}

/// An object that grows.
#[derive(Debug, Default)]
pub struct ObjectBuilder {
    members: Vec<(Value, Value)>,
    index: Index,
}

// === impl SetBuilder ===

impl SetBuilder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `value`; `false` if it was a member before.
    pub fn insert(&mut self, value: Value) -> bool {
        let (at, hash) = position(&self.members, &self.index, &value, |member| member);
        if at.is_some() {
            return false;
        }
        self.members.push(value);
        record(&self.members, &mut self.index, hash, |member| member);
        true
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        position(&self.members, &self.index, value, |member| member)
            .0
            .is_some()
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The set.
    #[must_use]
    pub fn freeze(mut self) -> Set {
        if !self.members.is_sorted() {
            self.members.sort_unstable();
        }
        Set::from_sorted(self.members)
    }
}

// === impl ObjectBuilder ===

impl ObjectBuilder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member. If the key has another value already, nothing changes and that value is returned.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<&Value> {
        let (at, hash) = position(&self.members, &self.index, &key, |(key, _)| key);
        let Some(at) = at else {
            self.push(hash, key, value);
            return None;
        };
        self.members
            .get(at)
            .map(|(_, existing)| existing)
            .filter(|existing| **existing != value)
    }

    /// Adds a member, in the place of one with the same key.
    pub fn set(&mut self, key: Value, value: Value) {
        let (at, hash) = position(&self.members, &self.index, &key, |(key, _)| key);
        match at.and_then(|at| self.members.get_mut(at)) {
            Some(member) => member.1 = value,
            None => self.push(hash, key, value),
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let at = position(&self.members, &self.index, key, |(key, _)| key).0?;
        self.members.get(at).map(|(_, value)| value)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The object.
    #[must_use]
    pub fn freeze(mut self) -> Object {
        if !self.members.is_sorted_by(|a, b| a.0 < b.0) {
            self.members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        Object::from_sorted(self.members)
    }

    fn push(&mut self, hash: Option<u64>, key: Value, value: Value) {
        self.members.push((key, value));
        record(&self.members, &mut self.index, hash, |(key, _)| key);
    }
}

/// Where `key` is, and its hash if the members are many enough to need it.
fn position<T>(
    members: &[T],
    index: &Index,
    key: &Value,
    key_of: impl Fn(&T) -> &Value,
) -> (Option<usize>, Option<u64>) {
    if members.len() < SMALL {
        return (
            members.iter().position(|member| key_of(member) == key),
            None,
        );
    }
    let hash = hash_of(key);
    let is = |at: usize| members.get(at).is_some_and(|member| key_of(member) == key);
    (index.find(hash, is), Some(hash))
}

/// Puts the last member into the index; the member that makes them many puts all in.
fn record<T>(members: &[T], index: &mut Index, hash: Option<u64>, key_of: impl Fn(&T) -> &Value) {
    let rehash = |at: usize| members.get(at).map_or(0, |member| hash_of(key_of(member)));
    match hash {
        Some(hash) => index.add(hash, members.len() - 1, rehash),
        None if members.len() == SMALL => {
            (0..SMALL).for_each(|at| index.add(rehash(at), at, rehash));
        }
        None => {}
    }
}
