//! Arrays.

use std::ops::Deref;

use super::shared::Shared;
use super::{Value, compose};

/// An immutable array; dereferences to a slice.
#[derive(Clone, Default)]
pub struct Array(pub(super) Shared<Value>);

// === impl Array ===

impl Array {
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

    /// A copy with `value` at position `at`; `None` if there is no such position.
    #[must_use]
    pub fn with(&self, at: usize, value: Value) -> Option<Self> {
        let mut items = self.to_vec();
        *items.get_mut(at)? = value;
        Some(Self::from(items))
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.0.as_slice()
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self(Shared::from(items))
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::from(items.into_iter().collect::<Vec<_>>())
    }
}

compose::ordered_as_value!(Array);
