//! Which schemas apply to a rule: those of its annotations, its document's, its package's and of those above.

use std::collections::HashMap;

use super::Schemas;
use super::schema;
use super::shape::{self, Kind, Known, Ty};
use super::tree::Tree;
use crate::hir::{Hir, Rule};
use crate::syntax::ast::{self, SchemaAnnotation, SchemaSource, Scope, TermKind};
use crate::value::{Str, Value};

/// The `schemas` of a policy's annotations by scope.
#[derive(Debug, Default)]
pub(super) struct Annotated<'h> {
    subpackages: HashMap<Vec<Value>, Vec<&'h SchemaAnnotation>>,
    packages: HashMap<Vec<Value>, Vec<&'h SchemaAnnotation>>,
    documents: HashMap<Vec<Value>, Vec<&'h SchemaAnnotation>>,
    rules: HashMap<usize, Vec<&'h SchemaAnnotation>>,
    /// Whether there are any at all.
    some: bool,
}

/// The types of schemas that were read, by reference.
pub(super) type Read = HashMap<Vec<Str>, Ty>;

// === impl Annotated ===

impl<'h> Annotated<'h> {
    pub(super) fn new(hir: &'h Hir) -> Self {
        let mut all = Self::default();
        for annotated in &hir.annotations {
            let schemas = &annotated.annotations.schemas;
            if schemas.is_empty() {
                continue;
            }
            all.some = true;
            let path = || annotated.path.iter().cloned().map(Value::from).collect();
            let list = match (annotated.annotations.scope, annotated.rule) {
                (Scope::Rule, Some(rule)) => all.rules.entry(rule).or_default(),
                (Scope::Rule, None) => continue,
                (Scope::Document, _) => all.documents.entry(path()).or_default(),
                (Scope::Package, _) => all.packages.entry(path()).or_default(),
                (Scope::Subpackages, _) => all.subpackages.entry(path()).or_default(),
            };
            list.extend(schemas);
        }
        all
    }

    /// The schemas of a rule, the widest scope first, what follows goes over what was before; with those of the rule
    /// itself where `own` says so.
    pub(super) fn of(
        &self,
        (number, rule): (usize, &Rule),
        own: bool,
    ) -> Vec<&'h SchemaAnnotation> {
        if !self.some {
            return Vec::new();
        }
        let package = rule.path.get(..rule.package).unwrap_or_default();
        let mut found = Vec::new();
        for length in 0..=package.len() {
            let prefix = package.get(..length).unwrap_or_default();
            found.extend(self.subpackages.get(prefix).into_iter().flatten());
        }
        found.extend(self.packages.get(package).into_iter().flatten());
        found.extend(self.documents.get(&*rule.path).into_iter().flatten());
        let rules = self.rules.get(&number).filter(|_| own);
        found.extend(rules.into_iter().flatten());
        found.into_iter().copied().collect()
    }
}

// === helpers ===

/// The type that an annotation names; `None` where no schemas were given.
pub(super) fn type_of(
    annotation: &SchemaAnnotation,
    schemas: Option<&Schemas>,
    read: &mut Read,
) -> Result<Ty, String> {
    match &annotation.schema {
        SchemaSource::Inline(value) => schema::read(value).map_err(|error| error.to_string()),
        SchemaSource::Ref(reference) => {
            let Some(schemas) = schemas else {
                return Ok(None);
            };
            let path = keys(reference);
            let names: Vec<Str> = path
                .iter()
                .filter_map(Value::as_str)
                .map(Str::from)
                .collect();
            if let Some(known) = read.get(&names) {
                return Ok(known.clone());
            }
            let missing = || {
                let root = [Str::from("schema")];
                let path: Vec<&str> = root.iter().chain(&names).map(|name| &**name).collect();
                format!("undefined schema: {}", path.join("."))
            };
            let value = schemas.get(&names).ok_or_else(missing)?;
            let ty = schema::read(value).map_err(|error| error.to_string())?;
            read.insert(names, ty.clone());
            Ok(ty)
        }
    }
}

/// The path of the document that an annotation describes, `input` or `data` first.
pub(super) fn target(annotation: &SchemaAnnotation) -> Option<Vec<Value>> {
    let root = match &annotation.path.head.kind {
        TermKind::Var(name) => Value::from(name.clone()),
        _ => return None,
    };
    let mut path = vec![root];
    path.extend(keys(&annotation.path));
    Some(path)
}

/// Says in `tree` that the document at `path` is of type `of`; `known` is what is known of its root.
pub(super) fn describe(tree: &mut Tree, path: &[Value], of: Ty, known: Ty) {
    let Some((root, keys)) = path.split_first() else {
        return;
    };
    let ty = match (keys, known) {
        ([], _) => of,
        (keys, known) => override_at(&known.unwrap_or_else(shape::any), keys, &of),
    };
    tree.put(std::slice::from_ref(root), ty);
}

/// The type `base` with `of` at `path`.
fn override_at(base: &Known, path: &[Value], of: &Ty) -> Ty {
    let Some((key, tail)) = path.split_first() else {
        return of.clone();
    };
    let any = || Some(shape::any());
    let (members, rest) = match base.kind() {
        Kind::Object { members, rest } => (members.clone(), rest.clone()),
        _ => (Vec::new(), Some((any(), any()))),
    };
    let there = members.iter().find(|(name, _)| name == key);
    let value = match there.and_then(|(_, value)| value.clone()) {
        Some(value) => override_at(&value, tail, of),
        None => tail.iter().rev().fold(of.clone(), |of, key| {
            Some(shape::object(vec![(key.clone(), of)], rest.clone()))
        }),
    };
    let mut members = members;
    members.push((key.clone(), value));
    Some(shape::object(members, rest))
}

fn keys(reference: &ast::Ref) -> Vec<Value> {
    let key = |term: &ast::Term| match &term.kind {
        TermKind::String(text) | TermKind::Var(text) => Some(Value::from(text.clone())),
        TermKind::Number(number) => Some(Value::from(number.clone())),
        TermKind::Bool(value) => Some(Value::from(*value)),
        _ => None,
    };
    reference.path.iter().map_while(key).collect()
}
