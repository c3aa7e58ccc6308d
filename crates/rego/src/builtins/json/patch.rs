//! JSON patches (RFC 6902), on sets and with keys of any type too.

use super::paths::path;
use crate::builtins::text::{self, Style};
use crate::builtins::{Context, Error, operand};
use crate::value::{Array, Number, Object, Set, Value};

/// What a member of a changed collection takes.
const MEMBER: u64 = size_of::<(Value, Value)>() as u64;

pub(super) fn patch(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut target = operand::value(args, 0)?.clone();
    for operation in operand::array(args, 1)? {
        let Value::Object(operation) = operation else {
            let message = "a patch is an array of objects, and something in it is none";
            return Err(failed(message));
        };
        target = apply(context, &target, operation)?;
    }
    Ok(target)
}

fn apply(context: &mut Context<'_>, target: &Value, operation: &Object) -> Result<Value, Error> {
    let name = match attribute(operation, "op")? {
        Value::String(name) => name,
        other => {
            let found = other.type_name();
            return Err(failed(&format!(
                "attribute 'op' must be a string but found: {found}"
            )));
        }
    };
    let path = path(attribute(operation, "path")?)?;
    let value = || attribute(operation, "value");
    let from = || self::path(attribute(operation, "from")?);
    let mut edit = Edit { context, target };
    match &**name {
        "add" => edit.insert(&path, value()?),
        "remove" => edit.remove(&path),
        "replace" => {
            let value = value()?;
            if path.is_empty() {
                return Ok(value.clone());
            }
            let without = edit.remove(&path)?;
            let target = &without;
            Edit {
                context: edit.context,
                target,
            }
            .insert(&path, value)
        }
        "move" => {
            let from = from()?;
            let moved = edit.find(&from)?.clone();
            if path.is_empty() {
                return Ok(moved);
            }
            let without = edit.remove(&from)?;
            let target = &without;
            Edit {
                context: edit.context,
                target,
            }
            .insert(&path, &moved)
        }
        "copy" => {
            let copied = edit.find(&from()?)?.clone();
            edit.insert(&path, &copied)
        }
        "test" => {
            let value = value()?;
            let found = edit.find(&path)?.clone();
            if found == *value {
                return Ok(target.clone());
            }
            let (want, found) = (edit.show(value)?, edit.show(&found)?);
            Err(failed(&format!("`test` wants {want} and there is {found}")))
        }
        other => Err(failed(&format!("unrecognized op: '{other}'"))),
    }
}

/// A document and the means to make a changed one of it: what is not on the path is shared.
struct Edit<'a, 'e, 'v> {
    context: &'a mut Context<'e>,
    target: &'v Value,
}

// === impl Edit ===

