//! Paths into documents: what they lead to alone, or all but that.

use std::collections::BTreeMap;

use crate::builtins::{Context, Error, operand};
use crate::value::{Object, Set, Value};

/// How many keys a path may have.
const MAX_PATH: usize = 1_000;
/// What a member of a result takes.
const MEMBER: u64 = size_of::<(Value, Value)>() as u64;

pub(super) fn filter(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let object = operand::object(args, 0)?;
    let tree = Tree::read(context, args)?;
    tree.filter(context, &object.clone().into(), 0)
}

pub(super) fn remove(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let object = operand::object(args, 0)?;
    let tree = Tree::read(context, args)?;
    tree.remove(context, &object.clone().into(), 0)
}

/// Reads a path: keys in an array, or in a string with slashes between them.
pub(super) fn path(value: &Value) -> Result<Vec<Value>, Error> {
    let path: Vec<Value> = match value {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => text
            .trim_start_matches('/')
            .split('/')
            .map(|key| Value::from(key.replace("~1", "/").replace("~0", "~")))
            .collect(),
        Value::Array(array) => array.to_vec(),
        other => {
            let message = format!(
                "must be one of {{set, array}} containing string paths or array of path segments but got {}",
                other.type_name()
            );
            return Err(operand::wrong(1, message));
        }
    };
    if path.len() > MAX_PATH {
        let message = format!("a path has more than {MAX_PATH} keys");
        return Err(Error::Failed(message));
    }
    Ok(path)
}

/// Paths with what they have in common put together; nodes by number, the first of them the root.
struct Tree {
    nodes: Vec<BTreeMap<Value, Next>>,
}

/// What follows a key of a path.
#[derive(Clone, Copy)]
enum Next {
    End,
    Node(usize),
}

// === impl Tree ===

impl Tree {
    fn read(context: &mut Context<'_>, args: &[&Value]) -> Result<Self, Error> {
        let mut tree = Self {
            nodes: vec![BTreeMap::new()],
        };
        for path_value in operand::members(args, 1, &["set", "array"])? {
            let path = path(path_value)?;
            operand::shallow(path.len(), operand::value(args, 0)?.depth())?;
            context
                .budget
                .build((path.len() as u64).saturating_mul(2 * MEMBER))?;
            tree.insert(path);
        }
        Ok(tree)
    }

    /// Adds a path. One that is the beginning of another stands for both.
    fn insert(&mut self, mut path: Vec<Value>) {
        let Some(last) = path.pop() else { return };
        let mut at = 0;
        for key in path {
            let new = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return;
            };
            match *node.entry(key).or_insert(Next::Node(new)) {
                Next::End => return,
                Next::Node(next) => at = next,
            }
            if at == new {
                self.nodes.push(BTreeMap::new());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.insert(last, Next::End);
        }
    }

    fn next(&self, node: usize, key: &Value) -> Option<Next> {
        self.nodes.get(node)?.get(key).copied()
    }

    /// What `node`'s paths lead to in `value`; the length of paths bounds the recursion.
    fn filter(
        &self,
        context: &mut Context<'_>,
        value: &Value,
        node: usize,
    ) -> Result<Value, Error> {
        rebuild(context, value, |context, key, value| {
            match self.next(node, key) {
                None => Ok(None),
                Some(Next::End) => Ok(Some(value.clone())),
                Some(Next::Node(next)) => self.filter(context, value, next).map(Some),
            }
        })
    }

    /// What is left of `value` without what `node`'s paths lead to; the length of paths bounds the recursion.
    fn remove(
        &self,
        context: &mut Context<'_>,
        value: &Value,
        node: usize,
    ) -> Result<Value, Error> {
        rebuild(context, value, |context, key, value| {
            match self.next(node, key) {
                None => Ok(Some(value.clone())),
                Some(Next::End) => Ok(None),
                Some(Next::Node(next)) => self.remove(context, value, next).map(Some),
            }
        })
    }
}

/// `value` with what `change` makes of its members. An array's keys are its positions as strings, a set's its members.
fn rebuild(
    context: &mut Context<'_>,
    value: &Value,
    mut change: impl FnMut(&mut Context<'_>, &Value, &Value) -> Result<Option<Value>, Error>,
) -> Result<Value, Error> {
    match value {
        Value::Array(array) => {
            let mut kept = Vec::new();
            for (at, element) in array.iter().enumerate() {
                context.budget.build(MEMBER)?;
                kept.extend(change(context, &Value::from(at.to_string()), element)?);
            }
            Ok(kept.into())
        }
        Value::Set(set) => {
            let mut kept = Vec::new();
            for member in set {
                context.budget.build(MEMBER)?;
                kept.extend(change(context, member, member)?);
            }
            Ok(Set::from(kept).into())
        }
        Value::Object(object) => {
            let mut kept = Vec::new();
            for (key, value) in object.iter() {
                context.budget.build(MEMBER)?;
                kept.extend(change(context, key, value)?.map(|value| (key.clone(), value)));
            }
            Ok(Object::from(kept).into())
        }
        scalar => Ok(scalar.clone()),
    }
}

#[cfg(test)]
mod tests;
