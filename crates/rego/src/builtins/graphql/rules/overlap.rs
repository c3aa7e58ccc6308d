//! Fields with one name in the answer: whether they can be one field of it (GraphQL, October 2021, 5.3.2).
//!
//! The specification compares such fields two by two and merges what the two select. Here all of them are taken
//! together: what holds for each two holds for all, and what they select is merged once. Fields that were found to
//! agree are not looked at again, however many ways lead to them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::node::{flag, list, text};
use super::super::schema::{Definition, Verdict, failed, of};
use super::fragments::is_spread;
use super::values::kind;
use super::{DEEPEST, Walk, bounded};
use crate::builtins::Error;
use crate::value::Value;

/// What fields of one name have to have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// The shape of what they answer: that of all fields of a name.
    Shape,
    /// The field itself, and its arguments: that of all that can meet in one answer.
    Field,
}

/// Fields that were found to agree, by the addresses of their nodes.
#[derive(Debug, Default)]
pub(super) struct Agreed(HashSet<(Rule, Vec<usize>)>);

/// A field and the type that it is asked of.
#[derive(Clone, Copy)]
struct Field<'a, 'v> {
    node: &'v Value,
    parent: Option<&'a Definition<'v>>,
}

/// Fields that are merged, in their order, and the fragments that they come from.
#[derive(Default)]
struct Merged<'a, 'v> {
    fields: Vec<Field<'a, 'v>>,
    fragments: HashSet<&'v str>,
}

impl<'a, 'v> Walk<'a, 'v> {
    /// That fields of one name in the answer, among these selections and below them, ask for the same.
    pub(super) fn no_conflicts(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        selections: &'v [Value],
    ) -> Verdict {
        for rule in [Rule::Shape, Rule::Field] {
            let mut merged = Merged::default();
            self.merge(&mut merged, parent, selections)?;
            self.agree(&merged.fields, rule, 0)?;
        }
        Ok(())
    }

    fn agree(&mut self, fields: &[Field<'a, 'v>], rule: Rule, depth: usize) -> Verdict {
        bounded(depth)?;
        let mut addresses: Vec<usize> = fields.iter().map(Field::address).collect();
        addresses.sort_unstable();
        self.budget.build(addresses.len() as u64 * 16)?;
        if !self.agreed.0.insert((rule, addresses)) {
            return Ok(());
        }
        for named in by_name(fields) {
            let meeting = match rule {
                Rule::Shape => vec![named],
                Rule::Field => meeting(named),
            };
            for together in meeting {
                self.budget.step(together.len() as u64)?;
                match rule {
                    Rule::Shape => self.one_shape(&together)?,
                    Rule::Field => self.one_field_of(&together)?,
                }
                let below = self.below(&together)?;
                self.agree(&below.fields, rule, depth + 1)?;
            }
        }
        Ok(())
    }

    /// What fields select, merged.
    fn below(&mut self, fields: &[Field<'a, 'v>]) -> Result<Merged<'a, 'v>, Error> {
        let mut merged = Merged::default();
        for field in fields {
            let selections = list(field.node, "SelectionSet");
            if selections.is_empty() {
                continue;
            }
            let definition = self.field_of(field.parent, text(field.node, "Name"))?;
            let schema = self.schema;
            let found = match definition {
                Some(definition) => schema.of_type(of(definition)?),
                None => None,
            };
            self.merge(&mut merged, found, selections)?;
        }
        Ok(merged)
    }

    /// Adds the fields of selections, and of the fragments among them.
    fn merge(
        &mut self,
        merged: &mut Merged<'a, 'v>,
        parent: Option<&'a Definition<'v>>,
        selections: &'v [Value],
    ) -> Verdict {
        let mut todo = vec![(parent, selections.iter())];
        while let Some((parent, rest)) = todo.last_mut() {
            let Some(node) = rest.next() else {
                todo.pop();
                continue;
            };
            let parent = *parent;
            self.budget.step(2)?;
            if node.get_str("Alias").is_some() {
                self.budget.build(size_of::<Field<'_, '_>>() as u64)?;
                merged.fields.push(Field { node, parent });
                continue;
            }
            let fragment = if is_spread(node) {
                let name = text(node, "Name");
                let fragment = self.fragments.get(name).copied();
                fragment.filter(|_| merged.fragments.insert(name))
            } else {
                Some(node)
            };
            if let Some(fragment) = fragment {
                let inner = match text(fragment, "TypeCondition") {
                    "" => parent,
                    name => self.schema.types.get(name),
                };
                todo.push((inner, list(fragment, "SelectionSet").iter()));
            }
        }
        Ok(())
    }

