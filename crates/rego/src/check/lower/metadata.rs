//! `rego.metadata.chain()` and `rego.metadata.rule()`: constants, from the annotations.

use std::collections::HashMap;

use super::Lower;
use super::call::dotted;
use crate::check::names::package_path;
use crate::hir::Expr;
use crate::source::Span;
use crate::syntax::ast::{self, Annotations, Module, Scope};
use crate::value::{Object, Str, Value};

/// The annotations of all modules by what they apply to.
#[derive(Debug, Default)]
pub(super) struct Notes {
    packages: HashMap<Vec<Str>, Vec<Value>>,
    subpackages: HashMap<Vec<Str>, Vec<Value>>,
    documents: HashMap<Vec<Value>, Vec<Value>>,
}

impl Notes {
    pub(super) fn of(modules: &[Module]) -> Self {
        let mut notes = Self::default();
        for module in modules {
            let package = package_path(&module.package.path);
            for annotations in &module.annotations {
                let value = value(annotations);
                match annotations.scope {
                    Scope::Package => notes
                        .packages
                        .entry(package.clone())
                        .or_default()
                        .push(value),
                    Scope::Subpackages => notes
                        .subpackages
                        .entry(package.clone())
                        .or_default()
                        .push(value),
                    Scope::Document => {
                        let rule = annotations.rule.and_then(|at| module.rules.get(at));
                        if let Some(rule) = rule {
                            let path = crate::check::names::rule_path(&package, rule);
                            notes.documents.entry(path).or_default().push(value);
                        }
                    }
                    Scope::Rule => {}
                }
            }
        }
        notes
    }

    /// All that applies to a rule, from the nearest outwards.
    fn chain(&self, path: &[Value], package: &[Str], own: &[Value]) -> Value {
        let mut chain = Vec::new();
        let rule_path = Value::from(path.to_vec());
        if own.is_empty() {
            chain.push(entry(&rule_path, None));
        }
        for value in own
            .iter()
            .chain(self.documents.get(path).into_iter().flatten())
        {
            chain.push(entry(&rule_path, Some(value)));
        }
        for value in self.packages.get(package).into_iter().flatten() {
            chain.push(entry(&package_value(package), Some(value)));
        }
        for count in (0..=package.len()).rev() {
            let above = package.get(..count).unwrap_or_default();
            for value in self.subpackages.get(above).into_iter().flatten() {
                chain.push(entry(&package_value(above), Some(value)));
            }
        }
        Value::from(chain)
    }
}

impl Lower<'_> {
    /// The value of a call of `rego.metadata.chain` or `rego.metadata.rule`, if it is one.
    pub(super) fn metadata(&mut self, call: &ast::Call, span: Span) -> Option<Expr> {
        if !call.args.is_empty() || call.operator.path.len() != 2 {
            return None;
        }
        let place = self.place(span);
        let value = match dotted(&call.operator).as_str() {
            "rego.metadata.chain" => {
                self.notes
                    .chain(&self.path, &self.globals.package, &self.own_notes)
            }
            "rego.metadata.rule" => self
                .own_notes
                .first()
                .cloned()
                .unwrap_or_else(|| Object::default().into()),
            _ => return None,
        };
        Some(Expr::constant(value, place))
    }
}

/// The annotations of scope rule, by the number of the rule they stand before.
pub(super) fn by_rule(module: &Module) -> HashMap<usize, Vec<Value>> {
    let mut own: HashMap<usize, Vec<Value>> = HashMap::new();
    for annotations in module.annotations.iter().filter(|a| a.scope == Scope::Rule) {
        if let Some(rule) = annotations.rule {
            own.entry(rule).or_default().push(value(annotations));
        }
    }
    own
}

/// The annotation with its scope.
fn value(annotations: &Annotations) -> Value {
    let scope = match annotations.scope {
        Scope::Package => "package",
        Scope::Subpackages => "subpackages",
        Scope::Rule => "rule",
        Scope::Document => "document",
    };
    let scope = (Value::from("scope"), Value::from(scope));
    match &annotations.value {
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()));
            members.chain([scope]).collect::<Object>().into()
        }
        other => other.clone(),
    }
}

fn entry(path: &Value, annotations: Option<&Value>) -> Value {
    let path = (Value::from("path"), path.clone());
    let annotations = annotations.map(|value| (Value::from("annotations"), value.clone()));
    [path]
        .into_iter()
        .chain(annotations)
        .collect::<Object>()
        .into()
}

fn package_value(package: &[Str]) -> Value {
    Value::from(package.iter().cloned().map(Value::from).collect::<Vec<_>>())
}
