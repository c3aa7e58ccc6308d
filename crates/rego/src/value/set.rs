//! Sets.

use std::sync::Arc;

use super::Value;

/// An immutable set, in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Set(Arc<Vec<Value>>);

impl Set {
    /// The member that equals `value`.
    #[must_use]
    pub fn get(&self, value: &Value) -> Option<&Value> {
        let at = self.0.binary_search(value).ok()?;
        self.0.get(at)
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.get(value).is_some()
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.iter()
    }

    /// The member at position `at` in that order.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<&Value> {
        self.0.get(at)
    }

    /// See [`Value::depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.0.iter().map(Value::depth).max().unwrap_or(0)
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
    /// Sorts and drops duplicates.
    fn from(mut members: Vec<Value>) -> Self {
        members.sort();
        members.dedup();
        Self(Arc::new(members))
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(members: I) -> Self {
        Self::from(members.into_iter().collect::<Vec<_>>())
    }
}
