//! A value that is being changed: taken apart only where something changes.

use std::collections::BTreeMap;

use crate::data::{Array, Object, Value};

/// The value in the making.
pub(super) struct Tree(Node);

/// A place: a value as it was, or one that was taken apart because something in it changes.
enum Node {
    Whole(Value),
    Object(BTreeMap<Value, Node>),
    Array(Vec<Node>),
}

/// Why something cannot be changed.
type Problem = &'static str;

const NOTHING_THERE: Problem = "names what is not there";
const NO_INDEX: Problem = "names an element of an array by something that is no index of it";
const NO_CONTAINER: Problem = "leads through a value that holds nothing";

// === impl Tree ===

impl Tree {
    pub(super) fn new(value: Value) -> Self {
        Self(Node::Whole(value))
    }

    /// Puts `value` at `path`, below objects that are made where there are none; into an array it
    /// is inserted, at its end where the index is `-`.
    pub(super) fn upsert(&mut self, path: &[String], value: Value) -> Result<(), Problem> {
        let Some((last, above)) = path.split_last() else {
            self.0 = Node::Whole(value);
            return Ok(());
        };
        match self.0.parent(above, true)? {
            Node::Object(members) => {
                members.insert(Value::from(last.as_str()), Node::Whole(value));
            }
            Node::Array(items) if last == "-" => items.push(Node::Whole(value)),
            Node::Array(items) => {
                let at = index(last, items.len() + 1)?;
                items.insert(at, Node::Whole(value));
            }
            Node::Whole(_) => return Err(NO_CONTAINER),
        }
        Ok(())
    }

    /// Puts `value` in the place of what is at `path`.
    pub(super) fn replace(&mut self, path: &[String], value: Value) -> Result<(), Problem> {
        let place = match path.split_last() {
            None => &mut self.0,
            Some((last, above)) => match self.0.parent(above, false)? {
                Node::Object(members) => {
                    let key = Value::from(last.as_str());
                    members.get_mut(&key).ok_or(NOTHING_THERE)?
                }
                Node::Array(items) => {
                    let at = index(last, items.len())?;
                    items.get_mut(at).ok_or(NO_INDEX)?
                }
                Node::Whole(_) => return Err(NO_CONTAINER),
            },
        };
        *place = Node::Whole(value);
        Ok(())
    }

    /// Takes away what is at `path`.
    pub(super) fn remove(&mut self, path: &[String]) -> Result<(), Problem> {
        let Some((last, above)) = path.split_last() else {
            self.0 = Node::Object(BTreeMap::new());
            return Ok(());
        };
        match self.0.parent(above, false)? {
            Node::Object(members) => {
                let key = Value::from(last.as_str());
                members.remove(&key).ok_or(NOTHING_THERE)?;
            }
            Node::Array(items) => {
                let at = index(last, items.len())?;
                items.remove(at);
            }
            Node::Whole(_) => return Err(NO_CONTAINER),
        }
        Ok(())
    }

    /// The value with its changes.
    pub(super) fn finish(self) -> Value {
        self.0.finish()
    }
}

// === impl Node ===

impl Node {
    /// The place at `path`, taken apart so that its parts can be changed.
    fn parent(&mut self, path: &[String], make: bool) -> Result<&mut Self, Problem> {
        let mut at = self;
        for segment in path {
            at.open();
            at = match at {
                Self::Object(members) => {
                    let key = Value::from(segment.as_str());
                    if make {
                        let empty = || Self::Object(BTreeMap::new());
                        members.entry(key).or_insert_with(empty)
                    } else {
                        members.get_mut(&key).ok_or(NOTHING_THERE)?
                    }
                }
                Self::Array(items) => {
                    let at = index(segment, items.len())?;
                    items.get_mut(at).ok_or(NO_INDEX)?
                }
                Self::Whole(_) => return Err(NO_CONTAINER),
            };
        }
        at.open();
        Ok(at)
    }

    fn open(&mut self) {
        let opened = match self {
            Self::Whole(Value::Object(members)) => {
                let members = members.iter();
                let members = members.map(|(key, value)| (key.clone(), Self::Whole(value.clone())));
                Self::Object(members.collect())
            }
            Self::Whole(Value::Array(items)) => {
                Self::Array(items.iter().cloned().map(Self::Whole).collect())
            }
            _ => return,
        };
        *self = opened;
    }

    /// It is as deep as the longest path, not as the data.
    fn finish(self) -> Value {
        match self {
            Self::Whole(value) => value,
            Self::Object(members) => {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(key, node)| (key, node.finish()))
                        .collect::<Object>(),
                )
            }
            Self::Array(items) => {
                let items: Vec<Value> = items.into_iter().map(Self::finish).collect();
                Value::Array(Array::from(items))
            }
        }
    }
}

/// An index below `len`.
fn index(segment: &str, len: usize) -> Result<usize, Problem> {
    let index = segment.parse().map_err(|_| NO_INDEX)?;
    if index < len {
        Ok(index)
    } else {
        Err(NO_INDEX)
    }
}
