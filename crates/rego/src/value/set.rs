//! Sets.

use super::index::{SMALL, hash_of, hash_of_str};
use super::shared::Shared;
use super::{Value, compose};

/// An immutable set, in order.
#[derive(Clone, Default)]
pub struct Set(pub(super) Shared<Value>);

// === impl Set ===

impl Set {
    /// A set of members that are sorted and distinct already.
    #[must_use]
    pub fn from_sorted(members: Vec<Value>) -> Self {
        debug_assert!(
            members.is_sorted_by(|a, b| a < b),
            "members are sorted and distinct"
        );
        Self(Shared::from(members))
    }

    /// The member that equals `value`.
    #[must_use]
    pub fn get(&self, value: &Value) -> Option<&Value> {
        let members = self.as_slice();
        let at = if members.len() <= SMALL {
            members.binary_search(value).ok()
        } else {
            self.0
                .index()?
                .find(hash_of(value), |at| members.get(at) == Some(value))
        };
        members.get(at?)
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.get(value).is_some()
    }

    /// Whether the string `text` is a member.
    #[must_use]
    pub fn contains_str(&self, text: &str) -> bool {
        let members = self.as_slice();
        if members.len() <= SMALL {
            return members.iter().any(|member| member.as_str() == Some(text));
        }
        let is = |at: usize| members.get(at).and_then(Value::as_str) == Some(text);
        self.0
            .index()
            .is_some_and(|index| index.find(hash_of_str(text), is).is_some())
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

    /// The members in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.as_slice().iter()
    }

    /// The members in order, as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        self.0.as_slice()
    }

    /// The member at position `at` in that order.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<&Value> {
        self.as_slice().get(at)
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
}

impl<'a> IntoIterator for &'a Set {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Vec<Value>> for Set {
    /// Sorts and drops duplicates; of equal members the first one stays.
    fn from(mut members: Vec<Value>) -> Self {
        if !members.is_sorted_by(|a, b| a < b) {
            members.sort();
            members.dedup();
        }
        Self::from_sorted(members)
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(members: I) -> Self {
        Self::from(members.into_iter().collect::<Vec<_>>())
    }
}

compose::ordered_as_value!(Set);
