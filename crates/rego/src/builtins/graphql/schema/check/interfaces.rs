//! What a type owes to the interfaces that it implements.

use super::super::super::node::{flag, list, named, text};
use super::super::{Definition, Schema, Verdict, failed, is_compatible, is_needed, of};
use crate::builtins::Budget;
use crate::value::Value;

impl<'v> Schema<'v> {
    pub(super) fn check_implements(
        &self,
        definition: &Definition<'v>,
        interface: &str,
        budget: &mut Budget,
    ) -> Verdict {
        let name = definition.name;
        let found = self.types.get(interface);
        let Some(interface) = found.filter(|found| found.kind == "INTERFACE") else {
            return failed(format!(
                "the type {name:?} implements {interface:?}, which is no interface; define it as one"
            ));
        };
        let above = interface.interfaces.len() as u64 * definition.interfaces.len() as u64;
        let fields = interface.fields.len() as u64 * (1 + definition.fields.len() as u64);
        budget.step(above + fields)?;
        let mut above = interface.interfaces.iter();
        if let Some(above) = above.find(|above| !definition.interfaces.contains(above)) {
            let interface = interface.name;
            return failed(format!(
                "the type {name:?} implements {interface:?}, and so {above:?} too; name both"
            ));
        }
        for required in &interface.fields {
            self.check_owed(definition, interface, required, budget)?;
        }
        Ok(())
    }

    /// That a type has a field of an interface, to be asked for in the same way.
    fn check_owed(
        &self,
        definition: &Definition<'v>,
        interface: &Definition<'v>,
        required: &'v Value,
        budget: &mut Budget,
    ) -> Verdict {
        let field = text(required, "Name");
        let owes = |what: &str| {
            let (name, interface) = (definition.name, interface.name);
            failed(format!(
                "the field \"{name}.{field}\" has to be as in the interface {interface:?}; {what}"
            ))
        };
        let Some(found) = definition.field(field) else {
            return owes("define it");
        };
        if !self.is_covariant(of(required)?, of(found)?) {
            return owes("give it the type that it has there, or a narrower one");
        }
        let (wanted, given) = (list(required, "Arguments"), list(found, "Arguments"));
        budget.step(wanted.len() as u64 * given.len() as u64)?;
        for argument in wanted {
            let name = text(argument, "Name");
            let Some(own) = named(given, name) else {
                return owes(&format!("let it take the argument {name:?}"));
            };
            if !is_compatible(of(argument)?, of(own)?) {
                return owes(&format!("give its argument {name:?} the type from there"));
            }
        }
        let mut names = given.iter().filter(|own| is_needed(own));
        let more = names.find(|own| named(wanted, text(own, "Name")).is_none());
        match more.map(|own| text(own, "Name")) {
            Some(name) => owes(&format!("let its argument {name:?} be left out")),
            None => Ok(()),
        }
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
}
