//! The node under arrays, objects and sets: a header and the members in one shared allocation.
//!
//! Knows nothing of order or look-ups. Its drop does not recurse into deep values.

use std::sync::OnceLock;

use triomphe::{Arc, ThinArc};

use super::Value;
use super::index::Index;

/// Values that nest no deeper than this are dropped by plain recursion.
const SHALLOW: usize = 48;

/// A shared slice of members; nothing is allocated for an empty one.
#[derive(Debug, Clone)]
pub(super) struct Shared<T: Member>(Option<ThinArc<Header, T>>);

/// What is known of the members.
#[derive(Debug)]
struct Header {
    depth: usize,
    index: OnceLock<Box<Index>>,
}

/// A member of a composite value.
pub(super) trait Member {
    /// How deep its values nest.
    fn depth(&self) -> usize;
    /// The value by which it is looked up.
    fn key(&self) -> &Value;
    /// Moves the values that nest deeper than [`SHALLOW`] out of it.
    fn take_deep(&mut self, into: &mut Vec<Value>);
}

// === impl Shared ===

impl<T: Member> Shared<T> {
    pub(super) fn depth(&self) -> usize {
        self.0.as_ref().map_or(1, |node| node.header.header.depth)
    }

    pub(super) fn as_slice(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |node| &node.slice)
    }

    /// Whether both are the same allocation, or both empty.
    pub(super) fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => std::ptr::eq(a.as_ptr(), b.as_ptr()),
            (None, None) => true,
            _ => false,
        }
    }

    /// The hash index over the keys, built when it is first asked for.
    pub(super) fn index(&self) -> Option<&Index> {
        let node = self.0.as_ref()?;
        Some(
            node.header
                .header
                .index
                .get_or_init(|| Box::new(Index::over(node.slice.iter().map(T::key)))),
        )
    }

    /// Moves the deep members out, if nobody else shares them.
    pub(super) fn take_deep(&mut self, into: &mut Vec<Value>) {
        if self.depth() <= SHALLOW {
            return;
        }
        if let Some(node) = &mut self.0 {
            node.with_arc_mut(|arc| {
                if let Some(unshared) = Arc::get_mut(arc) {
                    unshared
                        .slice_mut()
                        .iter_mut()
                        .for_each(|member| member.take_deep(into));
                }
            });
        }
    }
}

impl<T: Member> Default for Shared<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Member> From<Vec<T>> for Shared<T> {
    fn from(members: Vec<T>) -> Self {
        if members.is_empty() {
            return Self(None);
        }
        let deepest = members.iter().map(T::depth).max().unwrap_or(0);
        let header = Header {
            depth: 1 + deepest,
            index: OnceLock::new(),
        };
        Self(Some(ThinArc::from_header_and_iter(
            header,
            members.into_iter(),
        )))
    }
}

impl<T: Member> Drop for Shared<T> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.take_deep(&mut pending);
        while let Some(mut value) = pending.pop() {
            // What is left of the value when this turn ends is shallow.
            take_deep(&mut value, &mut pending);
        }
    }
}

// === impl Member ===

impl Member for Value {
    fn depth(&self) -> usize {
        Self::depth(self)
    }

    fn key(&self) -> &Value {
        self
    }

    fn take_deep(&mut self, into: &mut Vec<Value>) {
        if self.depth() > SHALLOW {
            into.push(std::mem::replace(self, Self::Null));
        }
    }
}

impl Member for (Value, Value) {
    fn depth(&self) -> usize {
        self.0.depth().max(self.1.depth())
    }

    fn key(&self) -> &Value {
        &self.0
    }

    fn take_deep(&mut self, into: &mut Vec<Value>) {
        self.0.take_deep(into);
        self.1.take_deep(into);
    }
}

fn take_deep(value: &mut Value, into: &mut Vec<Value>) {
    match value {
        Value::Array(array) => array.0.take_deep(into),
        Value::Object(object) => object.0.take_deep(into),
        Value::Set(set) => set.0.take_deep(into),
        _ => {}
    }
}
