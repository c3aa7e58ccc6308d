//! Objects.

use std::sync::Arc;

use super::Value;

/// An immutable object, in the order of its keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Object(Arc<Vec<(Value, Value)>>);

impl Object {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        let at = self.0.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        self.0.get(at).map(|(_, v)| v)
    }

    /// The value of the string `key`.
    #[must_use]
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.get(&Value::from(key))
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

    /// The members by the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> + DoubleEndedIterator {
        self.0.iter().map(|(k, v)| (k, v))
    }

    /// The member at position `at` in that order.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<(&Value, &Value)> {
        self.0.get(at).map(|(k, v)| (k, v))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.0.iter().map(|(k, _)| k)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.0.iter().map(|(_, v)| v)
    }

    /// See [`Value::depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        let deepest = self.0.iter().map(|(k, v)| k.depth().max(v.depth())).max();
        1 + deepest.unwrap_or(0)
    }
}

impl From<Vec<(Value, Value)>> for Object {
    /// Sorts; of equal keys the last one counts.
    fn from(mut members: Vec<(Value, Value)>) -> Self {
        members.reverse();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        members.dedup_by(|a, b| a.0 == b.0);
        Self(Arc::new(members))
    }
}

impl FromIterator<(Value, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(members: I) -> Self {
        Self::from(members.into_iter().collect::<Vec<_>>())
    }
}
