//! A query against a schema: one walk over operations and fragments, which ends at the first rule that is broken.
//!
//! The rules are those of the specification that OPA's library knows, with its exceptions: a literal of `Int` may have
//! 64 bits, and introspection is followed three lists deep.

mod fragments;
mod overlap;
mod values;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::node::{list, named, text, type_name, type_text};
use super::parser::{DEEPEST, bounded};
use super::prelude;
use super::schema::{Definition, Schema, Verdict, failed, is_needed, may_repeat, of};
use crate::builtins::{Budget, Error};
use crate::value::Value;

/// One walk.
struct Walk<'a, 'v> {
    schema: &'a Schema<'v>,
    document: &'v Value,
    fragments: HashMap<&'v str, &'v Value>,
    budget: &'a mut Budget,
    operation: Option<Operation<'v>>,
    /// The fragments that the operation or fragment at hand was followed into.
    followed: HashSet<&'v str>,
    /// The fragments that operations use.
    used: HashSet<&'v str>,
    agreed: overlap::Agreed,
}

/// The operation at hand.
struct Operation<'v> {
    variables: BTreeMap<&'v str, Variable<'v>>,
}

struct Variable<'v> {
    node: &'v Value,
    used: bool,
}

/// Says whether a query may be asked of a schema.
pub(super) fn check(schema: &Schema<'_>, document: &Value, budget: &mut Budget) -> Verdict {
    let fragments = list(document, "Fragments");
    let mut by_name = HashMap::with_capacity(fragments.len());
    for fragment in fragments {
        let name = text(fragment, "Name");
        if by_name.insert(name, fragment).is_some() {
            return failed(format!(
                "the fragment {name:?} is defined twice; rename one of them"
            ));
        }
    }
    let mut walk = Walk {
        schema,
        document,
        fragments: by_name,
        budget,
        operation: None,
        followed: HashSet::new(),
        used: HashSet::new(),
        agreed: overlap::Agreed::default(),
    };
    walk.no_fragment_circles()?;
    walk.operations()?;
    walk.definitions_of_fragments()
}

// === impl Walk ===

impl<'a, 'v> Walk<'a, 'v> {
    fn operations(&mut self) -> Verdict {
        let operations = list(self.document, "Operations");
        let mut names = HashSet::new();
        for node in operations {
            let name = text(node, "Name");
            if name.is_empty() && operations.len() > 1 {
                return failed("an operation without a name stands beside others; name it");
            }
            if !names.insert(name) {
                return failed(format!(
                    "two operations are named {name:?}; rename one of them"
                ));
            }
            self.one_operation(node)?;
        }
        Ok(())
    }

    fn one_operation(&mut self, node: &'v Value) -> Verdict {
        let schema = self.schema;
        let kind = text(node, "Operation");
        let (root, location) = match kind {
            "query" | "" => (schema.query, "QUERY"),
            "mutation" => (schema.mutation, "MUTATION"),
            "subscription" => (schema.subscription, "SUBSCRIPTION"),
            _ => (None, ""),
        };
        let Some(root) = root.and_then(|root| schema.types.get(root)) else {
            return failed(format!(
                "the schema has no root type for {kind:?}; give it one, or ask for another operation"
            ));
        };
        self.followed.clear();
        let mut variables = BTreeMap::new();
        for variable in list(node, "VariableDefinitions") {
            let name = text(variable, "Variable");
            let known = Variable {
                node: variable,
                used: false,
            };
            if variables.insert(name, known).is_some() {
                return failed(format!(
                    "the variable \"${name}\" is declared twice; drop one of the declarations"
                ));
            }
        }
        self.operation = Some(Operation { variables });
        for variable in list(node, "VariableDefinitions") {
            self.variable(variable)?;
        }
        self.directives(list(node, "Directives"), location)?;
        let selections = list(node, "SelectionSet");
        self.selections(Some(root), selections, 0)?;
        self.no_conflicts(Some(root), selections)?;
        if kind == "subscription" {
            self.one_field(selections)?;
        }
        let operation = self.operation.take();
        let variables = operation.iter().flat_map(|operation| &operation.variables);
        for (name, variable) in variables {
            if !variable.used {
                return failed(format!(
                    "the variable \"${name}\" is declared and not used; use it or drop it"
                ));
            }
        }
        Ok(())
    }

