//! Documents put together from several: objects are joined, anything else that stands at one place twice is a
//! conflict. Not the reading of them.

use std::collections::BTreeMap;

use super::{Object, Value};

/// A document in the making.
#[derive(Debug, Clone)]
pub struct Merge {
    root: Node,
    equal: Equal,
}

/// What two equal values at one place are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equal {
    /// One value.
    Allowed,
    /// A conflict as any other.
    Refused,
}

/// Where two documents do not fit, from the top.
pub type Conflict = Vec<String>;

/// Below this, two documents that meet in one object count as a conflict: merging is recursive.
const MAX_DEPTH: usize = 256;

/// A place: a value that came whole, or an object that was taken apart because something was put into it.
#[derive(Debug, Clone)]
enum Node {
    Whole(Value),
    Open(BTreeMap<Value, Node>),
}

// === impl Merge ===

impl Merge {
    /// An empty object.
    #[must_use]
    pub fn new(equal: Equal) -> Self {
        let root = Node::Open(BTreeMap::new());
        Self { root, equal }
    }

    /// Puts `value` at `path`.
    pub fn add(&mut self, path: &[String], value: Value) -> Result<(), Conflict> {
        let value = path.iter().rev().fold(value, |value, key| {
            Value::Object(Object::from(vec![(Value::from(key.as_str()), value)]))
        });
        let mut at = Vec::new();
        self.root.add(value, self.equal, &mut at).map_err(|()| at)
    }

    /// The document.
    #[must_use]
    pub fn finish(self) -> Value {
        self.root.finish()
    }
}

// === impl Node ===

impl Node {
    fn add(&mut self, value: Value, equal: Equal, at: &mut Vec<String>) -> Result<(), ()> {
        if let Self::Whole(present) = self {
            if equal == Equal::Allowed && *present == value {
                return Ok(());
            }
            let Value::Object(members) = present else {
                return Err(());
            };
            if at.len() >= MAX_DEPTH {
                return Err(());
            }
            let members = members.iter();
            let members = members.map(|(key, value)| (key.clone(), Self::Whole(value.clone())));
            *self = Self::Open(members.collect());
        }
        let (Self::Open(members), Value::Object(more)) = (self, value) else {
            return Err(());
        };
        for (key, value) in more.iter() {
            let Some(present) = members.get_mut(key) else {
                members.insert(key.clone(), Self::Whole(value.clone()));
                continue;
            };
            at.push(key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            present.add(value.clone(), equal, at)?;
            at.pop();
        }
        Ok(())
    }

    fn finish(self) -> Value {
        match self {
            Self::Whole(value) => value,
            Self::Open(members) => {
                let members = members.into_iter();
                Value::Object(members.map(|(key, node)| (key, node.finish())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read;

    fn json(text: &str) -> Value {
        read::json_value(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn objects_join_and_other_values_conflict() {
        type Case = (
            &'static str,
            &'static [&'static str],
            &'static str,
            Equal,
            Result<&'static str, &'static str>,
        );
        let (allowed, refused) = (Equal::Allowed, Equal::Refused);
        let one = r#"{"a":{"b":1}}"#;
        let cases: [Case; 7] = [
            (r"{}", &[], r#"{"a":1}"#, allowed, Ok(r#"{"a":1}"#)),
            (
                one,
                &["a"],
                r#"{"c":2}"#,
                allowed,
                Ok(r#"{"a":{"b":1,"c":2}}"#),
            ),
            (one, &["a", "b"], "2", allowed, Err("a/b")),
            (one, &["a", "b"], "1", allowed, Ok(one)),
            (one, &["a", "b"], "1", refused, Err("a/b")),
            (one, &["a"], "{}", refused, Ok(one)),
            (r#"{"a":[1]}"#, &["a", "b"], r"{}", allowed, Err("a")),
        ];
        for (base, path, value, equal, want) in cases {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            let mut merge = Merge::new(equal);
            merge.add(&[], json(base)).expect("the first one fits");
            let got = merge.add(&path, json(value)).map_err(|at| at.join("/"));
            match want {
                Ok(want) => assert_eq!((got, merge.finish()), (Ok(()), json(want))),
                Err(want) => assert_eq!(got, Err(want.to_owned())),
            }
        }
    }
}
