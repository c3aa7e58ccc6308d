//! A schema that has been read: nodes in a list, which name each other by their place in it.

use std::sync::Arc;

use crate::builtins::Regex;
use crate::value::{Number, Value};

/// A place in the list of nodes.
pub(super) type NodeId = usize;

/// A schema with all that it refers to.
#[derive(Debug)]
pub(in crate::builtins) struct Schema {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
}

/// What one schema object asks for; what it does not name asks for nothing.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// `true` or `false` in place of an object.
    pub pass: Option<bool>,
    /// What `$ref` leads to; then nothing else counts.
    pub reference: Option<NodeId>,
    pub types: Vec<&'static str>,
    pub objects: Objects,
    pub arrays: Arrays,
    pub numbers: Numbers,
    pub strings: Strings,
    pub constant: Option<Value>,
    pub enumeration: Option<Vec<Value>>,
    pub format: Option<Box<str>>,
    pub one_of: Vec<NodeId>,
    pub any_of: Vec<NodeId>,
    pub all_of: Vec<NodeId>,
    pub not: Option<NodeId>,
    pub condition: Option<NodeId>,
    pub then: Option<NodeId>,
    pub otherwise: Option<NodeId>,
    pub dependencies: Vec<(Box<str>, Dependency)>,
}

/// What is asked of objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub properties: Vec<(Box<str>, NodeId)>,
    pub by_pattern: Vec<(Arc<Regex>, NodeId)>,
    pub additional: Additional,
    pub names: Option<NodeId>,
    pub required: Vec<Box<str>>,
    pub least: Option<usize>,
    pub most: Option<usize>,
}

/// What is asked of arrays.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    pub items: Items,
    pub additional: Additional,
    pub least: Option<usize>,
    pub most: Option<usize>,
    pub unique: bool,
    pub contains: Option<NodeId>,
}

/// What is asked of numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub multiple_of: Option<Number>,
    pub minimum: Option<Number>,
    pub above: Option<Number>,
    pub maximum: Option<Number>,
    pub below: Option<Number>,
}

/// What is asked of strings.
#[derive(Debug, Default)]
pub(super) struct Strings {
    pub least: Option<usize>,
    pub most: Option<usize>,
    pub pattern: Option<(Box<str>, Arc<Regex>)>,
}

/// What is asked of members that nothing else speaks of.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Additional {
    /// Nothing.
    #[default]
    Allowed,
    /// That there are none.
    Refused,
    /// That they follow a schema.
    As(NodeId),
}

/// What is asked of the items of an array.
#[derive(Debug, Default)]
pub(super) enum Items {
    #[default]
    Any,
    All(NodeId),
    Each(Vec<NodeId>),
}

/// What an object with a certain property has to have besides.
#[derive(Debug)]
pub(super) enum Dependency {
    Properties(Vec<Box<str>>),
    Schema(NodeId),
}
