//! Values in queries: whether they are of the type that is asked for, and the variables in them.

use std::collections::{BTreeSet, HashSet};

use super::super::node::{flag, list, text, type_text};
use super::super::schema::{Definition, Verdict, failed, is_compatible, is_needed, is_null, of};
use super::{Walk, bounded};
use crate::value::Value;

impl<'a, 'v> Walk<'a, 'v> {
    /// The value of an argument of which the definition is known, or not.
    pub(super) fn argument(&mut self, argument: &'v Value, definition: Option<&Value>) -> Verdict {
        let Some(value) = argument.get_str("Value") else {
            return Ok(());
        };
        let Some(definition) = definition else {
            return self.value(value, None, None, false, 0);
        };
        let of = of(definition)?;
        let found = self.schema.of_type(of);
        self.value(value, Some(of), found, has_default(definition), 0)
    }

    pub(super) fn value(
        &mut self,
        value: &'v Value,
        expected: Option<&Value>,
        found: Option<&'a Definition<'v>>,
        defaults: bool,
        depth: usize,
    ) -> Verdict {
        self.budget.step(2)?;
        bounded(depth)?;
        let children = list(value, "Children");
        match kind(value) {
            0 => return self.variable_in(value, expected, defaults),
            8 => {
                let inner = expected.and_then(|expected| expected.get_str("Elem"));
                let found = found.filter(|_| inner.is_some());
                for item in children.iter().filter_map(|child| child.get_str("Value")) {
                    self.value(item, inner, found, false, depth + 1)?;
                }
            }
            9 => self.object(children, found, depth)?,
            _ => {}
        }
        match (expected, found) {
            (Some(expected), Some(found)) => self.fits(value, expected, found),
            _ => Ok(()),
        }
    }

    fn object(
        &mut self,
        children: &'v [Value],
        found: Option<&'a Definition<'v>>,
        depth: usize,
    ) -> Verdict {
        let schema = self.schema;
        let mut seen = HashSet::new();
        for child in children {
            let name = text(child, "Name");
            if !seen.insert(name) {
                return failed(format!(
                    "an input object is given the field {name:?} twice; give it once"
                ));
            }
            let Some(value) = child.get_str("Value") else {
                continue;
            };
            self.budget
                .step(found.map_or(0, |found| found.fields.len() as u64 / 16))?;
            match found.and_then(|found| found.field(name)) {
                Some(field) => {
                    let of = of(field)?;
                    let defaults = has_default(field);
                    self.value(value, Some(of), schema.of_type(of), defaults, depth + 1)?;
                }
                None => self.value(value, None, None, false, depth + 1)?,
            }
        }
        Ok(())
    }

    fn variable_in(
        &mut self,
        value: &'v Value,
        expected: Option<&Value>,
        defaults: bool,
    ) -> Verdict {
        let Some(operation) = &mut self.operation else {
            return Ok(());
        };
        let name = text(value, "Raw");
        let Some(variable) = operation.variables.get_mut(name) else {
            return failed(format!(
                "the variable \"${name}\" is not declared; declare it with its operation"
            ));
        };
        variable.used = true;
        let Some(expected) = expected else {
            return Ok(());
        };
        let given = of(variable.node)?;
        // What has a default is never missing.
        let lenient = defaults || has_default(variable.node);
        let fits = is_compatible(given, expected)
            || lenient && flag(expected, "NonNull") && is_compatible(&not_null(given), expected);
        if fits {
            return Ok(());
        }
        let (given, expected) = (type_text(given), type_text(expected));
        failed(format!(
            "the variable \"${name}\" is of type {given:?} and stands for one of {expected:?}; declare it as such"
        ))
    }

