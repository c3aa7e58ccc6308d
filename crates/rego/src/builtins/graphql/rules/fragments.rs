//! What follows fragments: circles, unused ones, and how much a query asks for at its top.

use std::collections::HashSet;

use super::super::node::{list, text};
use super::super::schema::{Verdict, failed};
use super::{Walk, bounded};
use crate::value::Value;

/// How many lists deep a query may ask for types of types.
const MOST_LISTS: usize = 3;

impl<'v> Walk<'_, 'v> {
    pub(super) fn no_fragment_circles(&mut self) -> Verdict {
        let mut done: HashSet<&str> = HashSet::new();
        for fragment in list(self.document, "Fragments") {
            // The fragments on the way here, each with those in it that are still to be looked at.
            let mut path: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut on_path = HashSet::new();
            let mut next = Some(text(fragment, "Name"));
            loop {
                if let Some(name) = next.take() {
                    if on_path.contains(name) {
                        return failed(format!(
                            "the fragment {name:?} spreads itself, here or through others; break the circle"
                        ));
                    }
                    if let Some(fragment) = self.fragments.get(name).copied()
                        && done.insert(name)
                    {
                        let spreads = self.spreads_in(fragment)?;
                        on_path.insert(name);
                        path.push((name, spreads));
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

    /// The names of the fragments that a fragment spreads itself.
    fn spreads_in(&mut self, fragment: &'v Value) -> Result<Vec<&'v str>, crate::builtins::Error> {
        let mut spreads = Vec::new();
        let mut todo = vec![list(fragment, "SelectionSet")];
        while let Some(selections) = todo.pop() {
            self.budget.step(selections.len() as u64)?;
            for selection in selections {
                if is_spread(selection) {
                    spreads.push(text(selection, "Name"));
                } else {
                    todo.push(list(selection, "SelectionSet"));
                }
            }
        }
        Ok(spreads)
    }

    pub(super) fn definitions_of_fragments(&mut self) -> Verdict {
        for fragment in list(self.document, "Fragments") {
            let name = text(fragment, "Name");
            let of = self.composite(text(fragment, "TypeCondition"))?;
            if !self.used.contains(name) {
                return failed(format!(
                    "the fragment {name:?} is not used; spread it or leave it out"
                ));
            }
            self.followed.clear();
            self.directives(list(fragment, "Directives"), "FRAGMENT_DEFINITION")?;
            let selections = list(fragment, "SelectionSet");
            self.selections(Some(of), selections, 0)?;
        }
        Ok(())
    }

    /// That a subscription asks for one thing.
    pub(super) fn one_field(&mut self, selections: &'v [Value]) -> Verdict {
        let mut names = HashSet::new();
        let mut followed = HashSet::new();
        let mut todo = vec![selections];
        while let Some(selections) = todo.pop() {
            self.budget.step(selections.len() as u64)?;
            for selection in selections {
                let name = text(selection, "Name");
                if is_spread(selection) {
                    if let Some(fragment) = self.fragments.get(name)
                        && followed.insert(name)
                    {
                        todo.push(list(fragment, "SelectionSet"));
                    }
                } else if selection.get_str("Alias").is_some() {
                    names.insert(name);
                } else {
                    todo.push(list(selection, "SelectionSet"));
                }
            }
        }
        if names.len() > 1 {
            return failed("a subscription is for one field; subscribe to the others apart");
        }
        if let Some(name) = names.iter().find(|name| name.starts_with("__")) {
            return failed(format!(
                "a subscription is for {name:?}, which never changes; take a field of the schema"
            ));
        }
        Ok(())
    }

    /// That a query does not ask for types of types without end.
    pub(super) fn introspection_ends(&mut self, field: &'v Value) -> Verdict {
        self.lists_in(list(field, "SelectionSet"), 0, 0)
    }

    fn lists_in(&mut self, selections: &'v [Value], lists: usize, depth: usize) -> Verdict {
        bounded(depth)?;
        for selection in selections {
            self.budget.step(2)?;
            let name = text(selection, "Name");
            let (inner, lists) = if is_spread(selection) {
                let fragment = self.fragments.get(name).copied();
                (fragment.unwrap_or(selection), lists)
            } else {
                let asks = matches!(
                    name,
                    "fields" | "interfaces" | "possibleTypes" | "inputFields"
                );
                (selection, lists + usize::from(asks))
            };
            if lists >= MOST_LISTS {
                return failed(format!(
                    "{name:?} makes {MOST_LISTS} lists of types inside each other; ask for fewer"
                ));
            }
            self.lists_in(list(inner, "SelectionSet"), lists, depth + 1)?;
        }
        Ok(())
    }
}

/// Whether a selection names a fragment that stands elsewhere.
pub(super) fn is_spread(selection: &Value) -> bool {
    selection.get_str("Alias").is_none() && selection.get_str("TypeCondition").is_none()
}
