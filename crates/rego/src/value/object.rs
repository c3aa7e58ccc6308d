//! Objects.

use super::index::{SMALL, hash_of, hash_of_str};
use super::shared::Shared;
use super::{Value, compose};

/// An immutable object, in the order of its keys.
#[derive(Clone, Default)]
pub struct Object(pub(super) Shared<(Value, Value)>);

// === impl Object ===

impl Object {
    /// An object of members that are sorted by their keys already, which are distinct.
    #[must_use]
    pub fn from_sorted(members: Vec<(Value, Value)>) -> Self {
        debug_assert!(
            members.is_sorted_by(|a, b| a.0 < b.0),
            "keys are sorted and distinct"
        );
        Self(Shared::from(members))
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.get_key_value(key).map(|(_, v)| v)
    }

    /// The member whose key equals `key`.
    #[must_use]
    pub fn get_key_value(&self, key: &Value) -> Option<(&Value, &Value)> {
        if let Value::String(key) = key {
            return self.at(self.position_of_str(key)?);
        }
        let members = self.as_slice();
        let at = if members.len() <= SMALL {
            members.binary_search_by(|(k, _)| k.cmp(key)).ok()
        } else {
            self.0.index()?.find(hash_of(key), |at| {
                members.get(at).is_some_and(|(k, _)| k == key)
            })
        };
        self.at(at?)
    }

    /// The value of the string `key`.
    #[must_use]
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.at(self.position_of_str(key)?).map(|(_, v)| v)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// The members by the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> + DoubleEndedIterator {
        self.as_slice().iter().map(|(k, v)| (k, v))
    }

    /// The members by the order of their keys, as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[(Value, Value)] {
        self.0.as_slice()
    }

    /// The member at position `at` in that order.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<(&Value, &Value)> {
        self.as_slice().get(at).map(|(k, v)| (k, v))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.as_slice().iter().map(|(k, _)| k)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.as_slice().iter().map(|(_, v)| v)
    }

    /// See [`Value::depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.depth()
    }

    /// Whether both are one and the same in memory.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// A copy of this level in which `key` has `value`.
    #[must_use]
    pub fn insert(&self, key: Value, value: Value) -> Self {
        let mut members = self.as_slice().to_vec();
        match members.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => members.splice(at..=at, [(key, value)]),
            Err(at) => members.splice(at..at, [(key, value)]),
        };
        Self::from_sorted(members)
    }

    /// A copy of this level without `key`; the same object if there is none.
    #[must_use]
    pub fn remove(&self, key: &Value) -> Self {
        let mut members = match self.get(key) {
            Some(_) => self.as_slice().to_vec(),
            None => return self.clone(),
        };
        members.retain(|(k, _)| k != key);
        Self::from_sorted(members)
    }

    fn position_of_str(&self, key: &str) -> Option<usize> {
        let members = self.as_slice();
        if members.len() <= SMALL {
            // Lengths tell most keys apart, before any byte is compared.
            return members.iter().position(|(k, _)| k.as_str() == Some(key));
        }
        let is = |at: usize| members.get(at).and_then(|(k, _)| k.as_str()) == Some(key);
        self.0.index()?.find(hash_of_str(key), is)
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = &'a (Value, Value);
    type IntoIter = std::slice::Iter<'a, (Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

impl From<Vec<(Value, Value)>> for Object {
    /// Sorts; of equal keys the last one counts.
    fn from(mut members: Vec<(Value, Value)>) -> Self {
        if !members.is_sorted_by(|a, b| a.0 < b.0) {
            members.reverse();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            members.dedup_by(|a, b| a.0 == b.0);
        }
        Self::from_sorted(members)
    }
}

impl FromIterator<(Value, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(members: I) -> Self {
        Self::from(members.into_iter().collect::<Vec<_>>())
    }
}

compose::ordered_as_value!(Object);