impl<'v> Edit<'_, '_, 'v> {
    fn find(&mut self, path: &[Value]) -> Result<&'v Value, Error> {
        let mut at = self.target;
        for key in path {
            at = self.child(at, key)?;
        }
        Ok(at)
    }

    fn insert(&mut self, path: &[Value], new: &Value) -> Result<Value, Error> {
        let Some((key, parents)) = path.split_last() else {
            return Ok(new.clone());
        };
        let parent = self.find(parents)?;
        self.charge(parent)?;
        let changed = match parent {
            Value::Object(object) => with_member(object, key, new).into(),
            Value::Set(set) if key == new => {
                set.iter().chain([new]).cloned().collect::<Set>().into()
            }
            Value::Set(_) => {
                let (key, new) = (self.show(key)?, self.show(new)?);
                return Err(failed(&format!(
                    "a set has its members under themselves: {new} cannot be put at {key}"
                )));
            }
            Value::Array(array) => {
                let at = position(array, key)?.filter(|at| *at <= array.len());
                let at = at.ok_or_else(|| failed("index for array insertion out of bounds"))?;
                let mut elements = array.to_vec();
                elements.insert(at, new.clone());
                elements.into()
            }
            scalar => return Err(self.no_composite(scalar)),
        };
        self.rebuild(parents, changed)
    }

    fn remove(&mut self, path: &[Value]) -> Result<Value, Error> {
        let Some((key, parents)) = path.split_last() else {
            return Err(failed("the whole document cannot be removed"));
        };
        let parent = self.find(parents)?;
        self.charge(parent)?;
        let missing = || "cannot delete child key ";
        let changed = match parent {
            Value::Object(object) if object.get(key).is_some() => {
                let kept = object.iter().filter(|(k, _)| *k != key);
                let kept = kept.map(|(k, v)| (k.clone(), v.clone()));
                kept.collect::<Object>().into()
            }
            Value::Set(set) if set.contains(key) => without(set, key).collect::<Set>().into(),
            Value::Object(_) | Value::Set(_) => {
                let key = self.show(key)?;
                return Err(failed(&format!("{}{key} that does not exist", missing())));
            }
            Value::Array(array) => {
                let at = position(array, key)?.filter(|at| *at < array.len());
                let at = at.ok_or_else(|| failed("index for array delete out of bounds"))?;
                let mut elements = array.to_vec();
                elements.remove(at);
                elements.into()
            }
            scalar => return Err(self.no_composite(scalar)),
        };
        self.rebuild(parents, changed)
    }

    /// The document with `changed` at the end of `path`.
    fn rebuild(&mut self, path: &[Value], mut changed: Value) -> Result<Value, Error> {
        let mut parents = Vec::with_capacity(path.len());
        let mut at = self.target;
        for key in path {
            parents.push((at, key));
            at = self.child(at, key)?;
        }
        for (parent, key) in parents.into_iter().rev() {
            self.charge(parent)?;
            changed = match parent {
                Value::Object(object) => with_member(object, key, &changed).into(),
                Value::Set(set) => without(set, key).chain([changed]).collect::<Set>().into(),
                Value::Array(array) => {
                    let at = position(array, key)?;
                    let mut elements = array.to_vec();
                    if let Some(element) = at.and_then(|at| elements.get_mut(at)) {
                        *element = changed;
                    }
                    elements.into()
                }
                scalar => return Err(self.no_composite(scalar)),
            };
        }
        Ok(changed)
    }

    fn child(&mut self, parent: &'v Value, key: &Value) -> Result<&'v Value, Error> {
        let (found, kind) = match parent {
            Value::Object(object) => (object.get(key), "object"),
            Value::Set(set) => (set.get(key), "set"),
            Value::Array(array) => {
                let at = position(array, key)?;
                (at.and_then(|at| array.get(at)), "array")
            }
            scalar => return Err(self.no_composite(scalar)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let (key, parent) = (self.show(key)?, self.show(parent)?);
        Err(failed(&format!(
            "path {key} does not exist in {kind} term {parent}"
        )))
    }

    fn charge(&mut self, collection: &Value) -> Result<(), Error> {
        let members = match collection {
            Value::Array(array) => array.len(),
            Value::Object(object) => object.len(),
            Value::Set(set) => set.len(),
            _ => 0,
        };
        let bytes = (members as u64 + 1).saturating_mul(MEMBER);
        self.context.budget.build(bytes)
    }

    fn show(&mut self, value: &Value) -> Result<String, Error> {
        text::write(value, Style::Term, self.context.budget)
    }

    #[cold]
    fn no_composite(&mut self, scalar: &Value) -> Error {
        let kind = match scalar {
            Value::Null => "Null",
            Value::Bool(_) => "Boolean",
            Value::Number(_) => "Number",
            _ => "String",
        };
        match self.show(scalar) {
            Ok(value) => failed(&format!(
                "expected composite type, found value: {value} (type: ast.{kind})"
            )),
            Err(error) => error,
        }
    }
}

fn attribute<'v>(operation: &'v Object, name: &str) -> Result<&'v Value, Error> {
    let value = operation.get_str(name);
    value.ok_or_else(|| failed(&format!("missing required attribute '{name}'")))
}

fn with_member(object: &Object, key: &Value, value: &Value) -> Object {
    let members = object.iter().chain([(key, value)]);
    members.map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn without<'v>(set: &'v Set, key: &'v Value) -> impl Iterator<Item = Value> + 'v {
    set.iter().filter(move |member| *member != key).cloned()
}

/// The position that a key names: a number, its text, or `-` for the one behind the last. None where it is negative.
fn position(array: &Array, key: &Value) -> Result<Option<usize>, Error> {
    let number = match key {
        Value::Number(number) => number.clone(),
        Value::String(text) if &**text == "-" => return Ok(Some(array.len())),
        Value::String(text) if text.len() > 1 && text.starts_with('0') => {
            return Err(failed("leading zeros are not allowed in JSON paths"));
        }
        Value::String(text) => {
            let number = Number::parse(text.strip_prefix('+').unwrap_or(text));
            let plain = number.filter(|_| !text.contains(['e', 'E']));
            plain.ok_or_else(|| failed("invalid string for indexing"))?
        }
        _ => return Err(failed("invalid type for indexing")),
    };
    let at = number.as_plain_i64();
    let at = at.ok_or_else(|| failed("invalid number type for indexing"))?;
    Ok(usize::try_from(at).ok())
}

#[cold]
fn failed(message: &str) -> Error {
    Error::Failed(message.to_owned())
}

#[cfg(test)]
mod tests;
