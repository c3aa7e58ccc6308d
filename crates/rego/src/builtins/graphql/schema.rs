//! A schema: its types with their extensions, and what is wrong with them.

mod check;

use std::collections::HashMap;

use self::check::not_reserved;
use super::node::{flag, list, named, text, texts, type_name};
use super::prelude;
use crate::builtins::{Budget, Error};
use crate::value::Value;

/// A type with all that extensions add to it.
#[derive(Debug)]
pub(super) struct Definition<'v> {
    pub kind: &'v str,
    pub name: &'v str,
    pub fields: Vec<&'v Value>,
    pub interfaces: Vec<&'v str>,
    /// What a union is of.
    pub members: Vec<&'v str>,
    pub values: Vec<&'v Value>,
    pub directives: Vec<&'v Value>,
    built_in: bool,
}

/// The types and directives of a document, the language's own among them.
#[derive(Debug, Default)]
pub(super) struct Schema<'v> {
    pub types: HashMap<&'v str, Definition<'v>>,
    pub directives: HashMap<&'v str, &'v Value>,
    /// The types that a value of a type may be of.
    possible: HashMap<&'v str, Vec<&'v str>>,
    pub query: Option<&'v str>,
    pub mutation: Option<&'v str>,
    pub subscription: Option<&'v str>,
}

/// That something holds, or the reason why not.
pub(super) type Verdict = Result<(), Error>;

// === impl Definition ===

impl<'v> Definition<'v> {
    fn new(kind: &'v str, name: &'v str, built_in: bool) -> Self {
        Self {
            kind,
            name,
            fields: Vec::new(),
            interfaces: Vec::new(),
            members: Vec::new(),
            values: Vec::new(),
            directives: Vec::new(),
            built_in,
        }
    }

    fn add(&mut self, node: &'v Value) {
        self.fields.extend(list(node, "Fields"));
        self.interfaces.extend(texts(node, "Interfaces"));
        self.members.extend(texts(node, "Types"));
        self.values.extend(list(node, "EnumValues"));
        self.directives.extend(list(node, "Directives"));
    }

    pub(super) fn field(&self, name: &str) -> Option<&'v Value> {
        let mut fields = self.fields.iter().copied();
        fields.find(|field| text(field, "Name") == name)
    }

    pub(super) fn is_leaf(&self) -> bool {
        matches!(self.kind, "SCALAR" | "ENUM")
    }

    pub(super) fn is_composite(&self) -> bool {
        matches!(self.kind, "OBJECT" | "INTERFACE" | "UNION")
    }

    pub(super) fn is_input(&self) -> bool {
        matches!(self.kind, "SCALAR" | "ENUM" | "INPUT_OBJECT")
    }
}

// === impl Schema ===

