//! Static types: what is known of a value before evaluation. Used by the declarations of built-ins, by the
//! type checker, and by `capabilities`.

use std::fmt;

use crate::value::{Str, Value};

pub mod json;

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

// === impl Display ===

impl fmt::Display for Type {
    /// As OPA's errors write it: `object<a: number>[string: any]`, `array<string>[any]`, `any<number, string>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Array { prefix, rest } => {
                f.write_str("array")?;
                list(f, prefix, |f, of| of.fmt(f))?;
                match rest {
                    Some(rest) => write!(f, "[{rest}]"),
                    None => Ok(()),
                }
            }
            Self::Set(of) => write!(f, "set[{of}]"),
            Self::Object { members, rest } => {
                f.write_str("object")?;
                list(f, members, |f, (key, of)| match key {
                    Value::String(key) => write!(f, "{key}: {of}"),
                    key => write!(f, "{key}: {of}"),
                })?;
                match rest {
                    Some(rest) => write!(f, "[{}: {}]", rest.0, rest.1),
                    None => Ok(()),
                }
            }
            Self::Any(of) => {
                f.write_str("any")?;
                list(f, of, |f, of| of.fmt(f))
            }
            Self::Function(function) => function.fmt(f),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (at, arg) in self.args.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{}", arg.of)?;
        }
        if let Some(of) = &self.variadic {
            let comma = if self.args.is_empty() { "" } else { ", " };
            write!(f, "{comma}{of}...")?;
        }
        match &self.result {
            Some(result) => write!(f, ") => {}", result.of),
            None => f.write_str(") => ???"),
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, one) in items.iter().enumerate() {
        f.write_str(if at > 0 { ", " } else { "<" })?;
        item(f, one)?;
    }
    if items.is_empty() {
        return Ok(());
    }
    f.write_str(">")
}
