//! A schema: its types with their extensions, its directives, and the types that operations begin at.
//!
//! A document is gathered whole before [`check`] looks at any of it, because rules speak of what stands elsewhere.

mod check;

use std::collections::{BTreeMap, HashMap};

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
    pub types: BTreeMap<&'v str, Definition<'v>>,
    pub directives: BTreeMap<&'v str, &'v Value>,
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
        schema.gather_directives(document)?;
        schema.gather_types(document)?;
        schema.gather_possible();
        schema.gather_roots(document)?;
        schema.check(document, budget)?;
        Ok(schema)
    }

    fn gather_types(&mut self, document: &'v Value) -> Verdict {
        let own = list(&prelude::DEFINITIONS, "Definitions");
        for node in own.iter().chain(list(document, "Definitions")) {
            let name = text(node, "Name");
            let mut definition = Definition::new(text(node, "Kind"), name, flag(node, "BuiltIn"));
            definition.add(node);
            if self.types.insert(name, definition).is_some() {
                return failed(format!(
                    "the type {name:?} is defined twice; extend it or rename one of them"
                ));
            }
        }
        for node in list(document, "Extensions") {
            let (name, kind) = (text(node, "Name"), text(node, "Kind"));
            let fresh = || Definition::new(kind, name, false);
            let definition = self.types.entry(name).or_insert_with(fresh);
            if definition.kind != kind {
                let own = definition.kind;
                return failed(format!(
                    "an extension takes {name:?} for {kind}, and it is {own}; extend it as that"
                ));
            }
            definition.add(node);
        }
        Ok(())
    }

    /// A union may be of its members, an interface of what implements it, an object type of itself.
    fn gather_possible(&mut self) {
        for definition in self.types.values() {
            let name = definition.name;
            let mut may_be = |of: &'v str, one: &'v str| {
                self.possible.entry(of).or_default().push(one);
            };
            for member in &definition.members {
                may_be(name, member);
            }
            for interface in &definition.interfaces {
                may_be(interface, name);
            }
            if definition.kind == "OBJECT" {
                may_be(name, name);
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
                return failed(format!(
                    "the directive \"@{name}\" is defined twice; drop one of the definitions"
                ));
            }
        }
        Ok(())
    }

    fn gather_roots(&mut self, document: &'v Value) -> Verdict {
        let schemas = list(document, "Schema");
        if schemas.len() > 1 {
            return failed("a document has more than one `schema`; write the others as extensions");
        }
        if schemas.is_empty() {
            let known = |name| self.types.get(name).map(|found| found.name);
            self.query = known("Query");
            self.mutation = known("Mutation");
            self.subscription = known("Subscription");
        }
        for node in schemas.iter().chain(list(document, "SchemaExtension")) {
            for root in list(node, "OperationTypes") {
                let (operation, name) = (text(root, "Operation"), text(root, "Type"));
                if !self.types.contains_key(name) {
                    return failed(format!(
                        "the type {name:?} for {operation:?} is not defined; define it or take another"
                    ));
                }
                match operation {
                    "query" => self.query = Some(name),
                    "mutation" => self.mutation = Some(name),
                    "subscription" => self.subscription = Some(name),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The definition of a directive that stands in a place of that kind.
    pub(super) fn directive_at(&self, name: &str, location: &str) -> Result<&'v Value, Error> {
        let Some(definition) = self.directives.get(name).copied() else {
            return failed(format!(
                "the directive \"@{name}\" is not defined; define it or leave it out"
            ));
        };
        if texts(definition, "Locations").any(|allowed| allowed == location) {
            return Ok(definition);
        }
        failed(format!(
            "the directive \"@{name}\" is not for {location}; leave it out or define it for that"
        ))
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
    let lacks = || {
        let name = text(node, "Name");
        Error::Failed(format!("{name:?} is defined without a type; give it one"))
    };
    of.ok_or_else(lacks)
}

/// Whether an argument or a field of an input object has to be given.
pub(super) fn is_needed(definition: &Value) -> bool {
    let of = definition.get_str("Type");
    of.is_some_and(|of| flag(of, "NonNull")) && definition.get_str("DefaultValue").is_none()
}

/// Says whether a directive may stand in one place again.
pub(super) fn may_repeat(definition: &Value) -> Verdict {
    if flag(definition, "IsRepeatable") {
        return Ok(());
    }
    let name = text(definition, "Name");
    failed(format!(
        "the directive \"@{name}\" stands twice in one place; drop one, or define it as repeatable"
    ))
}

/// Whether a variable of one type may stand where the other is asked for (GraphQL, October 2021, 5.8.5).
pub(super) fn is_compatible(variable: &Value, place: &Value) -> bool {
    if flag(place, "NonNull") && !flag(variable, "NonNull") {
        return false;
    }
    match (item(variable), item(place)) {
        (Some(variable), Some(place)) => is_compatible(variable, place),
        (None, None) => text(variable, "NamedType") == text(place, "NamedType"),
        _ => false,
    }
}

/// The type of the items, if a type is one of lists.
fn item(of: &Value) -> Option<&Value> {
    let item = of.get_str("Elem");
    item.filter(|_| text(of, "NamedType").is_empty())
}

/// Whether a value is the literal `null`.
pub(super) fn is_null(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get_str("Kind")) == Some(&Value::from(6_i64))
}

#[cold]
pub(super) fn failed<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Failed(message.into()))
}
