//! The types of documents by path: what rules give below `data`, and what schemas say of `input` and `data`.

use std::collections::HashMap;

use super::shape::{self, Kind, Known, Ty};
use crate::value::Value;

/// Types by path. The first part of a path is `input` or `data`.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// One place of a [`Tree`].
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The type, where something stands right here.
    pub(super) of: Ty,
    pub(super) children: HashMap<Value, usize>,
    /// The type of the children's keys.
    names: Ty,
}

/// Places below which a document's type no longer lists what stands in it.
const MAX_LISTED: usize = 1024;

// === impl Tree ===

impl Default for Tree {
    fn default() -> Self {
        let nodes = vec![Node::default()];
        Self { nodes }
    }
}

impl Tree {
    /// The root of all paths.
    pub(super) const ROOT: usize = 0;

    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    pub(super) fn child(&self, at: usize, key: &Value) -> Option<usize> {
        self.nodes.get(at)?.children.get(key).copied()
    }

    /// The type of the document at `path`; `None` where nothing is said of it.
    pub(super) fn at(&self, path: &[Value]) -> Ty {
        let mut at = Self::ROOT;
        let mut keys = path.iter();
        while let Some(key) = keys.next() {
            if let Some(child) = self.child(at, key) {
                at = child;
                continue;
            }
            let of = self.nodes.get(at)?.of.clone()?;
            let rest = keys.as_slice().iter();
            return rest.fold(of.select(key), |of, key| of?.select(key));
        }
        Some(self.extent(at))
    }

    /// Whether anything is said of what stands at `path` or below.
    pub(super) fn knows(&self, path: &[Value]) -> bool {
        let mut path = path.iter();
        path.try_fold(Self::ROOT, |at, key| self.child(at, key))
            .is_some()
    }

    /// Sets the type at `path`.
    pub(super) fn put(&mut self, path: &[Value], of: Ty) {
        let at = path.iter().fold(Self::ROOT, |at, key| self.below(at, key));
        if let Some(node) = self.nodes.get_mut(at) {
            node.of = of;
        }
    }

    /// Adds what a rule at `path` gives to what is known there, above and below.
    pub(super) fn insert(&mut self, path: &[Value], of: &Known) {
        let mut at = Self::ROOT;
        for (depth, key) in path.iter().enumerate() {
            at = self.below(at, key);
            let tail = path.get(depth + 1..).unwrap_or_default();
            let above = self.nodes.get_mut(at).filter(|_| !tail.is_empty());
            if let Some(node) = above
                && let Some(wider) = node.of.as_ref().and_then(|o| widen(o, tail, of))
            {
                node.of = Some(wider);
            }
        }
        let below = match of.kind() {
            Kind::Object { .. } => self.leaves(at),
            _ => Some(Vec::new()),
        };
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        node.of = merge(&node.of, &Some(of.clone()));
        let Some(below) = below else {
            node.of = Some(shape::any());
            return;
        };
        for (path, leaf) in below {
            if let Some(wider) = node.of.as_ref().and_then(|o| widen(o, &path, &leaf)) {
                node.of = Some(wider);
            }
        }
    }

    /// The type of the whole document at a place; base data may add members to it.
    pub(super) fn extent(&self, at: usize) -> Known {
        let mut left = MAX_LISTED;
        self.listed(at, &mut left, 0)
    }

    /// The type of the keys below a place.
    pub(super) fn keys(&self, at: usize) -> Ty {
        match self.nodes.get(at) {
            Some(Node { of: Some(of), .. }) => of.keys(),
            Some(node) => shape::or(&node.names, &shape::string()),
            None => None,
        }
    }

    fn below(&mut self, at: usize, key: &Value) -> usize {
        if let Some(child) = self.child(at, key) {
            return child;
        }
        let child = self.nodes.len();
        self.nodes.push(Node::default());
        if let Some(node) = self.nodes.get_mut(at) {
            node.children.insert(key.clone(), child);
            node.names = shape::or(&node.names, &Some(shape::of_value(key)));
        }
        child
    }

    fn listed(&self, at: usize, left: &mut usize, depth: usize) -> Known {
        let Some(node) = self.nodes.get(at) else {
            return shape::any();
        };
        if let Some(of) = &node.of {
            return of.clone();
        }
        let rest = Some((shape::string(), Some(shape::any())));
        let fits = depth < 32 && node.children.len() <= *left;
        if !fits {
            return shape::object(Vec::new(), rest);
        }
        *left -= node.children.len();
        let members = node.children.iter();
        let members = members.filter(|(key, _)| scalar(key));
        let members = members
            .map(|(key, child)| (key.clone(), Some(self.listed(*child, left, depth + 1))))
            .collect();
        shape::object(members, rest)
    }

    /// What stands below a place, by path from there; `None` where it is too much to list.
    fn leaves(&self, at: usize) -> Option<Vec<(Vec<Value>, Known)>> {
        let mut found = Vec::new();
        let mut todo = vec![(at, Vec::new())];
        let mut seen = 0;
        while let Some((at, path)) = todo.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            seen += node.children.len();
            if seen > MAX_LISTED {
                return None;
            }
            for (key, child) in &node.children {
                let mut path = path.clone();
                path.push(key.clone());
                match self.nodes.get(*child).and_then(|child| child.of.clone()) {
                    Some(of) => found.push((path, of)),
                    None => todo.push((*child, path)),
                }
            }
        }
        Some(found)
    }
}

// === helpers ===

fn scalar(key: &Value) -> bool {
    matches!(key, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

/// The object type `of` with `leaf` below it at `path`; `None` where `of` is no object type.
fn widen(of: &Known, path: &[Value], leaf: &Known) -> Ty {
    let Kind::Object { members, rest } = of.kind() else {
        return None;
    };
    let (first, tail) = path.split_first()?;
    let leaf = tail.iter().rev().fold(leaf.clone(), |leaf, key| {
        let key = Some(shape::of_value(key));
        shape::object(Vec::new(), Some((key, Some(leaf))))
    });
    let (key, leaf) = (Some(shape::of_value(first)), Some(leaf));
    let rest = match rest {
        Some((keys, values)) => (shape::or(keys, &key), shape::or(values, &leaf)),
        None => (key, leaf),
    };
    Some(shape::object(members.clone(), Some(rest)))
}

/// What two rules of one path give together.
fn merge(a: &Ty, b: &Ty) -> Ty {
    let (Some(one), Some(other)) = (a, b) else {
        return a.clone().or_else(|| b.clone());
    };
    match (one.kind(), other.kind()) {
        (
            Kind::Object { members, rest },
            Kind::Object {
                members: others,
                rest: other,
            },
        ) if members.is_empty() && others.is_empty() => match (rest, other) {
            (None, _) => b.clone(),
            (_, None) => a.clone(),
            (Some(one), Some(other)) => {
                let rest = Some((shape::or(&one.0, &other.0), merge(&one.1, &other.1)));
                Some(shape::object(Vec::new(), rest))
            }
        },
        (Kind::Set(of), Kind::Set(others)) => Some(shape::set(shape::or(of, others))),
        _ => shape::or(a, b),
    }
}
