//! The rules that a schema has to keep.

use std::collections::HashSet;

use super::super::node::{flag, list, named, text, texts, type_name, type_text};
use super::{Definition, Schema, Verdict, failed, is_compatible, is_null, of};
use crate::builtins::Budget;
use crate::value::Value;

impl<'v> Schema<'v> {
    pub(super) fn check_definition(
        &self,
        definition: &Definition<'v>,
        budget: &mut Budget,
    ) -> Verdict {
        let Definition { kind, name, .. } = definition;
        let location = match *kind {
            "INPUT_OBJECT" => "INPUT_FIELD_DEFINITION",
            _ => "FIELD_DEFINITION",
        };
        let mut seen = HashSet::new();
        for field in &definition.fields {
            self.check_field(definition, field, location, budget)?;
            let field = text(field, "Name");
            if !seen.insert(field) {
                return failed(format!("Field {name}.{field} can only be defined once"));
            }
        }
        self.check_members(definition)?;
        for interface in &definition.interfaces {
            self.check_implements(definition, interface, budget)?;
        }
        if matches!(*kind, "OBJECT" | "INTERFACE" | "INPUT_OBJECT") && definition.fields.is_empty()
        {
            return failed(format!("{kind} {name}: must define one or more fields"));
        }
        self.check_values(definition, budget)?;
        if !definition.built_in {
            not_reserved(name)?;
        }
        // The directives of a type and those of its extensions are at places of their own, and may be the same.
        self.check_directives(&definition.directives, kind, None, false, budget)
    }

    fn check_field(
        &self,
        definition: &Definition<'v>,
        field: &Value,
        location: &str,
        budget: &mut Budget,
    ) -> Verdict {
        let name = text(field, "Name");
        not_reserved(name)?;
        let of = of(field)?;
        let Some(found) = self.of_type(of) else {
            return failed(format!("Undefined type {}", type_name(of)));
        };
        let fits = match definition.kind {
            "OBJECT" | "INTERFACE" => found.is_leaf() || found.is_composite(),
            "INPUT_OBJECT" => found.is_input(),
            _ => true,
        };
        if !fits {
            let owner = definition.name;
            return failed(format!("{owner}.{name} cannot be of a {}", found.kind));
        }
        self.check_arguments(list(field, "Arguments"), None, budget)?;
        let directives: Vec<&Value> = list(field, "Directives").iter().collect();
        self.check_directives(&directives, location, None, true, budget)
    }

    fn check_members(&self, definition: &Definition<'v>) -> Verdict {
        let mut seen = HashSet::new();
        for member in &definition.members {
            match self.types.get(member) {
                None => return failed(format!("Undefined type {member:?}")),
                Some(found) if found.kind != "OBJECT" => {
                    return failed(format!("UNION type {member:?} must be OBJECT"));
                }
                Some(_) => {}
            }
            if !seen.insert(member) {
                let name = definition.name;
                return failed(format!(
                    "Union type {name} can only include type {member} once"
                ));
            }
        }
        Ok(())
    }

    fn check_values(&self, definition: &Definition<'v>, budget: &mut Budget) -> Verdict {
        let name = definition.name;
        if definition.kind == "ENUM" && definition.values.is_empty() {
            return failed(format!(
                "ENUM {name}: must define one or more unique enum values"
            ));
        }
        let mut seen = HashSet::new();
        for node in &definition.values {
            let value = text(node, "Name");
            if !seen.insert(value) {
                return failed(format!(
                    "Enum value {name}.{value} can only be defined once"
                ));
            }
            if definition.kind != "ENUM" {
                continue;
            }
            if matches!(value, "true" | "false" | "null") {
                return failed(format!("ENUM {name}: non-enum value {value}"));
            }
            let directives: Vec<&Value> = list(node, "Directives").iter().collect();
            self.check_directives(&directives, "ENUM_VALUE", None, true, budget)?;
        }
        Ok(())
    }

    pub(super) fn check_arguments(
        &self,
        arguments: &[Value],
        directive: Option<&Value>,
        budget: &mut Budget,
    ) -> Verdict {
        for argument in arguments {
            let name = text(argument, "Name");
            not_reserved(name)?;
            let of = of(argument)?;
            match self.of_type(of) {
                None => return failed(format!("Undefined type {}", type_name(of))),
                Some(found) if !found.is_input() => {
                    let of = type_text(of);
                    return failed(format!(
                        "cannot use {of} as argument {name}: it is no input type"
                    ));
                }
                Some(_) => {}
            }
            let directives: Vec<&Value> = list(argument, "Directives").iter().collect();
            self.check_directives(&directives, "ARGUMENT_DEFINITION", directive, true, budget)?;
        }
        Ok(())
    }

