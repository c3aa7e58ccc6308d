//! What a schema asks of objects, arrays, numbers and strings.

use super::super::node::{Additional, Arrays, Dependency, Items, Numbers, Objects, Strings};
use super::{Draft, Reader, failed, invalid_type, is_schema, list, text};
use crate::builtins::Error;
use crate::value::{Number, Object, Value};

impl<'v> Reader<'_, '_, 'v> {
    pub(super) fn objects(&mut self, members: &'v Object, depth: usize) -> Result<Objects, Error> {
        let mut objects = Objects::default();
        match members.get_str("properties") {
            None => {}
            Some(Value::Object(properties)) => {
                for (name, schema) in properties.iter() {
                    let id = self.node(schema, depth + 1)?;
                    objects.properties.push((key(name), id));
                }
            }
            Some(_) => return failed("Properties must be of type object"),
        }
        objects.additional = self.additional(members, "additionalProperties", depth)?;
        match members.get_str("patternProperties") {
            None => {}
            Some(Value::Object(patterns)) => {
                for (pattern, schema) in patterns.iter() {
                    let pattern = pattern.as_str().unwrap_or_default();
                    let compiled =
                        self.pattern(pattern, || format!("Invalid regex pattern '{pattern}'"))?;
                    let id = self.node(schema, depth + 1)?;
                    objects.by_pattern.push((compiled, id));
                }
            }
            Some(_) => return invalid_type("Valid Schema", "patternProperties"),
        }
        if self.draft >= Draft::Six {
            objects.names = match members.get_str("propertyNames") {
                None => None,
                Some(schema) if is_schema(schema) => Some(self.node(schema, depth + 1)?),
                Some(_) => return invalid_type("Valid Schema", "patternProperties"),
            };
        }
        Ok(objects)
    }

    pub(super) fn rest_of_objects(
        &mut self,
        members: &Object,
        objects: &mut Objects,
    ) -> Result<(), Error> {
        objects.least = size(members, "minProperties")?;
        objects.most = size(members, "maxProperties")?;
        ordered(
            objects.least,
            objects.most,
            "minProperties",
            "maxProperties",
        )?;
        for name in list(members, "required")?.unwrap_or_default() {
            let Value::String(name) = name else {
                return invalid_type("string", "required");
            };
            self.context
                .budget
                .step(1 + objects.required.len() as u64)?;
            if objects.required.iter().any(|other| **other == **name) {
                return failed("required items must be unique");
            }
            objects.required.push(Box::from(&**name));
        }
        Ok(())
    }

