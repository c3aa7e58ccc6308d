//! A document against a schema.
//!
//! Of an `anyOf`, a `oneOf` or a `contains` that fails, the problems of the branch that fits best are told: each
//! check that holds counts for it, each problem against it, as OPA counts.

mod kinds;

use super::node::{Dependency, Node, NodeId, Schema};
use super::problem::{Place, Problem};
use super::read::shallow;
use crate::builtins::{Context, Error};
use crate::value::{Object, Value};

/// What is wrong with `document`; nothing, if it is as `schema` says.
pub(super) fn problems(
    context: &mut Context<'_>,
    schema: &Schema,
    document: &Value,
) -> Result<Vec<Problem>, Error> {
    let mut validator = Validator { context, schema };
    let found = validator.alone(schema.root, document, &Place::Root, 0)?;
    Ok(found.problems)
}

struct Validator<'r, 'e, 's> {
    context: &'r mut Context<'e>,
    schema: &'s Schema,
}

/// What one schema says of one value.
#[derive(Debug, Default)]
struct Found {
    problems: Vec<Problem>,
    score: i64,
}

/// One value under one schema.
#[derive(Clone, Copy)]
struct Spot<'a> {
    value: &'a Value,
    place: &'a Place<'a>,
    depth: usize,
}

// === impl Found ===

impl Found {
    fn valid(&self) -> bool {
        self.problems.is_empty()
    }

    fn merge(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.score += other.score;
    }

    /// The better one of two that both failed.
    fn better(best: Option<Self>, other: Self) -> Self {
        match best {
            Some(best) if best.score >= other.score => best,
            _ => other,
        }
    }
}

// === impl Validator ===

impl<'s> Validator<'_, '_, 's> {
    fn alone(
        &mut self,
        id: NodeId,
        value: &Value,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        self.visit(id, value, place, depth, &mut found)?;
        Ok(found)
    }

    fn visit(
        &mut self,
        id: NodeId,
        value: &Value,
        place: &Place<'_>,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Error> {
        self.context.budget.step(4)?;
        shallow(depth)?;
        let node = self.followed(id)?;
        let spot = Spot {
            value,
            place,
            depth,
        };
        match node.pass {
            Some(true) => return Ok(()),
            Some(false) => return self.add(found, place, "false", "False always fails validation"),
            None => {}
        }
        let (given, fits) = fits(node, value);
        if !fits {
            let expected = match node.types.as_slice() {
                [one] => (*one).to_owned(),
                many => format!("[{}]", many.join(",")),
            };
            let what = format!("Invalid type. Expected: {expected}, given: {given}");
            return self.add(found, place, "invalid_type", what);
        }
        self.combinations(node, spot, found)?;
        match value {
            Value::Array(items) => {
                self.array(&node.arrays, items, spot, found)?;
                self.common(node, spot, found)?;
            }
            Value::Object(members) => {
                self.object(node, members, spot, found)?;
                self.common(node, spot, found)?;
                for (key, child) in &node.objects.properties {
                    if let Some(member) = members.get_str(key) {
                        let place = Place::Property(place, key);
                        self.visit(*child, member, &place, depth + 1, found)?;
                    }
                }
            }
            Value::Number(number) => {
                self.number(&node.numbers, number, place, found)?;
                self.common(node, spot, found)?;
            }
            Value::String(text) => {
                self.common(node, spot, found)?;
                self.string(&node.strings, text, place, found)?;
            }
            _ => self.common(node, spot, found)?,
        }
        found.score += 1;
        Ok(())
    }

