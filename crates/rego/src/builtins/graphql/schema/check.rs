//! The rules that a schema has to keep, each of them about one thing in it.

mod circles;
mod interfaces;

use std::collections::HashSet;

use super::super::node::{list, named, text, type_name, type_text};
use super::{Definition, Schema, Verdict, failed, is_needed, is_null, may_repeat, of};
use crate::builtins::{Budget, Error};
use crate::value::Value;

impl<'v> Schema<'v> {
    pub(super) fn check(&self, document: &Value, budget: &mut Budget) -> Verdict {
        let schemas = list(document, "Schema").iter();
        for node in schemas.chain(list(document, "SchemaExtension")) {
            self.check_one_place(list(node, "Directives"), "SCHEMA", None, budget)?;
        }
        for directive in self.directives.values() {
            not_reserved(text(directive, "Name"))?;
            self.check_arguments(list(directive, "Arguments"), Some(directive), budget)?;
        }
        for definition in self.types.values() {
            budget.step(8 + definition.fields.len() as u64 * 8)?;
            self.check_definition(definition, budget)?;
        }
        self.check_circles()
    }

    fn check_definition(&self, definition: &Definition<'v>, budget: &mut Budget) -> Verdict {
        let Definition { kind, name, .. } = definition;
        if !definition.built_in {
            not_reserved(name)?;
        }
        // The directives of a type and those of its extensions are at places of their own, and may be the same.
        for directive in &definition.directives {
            self.check_directive(directive, kind, None, budget)?;
        }
        for interface in &definition.interfaces {
            self.check_implements(definition, interface, budget)?;
        }
        self.check_members(definition)?;
        self.check_values(definition, budget)?;
        self.check_fields(definition, budget)
    }

    fn check_fields(&self, definition: &Definition<'v>, budget: &mut Budget) -> Verdict {
        let Definition { kind, name, .. } = definition;
        let has_fields = matches!(*kind, "OBJECT" | "INTERFACE" | "INPUT_OBJECT");
        if has_fields && definition.fields.is_empty() {
            return failed(format!(
                "the type {name:?} has no fields; give it one at least"
            ));
        }
        let mut seen = HashSet::new();
        for field in &definition.fields {
            let own = text(field, "Name");
            if !seen.insert(own) {
                return failed(format!(
                    "the field \"{name}.{own}\" is defined twice; drop one of the definitions"
                ));
            }
            self.check_field(definition, field, budget)?;
        }
        Ok(())
    }

    fn check_field(
        &self,
        definition: &Definition<'v>,
        field: &Value,
        budget: &mut Budget,
    ) -> Verdict {
        let (owner, name) = (definition.name, text(field, "Name"));
        not_reserved(name)?;
        let of = of(field)?;
        let Some(found) = self.of_type(of) else {
            let of = type_name(of);
            return failed(format!(
                "the type {of:?} of the field \"{owner}.{name}\" is not defined; define it or take another"
            ));
        };
        let (fits, wanted) = match definition.kind {
            "OBJECT" | "INTERFACE" => (
                found.is_leaf() || found.is_composite(),
                "what is no input object",
            ),
            "INPUT_OBJECT" => (found.is_input(), "a scalar, an enum or an input object"),
            _ => (true, ""),
        };
        if !fits {
            let of = found.name;
            return failed(format!(
                "the field \"{owner}.{name}\" cannot be of type {of:?}; take {wanted}"
            ));
        }
        self.check_arguments(list(field, "Arguments"), None, budget)?;
        let location = match definition.kind {
            "INPUT_OBJECT" => "INPUT_FIELD_DEFINITION",
            _ => "FIELD_DEFINITION",
        };
        self.check_one_place(list(field, "Directives"), location, None, budget)
    }

