//! What is asked of a value of a certain type, and of each one.

use std::collections::HashMap;

use num_bigint::BigInt;

use super::super::format;
use super::super::node::{Additional, Arrays, Items, Node, NodeId, Numbers, Strings};
use super::super::problem::{self, Place};
use super::{Found, Spot, Validator};
use crate::builtins::{Budget, Error};
use crate::value::{Array, Number, Object, Value};

impl Validator<'_, '_, '_> {
    pub(super) fn common(
        &mut self,
        node: &Node,
        spot: Spot<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
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

    pub(super) fn array(
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

    pub(super) fn object(
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

    pub(super) fn number(
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

    pub(super) fn string(
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
