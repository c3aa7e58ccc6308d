//! A document against a schema.
//!
//! Of an `anyOf`, a `oneOf` or a `contains` that fails, the problems of the branch that fits best are told: each
//! check that holds counts for it, each problem against it, as OPA counts.

use num_bigint::BigInt;
use std::collections::HashMap;

use super::format;
use super::node::{Additional, Arrays, Dependency, Items, Node, NodeId, Numbers, Schema, Strings};
use super::problem::{self, Place, Problem};
use super::read::shallow;
use crate::builtins::{Budget, Context, Error};
use crate::value::{Array, Number, Object, Value};

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
        Err(Error::Failed("a reference leads back to itself".to_owned()))
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

    fn common(&mut self, node: &Node, spot: Spot<'_>, found: &mut Found) -> Result<(), Error> {
        let Spot { value, place, .. } = spot;
        if let Some(constant) = &node.constant
            && constant != value
        {
            let allowed = problem::list(std::slice::from_ref(constant), self.context.budget)?;
            let what = format!(
                "{} does not match: {allowed}",
                place.name(self.context.budget)?
            );
            self.add(found, place, "const", what)?;
        }
        if let Some(values) = &node.enumeration {
            self.context.budget.step(values.len() as u64)?;
            if !values.contains(value) {
                let allowed = problem::list(values, self.context.budget)?;
                let field = place.name(self.context.budget)?;
                let what = format!("{field} must be one of the following: {allowed}");
                self.add(found, place, "enum", what)?;
            }
        }
        if let (Some(format), Value::String(text)) = (&node.format, value)
            && !format::holds(self.context, format, text)?
        {
            let what = format!("Does not match format '{format}'");
            self.add(found, place, "format", what)?;
        }
        found.score += 1;
        Ok(())
    }

    fn array(
        &mut self,
        arrays: &Arrays,
        items: &Array,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let place = spot.place;
        self.items(arrays, items, spot, found)?;
        if let Some(least) = arrays.least.filter(|least| items.len() < *least) {
            let what = format!("Array must have at least {least} items");
            self.add(found, place, "array_min_items", what)?;
        }
        if let Some(most) = arrays.most.filter(|most| items.len() > *most) {
            let what = format!("Array must have at most {most} items");
            self.add(found, place, "array_max_items", what)?;
        }
        if arrays.unique {
            self.context.budget.build(items.len() as u64 * 16)?;
            let mut seen: HashMap<&Value, usize> = HashMap::with_capacity(items.len());
            for (j, item) in items.iter().enumerate() {
                if let Some(i) = seen.insert(item, j) {
                    let what = format!("array items[{i},{j}] must be unique");
                    self.add(found, place, "unique", what)?;
                }
            }
        }
        self.contains(arrays.contains, items, spot, found)?;
        found.score += 1;
        Ok(())
    }

    fn items(
        &mut self,
        arrays: &Arrays,
        items: &Array,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let schema_of = |at: usize| match &arrays.items {
            Items::Any => None,
            Items::All(id) => Some(*id),
            Items::Each(each) => match (each.get(at), arrays.additional) {
                (Some(id), _) => Some(*id),
                (None, Additional::As(id)) if !each.is_empty() => Some(id),
                _ => None,
            },
        };
        for (at, item) in items.iter().enumerate() {
            let Some(id) = schema_of(at) else { break };
            let place = Place::Item(spot.place, at);
            let one = self.alone(id, item, &place, spot.depth + 1)?;
            found.merge(one);
        }
        if let (Items::Each(each), Additional::Refused) = (&arrays.items, arrays.additional)
            && !each.is_empty()
            && each.len() < items.len()
        {
            let what = "No additional items allowed on array";
            self.add(found, spot.place, "array_no_additional_items", what)?;
        }
        Ok(())
    }

    fn contains(
        &mut self,
        contains: Option<NodeId>,
        items: &Array,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let Some(id) = contains else {
            return Ok(());
        };
        let mut best = None;
        for (at, item) in items.iter().enumerate() {
            let place = Place::Item(spot.place, at);
            let one = self.alone(id, item, &place, spot.depth + 1)?;
            if one.valid() {
                return Ok(());
            }
            best = Some(Found::better(best, one));
        }
        let what = "At least one of the items must match";
        self.add(found, spot.place, "contains", what)?;
        if let Some(best) = best {
            found.merge(best);
        }
        Ok(())
    }

    fn object(
        &mut self,
        node: &Node,
        members: &Object,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let objects = &node.objects;
        let place = spot.place;
        if let Some(least) = objects.least.filter(|least| members.len() < *least) {
            let what = format!("Must have at least {least} properties");
            self.add(found, place, "array_min_properties", what)?;
        }
        if let Some(most) = objects.most.filter(|most| members.len() > *most) {
            let what = format!("Must have at most {most} properties");
            self.add(found, place, "array_max_properties", what)?;
        }
        for name in &objects.required {
            if members.get_str(name).is_some() {
                found.score += 1;
            } else {
                let what = format!("{name} is required");
                self.add(found, place, "required", what)?;
            }
        }
        for (key, value) in members.iter() {
            let key = key.as_str().unwrap_or_default();
            self.member(node, key, value, spot, found)?;
        }
        if let Some(names) = objects.names {
            for key in members.keys() {
                let one = self.alone(names, key, place, spot.depth + 1)?;
                if !one.valid() {
                    let name = key.as_str().unwrap_or_default();
                    let what = format!("Property name of \"{name}\" does not match");
                    self.add(found, place, "invalid_property_name", what)?;
                    found.merge(one);
                }
            }
        }
        found.score += 1;
        Ok(())
    }

    /// A member under the patterns that its name matches, or else under what is asked of other members.
    fn member(
        &mut self,
        node: &Node,
        key: &str,
        value: &Value,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let objects = &node.objects;
        let place = Place::Property(spot.place, key);
        let mut matched = false;
        for (pattern, id) in &objects.by_pattern {
            if pattern.is_match(key, self.context.budget)? {
                matched = true;
                let one = self.alone(*id, value, &place, spot.depth + 1)?;
                found.merge(one);
            }
        }
        // The properties are in the order of their names.
        let known = || {
            let properties = &objects.properties;
            properties.binary_search_by(|(name, _)| (**name).cmp(key))
        };
        if matched {
            found.score += 1;
        } else if known().is_err() {
            match objects.additional {
                Additional::Allowed => {}
                Additional::Refused => {
                    let what = format!("Additional property {key} is not allowed");
                    let kind = "additional_property_not_allowed";
                    self.add(found, spot.place, kind, what)?;
                }
                Additional::As(id) => {
                    let one = self.alone(id, value, &place, spot.depth + 1)?;
                    found.merge(one);
                }
            }
        }
        Ok(())
    }

    fn number(
        &mut self,
        numbers: &Numbers,
        number: &Number,
        place: &Place<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        if let Some(multiple) = &numbers.multiple_of
            && !is_multiple(self.context.budget, number, multiple)?
        {
            let what = format!("Must be a multiple of {}", problem::limit(multiple));
            self.add(found, place, "multiple_of", what)?;
        }
        let limits = [
            (&numbers.maximum, "number_lte", "less than or equal to"),
            (&numbers.below, "number_lt", "less than"),
            (&numbers.minimum, "number_gte", "greater than or equal to"),
            (&numbers.above, "number_gt", "greater than"),
        ];
        for (limit, kind, words) in limits {
            let Some(limit) = limit else { continue };
            let order = number.cmp(limit);
            let holds = match kind {
                "number_lte" => order.is_le(),
                "number_lt" => order.is_lt(),
                "number_gte" => order.is_ge(),
                _ => order.is_gt(),
            };
            if !holds {
                let what = format!("Must be {words} {}", problem::limit(limit));
                self.add(found, place, kind, what)?;
            }
        }
        found.score += 1;
        Ok(())
    }

    fn string(
        &mut self,
        strings: &Strings,
        text: &str,
        place: &Place<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        if strings.least.is_some() || strings.most.is_some() {
            self.context.budget.step(text.len() as u64 / 64)?;
            let length = text.chars().count();
            if let Some(least) = strings.least.filter(|least| length < *least) {
                let what = format!("String length must be greater than or equal to {least}");
                self.add(found, place, "string_gte", what)?;
            }
            if let Some(most) = strings.most.filter(|most| length > *most) {
                let what = format!("String length must be less than or equal to {most}");
                self.add(found, place, "string_lte", what)?;
            }
        }
        if let Some((source, pattern)) = &strings.pattern
            && !pattern.is_match(text, self.context.budget)?
        {
            let what = format!("Does not match pattern '{source}'");
            self.add(found, place, "pattern", what)?;
        }
        found.score += 1;
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

/// Whether `number` is a whole multiple of `of`, exactly.
fn is_multiple(budget: &mut Budget, number: &Number, of: &Number) -> Result<bool, Error> {
    budget.calculate(number.span() + of.span())?;
    let (Some((a, a_exponent)), Some((b, b_exponent))) = (scaled(number), scaled(of)) else {
        return Ok(false);
    };
    let apart = a_exponent.abs_diff(b_exponent);
    let Some(apart) = u32::try_from(apart).ok().filter(|apart| *apart < 1 << 18) else {
        return Ok(false);
    };
    budget.calculate(u64::from(apart))?;
    let scale = BigInt::from(10_u8).pow(apart);
    let rest = if a_exponent >= b_exponent {
        a * scale % b
    } else {
        a % (b * scale)
    };
    Ok(rest == BigInt::ZERO)
}

/// A number as an integer and a power of ten.
fn scaled(number: &Number) -> Option<(BigInt, i64)> {
    number.with_text(|text| {
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let places = i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_sub(places)?;
        let int = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        Some((int, exponent))
    })
}
