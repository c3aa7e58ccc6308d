//! What each unit reads: which of them a replacement changes, so that what is known of the others stays known under
//! a `with`.

use std::collections::HashSet;
use std::sync::Arc;

use super::with::{Callee, builtin_name};
use crate::plan::ir::{Expr, Function, NodeId, Path, Program, Stmt, Unit};
use crate::plan::walk::{self, Visitor};
use crate::value::{Str, Value};

/// What the units of a program read, and who reads whom.
#[derive(Debug)]
pub(super) struct Reads {
    units: Vec<Own>,
    /// Of each unit, then of each node: who reads it.
    readers: Vec<Vec<u32>>,
    /// What a replaced input changes.
    input: Arc<[bool]>,
}

/// What a `with` replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'t> {
    /// The input or a part of it.
    Input,
    /// A document below `data`.
    Data(&'t [Value]),
    /// A function.
    Function(Callee<'t>),
}

/// What a unit reads itself.
#[derive(Debug, Default)]
struct Own {
    input: bool,
    /// Whether it does something that is seen each time.
    effects: bool,
    documents: Box<[u32]>,
    builtins: Box<[Str]>,
    /// Units, and behind them nodes.
    others: Box<[u32]>,
}

/// Collects what a unit reads.
struct Reading<'p> {
    program: &'p Program,
    input: bool,
    effects: bool,
    documents: HashSet<u32>,
    builtins: HashSet<Str>,
    others: HashSet<u32>,
}

// === impl Reads ===

impl Reads {
    pub(super) fn of(program: &Program) -> Self {
        let units: Vec<Own> = program
            .units
            .iter()
            .map(|unit| own(program, unit))
            .collect();
        let nodes = &program.tree.nodes;
        let mut readers: Vec<Vec<u32>> = vec![Vec::new(); units.len() + nodes.len()];
        let mut read = |who: usize, whom: usize| {
            if let (Some(readers), Ok(who)) = (readers.get_mut(whom), u32::try_from(who)) {
                readers.push(who);
            }
        };
        for (at, unit) in units.iter().enumerate() {
            for other in &unit.others {
                read(at, *other as usize);
            }
        }
        for (at, node) in nodes.iter().enumerate() {
            if let Some(unit) = node.unit {
                read(units.len() + at, unit.0 as usize);
            }
            for (_, child) in &node.children {
                read(units.len() + at, units.len() + child.0 as usize);
            }
        }
        let mut reads = Self {
            units,
            readers,
            input: Arc::default(),
        };
        reads.input = reads.changed(program, Target::Input);
        reads
    }

    /// Of each unit, whether replacing the target may change what it is, or what is seen of it.
    pub(super) fn changed_by(&self, program: &Program, target: Target<'_>) -> Arc<[bool]> {
        match target {
            Target::Input => Arc::clone(&self.input),
            target => self.changed(program, target),
        }
    }

    /// How many steps it takes to find out.
    pub(super) fn cost(&self) -> u64 {
        self.readers.len() as u64 / 16
    }

    fn changed(&self, program: &Program, target: Target<'_>) -> Arc<[bool]> {
        let mut changed = vec![false; self.readers.len()];
        let units = self.units.iter().zip(&program.units).enumerate();
        let hit = units.filter(|(at, (own, unit))| own.hit(program, unit, *at, target));
        let mut todo: Vec<usize> = hit.map(|(at, _)| at).collect();
        if let Target::Data(path) = target {
            let nodes = program.tree.nodes.iter().enumerate();
            let hit = nodes.filter(|(_, node)| overlap(&node.path, path));
            todo.extend(hit.map(|(at, _)| self.units.len() + at));
        }
        while let Some(at) = todo.pop() {
            match changed.get_mut(at) {
                Some(changed) if !*changed => *changed = true,
                _ => continue,
            }
            let readers = self.readers.get(at).into_iter().flatten();
            todo.extend(readers.map(|reader| *reader as usize));
        }
        changed.truncate(self.units.len());
        changed.into()
    }
}

// === impl Own ===

impl Own {
    fn hit(&self, program: &Program, unit: &Unit, at: usize, target: Target<'_>) -> bool {
        let hit = match target {
            Target::Input => self.input,
            Target::Data(path) => {
                let documents = self.documents.iter();
                let mut documents = documents.filter_map(|at| program.documents.get(*at as usize));
                overlap(&unit.path, path) || documents.any(|document| overlap(document, path))
            }
            Target::Function(Callee::Unit(unit)) => unit.0 as usize == at,
            // Comparisons are not counted as calls: any unit may make them.
            Target::Function(Callee::Builtin("neq" | "lt" | "lte" | "gt" | "gte")) => true,
            Target::Function(Callee::Builtin(name)) => {
                self.builtins.iter().any(|builtin| **builtin == *name)
            }
        };
        hit || self.effects
    }
}

// === impl Reading ===

impl Reading<'_> {
    fn node(&mut self, node: NodeId) {
        let units = self.program.units.len();
        let node = u32::try_from(units)
            .unwrap_or(u32::MAX)
            .saturating_add(node.0);
        self.others.insert(node);
    }

    fn builtin(&mut self, name: &str) {
        if !self.builtins.contains(name) {
            self.builtins.insert(Str::from(name));
        }
    }
}

impl Visitor for Reading<'_> {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Input(_) => self.input = true,
            Expr::Data(id) => {
                self.documents.insert(id.0);
            }
            Expr::Unit(unit) | Expr::Probe(unit, _) | Expr::Call(unit, _) => {
                self.others.insert(unit.0);
            }
            Expr::Descend(node, _) => self.node(*node),
            Expr::Builtin(builtin, _) => self.builtin(builtin.name),
            Expr::Missing(builtin, _) => self.builtin(builtin_name(builtin)),
            _ => {}
        }
    }

    fn keys_of(&mut self, node: NodeId) {
        self.node(node);
    }

    fn stands_in(&mut self, function: &Function) {
        match function {
            Function::Unit(unit) => {
                self.others.insert(unit.0);
            }
            Function::Builtin(builtin) => self.builtin(builtin_name(builtin)),
        }
    }

    fn effect(&mut self) {
        self.effects = true;
    }
}

// === helpers ===

fn own(program: &Program, unit: &Unit) -> Own {
    let mut reading = Reading {
        program,
        input: false,
        effects: false,
        documents: HashSet::new(),
        builtins: HashSet::new(),
        others: HashSet::new(),
    };
    let blocks = unit.rules.iter().flat_map(|rule| {
        let probes = rule.probes.iter().flatten();
        rule.clauses.iter().chain(probes)
    });
    for clause in blocks.chain(&unit.default) {
        let block: &Vec<Stmt> = &clause.block;
        walk::block(block, &mut reading);
    }
    Own {
        input: reading.input,
        effects: reading.effects,
        documents: reading.documents.into_iter().collect(),
        builtins: reading.builtins.into_iter().collect(),
        others: reading.others.into_iter().collect(),
    }
}

/// Whether one of two documents is inside the other.
fn overlap(one: &Path, other: &[Value]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests;
