//! The built-ins and features that a policy may use.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::builtins;
use crate::capabilities;
use crate::hir::{BuiltinRef, Declared};
use crate::types::{Function, Type};
use crate::value::Str;

/// The built-ins there are, by name.
#[derive(Debug, Clone)]
pub struct Capabilities {
    builtins: HashMap<Str, (BuiltinRef, usize)>,
    forbidden: HashSet<Str>,
}

impl Default for Capabilities {
    /// All built-ins of this crate.
    fn default() -> Self {
        let all = builtins::all().iter().copied();
        let all = all.map(|builtin| (Str::from(builtin.name), BuiltinRef::Known(builtin)));
        let builtins = [print()].into_iter().chain(all);
        Self {
            builtins: builtins
                .map(|(name, builtin)| (name, with_arity(builtin)))
                .collect(),
            forbidden: HashSet::new(),
        }
    }
}

impl Capabilities {
    /// Exactly these: those that this crate has are taken from it, the others can only be mocked.
    pub fn new(declared: impl IntoIterator<Item = Declared>) -> Self {
        let builtins = declared.into_iter().map(|declared| {
            let name = declared.name.clone();
            let known = builtins::get(&name).map(BuiltinRef::Known);
            (
                name,
                with_arity(known.unwrap_or_else(|| BuiltinRef::Declared(Arc::new(declared)))),
            )
        });
        Self {
            builtins: builtins.collect(),
            forbidden: HashSet::new(),
        }
    }

    /// The same, but a policy that calls one of these is refused: what the host does not lend to anyone.
    #[must_use]
    pub fn forbid(mut self, names: impl IntoIterator<Item = Str>) -> Self {
        self.forbidden.extend(names);
        self
    }

    /// Whether calls of that built-in are refused.
    #[must_use]
    pub fn is_forbidden(&self, name: &str) -> bool {
        self.forbidden.contains(name)
    }

    /// The built-in of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&BuiltinRef> {
        self.builtins.get(name).map(|(builtin, _)| builtin)
    }

    /// Whether there is a built-in of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.builtins.contains_key(name)
    }

    /// The built-in of that name and the number of its arguments.
    pub(super) fn entry(&self, name: &str) -> Option<(&BuiltinRef, usize)> {
        self.builtins
            .get(name)
            .map(|(builtin, arity)| (builtin, *arity))
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.builtins.keys().map(|name| &**name)
    }
}

impl From<&capabilities::Capabilities> for Capabilities {
    /// The built-ins that a file names.
    fn from(file: &capabilities::Capabilities) -> Self {
        Self::new(file.declared())
    }
}

impl BuiltinRef {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(builtin) => builtin.name,
            Self::Declared(declared) => &declared.name,
        }
    }

    /// Its arguments and result.
    #[must_use]
    pub fn declaration(&self) -> Function {
        match self {
            Self::Known(builtin) => (builtin.declaration)(),
            Self::Declared(declared) => declared.declaration.clone(),
        }
    }
}

/// `print` is part of the language here: a literal, which no built-in computes.
fn print() -> (Str, BuiltinRef) {
    let declaration = Function {
        args: Vec::new(),
        variadic: Some(Type::any()),
        result: None,
    };
    let declared = Declared {
        name: Str::from("print"),
        declaration,
        nondeterministic: false,
    };
    (Str::from("print"), BuiltinRef::Declared(Arc::new(declared)))
}

fn with_arity(builtin: BuiltinRef) -> (BuiltinRef, usize) {
    let arity = builtin.declaration().args.len();
    (builtin, arity)
}
