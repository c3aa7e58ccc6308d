//! What a schema asks of objects, arrays, numbers and strings.

use super::super::node::{Additional, Arrays, Dependency, Items, Numbers, Objects, Strings};
use super::{Draft, Reader, failed, invalid_type, is_schema, list, text};
use crate::builtins::Error;
use crate::value::{Number, Value};

impl<'v> Reader<'_, '_, 'v> {
    pub(super) fn of_objects(
        &mut self,
        objects: &mut Objects,
        keyword: &str,
        value: &'v Value,
        depth: usize,
    ) -> Result<(), Error> {
        match keyword {
            "properties" => {
                let Value::Object(properties) = value else {
                    return failed("Properties must be of type object");
                };
                for (name, schema) in properties.iter() {
                    let id = self.node(schema, depth + 1)?;
                    objects.properties.push((key(name), id));
                }
            }
            "patternProperties" => {
                let Value::Object(patterns) = value else {
                    return invalid_type("Valid Schema", keyword);
                };
                for (pattern, schema) in patterns.iter() {
                    let pattern = pattern.as_str().unwrap_or_default();
                    let wrong = || format!("Invalid regex pattern '{pattern}'");
                    let compiled = self.pattern(pattern, wrong)?;
                    let id = self.node(schema, depth + 1)?;
                    objects.by_pattern.push((compiled, id));
                }
            }
            "propertyNames" if is_schema(value) => {
                objects.names = Some(self.node(value, depth + 1)?);
            }
            // OPA's word for it.
            "propertyNames" => return invalid_type("Valid Schema", "patternProperties"),
            "minProperties" => objects.least = Some(size(value, keyword)?),
            "maxProperties" => {
                objects.most = Some(size(value, keyword)?);
                ordered(objects.least, objects.most, "minProperties", keyword)?;
            }
            "required" => objects.required = self.required(value)?,
            _ => objects.additional = self.additional(value, keyword, depth)?,
        }
        Ok(())
    }

    fn required(&mut self, value: &Value) -> Result<Vec<Box<str>>, Error> {
        let mut required: Vec<Box<str>> = Vec::new();
        for name in list(value, "required")? {
            let Value::String(name) = name else {
                return invalid_type("string", "required");
            };
            self.context.budget.step(1 + required.len() as u64)?;
            if required.iter().any(|other| **other == **name) {
                return failed("required items must be unique");
            }
            required.push(Box::from(&**name));
        }
        Ok(required)
    }

    pub(super) fn dependencies(
        &mut self,
        value: &'v Value,
        depth: usize,
    ) -> Result<Vec<(Box<str>, Dependency)>, Error> {
        let Value::Object(all) = value else {
            return failed("dependencies must be of type object");
        };
        let wrong = "Dependency must be of type Schema Or Array Of Strings";
        let mut read = Vec::with_capacity(all.len());
        for (name, dependency) in all.iter() {
            let dependency = match dependency {
                Value::Array(names) => {
                    let names = names.iter().map(|name| name.as_str().map(Box::from));
                    match names.collect::<Option<Vec<_>>>() {
                        Some(names) => Dependency::Properties(names),
                        None => return failed(wrong),
                    }
                }
                schema if is_schema(schema) => Dependency::Schema(self.node(schema, depth + 1)?),
                _ => return failed(wrong),
            };
            read.push((key(name), dependency));
        }
        Ok(read)
    }

    pub(super) fn of_arrays(
        &mut self,
        arrays: &mut Arrays,
        keyword: &str,
        value: &'v Value,
        depth: usize,
    ) -> Result<(), Error> {
        match (keyword, value) {
            ("items", Value::Array(items)) => {
                let mut each = Vec::with_capacity(items.len());
                for item in items {
                    if !is_schema(item) {
                        return invalid_type("Valid Schema/Array Of Schemas", keyword);
                    }
                    each.push(self.node(item, depth + 1)?);
                }
                arrays.items = Items::Each(each);
            }
            ("items", item) if is_schema(item) => {
                arrays.items = Items::All(self.node(item, depth + 1)?);
            }
            ("items", _) => return invalid_type("Valid Schema/Array Of Schemas", keyword),
            ("minItems", value) => arrays.least = Some(size(value, keyword)?),
            ("maxItems", value) => arrays.most = Some(size(value, keyword)?),
            ("uniqueItems", Value::Bool(unique)) => arrays.unique = *unique,
            ("uniqueItems", _) => return failed("uniqueItems must be of a boolean"),
            ("contains", schema) => arrays.contains = Some(self.node(schema, depth + 1)?),
            _ => arrays.additional = self.additional(value, keyword, depth)?,
        }
        Ok(())
    }

