//! What a slot holds: a value that lives as long as the evaluation, or one of its own.

use std::ops::Deref;

use crate::value::Value;

/// A value in a slot. A reference costs nothing to copy: what is read from input, data and constants is never cloned.
#[derive(Debug, Clone)]
pub(super) enum Reg<'a> {
    /// Stands in the input, in data, in the program or in the evaluation's arena.
    Ref(&'a Value),
    /// Built on the way.
    Own(Value),
}

/// Stands for what was not evaluated yet, and for what has no value: only where [`Expr::Once`] keeps something.
///
/// [`Expr::Once`]: crate::plan::ir::Expr::Once
static FRESH: Value = Value::Null;
static UNDEFINED: Value = Value::Null;
static NULL: Value = Value::Null;
static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

// === impl Reg ===

impl<'a> Reg<'a> {
    /// What stands in a slot that nothing was put into yet.
    pub(super) fn empty() -> Self {
        Self::Ref(&NULL)
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::Ref(if value { &TRUE } else { &FALSE })
    }

    /// What stands in a slot for something that was not evaluated yet.
    pub(super) fn fresh() -> Self {
        Self::Ref(&FRESH)
    }

    /// What stands in a slot for something without a value.
    pub(super) fn undefined() -> Self {
        Self::Ref(&UNDEFINED)
    }

    pub(super) fn is_fresh(&self) -> bool {
        matches!(self, Self::Ref(value) if std::ptr::eq(*value, &raw const FRESH))
    }

    pub(super) fn is_undefined(&self) -> bool {
        matches!(self, Self::Ref(value) if std::ptr::eq(*value, &raw const UNDEFINED))
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Ref(value) => value.clone(),
            Self::Own(value) => value,
        }
    }

    /// What stands at `key` in it, to be looked at.
    #[inline]
    pub(super) fn at(&self, key: &Value) -> Option<&Value> {
        match self {
            Self::Ref(value) => value.get(key),
            Self::Own(value) => value.get(key),
        }
    }

    /// What stands at `key` in it.
    pub(super) fn get(&self, key: &Value) -> Option<Reg<'a>> {
        match self {
            Self::Ref(value) => value.get(key).map(Reg::Ref),
            Self::Own(value) => value.get(key).cloned().map(Reg::Own),
        }
    }
}

impl Deref for Reg<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Ref(value) => value,
            Self::Own(value) => value,
        }
    }
}
