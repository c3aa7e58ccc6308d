//! Fields with one name in the answer: whether they can be one field of it.

use std::collections::{HashMap, HashSet};

use super::super::node::{flag, list, text};
use super::super::schema::{Definition, Verdict, failed, of};
use super::fragments::is_spread;
use super::values::kind;
use super::{DEEPEST, Walk, bounded};
use crate::builtins::Error;
use crate::value::Value;

/// The pairs of fragments that were compared, and whether only as such that never meet.
#[derive(Debug, Default)]
pub(super) struct Compared<'v>(HashMap<(&'v str, &'v str), bool>);

/// The fields of selections by their names in the answer, in order, and the fragments spread among them.
#[derive(Default)]
struct Selected<'a, 'v> {
    names: Vec<&'v str>,
    fields: HashMap<&'v str, Vec<Field<'a, 'v>>>,
    spreads: Vec<&'v str>,
}

/// A field and the type that it is asked of.
#[derive(Clone, Copy)]
struct Field<'a, 'v> {
    node: &'v Value,
    parent: Option<&'a Definition<'v>>,
}

impl<'a, 'v> Walk<'a, 'v> {
    /// That fields of one name in the answer, among these selections and in their fragments, ask for the same.
    pub(super) fn no_conflicts(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        selections: &'v [Value],
    ) -> Verdict {
        if selections.len() < 2 && selections.iter().all(|one| one.get_str("Alias").is_some()) {
            return Ok(());
        }
        let selected = self.selected(parent, selections)?;
        for name in &selected.names {
            let fields = selected
                .fields
                .get(name)
                .map(Vec::as_slice)
                .unwrap_or_default();
            for (at, one) in fields.iter().enumerate() {
                for other in fields.iter().skip(at + 1) {
                    self.compare(*one, *other, false, 0)?;
                }
            }
        }
        let mut seen = HashSet::new();
        for (at, spread) in selected.spreads.iter().enumerate() {
            self.against_fragment(&selected, spread, false, &mut seen, 0)?;
            for other in selected.spreads.iter().skip(at + 1) {
                self.fragments_agree(spread, other, false, 0)?;
            }
        }
        Ok(())
    }

    fn selected(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        selections: &'v [Value],
    ) -> Result<Selected<'a, 'v>, Error> {
        let mut selected = Selected::default();
        let mut todo = vec![(parent, selections.iter())];
        while let Some((parent, rest)) = todo.last_mut() {
            let Some(node) = rest.next() else {
                todo.pop();
                continue;
            };
            let parent = *parent;
            self.budget.step(2)?;
            if is_spread(node) {
                selected.spreads.push(text(node, "Name"));
            } else if node.get_str("Alias").is_some() {
                let alias = text(node, "Alias");
                let name = if alias.is_empty() {
                    text(node, "Name")
                } else {
                    alias
                };
                let fields = selected.fields.entry(name).or_default();
                if fields.is_empty() {
                    selected.names.push(name);
                }
                fields.push(Field { node, parent });
            } else {
                let inner = match text(node, "TypeCondition") {
                    "" => parent,
                    name => self.schema.types.get(name),
                };
                todo.push((inner, list(node, "SelectionSet").iter()));
            }
        }
        Ok(selected)
    }

    fn of_fragment(&mut self, name: &str) -> Result<Selected<'a, 'v>, Error> {
        let Some(fragment) = self.fragments.get(name).copied() else {
            return Ok(Selected::default());
        };
        let parent = self.schema.types.get(text(fragment, "TypeCondition"));
        self.selected(parent, list(fragment, "SelectionSet"))
    }

    fn against_fragment(
        &mut self,
        selected: &Selected<'a, 'v>,
        name: &'v str,
        apart: bool,
        seen: &mut HashSet<&'v str>,
        depth: usize,
    ) -> Verdict {
        bounded(depth)?;
        if !seen.insert(name) {
            return Ok(());
        }
        let other = self.of_fragment(name)?;
        self.between(selected, &other, apart, depth)?;
        for spread in &other.spreads {
            self.against_fragment(selected, spread, apart, seen, depth + 1)?;
        }
        Ok(())
    }

    fn fragments_agree(
        &mut self,
        one: &'v str,
        other: &'v str,
        apart: bool,
        depth: usize,
    ) -> Verdict {
        bounded(depth)?;
        self.budget.step(1)?;
        let pair = (one.min(other), one.max(other));
        let known = self.overlap.0.get(&pair);
        if one == other || known.is_some_and(|known| apart || !known) {
            return Ok(());
        }
        self.overlap.0.insert(pair, apart);
        let first = self.of_fragment(one)?;
        let second = self.of_fragment(other)?;
        self.between(&first, &second, apart, depth)?;
        for spread in &second.spreads {
            self.fragments_agree(one, spread, apart, depth + 1)?;
        }
        for spread in &first.spreads {
            self.fragments_agree(spread, other, apart, depth + 1)?;
        }
        Ok(())
    }

