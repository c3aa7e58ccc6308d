//! Values that live until an evaluation ends. Most evaluations keep a few: those need no allocation.

use std::cell::{Cell, OnceCell};

use typed_arena::Arena;

use crate::value::Value;

/// An arena whose first values have their place in it.
#[derive(Default)]
pub(super) struct Kept {
    first: [OnceCell<Value>; FIRST],
    count: Cell<usize>,
    rest: OnceCell<Arena<Value>>,
}

/// Values with a place of their own: each costs a store at the beginning and a look at the end.
const FIRST: usize = 8;

// === impl Kept ===

impl Kept {
    /// Keeps a value.
    #[inline]
    pub(super) fn alloc(&self, value: Value) -> &Value {
        let at = self.count.get();
        match self.first.get(at) {
            Some(place) => {
                self.count.set(at + 1);
                place.get_or_init(|| value)
            }
            None => self.alloc_more(value),
        }
    }

    #[inline(never)]
    fn alloc_more(&self, value: Value) -> &Value {
        self.rest
            .get_or_init(|| Arena::with_capacity(4 * FIRST))
            .alloc(value)
    }
}