    /// The node that counts: what references lead to.
    fn followed(&self, id: NodeId) -> Result<&'s Node, Error> {
        let schema = self.schema;
        let mut next = Some(id);
        for _ in 0..=schema.nodes.len() {
            let Some(node) = next.and_then(|id| schema.nodes.get(id)) else {
                break;
            };
            next = node.reference;
            if next.is_none() {
                return Ok(node);
            }
        }
        let what = "a reference leads back to itself; let it lead to what is no reference";
        Err(Error::Failed(what.to_owned()))
    }

    fn add(
        &mut self,
        found: &mut Found,
        place: &Place<'_>,
        kind: &'static str,
        description: impl Into<String>,
    ) -> Result<(), Error> {
        let description = description.into();
        let budget = &mut *self.context.budget;
        budget.build(size_of::<Problem>() as u64 + description.len() as u64 * 3)?;
        found.problems.push(Problem {
            kind,
            field: place.name(budget)?,
            description,
        });
        found.score -= 2;
        Ok(())
    }

    fn combinations(
        &mut self,
        node: &'s Node,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let Spot {
            value,
            place,
            depth,
        } = spot;
        self.any_of(&node.any_of, spot, found)?;
        self.one_of(&node.one_of, spot, found)?;
        let mut held = 0;
        for id in &node.all_of {
            let branch = self.alone(*id, value, place, depth + 1)?;
            held += usize::from(branch.valid());
            found.merge(branch);
        }
        if held != node.all_of.len() {
            let what = "Must validate all the schemas (allOf)";
            self.add(found, place, "number_all_of", what)?;
        }
        if let Some(id) = node.not
            && self.alone(id, value, place, depth + 1)?.valid()
        {
            let what = "Must not validate the schema (not)";
            self.add(found, place, "number_not", what)?;
        }
        if let Value::Object(members) = value {
            self.dependencies(&node.dependencies, members, spot, found)?;
        }
        self.condition(node, spot, found)?;
        found.score += 1;
        Ok(())
    }

    fn any_of(&mut self, ids: &[NodeId], spot: Spot<'_>, found: &mut Found) -> Result<(), Error> {
        let mut best = None;
        for id in ids {
            let branch = self.alone(*id, spot.value, spot.place, spot.depth + 1)?;
            if branch.valid() {
                return Ok(());
            }
            best = Some(Found::better(best, branch));
        }
        if let Some(best) = best {
            let what = "Must validate at least one schema (anyOf)";
            self.add(found, spot.place, "number_any_of", what)?;
            found.merge(best);
        }
        Ok(())
    }

    fn one_of(&mut self, ids: &[NodeId], spot: Spot<'_>, found: &mut Found) -> Result<(), Error> {
        let mut best = None;
        let mut held = 0;
        for id in ids {
            let branch = self.alone(*id, spot.value, spot.place, spot.depth + 1)?;
            if branch.valid() {
                held += 1;
            } else if held == 0 {
                best = Some(Found::better(best, branch));
            }
        }
        if ids.is_empty() || held == 1 {
            return Ok(());
        }
        let what = "Must validate one and only one schema (oneOf)";
        self.add(found, spot.place, "number_one_of", what)?;
        if held == 0
            && let Some(best) = best
        {
            found.merge(best);
        }
        Ok(())
    }

    fn dependencies(
        &mut self,
        dependencies: &'s [(Box<str>, Dependency)],
        members: &Object,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        for (key, dependency) in dependencies {
            if members.get_str(key).is_none() {
                continue;
            }
            match dependency {
                Dependency::Properties(names) => {
                    for name in names.iter().filter(|name| members.get_str(name).is_none()) {
                        let what = format!("Has a dependency on {name}");
                        self.add(found, spot.place, "missing_dependency", what)?;
                    }
                }
                Dependency::Schema(id) => {
                    self.visit(*id, spot.value, spot.place, spot.depth + 1, found)?;
                }
            }
        }
        Ok(())
    }

    fn condition(&mut self, node: &Node, spot: Spot<'_>, found: &mut Found) -> Result<(), Error> {
        let Some(condition) = node.condition else {
            return Ok(());
        };
        let Spot {
            value,
            place,
            depth,
        } = spot;
        let holds = self.alone(condition, value, place, depth + 1)?.valid();
        let (branch, kind, what) = if holds {
            let what = "Must validate \"then\" as \"if\" was valid";
            (node.then, "condition_then", what)
        } else {
            let what = "Must validate \"else\" as \"if\" was not valid";
            (node.otherwise, "condition_else", what)
        };
        let Some(branch) = branch else {
            return Ok(());
        };
        let branch = self.alone(branch, value, place, depth + 1)?;
        if !branch.valid() {
            self.add(found, place, kind, what)?;
            found.merge(branch);
        }
        Ok(())
    }
}

/// What messages call the type of a value, and whether the schema allows it.
fn fits(node: &Node, value: &Value) -> (&'static str, bool) {
    let allows = |name: &str| node.types.contains(&name);
    let (given, fits) = match value {
        Value::Number(number) if number.is_integer() => {
            ("integer", allows("integer") || allows("number"))
        }
        Value::Object(_) => ("object", allows("object")),
        other => (other.type_name(), allows(other.type_name())),
    };
    (given, fits || node.types.is_empty())
}
