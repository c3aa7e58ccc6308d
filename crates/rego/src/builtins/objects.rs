//! Objects in, objects out.

use std::iter::Peekable;

use super::declare::{any, any_object, boolean, named, object, set, takes};
use super::{Builtin, Context, Error, operand};
use crate::types::{Named, Type};
use crate::value::{Object, Set, Value};

/// What a member of an object takes.
const MEMBER: u64 = size_of::<(Value, Value)>() as u64;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("object.filter", "An object with some of its keys alone.", filter).declared(|| {
        takes([
            object("object", "the object"),
            named("keys", collection(), "the keys to keep"),
        ])
        .gives(object("filtered", "`object` with `keys` alone"))
    }),
    Builtin::new(
        "object.get",
        "What an object has at a key, or at a path of keys; else a default.",
        get,
    )
    .declared(|| {
        takes([
            object("object", "the object"),
            any("key", "the key; an array is a path"),
            any("default", "the answer where there is nothing"),
        ])
        .gives(any("value", "what is there, else `default`"))
    }),
    Builtin::new("object.keys", "An object's keys.", keys).declared(|| {
        takes([object("object", "the object")]).gives(set("value", "its keys"))
    }),
    Builtin::new("object.remove", "An object without some of its keys.", remove).declared(|| {
        takes([
            object("object", "the object"),
            named("keys", collection(), "the keys to drop"),
        ])
        .gives(object("output", "`object` without `keys`"))
    }),
    Builtin::new(
        "object.subset",
        "Whether a collection holds all that another holds. Objects and sets in objects count by their \
         members, arrays by a run of elements.",
        subset,
    )
    .declared(|| {
        takes([
            named("super", collection(), "what may hold the other"),
            named("sub", collection(), "what may be held"),
        ])
        .gives(boolean("result", "whether `super` holds `sub`"))
    }),
    Builtin::new(
        "object.union",
        "Two objects in one; of two values at a key, the right one, or both merged if they are objects.",
        union,
    )
    .declared(|| {
        takes([object("a", "the left object"), object("b", "the right one")])
            .gives(object("output", "both merged"))
    }),
    Builtin::new(
        "object.union_n",
        "Objects in one, merged from left to right as by `object.union`.",
        union_n,
    )
    .declared(|| {
        takes([array_of_objects()]).gives(object("output", "all merged"))
    }),
];

fn collection() -> Type {
    let any_array = Type::array(Type::any());
    Type::one_of([any_array, any_object(), Type::set(Type::any())])
}

fn array_of_objects() -> Named {
    named("objects", Type::array(any_object()), "the objects")
}

fn filter(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let object = operand::object(args, 0)?;
    let keys = Keys::read(args, 1)?;
    context.budget.step(keys.len() as u64)?;
    let mut members = Vec::new();
    for key in keys.iter() {
        if let Some(value) = object.get(key) {
            context.budget.build(MEMBER)?;
            members.push((key.clone(), value.clone()));
        }
    }
    Ok(Object::from(members).into())
}

fn get(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    operand::object(args, 0)?;
    let object = operand::value(args, 0)?;
    let found = match operand::value(args, 1)? {
        Value::Array(path) => path.iter().try_fold(object, |at, key| at.get(key)),
        key => object.get(key),
    };
    let default = operand::value(args, 2)?;
    Ok(found.unwrap_or(default).clone())
}

fn keys(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let object = operand::object(args, 0)?;
    charge(context, object.len())?;
    Ok(object.keys().cloned().collect::<Set>().into())
}

fn remove(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let object = operand::object(args, 0)?;
    let keys = Keys::read(args, 1)?.into_set(context)?;
    charge(context, object.len())?;
    let kept = object.iter().filter(|(key, _)| !keys.contains(key));
    let kept: Object = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
    Ok(kept.into())
}

fn subset(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let left = operand::value(args, 0)?;
    let right = operand::value(args, 1)?;
    let holds = match (left, right) {
        (Value::Array(array), Value::Set(set)) => {
            context.budget.step(array.len() as u64)?;
            let elements: Set = array.iter().cloned().collect();
            // Nothing is looked for in an empty array, and so nothing is found.
            !array.is_empty() && set.iter().all(|member| elements.contains(member))
        }
        (Value::Object(_), Value::Object(_))
        | (Value::Set(_), Value::Set(_))
        | (Value::Array(_), Value::Array(_)) => {
            operand::shallow(left.depth(), right.depth())?;
            holds(context, left, right)?
        }
        _ => {
            let message = "both arguments object.subset must be of the same type or array and set";
            return Err(Error::Type(message.to_owned()));
        }
    };
    Ok(holds.into())
}

