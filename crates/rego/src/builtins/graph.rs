//! `graph.*` and `walk`: what can be reached in a graph, and what lies inside a value.

mod walk;

pub use walk::Walk;

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::declare::{any, array_or_set, named, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::Type;
use crate::value::{Object, Set, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "graph.reachable",
        "Gives the nodes of a graph that can be reached from some of them.",
        reachable,
    )
    .declared(|| {
        takes([
            named("graph", graph_type(), "the neighbours of each node"),
            named(
                "initial",
                array_or_set(Type::any()),
                "the nodes to begin with",
            ),
        ])
        .gives(named("output", Type::set(Type::any()), "the nodes"))
    }),
    Builtin::new(
        "graph.reachable_paths",
        "Gives the paths in a graph from some of its nodes to where they end or meet themselves.",
        reachable_paths,
    )
    .declared(|| {
        let paths = Type::set(Type::array(Type::any()));
        takes([
            named("graph", graph_type(), "the neighbours of each node"),
            named(
                "initial",
                array_or_set(Type::any()),
                "the nodes to begin with",
            ),
        ])
        .gives(named("output", paths, "the paths, each an array of nodes"))
    }),
    Builtin::new(
        "walk",
        "Gives each value inside a value, itself included, with the path to it.",
        walk_all,
    )
    .declared(|| {
        let pair = Type::Array {
            prefix: vec![Type::array(Type::any()), Type::any()],
            rest: None,
        };
        takes([any("x", "the value")]).gives(named("output", pair, "pairs of path and value"))
    })
    .categories(&["graph"])
    .relation(),
];

/// What an item of an answer costs, beside its bytes.
const ITEM: u64 = 64;

fn graph_type() -> Type {
    Type::object(Type::any(), array_or_set(Type::any()))
}

fn reachable(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let graph = operand::object(args, 0)?;
    let mut waiting: Vec<&Value> = operand::members(args, 1, &["{array, set}"])?.collect();
    let mut reached: HashSet<&Value, RandomState> = HashSet::default();
    while let Some(node) = waiting.pop() {
        context.budget.step(1)?;
        let Some(edges) = graph.get(node) else {
            continue;
        };
        if reached.insert(node) {
            let neighbours = neighbours(edges);
            context.budget.build(ITEM * (1 + neighbours.len() as u64))?;
            waiting.extend(neighbours);
        }
    }
    Ok(Value::Set(reached.into_iter().cloned().collect()))
}

/// A path that is being followed: its nodes, and what is left of each one's neighbours.
struct Trail<'v> {
    nodes: Vec<&'v Value>,
    open: Vec<std::slice::Iter<'v, Value>>,
    /// The nodes that some path came by, since the root's neighbour at hand; paths end where they meet one.
    reached: HashSet<&'v Value, RandomState>,
    paths: Vec<Value>,
}

fn reachable_paths(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let graph = operand::object(args, 0)?;
    let mut trail = Trail {
        nodes: Vec::new(),
        open: Vec::new(),
        reached: HashSet::default(),
        paths: Vec::new(),
    };
    for root in operand::members(args, 1, &["{array, set}"])? {
        context.budget.step(1)?;
        if let Some(edges) = graph.get(root) {
            trail.enter(context, root, edges)?;
            trail.follow(context, graph)?;
        }
    }
    Ok(Value::Set(Set::from(trail.paths)))
}

// === impl Trail ===

impl<'v> Trail<'v> {
    /// Goes on to `node`; the path ends there when it has no neighbours.
    fn enter(
        &mut self,
        context: &mut Context<'_>,
        node: &'v Value,
        edges: &'v Value,
    ) -> Result<(), Error> {
        self.nodes.push(node);
        let neighbours = neighbours(edges);
        if neighbours.len() == 0 {
            self.end(context)?;
        } else {
            self.reached.insert(node);
        }
        self.open.push(neighbours);
        Ok(())
    }

    fn follow(&mut self, context: &mut Context<'_>, graph: &'v Object) -> Result<(), Error> {
        while let Some(neighbours) = self.open.last_mut() {
            context.budget.step(1)?;
            let Some(next) = neighbours.next() else {
                self.leave();
                continue;
            };
            // A root's neighbour is taken even where it is the root itself.
            if self.nodes.len() == 1 {
                self.reached.clear();
                self.reached.extend(self.nodes.last());
            } else if self.reached.contains(next) {
                self.end(context)?;
                continue;
            }
            match graph.get(next) {
                Some(edges) => self.enter(context, next, edges)?,
                None => self.end(context)?,
            }
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.open.pop();
        self.nodes.pop();
    }

    fn end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let path: Vec<Value> = self.nodes.iter().copied().cloned().collect();
        context.budget.build(ITEM * (1 + path.len() as u64))?;
        self.paths.push(Value::from(path));
        Ok(())
    }
}

fn neighbours(edges: &Value) -> std::slice::Iter<'_, Value> {
    match edges {
        Value::Array(list) => list.iter(),
        Value::Set(set) => set.iter(),
        _ => [].iter(),
    }
}

fn walk_all(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut walk = Walk::new(operand::value(args, 0)?);
    let mut pairs = Vec::new();
    while let Some(value) = walk.next() {
        let path = walk.path();
        context.budget.build(ITEM * (2 + path.len() as u64))?;
        context.budget.step(1)?;
        pairs.push(Value::from(vec![Value::from(path.to_vec()), value.clone()]));
    }
    Ok(Value::from(pairs))
}

#[cfg(test)]
mod tests;
