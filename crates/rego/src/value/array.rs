//! Arrays.

use std::ops::Deref;
use std::sync::Arc;

use super::Value;

/// An immutable array; dereferences to a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Array(Arc<Vec<Value>>);

impl Array {
    /// See [`Value::depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.iter().map(Value::depth).max().unwrap_or(0)
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self(Arc::new(items))
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::from(items.into_iter().collect::<Vec<_>>())
    }
}
