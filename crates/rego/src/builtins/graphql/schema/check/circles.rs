//! Input objects that nobody can write down, because they need one of their own kind in them.

use std::collections::HashSet;

use super::super::super::node::{flag, text};
use super::super::{Definition, Schema, Verdict, failed};

impl<'v> Schema<'v> {
    pub(super) fn check_circles(&self) -> Verdict {
        let mut done = HashSet::new();
        let inputs = self.types.values().filter(|found| is_input_object(found));
        for start in inputs {
            // The types on the way here, each with those that it needs and that are still to be looked at.
            let mut path: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut on_path = HashSet::new();
            let mut next = Some(start.name);
            loop {
                if let Some(name) = next.take() {
                    if on_path.contains(name) {
                        return failed(format!(
                            "the input object {name:?} needs another of its kind in it; let one of the fields be null"
                        ));
                    }
                    if done.insert(name) {
                        on_path.insert(name);
                        path.push((name, self.needed(name)));
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

    /// The input objects without which one of that name cannot be.
    fn needed(&self, name: &str) -> Vec<&'v str> {
        let fields = self.types.get(name).map(|found| found.fields.as_slice());
        let fields = fields.unwrap_or_default().iter();
        let types = fields.filter_map(|field| field.get_str("Type"));
        let names = types
            .filter(|of| flag(of, "NonNull"))
            .map(|of| text(of, "NamedType"));
        names
            .filter(|name| self.types.get(name).is_some_and(is_input_object))
            .collect()
    }
}

fn is_input_object(found: &Definition<'_>) -> bool {
    found.kind == "INPUT_OBJECT"
}