    /// Whether the answers of fields of one name have one shape.
    fn one_shape(&mut self, fields: &[Field<'a, 'v>]) -> Verdict {
        let mut types: Vec<&Value> = Vec::new();
        for field in fields {
            let name = text(field.node, "Name");
            let Some(definition) = self.field_of(field.parent, name)? else {
                continue;
            };
            let own = of(definition)?;
            self.budget.step(types.len() as u64)?;
            if types.contains(&own) {
                continue;
            }
            if types.iter().any(|other| !self.is_of_shape(own, other)) {
                return failed(format!(
                    "the field {name:?} would be of two types in the answer; give one an alias"
                ));
            }
            types.push(own);
        }
        Ok(())
    }

    /// Whether two types have one shape. As in OPA a list with `!` is of the shape of one without, and only scalars
    /// and enums have to be the same.
    fn is_of_shape(&self, one: &Value, other: &Value) -> bool {
        match (one.get_str("Elem"), other.get_str("Elem")) {
            (Some(one), Some(other)) => return self.is_of_shape(one, other),
            (None, None) => {}
            _ => return false,
        }
        let leaf = |of| self.schema.of_type(of).filter(|found| found.is_leaf());
        let same = match (leaf(one), leaf(other)) {
            (Some(one), Some(other)) => one.name == other.name,
            _ => true,
        };
        same && flag(one, "NonNull") == flag(other, "NonNull")
    }

    /// Whether fields of one name are one field, with the same arguments.
    fn one_field_of(&mut self, fields: &[Field<'a, 'v>]) -> Verdict {
        let Some((first, others)) = fields.split_first() else {
            return Ok(());
        };
        let name = text(first.node, "Name");
        for other in others {
            let other_name = text(other.node, "Name");
            if name != other_name {
                return failed(format!(
                    "{name:?} and {other_name:?} would be one field of the answer; give one an alias"
                ));
            }
            if !self.same_arguments(first.node, other.node)? {
                return failed(format!(
                    "the field {name:?} is asked for twice, with other arguments; give one an alias"
                ));
            }
        }
        Ok(())
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

// === impl Field ===

impl<'v> Field<'_, 'v> {
    fn address(&self) -> usize {
        std::ptr::from_ref(self.node).addr()
    }

    /// Its name in the answer.
    fn answered_as(&self) -> &'v str {
        match text(self.node, "Alias") {
            "" => text(self.node, "Name"),
            alias => alias,
        }
    }

    /// The object type that it is asked of, if it is one.
    fn object(&self) -> Option<&'v str> {
        let parent = self.parent.filter(|parent| parent.kind == "OBJECT");
        parent.map(|parent| parent.name)
    }
}

// === helpers ===

/// Fields by their names in the answer, in the order of the first of each name.
fn by_name<'a, 'v>(fields: &[Field<'a, 'v>]) -> Vec<Vec<Field<'a, 'v>>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<Field<'a, 'v>>> = Vec::new();
    for field in fields {
        let fresh = groups.len();
        let place = *places.entry(field.answered_as()).or_insert(fresh);
        match groups.get_mut(place) {
            Some(group) => group.push(*field),
            None => groups.push(vec![*field]),
        }
    }
    groups
}

/// Fields of one name that can meet in one answer: an answer is of one object type, and what is asked of interfaces
/// and unions meets all.
fn meeting<'a, 'v>(fields: Vec<Field<'a, 'v>>) -> Vec<Vec<Field<'a, 'v>>> {
    let objects: BTreeSet<&str> = fields.iter().filter_map(Field::object).collect();
    if objects.len() < 2 {
        return vec![fields];
    }
    let of = |name: &str| {
        let meets = |field: &&Field<'_, '_>| field.object().is_none_or(|own| own == name);
        fields.iter().filter(meets).copied().collect()
    };
    objects.into_iter().map(of).collect()
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
