//! One value after the other inside a value, with the path to it, without building all pairs first.

use crate::value::{Array, Object, Set, Value};

/// The values inside a value, itself first, each before what lies in it.
///
/// An evaluator that needs no paths, or knows the first keys of the paths it wants, says so before the first step.
#[derive(Debug)]
pub struct Walk<'v> {
    root: Option<&'v Value>,
    open: Vec<Inside<'v>>,
    path: Vec<Value>,
    paths: bool,
    /// What the first keys of a path must be; `None` is any key.
    pattern: Vec<Option<Value>>,
}

/// A collection and how far the walk is in it.
#[derive(Debug)]
enum Inside<'v> {
    Array(&'v Array, usize),
    Object(&'v Object, usize),
    Set(&'v Set, usize),
    /// The one member that a pattern names.
    One(Option<(Value, &'v Value)>),
}

// === impl Walk ===

impl<'v> Walk<'v> {
    /// All of `value`, with paths.
    #[must_use]
    pub fn new(value: &'v Value) -> Self {
        Self {
            root: Some(value),
            open: Vec::new(),
            path: Vec::new(),
            paths: true,
            pattern: Vec::new(),
        }
    }

    /// Keeps no paths: [`Walk::path`] is empty then.
    #[must_use]
    pub fn without_paths(mut self) -> Self {
        self.paths = false;
        self
    }

    /// Only values whose path begins with these keys; `None` stands for any key. What lies elsewhere is not looked
    /// at.
    #[must_use]
    pub fn below(mut self, pattern: Vec<Option<Value>>) -> Self {
        self.pattern = pattern;
        self
    }

    /// The path to the value that came last.
    #[must_use]
    pub fn path(&self) -> &[Value] {
        &self.path
    }

    /// Makes the members of `value`, which lies `depth` keys deep, come next.
    fn enter(&mut self, value: &'v Value, depth: usize) {
        let inside = match (self.pattern.get(depth), value) {
            (Some(Some(key)), value) => {
                Inside::One(value.get(key).map(|member| (key.clone(), member)))
            }
            (_, Value::Array(array)) => Inside::Array(array, 0),
            (_, Value::Object(object)) => Inside::Object(object, 0),
            (_, Value::Set(set)) => Inside::Set(set, 0),
            _ => Inside::One(None),
        };
        self.open.push(inside);
    }
}

impl<'v> Iterator for Walk<'v> {
    type Item = &'v Value;

    fn next(&mut self) -> Option<&'v Value> {
        if let Some(root) = self.root.take() {
            self.enter(root, 0);
            if self.pattern.is_empty() {
                return Some(root);
            }
        }
        loop {
            let depth = self.open.len();
            let inside = self.open.last_mut()?;
            if self.paths {
                self.path.truncate(depth - 1);
            }
            let Some((key, value)) = inside.step(self.paths) else {
                self.open.pop();
                continue;
            };
            self.path.extend(key.filter(|_| self.paths));
            self.enter(value, depth);
            if depth >= self.pattern.len() {
                return Some(value);
            }
        }
    }
}

// === impl Inside ===

impl<'v> Inside<'v> {
    /// The next member, and its key if that is wanted.
    fn step(&mut self, keys: bool) -> Option<(Option<Value>, &'v Value)> {
        match self {
            Self::Array(array, at) => {
                let array: &'v Array = array;
                let value = array.get(*at)?;
                let key = keys.then(|| Value::from(*at));
                *at += 1;
                Some((key, value))
            }
            Self::Object(object, at) => {
                let object: &'v Object = object;
                let (key, value) = object.at(*at)?;
                *at += 1;
                Some((keys.then(|| key.clone()), value))
            }
            Self::Set(set, at) => {
                let set: &'v Set = set;
                let value = set.at(*at)?;
                *at += 1;
                Some((keys.then(|| value.clone()), value))
            }
            Self::One(member) => {
                let (key, value) = member.take()?;
                Some((Some(key), value))
            }
        }
    }
}