fn union(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let left = operand::object(args, 0)?;
    let right = operand::object(args, 1)?;
    operand::shallow(left.depth(), right.depth())?;
    Ok(merge(context, left, right)?.into())
}

fn union_n(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let array = operand::array(args, 0)?;
    let objects = array.iter().map(|element| match element {
        Value::Object(object) => Ok(object),
        other => {
            let array = operand::value(args, 0)?;
            Err(operand::element_mismatch(0, array, other, &["object"]))
        }
    });
    let mut objects = objects.collect::<Result<Vec<_>, _>>()?;
    // Halves are merged, and then what they make: one after the other would copy the first ones again and again.
    let mut merged: Vec<Object> = objects.drain(..).cloned().collect();
    while merged.len() > 1 {
        let pairs = merged.chunks(2).map(|pair| match pair {
            [left, right] => {
                operand::shallow(left.depth(), right.depth())?;
                merge(context, left, right)
            }
            rest => Ok(rest.first().cloned().unwrap_or_default()),
        });
        merged = pairs.collect::<Result<_, _>>()?;
    }
    Ok(merged.pop().unwrap_or_default().into())
}

/// Keys to keep or to drop: those of an object, or the members of an array or a set.
enum Keys<'v> {
    Members(&'v [Value]),
    Object(&'v Object),
}

// === impl Keys ===

impl<'v> Keys<'v> {
    fn read(args: &[&'v Value], at: usize) -> Result<Self, Error> {
        match operand::value(args, at)? {
            Value::Object(object) => Ok(Self::Object(object)),
            _ => operand::members(args, at, &["object", "set", "array"])
                .map(|members| Self::Members(members.as_slice())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Members(members) => members.len(),
            Self::Object(object) => object.len(),
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = &'v Value> + 'v> {
        match *self {
            Self::Members(members) => Box::new(members.iter()),
            Self::Object(object) => Box::new(object.keys()),
        }
    }

    fn into_set(self, context: &mut Context<'_>) -> Result<Set, Error> {
        charge(context, self.len())?;
        Ok(self.iter().cloned().collect())
    }
}

/// Whether `left` holds `right`; [`operand::shallow`] has bounded the recursion.
fn holds(context: &mut Context<'_>, left: &Value, right: &Value) -> Result<bool, Error> {
    context.budget.step(1)?;
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, right) in right.iter() {
                let held = match left.get(key) {
                    Some(left) => holds(context, left, right)?,
                    None => false,
                };
                if !held {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Set(left), Value::Set(right)) => {
            context.budget.step(right.len() as u64)?;
            Ok(right.iter().all(|member| left.contains(member)))
        }
        (Value::Array(left), Value::Array(right)) => {
            for run in left.windows(right.len().max(1)) {
                let pairs = run.iter().zip(right.iter());
                let equal = pairs.take_while(|(l, r)| l == r).count();
                context.budget.step(1 + equal as u64)?;
                if equal == right.len() {
                    return Ok(true);
                }
            }
            Ok(right.is_empty())
        }
        (left, right) => Ok(left == right),
    }
}

/// Both objects' members, in one pass over their ordered keys; [`operand::shallow`] has bounded the recursion.
fn merge(context: &mut Context<'_>, left: &Object, right: &Object) -> Result<Object, Error> {
    if right.is_empty() {
        return Ok(left.clone());
    }
    if left.is_empty() {
        return Ok(right.clone());
    }
    charge(context, left.len().saturating_add(right.len()))?;
    let mut members = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let Some(member) = next_merged(context, &mut left, &mut right)? {
        members.push(member);
    }
    Ok(Object::from(members))
}

type Member<'v> = (&'v Value, &'v Value);

fn next_merged<'v>(
    context: &mut Context<'_>,
    left: &mut Peekable<impl Iterator<Item = Member<'v>>>,
    right: &mut Peekable<impl Iterator<Item = Member<'v>>>,
) -> Result<Option<(Value, Value)>, Error> {
    let first = match (left.peek(), right.peek()) {
        (Some((l, _)), Some((r, _))) if l == r => {
            let theirs = left.next();
            let (Some((key, l)), Some((_, r))) = (theirs, right.next()) else {
                return Ok(None);
            };
            let value = match (l, r) {
                (Value::Object(l), Value::Object(r)) => merge(context, l, r)?.into(),
                _ => r.clone(),
            };
            return Ok(Some((key.clone(), value)));
        }
        (Some((l, _)), Some((r, _))) if l < r => left.next(),
        (Some(_), None) => left.next(),
        _ => right.next(),
    };
    Ok(first.map(|(key, value)| (key.clone(), value.clone())))
}

fn charge(context: &mut Context<'_>, members: usize) -> Result<(), Error> {
    context
        .budget
        .build((members as u64).saturating_mul(MEMBER))
}

#[cfg(test)]
mod tests;