impl<'v> Schema<'v> {
    /// The schema of a document that is valid.
    pub(super) fn read(document: &'v Value, budget: &mut Budget) -> Result<Self, Error> {
        let mut schema = Self::default();
        schema.gather_types(document)?;
        schema.gather_possible();
        schema.gather_directives(document)?;
        schema.gather_roots(document, budget)?;
        let mut names: Vec<&str> = schema.types.keys().copied().collect();
        names.sort_unstable();
        for name in &names {
            if let Some(definition) = schema.types.get(name) {
                budget.step(8 + definition.fields.len() as u64 * 8)?;
                schema.check_definition(definition, budget)?;
            }
        }
        schema.check_circles(&names)?;
        for directive in schema.directives.values() {
            not_reserved(text(directive, "Name"))?;
            schema.check_arguments(list(directive, "Arguments"), Some(directive), budget)?;
        }
        if list(document, "Schema").is_empty() {
            let root = |name| {
                schema
                    .types
                    .get(name)
                    .map(|found: &Definition<'_>| found.name)
            };
            let roots = [root("Query"), root("Mutation"), root("Subscription")];
            let [query, mutation, subscription] = roots;
            schema.query = schema.query.or(query);
            schema.mutation = schema.mutation.or(mutation);
            schema.subscription = schema.subscription.or(subscription);
        }
        Ok(schema)
    }

    fn gather_types(&mut self, document: &'v Value) -> Verdict {
        let own = list(&prelude::DEFINITIONS, "Definitions");
        for node in own.iter().chain(list(document, "Definitions")) {
            let name = text(node, "Name");
            let mut definition = Definition::new(text(node, "Kind"), name, flag(node, "BuiltIn"));
            definition.add(node);
            if self.types.insert(name, definition).is_some() {
                return failed(format!("Cannot redeclare type {name}"));
            }
        }
        for node in list(document, "Extensions") {
            let (name, kind) = (text(node, "Name"), text(node, "Kind"));
            let fresh = || Definition::new(kind, name, false);
            let definition = self.types.entry(name).or_insert_with(fresh);
            if definition.kind != kind {
                return failed(format!(
                    "Cannot extend type {name} because the base type is a {}, not {kind}",
                    definition.kind
                ));
            }
            definition.add(node);
        }
        Ok(())
    }

    fn gather_possible(&mut self) {
        for definition in self.types.values() {
            if definition.kind == "UNION" {
                let possible = self.possible.entry(definition.name).or_default();
                possible.extend(&definition.members);
                continue;
            }
            if matches!(definition.kind, "OBJECT" | "INPUT_OBJECT" | "INTERFACE") {
                for interface in &definition.interfaces {
                    let possible = self.possible.entry(interface).or_default();
                    possible.push(definition.name);
                }
            }
            if matches!(definition.kind, "OBJECT" | "INPUT_OBJECT") {
                let possible = self.possible.entry(definition.name).or_default();
                possible.push(definition.name);
            }
        }
    }

    fn gather_directives(&mut self, document: &'v Value) -> Verdict {
        let own = list(&prelude::DEFINITIONS, "Directives");
        for node in own {
            self.directives.insert(text(node, "Name"), node);
        }
        for node in list(document, "Directives") {
            let name = text(node, "Name");
            // The language's own may be declared again.
            let again = self.directives.insert(name, node).is_some();
            if again && named(own, name).is_none() {
                return failed(format!("Cannot redeclare directive {name}"));
            }
        }
        Ok(())
    }

    fn gather_roots(&mut self, document: &'v Value, budget: &mut Budget) -> Verdict {
        let schemas = list(document, "Schema");
        if schemas.len() > 1 {
            return failed("Cannot have multiple schema entry points");
        }
        for node in schemas.iter().chain(list(document, "SchemaExtension")) {
            for root in list(node, "OperationTypes") {
                let (operation, name) = (text(root, "Operation"), text(root, "Type"));
                if !self.types.contains_key(name) {
                    return failed(format!(
                        "Schema root {operation} refers to a type {name} that does not exist"
                    ));
                }
                match operation {
                    "query" => self.query = Some(name),
                    "mutation" => self.mutation = Some(name),
                    "subscription" => self.subscription = Some(name),
                    _ => {}
                }
            }
            let directives: Vec<&Value> = list(node, "Directives").iter().collect();
            self.check_directives(&directives, "SCHEMA", None, true, budget)?;
        }
        Ok(())
    }

    /// The type that a type node is about, without lists and `!`.
    pub(super) fn of_type(&self, of: &Value) -> Option<&Definition<'v>> {
        self.types.get(type_name(of))
    }

    /// The types that a value of a type may be of.
    pub(super) fn possible(&self, name: &str) -> &[&'v str] {
        self.possible
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// The type of a field or an argument.
pub(super) fn of(node: &Value) -> Result<&Value, Error> {
    let of = node.get_str("Type");
    of.ok_or_else(|| Error::Failed("a definition has no type".to_owned()))
}

/// Whether a value of one type may stand where the other is asked for.
pub(super) fn is_compatible(given: &Value, wanted: &Value) -> bool {
    let mut pair = (given, wanted);
    loop {
        let (given, wanted) = pair;
        if text(given, "NamedType") != text(wanted, "NamedType") {
            return false;
        }
        if flag(wanted, "NonNull") && !flag(given, "NonNull") {
            return false;
        }
        pair = match (given.get_str("Elem"), wanted.get_str("Elem")) {
            (Some(given), Some(wanted)) => (given, wanted),
            (Some(_), None) => return false,
            (None, _) => return true,
        };
    }
}

/// Whether a value is the literal `null`.
pub(super) fn is_null(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get_str("Kind")) == Some(&Value::from(6_i64))
}

#[cold]
pub(super) fn failed<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Failed(message.into()))
}
