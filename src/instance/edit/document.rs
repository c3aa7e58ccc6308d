//! Documents with something put into them or taken out; whatever is not touched stays shared.

use super::EditError;
use crate::data::{Object, Value};

/// One step of a patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What to do.
    pub operation: Operation,
    /// Where, below `data`.
    pub path: Vec<String>,
    /// With what; of no use to [`Operation::Remove`].
    pub value: Value,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Puts a value there: into an array before what is there, or behind the last by `-`.
    Add,
    /// Takes away what is there.
    Remove,
    /// Puts a value in the place of what is there.
    Replace,
}

/// How deep paths may go: what they lead to is rebuilt by recursion.
const DEEPEST: usize = 1_000;

/// What is at `path`.
pub(super) fn find<'a>(root: &'a Value, path: &[String]) -> Option<&'a Value> {
    let mut value = root;
    for name in path {
        value = match value {
            Value::Object(members) => members.get_str(name)?,
            Value::Array(items) => items.get(index(name)?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// `root` with `value` at `path`, and objects on the way there.
pub(super) fn put(root: &Value, path: &[String], value: Value) -> Result<Value, EditError> {
    let Some((_, parent)) = path.split_last() else {
        return whole(value);
    };
    let mut root = root.clone();
    if find(&root, path).is_none() {
        root = make_places(root, parent)?;
    }
    change(&root, path, &mut |parent, name| {
        added(parent, name, path, &value)
    })
}

/// `root` after all of `steps`.
pub(super) fn patch(mut root: Value, steps: Vec<Step>) -> Result<Value, EditError> {
    for Step {
        operation,
        path,
        value,
    } in steps
    {
        root = match (operation, path.is_empty()) {
            (Operation::Remove, _) => delete(&root, &path)?,
            (_, true) => whole(value)?,
            (Operation::Add, false) => change(&root, &path, &mut |parent, name| {
                added(parent, name, &path, &value)
            })?,
            (Operation::Replace, false) => change(&root, &path, &mut |parent, name| {
                replaced(parent, name, &path, Some(&value))
            })?,
        };
    }
    Ok(root)
}

/// `root` without what is at `path`.
pub(super) fn delete(root: &Value, path: &[String]) -> Result<Value, EditError> {
    if path.is_empty() {
        return Err(EditError::Root("root cannot be removed"));
    }
    change(root, path, &mut |parent, name| {
        replaced(parent, name, path, None)
    })
}

// === helpers ===

fn whole(value: Value) -> Result<Value, EditError> {
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(EditError::Root("root must be object")),
    }
}

/// Puts empty objects where there is nothing on the way to `path`, and makes sure that there is one.
fn make_places(root: Value, path: &[String]) -> Result<Value, EditError> {
    match find(&root, path) {
        Some(Value::Object(_)) => return Ok(root),
        Some(_) => return Err(EditError::Conflict(shown(path))),
        None => {}
    }
    let Some((_, parent)) = path.split_last() else {
        return Ok(root);
    };
    if path.len() > DEEPEST {
        return Err(EditError::Conflict(format!(
            "the path has more than {DEEPEST} names"
        )));
    }
    let root = make_places(root, parent)?;
    let empty = Value::Object(Object::default());
    change(&root, path, &mut |parent, name| {
        added(parent, name, path, &empty)
    })
}

type Change<'c> = &'c mut dyn FnMut(&Value, &str) -> Result<Value, EditError>;

/// `root` with the parent of what `path` names changed.
fn change(root: &Value, path: &[String], how: Change<'_>) -> Result<Value, EditError> {
    if path.len() > DEEPEST {
        return Err(missing());
    }
    match path {
        [] => Err(missing()),
        [name] => how(root, name),
        [name, rest @ ..] => match root {
            Value::Object(members) => {
                let child = members.get_str(name).ok_or_else(missing)?;
                let child = change(child, rest, how)?;
                Ok(members.insert(Value::from(name.as_str()), child).into())
            }
            Value::Array(items) => {
                let at = index(name)
                    .filter(|at| *at < items.len())
                    .ok_or_else(missing)?;
                let mut changed = items.to_vec();
                if let (Some(place), Some(child)) = (changed.get_mut(at), items.get(at)) {
                    *place = change(child, rest, how)?;
                }
                Ok(Value::from(changed))
            }
            _ => Err(missing()),
        },
    }
}

fn added(parent: &Value, name: &str, path: &[String], value: &Value) -> Result<Value, EditError> {
    match parent {
        Value::Object(members) => Ok(members.insert(Value::from(name), value.clone()).into()),
        Value::Array(items) => {
            let at = if name == "-" {
                items.len()
            } else {
                place(name, items.len() + 1, path)?
            };
            let mut longer = items.to_vec();
            longer.insert(at, value.clone());
            Ok(Value::from(longer))
        }
        _ => Err(missing()),
    }
}

fn replaced(
    parent: &Value,
    name: &str,
    path: &[String],
    value: Option<&Value>,
) -> Result<Value, EditError> {
    match parent {
        Value::Object(members) => {
            members.get_str(name).ok_or_else(missing)?;
            let key = Value::from(name);
            Ok(match value {
                Some(value) => members.insert(key, value.clone()).into(),
                None => members.remove(&key).into(),
            })
        }
        Value::Array(items) => {
            let at = place(name, items.len(), path)?;
            let mut changed = items.to_vec();
            match (value, changed.get_mut(at)) {
                (Some(value), Some(place)) => *place = value.clone(),
                _ => drop(changed.remove(at)),
            }
            Ok(Value::from(changed))
        }
        _ => Err(missing()),
    }
}

fn index(name: &str) -> Option<usize> {
    name.parse().ok()
}

/// A place in an array of which there are so many.
fn place(name: &str, places: usize, path: &[String]) -> Result<usize, EditError> {
    let reason = match name.parse::<i64>() {
        Err(_) => "array index must be integer",
        Ok(at) => match usize::try_from(at).ok().filter(|at| *at < places) {
            Some(at) => return Ok(at),
            None => "array index out of range",
        },
    };
    Err(EditError::NotFound(format!("{}: {reason}", shown(path))))
}

fn missing() -> EditError {
    EditError::NotFound("document does not exist".to_owned())
}

fn shown(path: &[String]) -> String {
    path.iter()
        .fold(String::new(), |shown, name| shown + "/" + name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read;

    fn json(text: &str) -> Value {
        read::json_value(text.as_bytes()).expect("JSON")
    }

    fn names(path: &str) -> Vec<String> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.map(ToOwned::to_owned).collect()
    }

    fn root() -> Value {
        json(r#"{"a": {"b": 1}, "l": [1, {"n": 2}]}"#)
    }

    #[test]
    fn a_document_is_put_with_its_way() {
        for (path, want) in [
            ("a/b", r#"{"a": {"b": 7}, "l": [1, {"n": 2}]}"#),
            (
                "a/c/d",
                r#"{"a": {"b": 1, "c": {"d": 7}}, "l": [1, {"n": 2}]}"#,
            ),
            ("l/0", r#"{"a": {"b": 1}, "l": [7, 1, {"n": 2}]}"#),
            ("l/1/m", r#"{"a": {"b": 1}, "l": [1, {"n": 2, "m": 7}]}"#),
        ] {
            assert_eq!(
                put(&root(), &names(path), json("7")),
                Ok(json(want)),
                "{path}"
            );
        }
        for (path, at) in [
            ("a/b/c/d", "/a/b"),
            ("l/9", "/l"),
            ("l/-", "/l"),
            ("l/0/x", "/l/0"),
        ] {
            let conflict = Err(EditError::Conflict(at.to_owned()));
            assert_eq!(put(&root(), &names(path), json("7")), conflict, "{path}");
        }
        assert!(put(&root(), &[], json("7")).is_err());
    }

    #[test]
    fn steps_are_done_in_turn_or_not_at_all() {
        let step = |operation, path| Step {
            operation,
            path: names(path),
            value: json("7"),
        };
        let steps = vec![
            step(Operation::Add, "l/-"),
            step(Operation::Remove, "l/0"),
            step(Operation::Replace, "l/0"),
            step(Operation::Add, "a/x"),
        ];
        let want = json(r#"{"a": {"b": 1, "x": 7}, "l": [7, 7]}"#);
        assert_eq!(patch(root(), steps), Ok(want));
        for (operation, path, why) in [
            (Operation::Add, "n/x", "document does not exist"),
            (Operation::Remove, "a/x", "document does not exist"),
            (Operation::Replace, "l/2", "/l/2: array index out of range"),
            (
                Operation::Remove,
                "l/x",
                "/l/x: array index must be integer",
            ),
        ] {
            let refused = Err(EditError::NotFound(why.to_owned()));
            assert_eq!(
                patch(root(), vec![step(operation, path)]),
                refused,
                "{path}"
            );
        }
        assert!(patch(root(), vec![step(Operation::Remove, "")]).is_err());
    }
}