    pub(super) fn check_directives(
        &self,
        directives: &[&Value],
        location: &str,
        within: Option<&Value>,
        one_place: bool,
        budget: &mut Budget,
    ) -> Verdict {
        let mut seen = HashSet::new();
        for directive in directives {
            let name = text(directive, "Name");
            not_reserved(name)?;
            if within.is_some_and(|within| text(within, "Name") == name) {
                return failed(format!("Directive {name} cannot refer to itself"));
            }
            let Some(definition) = self.directives.get(name) else {
                return failed(format!("Undefined directive {name}"));
            };
            if one_place && !seen.insert(name) && !flag(definition, "IsRepeatable") {
                return failed(format!(
                    "The directive {name} can only be used once at this location"
                ));
            }
            if !texts(definition, "Locations").any(|allowed| allowed == location) {
                return failed(format!("Directive {name} is not applicable on {location}"));
            }
            let arguments = list(directive, "Arguments");
            let known = list(definition, "Arguments");
            budget.step(4 + arguments.len() as u64 * known.len() as u64 / 4)?;
            for argument in arguments {
                let argument = text(argument, "Name");
                if named(known, argument).is_none() {
                    return failed(format!(
                        "Undefined argument {argument} for directive {name}"
                    ));
                }
            }
            for argument in known {
                let required = of(argument).is_ok_and(|of| flag(of, "NonNull"))
                    && argument.get_str("DefaultValue").is_none();
                let given = named(arguments, text(argument, "Name"));
                if required && given.is_none_or(|given| is_null(given.get_str("Value"))) {
                    let argument = text(argument, "Name");
                    return failed(format!(
                        "Argument {argument} for directive {name} cannot be null"
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_implements(
        &self,
        definition: &Definition<'v>,
        interface: &str,
        budget: &mut Budget,
    ) -> Verdict {
        let name = definition.name;
        let Some(interface) = self.types.get(interface) else {
            return failed(format!("Undefined type {interface:?}"));
        };
        if interface.kind != "INTERFACE" {
            return failed(format!(
                "{:?} is a non interface type {}",
                interface.name, interface.kind
            ));
        }
        budget.step(interface.fields.len() as u64 * (1 + definition.fields.len() as u64))?;
        for required in &interface.fields {
            let field = text(required, "Name");
            let lacks = |what: &str| {
                let interface = interface.name;
                failed(format!(
                    "For {name} to implement {interface} the field {field} {what}"
                ))
            };
            let Some(found) = definition.field(field) else {
                return lacks("must be there");
            };
            if !self.is_covariant(of(required)?, of(found)?) {
                return lacks("must have its type");
            }
            let arguments = list(found, "Arguments");
            budget.step(arguments.len() as u64 * list(required, "Arguments").len() as u64)?;
            for argument in list(required, "Arguments") {
                let Some(other) = named(arguments, text(argument, "Name")) else {
                    return lacks("must have the same arguments");
                };
                if !is_compatible(of(argument)?, of(other)?) {
                    return lacks("must have arguments of the same types");
                }
            }
            for argument in arguments {
                let new = named(list(required, "Arguments"), text(argument, "Name")).is_none();
                let needed =
                    flag(of(argument)?, "NonNull") && argument.get_str("DefaultValue").is_none();
                if new && needed {
                    return lacks("must not require more arguments");
                }
            }
        }
        let pairs = interface.interfaces.len() as u64 * definition.interfaces.len() as u64;
        budget.step(pairs)?;
        for above in &interface.interfaces {
            if !definition.interfaces.contains(above) {
                return failed(format!(
                    "Type {name} must implement {above} because it is implemented by {}",
                    interface.name
                ));
            }
        }
        Ok(())
    }

    fn is_covariant(&self, required: &Value, actual: &Value) -> bool {
        if flag(required, "NonNull") && !flag(actual, "NonNull") {
            return false;
        }
        let (wanted, given) = (text(required, "NamedType"), text(actual, "NamedType"));
        if !wanted.is_empty() {
            return wanted == given || self.possible(wanted).contains(&given);
        }
        match (required.get_str("Elem"), actual.get_str("Elem")) {
            (Some(required), Some(actual)) => self.is_covariant(required, actual),
            _ => false,
        }
    }

    /// Refuses input objects that cannot be written, because they need one of their own kind in them.
    pub(super) fn check_circles(&self, names: &[&'v str]) -> Verdict {
        let needed = |name: &str| -> Vec<&'v str> {
            let fields = self.types.get(name).map(|found| found.fields.as_slice());
            let fields = fields.unwrap_or_default().iter();
            let of = fields.filter_map(|field| field.get_str("Type"));
            let of = of.filter(|of| flag(of, "NonNull"));
            let names = of.map(|of| text(of, "NamedType"));
            names.filter(|name| self.is_input_object(name)).collect()
        };
        let mut done = HashSet::new();
        for start in names
            .iter()
            .copied()
            .filter(|name| self.is_input_object(name))
        {
            // The types on the way here, each with those that it needs and that are still to be looked at.
            let mut path: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut on_path = HashSet::new();
            let mut next = Some(start);
            loop {
                if let Some(name) = next.take() {
                    if on_path.contains(name) {
                        return failed(format!(
                            "Cannot reference Input Object {name:?} within itself"
                        ));
                    }
                    if done.insert(name) {
                        on_path.insert(name);
                        path.push((name, needed(name)));
                    }
                }
                let Some((name, rest)) = path.last_mut() else {
                    break;
                };
                next = rest.pop();
                if next.is_none() {
                    on_path.remove(name);
                    path.pop();
                }
            }
        }
        Ok(())
    }

    fn is_input_object(&self, name: &str) -> bool {
        let found = self.types.get(name);
        found.is_some_and(|found| found.kind == "INPUT_OBJECT")
    }
}

pub(super) fn not_reserved(name: &str) -> Verdict {
    if name.starts_with("__") {
        return failed(format!("Name {name:?} must not begin with \"__\""));
    }
    Ok(())
}