    fn variable(&mut self, variable: &'v Value) -> Verdict {
        let of = of(variable)?;
        let name = text(variable, "Variable");
        let Some(found) = self.schema.of_type(of) else {
            let of = type_name(of);
            return failed(format!(
                "the type {of:?} of the variable \"${name}\" is not defined; define it or take another"
            ));
        };
        if !found.is_input() {
            let of = type_text(of);
            return failed(format!(
                "the variable \"${name}\" cannot be of type {of:?}; take a scalar, an enum or an input object"
            ));
        }
        if let Some(value) = variable.get_str("DefaultValue") {
            self.value(value, Some(of), Some(found), false, 0)?;
        }
        self.directives(list(variable, "Directives"), "VARIABLE_DEFINITION")
    }

    fn directives(&mut self, directives: &'v [Value], location: &str) -> Verdict {
        let mut seen = HashSet::new();
        for directive in directives {
            let name = text(directive, "Name");
            let definition = self.schema.directive_at(name, location)?;
            if !seen.insert(name) {
                may_repeat(definition)?;
            }
            self.arguments(directive, Some(definition))?;
        }
        Ok(())
    }

    /// The arguments of a field or a directive.
    fn arguments(&mut self, node: &'v Value, definition: Option<&Value>) -> Verdict {
        let owner = text(node, "Name");
        let arguments = list(node, "Arguments");
        let known = definition.map(|definition| list(definition, "Arguments"));
        let pairs = arguments.len() as u64 * known.map_or(0, <[_]>::len) as u64;
        self.budget.step(1 + pairs / 4)?;
        let mut seen = HashSet::new();
        for argument in arguments {
            let name = text(argument, "Name");
            if !seen.insert(name) {
                return failed(format!(
                    "{owner:?} is given the argument {name:?} twice; give it once"
                ));
            }
            let definition = known.and_then(|known| named(known, name));
            if known.is_some() && definition.is_none() {
                return failed(format!(
                    "{owner:?} takes no argument {name:?}; leave it out or define it"
                ));
            }
            self.argument(argument, definition)?;
        }
        for definition in known.unwrap_or_default() {
            let name = text(definition, "Name");
            if is_needed(definition) && !seen.contains(name) {
                return failed(format!(
                    "{owner:?} needs its argument {name:?}; give it a value"
                ));
            }
        }
        Ok(())
    }

