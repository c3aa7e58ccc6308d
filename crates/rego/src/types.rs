//! Static types: what is known of a value before evaluation. Used by the declarations of built-ins, by the
//! type checker, and by `capabilities`.

use crate::value::{Str, Value};

/// A set of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// Any number.
    Number,
    /// Any string.
    String,
    /// An array: these elements first, then any number of `rest`; none where `rest` is absent.
    Array {
        /// The types of the first elements.
        prefix: Vec<Type>,
        /// The type of the elements after them.
        rest: Option<Box<Type>>,
    },
    /// A set of such members.
    Set(Box<Type>),
    /// An object: these members, and any of `rest`.
    Object {
        /// Members that are there, by key.
        members: Vec<(Value, Type)>,
        /// Key and value of further members; none where absent.
        rest: Option<Box<(Type, Type)>>,
    },
    /// One of these; with none at all, any value.
    Any(Vec<Type>),
    /// A function.
    Function(Box<Function>),
}

/// The type of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The arguments in order.
    pub args: Vec<Arg>,
    /// The type of further arguments, of which there may be any number.
    pub variadic: Option<Type>,
    /// The result; `None` for a function without one (`print`).
    pub result: Option<Named>,
}

/// An argument.
pub type Arg = Named;

/// A type with a name and a description, as `capabilities` shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name, if it has one.
    pub name: Option<Str>,
    /// What it is for.
    pub description: Option<Str>,
    /// The type.
    pub of: Type,
}

// === impl Type ===

impl Type {
    /// Any value at all.
    #[must_use]
    pub const fn any() -> Self {
        Self::Any(Vec::new())
    }

    /// An array of any number of `of`.
    #[must_use]
    pub fn array(of: Self) -> Self {
        let rest = Some(Box::new(of));
        Self::Array {
            prefix: Vec::new(),
            rest,
        }
    }

    /// A set of `of`.
    #[must_use]
    pub fn set(of: Self) -> Self {
        Self::Set(Box::new(of))
    }

    /// An object with any members of these types.
    #[must_use]
    pub fn object(key: Self, value: Self) -> Self {
        let rest = Some(Box::new((key, value)));
        Self::Object {
            members: Vec::new(),
            rest,
        }
    }

    /// One of `types`.
    #[must_use]
    pub fn one_of(types: impl IntoIterator<Item = Self>) -> Self {
        Self::Any(types.into_iter().collect())
    }
}

impl From<Type> for Named {
    fn from(of: Type) -> Self {
        Self {
            name: None,
            description: None,
            of,
        }
    }
}