    fn additional(
        &mut self,
        value: &'v Value,
        keyword: &str,
        depth: usize,
    ) -> Result<Additional, Error> {
        match value {
            Value::Bool(true) => Ok(Additional::Allowed),
            Value::Bool(false) => Ok(Additional::Refused),
            Value::Object(_) => Ok(Additional::As(self.node(value, depth + 1)?)),
            _ => invalid_type("boolean/Valid Schema", keyword),
        }
    }

    pub(super) fn of_numbers(
        &self,
        numbers: &mut Numbers,
        keyword: &str,
        value: &Value,
    ) -> Result<(), Error> {
        match (keyword, value) {
            ("multipleOf", Value::Number(number)) if number.is_zero() || number.is_negative() => {
                return failed("multipleOf must be strictly greater than 0");
            }
            ("multipleOf", Value::Number(number)) => numbers.multiple_of = Some(number.clone()),
            ("multipleOf", _) => return invalid_type("Number", keyword),
            ("minimum", Value::Number(limit)) => numbers.minimum = Some(limit.clone()),
            ("maximum", Value::Number(limit)) => numbers.maximum = Some(limit.clone()),
            ("exclusiveMinimum", value) => {
                self.exclusive(&mut numbers.minimum, &mut numbers.above, "minimum", value)?;
            }
            ("exclusiveMaximum", value) => {
                self.exclusive(&mut numbers.maximum, &mut numbers.below, "maximum", value)?;
            }
            _ => return failed(format!("{keyword} must be of a Number")),
        }
        Ok(())
    }

    /// A limit that may not be reached; in draft 4 a flag on the one that may, by the keyword `limit`.
    fn exclusive(
        &self,
        inclusive: &mut Option<Number>,
        exclusive: &mut Option<Number>,
        limit: &str,
        value: &Value,
    ) -> Result<(), Error> {
        let keyword = match limit {
            "minimum" => "exclusiveMinimum",
            _ => "exclusiveMaximum",
        };
        match value {
            Value::Bool(_) if self.draft.has_flags() && inclusive.is_none() => {
                return failed(format!("{keyword} cannot be used without {limit}"));
            }
            Value::Bool(true) if self.draft.has_flags() => *exclusive = inclusive.take(),
            Value::Bool(false) if self.draft.has_flags() => {}
            Value::Number(number) if self.draft != Draft::Four => *exclusive = Some(number.clone()),
            _ => {
                let expected = match self.draft {
                    Draft::Four => "boolean",
                    Draft::Mixed => "boolean/number",
                    _ => "number",
                };
                return invalid_type(expected, keyword);
            }
        }
        Ok(())
    }

    pub(super) fn of_strings(
        &mut self,
        strings: &mut Strings,
        keyword: &str,
        value: &Value,
    ) -> Result<(), Error> {
        match keyword {
            "minLength" => strings.least = Some(size(value, keyword)?),
            "maxLength" => {
                strings.most = Some(size(value, keyword)?);
                ordered(strings.least, strings.most, "minLength", keyword)?;
            }
            _ => {
                let pattern = text(value, keyword)?;
                let wrong = || "pattern must be a valid regex".to_owned();
                strings.pattern = Some((Box::from(pattern), self.pattern(pattern, wrong)?));
            }
        }
        Ok(())
    }
}

fn key(key: &Value) -> Box<str> {
    Box::from(key.as_str().unwrap_or_default())
}

/// A size: written as an integer, without fraction or exponent.
fn size(value: &Value, key: &str) -> Result<usize, Error> {
    let size = match value {
        Value::Number(number) => number.with_text(|text| text.parse::<i64>().ok()),
        _ => None,
    };
    match size.map(usize::try_from) {
        Some(Ok(size)) => Ok(size),
        Some(Err(_)) => failed(format!("{key} must be greater than or equal to 0")),
        None => failed(format!("{key} must be of an integer")),
    }
}

fn ordered(least: Option<usize>, most: Option<usize>, low: &str, high: &str) -> Result<(), Error> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => {
            failed(format!("{low} cannot be greater than {high}"))
        }
        _ => Ok(()),
    }
}