    fn selections(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        selections: &'v [Value],
        depth: usize,
    ) -> Verdict {
        bounded(depth)?;
        for selection in selections {
            self.budget.step(4)?;
            if selection.get_str("Alias").is_some() {
                self.field(parent, selection, depth)?;
            } else if selection.get_str("TypeCondition").is_some() {
                self.inline_fragment(parent, selection, depth)?;
            } else {
                self.spread(parent, selection, depth)?;
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        field: &'v Value,
        depth: usize,
    ) -> Verdict {
        let name = text(field, "Name");
        let definition = self.field_of(parent, name)?;
        if let (Some(parent), None) = (parent, definition) {
            let parent = parent.name;
            return failed(format!(
                "the type {parent:?} has no field {name:?}; ask for one that it has"
            ));
        }
        self.arguments(field, definition)?;
        self.directives(list(field, "Directives"), "FIELD")?;
        let inner = list(field, "SelectionSet");
        let schema = self.schema;
        let found = match definition {
            Some(definition) => schema.of_type(of(definition)?),
            None => None,
        };
        match found {
            Some(found) if found.is_leaf() && !inner.is_empty() => {
                let of = found.name;
                return failed(format!(
                    "the field {name:?} is of type {of:?}, which has no fields; take its braces away"
                ));
            }
            Some(found) if !found.is_leaf() && inner.is_empty() => {
                let of = found.name;
                return failed(format!(
                    "the field {name:?} is of type {of:?}; say in braces which fields of that to answer"
                ));
            }
            _ => {}
        }
        if matches!(name, "__schema" | "__type") {
            self.introspection_ends(field)?;
        }
        self.selections(found, inner, depth + 1)
    }

    /// What a type says of a field.
    fn field_of(
        &mut self,
        parent: Option<&Definition<'v>>,
        name: &str,
    ) -> Result<Option<&'v Value>, Error>
    where
        'static: 'v,
    {
        let own = list(&prelude::FIELDS, "Definitions").first();
        let own = own.map(|meta| list(meta, "Fields")).unwrap_or_default();
        if name == "__typename" {
            return Ok(named(own, name));
        }
        let Some(parent) = parent else {
            return Ok(None);
        };
        self.budget.step(parent.fields.len() as u64 / 16)?;
        let is_root = self.schema.query == Some(parent.name);
        let meta = || named(own, name).filter(|_| is_root);
        Ok(parent.field(name).or_else(meta))
    }

    fn inline_fragment(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        fragment: &'v Value,
        depth: usize,
    ) -> Verdict {
        let condition = text(fragment, "TypeCondition");
        let inner = match condition {
            "" => parent,
            name => Some(self.composite(name)?),
        };
        self.can_be(parent, condition)?;
        self.directives(list(fragment, "Directives"), "INLINE_FRAGMENT")?;
        let selections = list(fragment, "SelectionSet");
        self.selections(inner, selections, depth + 1)
    }

    fn spread(
        &mut self,
        parent: Option<&'a Definition<'v>>,
        spread: &'v Value,
        depth: usize,
    ) -> Verdict {
        let name = text(spread, "Name");
        let Some(fragment) = self.fragments.get(name).copied() else {
            return failed(format!(
                "the fragment {name:?} is not defined; define it or do not spread it"
            ));
        };
        if self.operation.is_some() {
            self.used.insert(name);
        }
        let condition = text(fragment, "TypeCondition");
        self.can_be(parent, condition)?;
        self.directives(list(spread, "Directives"), "FRAGMENT_SPREAD")?;
        if !self.followed.insert(name) {
            return Ok(());
        }
        self.directives(list(fragment, "Directives"), "FRAGMENT_DEFINITION")?;
        let inner = self.schema.types.get(condition);
        self.selections(inner, list(fragment, "SelectionSet"), depth + 1)
    }

    /// A type that has fields.
    fn composite(&self, name: &str) -> Result<&'a Definition<'v>, Error> {
        match self.schema.types.get(name) {
            None => failed(format!(
                "a fragment is on the type {name:?}, which is not defined; define it or take another"
            )),
            Some(found) if !found.is_composite() => failed(format!(
                "a fragment is on {name:?}, which has no fields; take an object type, an interface or a union"
            )),
            Some(found) => Ok(found),
        }
    }

    /// Whether a value of one type may be of the other.
    fn can_be(&mut self, parent: Option<&Definition<'v>>, name: &str) -> Verdict {
        let (Some(parent), Some(other)) = (parent, self.schema.types.get(name)) else {
            return Ok(());
        };
        let own = [parent.name];
        let these = match parent.kind {
            "OBJECT" => &own,
            "INTERFACE" | "UNION" => self.schema.possible(parent.name),
            _ => return Ok(()),
        };
        if !other.is_composite() {
            return Ok(());
        }
        let those = self.schema.possible(name);
        self.budget
            .step(these.len() as u64 * those.len() as u64 / 16)?;
        if those.iter().any(|one| these.contains(one)) {
            return Ok(());
        }
        let parent = parent.name;
        failed(format!(
            "what is of type {parent:?} is never of type {name:?}; put the fragment where it can be"
        ))
    }
}