    /// Whether a literal is of a type.
    fn fits(&mut self, value: &'v Value, expected: &Value, found: &'a Definition<'v>) -> Verdict {
        let raw = text(value, "Raw");
        let wrong = || {
            let expected = type_text(expected);
            let told = told(value);
            failed(format!(
                "{told} is no value of type {expected:?}; write one that is"
            ))
        };
        if kind(value) == 6 {
            return if flag(expected, "NonNull") {
                wrong()
            } else {
                Ok(())
            };
        }
        let one_of = |names: &[&str]| names.contains(&found.name);
        // A scalar of the schema's own takes whatever is there.
        if found.kind == "SCALAR" && !one_of(&["Int", "Float", "String", "Boolean", "ID"]) {
            return Ok(());
        }
        let fits = match kind(value) {
            8 => expected.get_str("Elem").is_some(),
            1 => one_of(&["Int", "Float", "ID"]) && raw.parse::<i64>().is_ok(),
            2 => one_of(&["Float"]) && raw.parse::<f64>().is_ok_and(f64::is_finite),
            3 | 4 => found.kind != "ENUM" && one_of(&["String", "ID"]),
            5 => one_of(&["Boolean"]),
            7 => {
                self.budget.step(found.values.len() as u64 / 16)?;
                let mut values = found.values.iter();
                found.kind == "ENUM" && values.any(|value| text(value, "Name") == raw)
            }
            9 => return self.object_fits(list(value, "Children"), found),
            _ => true,
        };
        if fits { Ok(()) } else { wrong() }
    }

    fn object_fits(&mut self, children: &'v [Value], found: &Definition<'v>) -> Verdict {
        let names: BTreeSet<&str> = children.iter().map(|child| text(child, "Name")).collect();
        self.budget.step(found.fields.len() as u64)?;
        let mut known = HashSet::with_capacity(found.fields.len());
        for field in &found.fields {
            let name = text(field, "Name");
            known.insert(name);
            if is_needed(field) && !names.contains(name) {
                let of = found.name;
                return failed(format!(
                    "an object of type {of:?} needs its field {name:?}; give it a value"
                ));
            }
        }
        if let Some(name) = names.iter().find(|name| !known.contains(*name)) {
            let of = found.name;
            return failed(format!(
                "the type {of:?} has no field {name:?}; leave it out or define it"
            ));
        }
        let mut directives = found.directives.iter();
        if directives.any(|directive| text(directive, "Name") == "oneOf") {
            return self.just_one(children, found);
        }
        Ok(())
    }

    /// The one field of an object that has to have just one.
    fn just_one(&self, children: &[Value], found: &Definition<'v>) -> Verdict {
        let of_type = found.name;
        let [child] = children else {
            return failed(format!(
                "an object of type {of_type:?} is for one field (`@oneOf`); give just one"
            ));
        };
        let value = child.get_str("Value");
        if is_null(value) {
            return failed(format!(
                "the one field of an object of type {of_type:?} is null (`@oneOf`); give it a value"
            ));
        }
        let variable = value.filter(|value| kind(value) == 0);
        let name = variable.map(|value| text(value, "Raw")).unwrap_or_default();
        let operation = self.operation.as_ref();
        match operation.and_then(|operation| operation.variables.get(name)) {
            Some(known) if !flag(of(known.node)?, "NonNull") => failed(format!(
                "the variable \"${name}\" can be null, and {of_type:?} wants a value (`@oneOf`); declare it with `!`"
            )),
            _ => Ok(()),
        }
    }
}

/// What a value is: 0 a variable, 1 an integer, 2 a float, 3 and 4 texts, 5 a boolean, 6 null, 7 an enum's, 8 a list,
/// 9 an object.
pub(super) fn kind(value: &Value) -> i64 {
    match value.get_str("Kind") {
        Some(Value::Number(kind)) => kind.as_i64().unwrap_or_default(),
        _ => 0,
    }
}

/// How errors call a literal.
fn told(value: &Value) -> String {
    match kind(value) {
        8 => "a list".to_owned(),
        9 => "an object".to_owned(),
        _ => format!("{:?}", text(value, "Raw")),
    }
}

/// Whether something has a default that is not `null`.
fn has_default(definition: &Value) -> bool {
    let default = definition.get_str("DefaultValue");
    default.is_some() && !is_null(default)
}

/// The type with a `!`.
fn not_null(of: &Value) -> Value {
    match of {
        Value::Object(members) => {
            Value::Object(members.insert(Value::from("NonNull"), Value::from(true)))
        }
        other => other.clone(),
    }
}
