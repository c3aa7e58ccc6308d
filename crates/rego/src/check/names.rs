//! What names mean outside bodies: packages, their rules, functions, imports.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use crate::hir::MAX_PATH;
use crate::syntax::ast::{Import, Module, Ref, Rule, Term, TermKind};
use crate::value::{Str, Value};

/// The names of a policy.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The first parts of the names of each package's rules.
    packages: HashMap<Vec<Str>, HashSet<Str>>,
    /// The rules by the ground part of their path; of functions the number of parameters.
    rules: BTreeMap<Vec<Value>, Option<usize>>,
}

/// What a name of a module means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Global {
    /// A document below `data`.
    Data(Vec<Value>),
    /// A part of `input`.
    Input(Vec<Value>),
}

/// The names that a module's bodies see.
#[derive(Debug)]
pub(super) struct Globals<'n> {
    pub(super) package: Vec<Str>,
    own: Option<&'n HashSet<Str>>,
    imports: HashMap<Str, Global>,
    /// The imports that were used.
    used: RefCell<HashSet<Str>>,
}

// === impl Names ===

impl Names {
    pub(super) fn of(modules: &[Module]) -> Self {
        let mut names = Self::default();
        for module in modules {
            let package = package_path(&module.package.path);
            let path: Vec<Value> = package.iter().cloned().map(Value::from).collect();
            let own = names.packages.entry(package).or_default();
            for rule in &module.rules {
                if let Some(name) = first_name(rule) {
                    own.insert(name.clone());
                }
                let mut path = path.clone();
                path.extend(ground_prefix(&rule.head.reference));
                let arity = rule.head.args.as_ref().map(Vec::len);
                names.rules.entry(path).or_insert(arity);
            }
        }
        names
    }

    /// The number of parameters of the function at `path`.
    pub(super) fn arity(&self, path: &[Value]) -> Option<usize> {
        self.rules.get(path).copied().flatten()
    }

    /// Whether `path` leads into what a rule gives.
    pub(super) fn inside_rule(&self, path: &[Value]) -> bool {
        above(path).any(|above| self.rules.contains_key(above))
    }

    /// Whether a rule stands at `path` or below it.
    pub(super) fn leads_to_rule(&self, path: &[Value]) -> bool {
        let from = (Bound::Included(path), Bound::Unbounded);
        let next = self.rules.range::<[Value], _>(from).next();
        next.is_some_and(|(rule, _)| rule.starts_with(path))
    }

    pub(super) fn globals(&self, package: Vec<Str>, imports: &[Import]) -> Globals<'_> {
        let own = self.packages.get(&package);
        let imports = imports.iter().filter_map(imported).collect();
        Globals {
            package,
            own,
            imports,
            used: RefCell::default(),
        }
    }
}

// === impl Globals ===

impl Globals<'_> {
    /// What `name` means, where it is no variable.
    pub(super) fn get(&self, name: &str) -> Option<Global> {
        if let Some((name, global)) = self.imports.get_key_value(name) {
            self.used.borrow_mut().insert(name.clone());
            return Some(global.clone());
        }
        let own = self.own?.get(name)?;
        let package = self.package.iter().cloned().chain([own.clone()]);
        Some(Global::Data(package.map(Value::from).collect()))
    }
}

impl Globals<'_> {
    /// Notes that something used the import of that name, if there is one.
    pub(super) fn mark_used(&self, name: &str) {
        if let Some((name, _)) = self.imports.get_key_value(name) {
            self.used.borrow_mut().insert(name.clone());
        }
    }

    /// Whether something used the import of that name.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }
}

// === Helpers ===

/// What stands above a path and may be a rule's: no rule's path has more than [`MAX_PATH`] parts, so that a reference
/// of many keys costs what its length is, not its square.
pub(super) fn above<T>(path: &[T]) -> impl Iterator<Item = &[T]> {
    (0..path.len().min(MAX_PATH + 1)).filter_map(|count| path.get(..count))
}

/// The parts of a package's path, without `data`.
pub(super) fn package_path(path: &Ref) -> Vec<Str> {
    let parts = path.path.iter().filter_map(|term| match &term.kind {
        TermKind::String(name) => Some(name.clone()),
        _ => None,
    });
    parts.collect()
}

/// The name that an import introduces.
pub(super) fn import_name(import: &Import) -> Option<&Str> {
    if let Some(alias) = &import.alias {
        return Some(&alias.name);
    }
    match import.path.path.last().map(|term| &term.kind) {
        Some(TermKind::String(name)) => Some(name),
        None => var_name(&import.path.head),
        _ => None,
    }
}

/// The value of a term without parts.
pub(super) fn scalar(term: &Term) -> Option<Value> {
    match &term.kind {
        TermKind::Null => Some(Value::Null),
        TermKind::Bool(v) => Some(Value::Bool(*v)),
        TermKind::Number(v) => Some(Value::Number(v.clone())),
        TermKind::String(v) => Some(Value::String(v.clone())),
        _ => None,
    }
}

pub(super) fn var_name(term: &Term) -> Option<&Str> {
    match &term.kind {
        TermKind::Var(name) => Some(name),
        _ => None,
    }
}

fn imported(import: &Import) -> Option<(Str, Global)> {
    let name = import_name(import)?.clone();
    let path = import.path.path.iter().filter_map(scalar).collect();
    match &**var_name(&import.path.head)? {
        "data" => Some((name, Global::Data(path))),
        "input" => Some((name, Global::Input(path))),
        _ => None,
    }
}

fn first_name(rule: &Rule) -> Option<&Str> {
    var_name(&rule.head.reference.head)
}

/// The ground part of a rule's path.
pub(super) fn rule_path(package: &[Str], rule: &Rule) -> Vec<Value> {
    let package = package.iter().cloned().map(Value::from);
    package.chain(ground_prefix(&rule.head.reference)).collect()
}

/// The name of a rule below its package, up to the first key that is not ground.
fn ground_prefix(reference: &Ref) -> impl Iterator<Item = Value> {
    let first = var_name(&reference.head).cloned().map(Value::from);
    first
        .into_iter()
        .chain(reference.path.iter().map_while(scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_path_only_what_may_be_a_rule_is_above_it() {
        let above = |length: usize| above(&vec![(); length]).map(<[()]>::len).max();
        assert_eq!(above(3), Some(2));
        assert_eq!(above(10_000), Some(MAX_PATH));
    }
}
