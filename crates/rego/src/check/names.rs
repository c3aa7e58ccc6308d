//! What names mean outside bodies: packages, their rules, functions, imports.

use std::collections::{HashMap, HashSet};

use crate::syntax::ast::{Import, Module, Ref, Rule, Term, TermKind};
use crate::value::{Str, Value};

/// The names of a policy.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The first parts of the names of each package's rules.
    packages: HashMap<Vec<Str>, HashSet<Str>>,
    /// The functions by path, with the number of their parameters.
    functions: HashMap<Vec<Value>, usize>,
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
                if let Some(args) = &rule.head.args {
                    let mut path = path.clone();
                    path.extend(ground_prefix(&rule.head.reference));
                    names.functions.entry(path).or_insert(args.len());
                }
            }
        }
        names
    }

    /// The number of parameters of the function at `path`.
    pub(super) fn arity(&self, path: &[Value]) -> Option<usize> {
        self.functions.get(path).copied()
    }

    pub(super) fn globals(&self, package: Vec<Str>, imports: &[Import]) -> Globals<'_> {
        let own = self.packages.get(&package);
        let imports = imports.iter().filter_map(imported).collect();
        Globals {
            package,
            own,
            imports,
        }
    }
}

// === impl Globals ===

impl Globals<'_> {
    /// What `name` means, where it is no variable.
    pub(super) fn get(&self, name: &str) -> Option<Global> {
        if let Some(global) = self.imports.get(name) {
            return Some(global.clone());
        }
        let own = self.own?.get(name)?;
        let package = self.package.iter().cloned().chain([own.clone()]);
        Some(Global::Data(package.map(Value::from).collect()))
    }
}

// === Helpers ===

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

/// The name of a rule below its package, up to the first key that is not ground.
fn ground_prefix(reference: &Ref) -> impl Iterator<Item = Value> {
    let first = var_name(&reference.head).cloned().map(Value::from);
    first
        .into_iter()
        .chain(reference.path.iter().map_while(scalar))
}