    /// What a union is of.
    fn check_members(&self, definition: &Definition<'v>) -> Verdict {
        let name = definition.name;
        let mut seen = HashSet::new();
        for member in &definition.members {
            if !seen.insert(member) {
                return failed(format!(
                    "the union {name:?} has {member:?} twice in it; name it once"
                ));
            }
            let found = self.types.get(member);
            if found.is_none_or(|found| found.kind != "OBJECT") {
                return failed(format!(
                    "the union {name:?} has {member:?} in it, which is no object type; define it as one"
                ));
            }
        }
        Ok(())
    }

    fn check_values(&self, definition: &Definition<'v>, budget: &mut Budget) -> Verdict {
        let name = definition.name;
        let is_enum = definition.kind == "ENUM";
        if is_enum && definition.values.is_empty() {
            return failed(format!(
                "the enum {name:?} has no values; give it one at least"
            ));
        }
        let mut seen = HashSet::new();
        for node in &definition.values {
            let value = text(node, "Name");
            if !seen.insert(value) {
                return failed(format!(
                    "the enum {name:?} has the value {value:?} twice; drop one of them"
                ));
            }
            if !is_enum {
                continue;
            }
            if matches!(value, "true" | "false" | "null") {
                return failed(format!(
                    "the enum {name:?} cannot have the value {value:?}, which means something else; rename it"
                ));
            }
            self.check_one_place(list(node, "Directives"), "ENUM_VALUE", None, budget)?;
        }
        Ok(())
    }

    /// The arguments of a field, or of the directive that they are `within`.
    fn check_arguments(
        &self,
        arguments: &[Value],
        within: Option<&Value>,
        budget: &mut Budget,
    ) -> Verdict {
        for argument in arguments {
            let name = text(argument, "Name");
            not_reserved(name)?;
            let of = of(argument)?;
            let found = self.of_type(of);
            if !found.is_some_and(Definition::is_input) {
                let of = type_text(of);
                return failed(format!(
                    "the argument {name:?} cannot be of type {of:?}; take a scalar, an enum or an input object"
                ));
            }
            let directives = list(argument, "Directives");
            self.check_one_place(directives, "ARGUMENT_DEFINITION", within, budget)?;
        }
        Ok(())
    }

    /// Directives that stand together.
    fn check_one_place(
        &self,
        directives: &[Value],
        location: &str,
        within: Option<&Value>,
        budget: &mut Budget,
    ) -> Verdict {
        let mut seen = HashSet::new();
        for directive in directives {
            let definition = self.check_directive(directive, location, within, budget)?;
            if !seen.insert(text(directive, "Name")) {
                may_repeat(definition)?;
            }
        }
        Ok(())
    }

    /// One directive; gives its definition.
    fn check_directive(
        &self,
        directive: &Value,
        location: &str,
        within: Option<&Value>,
        budget: &mut Budget,
    ) -> Result<&'v Value, Error> {
        let name = text(directive, "Name");
        not_reserved(name)?;
        if within.is_some_and(|within| text(within, "Name") == name) {
            return failed(format!(
                "the directive \"@{name}\" stands in its own definition; take it out there"
            ));
        }
        let definition = self.directive_at(name, location)?;
        let given = list(directive, "Arguments");
        let known = list(definition, "Arguments");
        budget.step(4 + given.len() as u64 * known.len() as u64 / 4)?;
        let mut names = given.iter().map(|argument| text(argument, "Name"));
        if let Some(argument) = names.find(|name| named(known, name).is_none()) {
            return failed(format!(
                "the directive \"@{name}\" takes no argument {argument:?}; leave it out or define it"
            ));
        }
        for argument in known.iter().filter(|argument| is_needed(argument)) {
            let argument = text(argument, "Name");
            let value = named(given, argument).map(|given| given.get_str("Value"));
            if value.is_none_or(is_null) {
                return failed(format!(
                    "the directive \"@{name}\" needs its argument {argument:?}; give it a value"
                ));
            }
        }
        Ok(definition)
    }
}

fn not_reserved(name: &str) -> Verdict {
    if name.starts_with("__") {
        return failed(format!(
            "the name {name:?} begins with \"__\", as GraphQL's own do; take another"
        ));
    }
    Ok(())
}