    fn between(
        &mut self,
        first: &Selected<'a, 'v>,
        second: &Selected<'a, 'v>,
        apart: bool,
        depth: usize,
    ) -> Verdict {
        for name in &first.names {
            let (Some(these), Some(those)) = (first.fields.get(name), second.fields.get(name))
            else {
                continue;
            };
            for one in these {
                for other in those {
                    self.compare(*one, *other, apart, depth)?;
                }
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        one: Field<'a, 'v>,
        other: Field<'a, 'v>,
        apart: bool,
        depth: usize,
    ) -> Verdict {
        self.budget.step(4)?;
        bounded(depth)?;
        let (Some(parent), Some(other_parent)) = (one.parent, other.parent) else {
            return Ok(());
        };
        let (name, other_name) = (text(one.node, "Name"), text(other.node, "Name"));
        let definition = self.field_of(one.parent, name)?;
        let other_definition = self.field_of(other.parent, other_name)?;
        // Fields of two object types never meet in one answer.
        let apart = apart
            || parent.name != other_parent.name
                && parent.kind == "OBJECT"
                && other_parent.kind == "OBJECT"
                && definition.is_some()
                && other_definition.is_some();
        if !apart && name != other_name {
            return failed(format!(
                "{name:?} and {other_name:?} would be one field of the answer; give one an alias"
            ));
        }
        if !apart && !self.same_arguments(one.node, other.node)? {
            return failed(format!(
                "the field {name:?} is asked for twice, with other arguments; give one an alias"
            ));
        }
        let (mut inner, mut other_inner) = (None, None);
        if let (Some(definition), Some(other_definition)) = (definition, other_definition) {
            let (of, other_of) = (of(definition)?, of(other_definition)?);
            if self.types_conflict(of, other_of) {
                return failed(format!(
                    "the field {name:?} would be of two types in the answer; give one an alias"
                ));
            }
            inner = self.schema.of_type(of);
            other_inner = self.schema.of_type(other_of);
        }
        let first = self.selected(inner, list(one.node, "SelectionSet"))?;
        let second = self.selected(other_inner, list(other.node, "SelectionSet"))?;
        self.between(&first, &second, apart, depth + 1)?;
        for spread in &second.spreads {
            self.against_fragment(&first, spread, apart, &mut HashSet::new(), depth + 1)?;
        }
        for spread in &first.spreads {
            self.against_fragment(&second, spread, apart, &mut HashSet::new(), depth + 1)?;
        }
        for spread in &first.spreads {
            for other in &second.spreads {
                self.fragments_agree(spread, other, apart, depth + 1)?;
            }
        }
        Ok(())
    }

    fn types_conflict(&self, one: &Value, other: &Value) -> bool {
        let mut pair = (one, other);
        loop {
            pair = match (pair.0.get_str("Elem"), pair.1.get_str("Elem")) {
                (Some(one), Some(other)) => (one, other),
                (None, None) => break,
                _ => return true,
            };
        }
        let (one, other) = pair;
        if flag(one, "NonNull") != flag(other, "NonNull") {
            return true;
        }
        match (self.schema.of_type(one), self.schema.of_type(other)) {
            (Some(one), Some(other)) if one.is_leaf() && other.is_leaf() => one.name != other.name,
            _ => false,
        }
    }

    fn same_arguments(&mut self, one: &Value, other: &Value) -> Result<bool, Error> {
        let (these, those) = (list(one, "Arguments"), list(other, "Arguments"));
        self.budget.step(these.len() as u64 * those.len() as u64)?;
        let same = |one: &Value| {
            let mut others = those.iter();
            others.any(|other| {
                let values = (one.get_str("Value"), other.get_str("Value"));
                text(one, "Name") == text(other, "Name")
                    && matches!(values, (Some(one), Some(other)) if is_same(one, other, 0))
            })
        };
        Ok(these.len() == those.len() && these.iter().all(same))
    }
}

/// Whether two values say the same; the order of an object's fields does not count.
fn is_same(one: &Value, other: &Value, depth: usize) -> bool {
    let (these, those) = (list(one, "Children"), list(other, "Children"));
    if depth > DEEPEST
        || kind(one) != kind(other)
        || text(one, "Raw") != text(other, "Raw")
        || these.len() != those.len()
    {
        return false;
    }
    let mut these: Vec<&Value> = these.iter().collect();
    let mut those: Vec<&Value> = those.iter().collect();
    if kind(one) == 9 {
        these.sort_by_key(|child| text(child, "Name"));
        those.sort_by_key(|child| text(child, "Name"));
    }
    these.iter().zip(those).all(|(one, other)| {
        let values = (one.get_str("Value"), other.get_str("Value"));
        text(one, "Name") == text(other, "Name")
            && matches!(values, (Some(one), Some(other)) if is_same(one, other, depth + 1))
    })
}
