//! The small language in which a family's table declares its functions: one entry, one function.
//!
//! ```text
//! Builtin::new("abs", "Drops the sign of a number.", abs)
//!     .declared(|| takes([number("x", "the number")]).gives(number("y", "its absolute value")))
//!     .categories(&["numbers"])
//! ```

use super::{Builtin, Prepare, Run};
use crate::types::{Arg, Function, Named, Type};
use crate::value::{Str, Value};

/// The arguments of a function whose result comes next: [`Takes::gives`].
#[derive(Debug)]
pub(super) struct Takes(Vec<Arg>);

// === impl Builtin ===

impl Builtin {
    /// A function of no arguments and no categories yet.
    pub(super) const fn new(name: &'static str, description: &'static str, run: Run) -> Self {
        Self {
            name,
            description,
            declaration: || takes([]).gives(Type::any()),
            infix: None,
            categories: &[],
            nondeterministic: false,
            relation: false,
            deprecated: false,
            hosts: false,
            prepare: None,
            run,
        }
    }

    /// Says what it takes and gives.
    pub(super) const fn declared(self, declaration: fn() -> Function) -> Self {
        Self {
            declaration,
            ..self
        }
    }

    /// Says the operator that it is written as.
    pub(super) const fn infix(self, infix: &'static str) -> Self {
        Self {
            infix: Some(infix),
            ..self
        }
    }

    /// Says the groups that it is listed in.
    pub(super) const fn categories(self, categories: &'static [&'static str]) -> Self {
        Self { categories, ..self }
    }

    /// Says that another query may answer differently.
    pub(super) const fn nondeterministic(self) -> Self {
        Self {
            nondeterministic: true,
            ..self
        }
    }

    /// Says that it gives many answers.
    pub(super) const fn relation(self) -> Self {
        Self {
            relation: true,
            ..self
        }
    }

    /// Says what compiles its constant arguments.
    pub(super) const fn prepares(self, prepare: Prepare) -> Self {
        Self {
            prepare: Some(prepare),
            ..self
        }
    }

    /// Says that it is for modules of the host alone.
    pub(super) const fn hosts(self) -> Self {
        Self {
            hosts: true,
            ..self
        }
    }

    /// Says that v1 modules may not use it.
    pub(super) const fn deprecated(self) -> Self {
        Self {
            deprecated: true,
            ..self
        }
    }
}

// === impl Takes ===

impl Takes {
    /// The function that gives `result`.
    pub(super) fn gives(self, result: impl Into<Named>) -> Function {
        Function {
            args: self.0,
            variadic: None,
            result: Some(result.into()),
        }
    }
}

/// The arguments of a function, in order.
pub(super) fn takes<const N: usize>(args: [Arg; N]) -> Takes {
    Takes(args.into())
}

/// An argument or result of any type.
pub(super) fn named(name: &str, of: Type, description: &str) -> Named {
    Named {
        name: Some(Str::from(name)),
        description: Some(Str::from(description)),
        of,
    }
}

/// An argument or result with a name alone.
pub(super) fn bare(name: &str, of: Type) -> Named {
    Named {
        name: Some(Str::from(name)),
        description: None,
        of,
    }
}

/// An argument or result that has neither name nor description.
pub(super) fn unnamed(of: Type) -> Named {
    Named::from(of)
}

/// A number.
pub(super) fn number(name: &str, description: &str) -> Named {
    named(name, Type::Number, description)
}

/// A string.
pub(super) fn string(name: &str, description: &str) -> Named {
    named(name, Type::String, description)
}

/// A boolean.
pub(super) fn boolean(name: &str, description: &str) -> Named {
    named(name, Type::Boolean, description)
}

/// A value of any type.
pub(super) fn any(name: &str, description: &str) -> Named {
    named(name, Type::any(), description)
}

/// An array of anything.
pub(super) fn array(name: &str, description: &str) -> Named {
    named(name, Type::array(Type::any()), description)
}

/// A set of anything.
pub(super) fn set(name: &str, description: &str) -> Named {
    named(name, Type::set(Type::any()), description)
}

/// An object of anything.
pub(super) fn object(name: &str, description: &str) -> Named {
    named(name, any_object(), description)
}

/// The type of an object of anything.
pub(super) fn any_object() -> Type {
    Type::object(Type::any(), Type::any())
}

/// The type of arrays and sets of `of`.
pub(super) fn array_or_set(of: Type) -> Type {
    Type::one_of([Type::array(of.clone()), Type::set(of)])
}

/// The type of an object with these members and any others of `rest`.
pub(super) fn object_with<const N: usize>(members: [(&str, Type); N], rest: (Type, Type)) -> Type {
    Type::Object {
        members: members
            .into_iter()
            .map(|(key, of)| (Value::from(key), of))
            .collect(),
        rest: Some(Box::new(rest)),
    }
}