    pub(super) fn dependencies(
        &mut self,
        members: &'v Object,
        depth: usize,
    ) -> Result<Vec<(Box<str>, Dependency)>, Error> {
        let all = match members.get_str("dependencies") {
            None => return Ok(Vec::new()),
            Some(Value::Object(all)) => all,
            Some(_) => return failed("dependencies must be of type object"),
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

    pub(super) fn arrays(&mut self, members: &'v Object, depth: usize) -> Result<Arrays, Error> {
        let wrong = || invalid_type("Valid Schema/Array Of Schemas", "items");
        let items = match members.get_str("items") {
            None => Items::Any,
            Some(Value::Array(items)) => {
                let mut each = Vec::with_capacity(items.len());
                for item in items {
                    if !is_schema(item) {
                        return wrong();
                    }
                    each.push(self.node(item, depth + 1)?);
                }
                Items::Each(each)
            }
            Some(item) if is_schema(item) => Items::All(self.node(item, depth + 1)?),
            Some(_) => return wrong(),
        };
        Ok(Arrays {
            items,
            additional: self.additional(members, "additionalItems", depth)?,
            ..Arrays::default()
        })
    }

    pub(super) fn rest_of_arrays(
        &mut self,
        members: &'v Object,
        depth: usize,
        arrays: &mut Arrays,
    ) -> Result<(), Error> {
        arrays.least = size(members, "minItems")?;
        arrays.most = size(members, "maxItems")?;
        arrays.unique = match members.get_str("uniqueItems") {
            None => false,
            Some(Value::Bool(unique)) => *unique,
            Some(_) => return failed("uniqueItems must be of a boolean"),
        };
        if self.draft >= Draft::Six
            && let Some(schema) = members.get_str("contains")
        {
            arrays.contains = Some(self.node(schema, depth + 1)?);
        }
        Ok(())
    }

    fn additional(
        &mut self,
        members: &'v Object,
        key: &str,
        depth: usize,
    ) -> Result<Additional, Error> {
        match members.get_str(key) {
            None | Some(Value::Bool(true)) => Ok(Additional::Allowed),
            Some(Value::Bool(false)) => Ok(Additional::Refused),
            Some(schema @ Value::Object(_)) => Ok(Additional::As(self.node(schema, depth + 1)?)),
            Some(_) => invalid_type("boolean/Valid Schema", key),
        }
    }

    pub(super) fn numbers(&self, members: &Object) -> Result<Numbers, Error> {
        let multiple_of = match members.get_str("multipleOf") {
            None => None,
            Some(Value::Number(number)) if !number.is_zero() && !number.is_negative() => {
                Some(number.clone())
            }
            Some(Value::Number(_)) => return failed("multipleOf must be strictly greater than 0"),
            Some(_) => return invalid_type("Number", "multipleOf"),
        };
        let (minimum, above) = self.limit(members, "minimum", "exclusiveMinimum")?;
        let (maximum, below) = self.limit(members, "maximum", "exclusiveMaximum")?;
        Ok(Numbers {
            multiple_of,
            minimum,
            above,
            maximum,
            below,
        })
    }

    /// A limit that may be reached and one that may not; in draft 4 the second is a flag on the first.
    fn limit(
        &self,
        members: &Object,
        key: &str,
        exclusive: &str,
    ) -> Result<(Option<Number>, Option<Number>), Error> {
        let limit = match members.get_str(key) {
            None => None,
            Some(Value::Number(limit)) => Some(limit.clone()),
            Some(_) => return failed(format!("{key} must be of a Number")),
        };
        match members.get_str(exclusive) {
            None => Ok((limit, None)),
            Some(Value::Bool(flag)) if matches!(self.draft, Draft::Four | Draft::Mixed) => {
                match (limit, flag) {
                    (None, _) => failed(format!("{exclusive} cannot be used without {key}")),
                    (limit, true) => Ok((None, limit)),
                    (limit, false) => Ok((limit, None)),
                }
            }
            Some(Value::Number(other)) if self.draft != Draft::Four => {
                Ok((limit, Some(other.clone())))
            }
            Some(_) => {
                let expected = match self.draft {
                    Draft::Four => "boolean",
                    Draft::Mixed => "boolean/number",
                    _ => "number",
                };
                invalid_type(expected, exclusive)
            }
        }
    }

    pub(super) fn strings(&mut self, members: &Object) -> Result<Strings, Error> {
        let least = size(members, "minLength")?;
        let most = size(members, "maxLength")?;
        ordered(least, most, "minLength", "maxLength")?;
        let pattern = match text(members, "pattern")? {
            None => None,
            Some(pattern) => {
                let wrong = || "pattern must be a valid regex".to_owned();
                Some((Box::from(pattern), self.pattern(pattern, wrong)?))
            }
        };
        Ok(Strings {
            least,
            most,
            pattern,
        })
    }
}

fn key(key: &Value) -> Box<str> {
    Box::from(key.as_str().unwrap_or_default())
}

/// A size: written as an integer, without fraction or exponent.
fn size(members: &Object, key: &str) -> Result<Option<usize>, Error> {
    let Some(value) = members.get_str(key) else {
        return Ok(None);
    };
    let size = match value {
        Value::Number(number) => number.with_text(|text| text.parse::<i64>().ok()),
        _ => None,
    };
    match size.map(usize::try_from) {
        Some(Ok(size)) => Ok(Some(size)),
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
