//! What a query can read of its input: a walk over the units that it can come to. Not what it reads of data.
//!
//! The depth of the walk is that of the expressions, which the parser bounds.

use super::index::{Index, Key};
use super::ir::{
    Args, Block, Clause, Comprehension, Emit, Expr, Function, InputId, NodeId, Path, Pattern,
    Program, Query, Replace, Scan, Source, Stmt, Unit, UnitId, With,
};

/// The walk so far.
struct Reach<'p> {
    program: &'p Program,
    inputs: Vec<bool>,
    replaced: Vec<&'p Path>,
    seen: Vec<bool>,
    waiting: Vec<UnitId>,
}

impl Program {
    /// The paths below `input` that `query` can read, each once. A path that it replaces is one of them.
    #[must_use]
    pub fn inputs_of<'p>(&'p self, query: &'p Query) -> Vec<&'p Path> {
        let mut reach = Reach {
            program: self,
            inputs: vec![false; self.inputs.len() + query.inputs.len()],
            replaced: Vec::new(),
            seen: vec![false; self.units.len()],
            waiting: Vec::new(),
        };
        reach.block(&query.clause.block);
        while let Some(id) = reach.waiting.pop() {
            if let Some(unit) = self.units.get(id.0 as usize) {
                reach.unit(unit);
            }
        }
        let all = self.inputs.iter().chain(&query.inputs);
        let read = all
            .zip(reach.inputs)
            .filter_map(|(path, read)| read.then_some(path));
        let mut paths: Vec<&Path> = read.chain(reach.replaced).collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

// === impl Reach ===

impl<'p> Reach<'p> {
    fn unit(&mut self, unit: &'p Unit) {
        for rule in &unit.rules {
            for clause in rule.clauses.iter().chain(rule.probes.iter().flatten()) {
                self.clause(clause);
            }
        }
        if let Some(default) = &unit.default {
            self.clause(default);
        }
        for index in unit.index.iter().chain(unit.probes.iter().flatten()) {
            self.index(index);
        }
    }

    fn clause(&mut self, clause: &'p Clause) {
        self.block(&clause.block);
    }

    fn index(&mut self, index: &Index) {
        for key in index.keys() {
            if let Key::Input(id) = key {
                self.input(id);
            }
        }
    }

    fn block(&mut self, block: &'p Block) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'p Stmt) {
        match stmt {
            Stmt::Test(expr) | Stmt::Bind(_, expr) => self.expr(expr),
            Stmt::Match(pattern, expr) => {
                self.pattern(pattern);
                self.expr(expr);
            }
            Stmt::Compare(_, left, right) => self.all([left, right]),
            Stmt::Scan(scan) | Stmt::Every(scan) => self.scan(scan),
            Stmt::Not(block) | Stmt::Exists(block) | Stmt::Leave(block) => {
                self.block(block);
            }
            Stmt::Either(blocks) => {
                for block in blocks {
                    self.block(block);
                }
            }
            Stmt::With(with) => self.with(with),
            Stmt::Print(_, args) => self.all(args),
            Stmt::Mark(_) | Stmt::Held(_) | Stmt::Fresh(_) => {}
            Stmt::Yield(emit) => self.emit(emit),
        }
    }

    fn scan(&mut self, scan: &'p Scan) {
        match &scan.source {
            Source::Value(expr) => self.expr(expr),
            Source::Keys { node, keys } => {
                self.node(*node);
                self.all(keys);
            }
        }
        self.pattern(&scan.key);
        self.pattern(&scan.value);
        self.block(&scan.body);
    }

    fn with(&mut self, with: &'p With) {
        for replacement in &with.replacements {
            match replacement {
                Replace::Input(path, expr) => {
                    // What stands beside the path is kept, and whether anything stands there tells.
                    self.replaced.push(path);
                    self.expr(expr);
                }
                Replace::Data(_, expr) => self.expr(expr),
                Replace::Function(from, to) => {
                    self.function(from);
                    self.function(to);
                }
                Replace::Constant(function, expr) | Replace::Document(function, expr) => {
                    self.function(function);
                    self.expr(expr);
                }
            }
        }
        self.block(&with.body);
    }

    fn function(&mut self, function: &Function) {
        if let Function::Unit(id) = function {
            self.come_to(*id);
        }
    }

    fn emit(&mut self, emit: &'p Emit) {
        match emit {
            Emit::Found | Emit::Row => {}
            Emit::Value(expr) | Emit::Item(expr) => self.expr(expr),
            Emit::Pair(key, value) => self.all([key, value]),
            Emit::Entry(keys, value) | Emit::Member(keys, value) => {
                self.all(keys);
                self.expr(value);
            }
        }
    }

    fn pattern(&mut self, pattern: &'p Pattern) {
        match pattern {
            Pattern::Any | Pattern::Bind(_) => {}
            Pattern::Equal(expr) => self.expr(expr),
            Pattern::Array(items) => {
                for item in items {
                    self.pattern(item);
                }
            }
            Pattern::Object(members) => {
                for (key, value) in members {
                    self.expr(key);
                    self.pattern(value);
                }
            }
        }
    }

    fn all(&mut self, exprs: impl IntoIterator<Item = &'p Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &'p Expr) {
        match expr {
            Expr::Const(_) | Expr::Slot(_) | Expr::Data(_) => {}
            Expr::Input(id) => self.input(*id),
            Expr::Unit(id) => self.come_to(*id),
            Expr::Probe(id, keys) => {
                self.come_to(*id);
                self.all(keys.iter());
            }
            Expr::Descend(node, keys) => {
                self.node(*node);
                self.all(keys.iter());
            }
            Expr::Dot(dot) => {
                self.expr(&dot.base);
                self.all(&dot.keys);
            }
            Expr::Array(items) | Expr::Set(items) => self.all(items),
            Expr::Object(members) => {
                self.all(members.iter().flat_map(|(key, value)| [key, value]));
            }
            Expr::Comprehension(comprehension) => {
                let Comprehension { body, .. } = &**comprehension;
                self.block(body);
            }
            Expr::Call(id, args) => {
                self.come_to(*id);
                self.args(args);
            }
            Expr::Builtin(_, args) | Expr::Missing(_, args) => self.args(args),
            Expr::Compare(_, sides) => self.all([&sides.0, &sides.1]),
            Expr::Once(_, value) | Expr::Shared(value) => self.expr(value),
            // Its table reads the same.
            Expr::Grouped(grouped) => self.block(&grouped.plain.body),
        }
    }

    fn args(&mut self, args: &'p Args) {
        self.all(&args.values);
    }

    fn input(&mut self, id: InputId) {
        if let Some(read) = self.inputs.get_mut(id.0 as usize) {
            *read = true;
        }
    }

    fn come_to(&mut self, id: UnitId) {
        if let Some(seen @ false) = self.seen.get_mut(id.0 as usize) {
            *seen = true;
            self.waiting.push(id);
        }
    }

    /// Whatever stands at or below a node.
    fn node(&mut self, id: NodeId) {
        let mut nodes = vec![id];
        while let Some(id) = nodes.pop() {
            if let Some(node) = self.program.tree.nodes.get(id.0 as usize) {
                nodes.extend(node.children.iter().map(|(_, child)| *child));
                node.unit.into_iter().for_each(|unit| self.come_to(unit));
            }
        }
    }
}
