//! Which rules a rule depends on: the order in which their types are inferred, and what a `with` reaches.
//!
//! Rules stand in a tree by path. A reference depends on the node that its constant keys lead to, with all rules
//! above and below it. Every walk here is a loop over a list, whatever the depth of policies.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::hir::{
    Base, Body, Callee, ComprehensionHead, Expr, ExprKind, Hir, Literal, LiteralKind, Replacement,
    Rule, RuleKind, Target,
};
use crate::value::Value;

/// The rules by path, and what refers to them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// For each rule that refers to others their nodes.
    needs: HashMap<usize, Needs>,
    /// For each rule its node.
    home: Vec<usize>,
}

#[derive(Debug, Default)]
struct Node {
    parent: usize,
    /// What it is called there.
    key: Option<Value>,
    children: HashMap<Value, usize>,
    rules: Few,
    /// The rules that refer to right here.
    users: Few,
    /// The rules that refer to something below here that no rule gives.
    readers: Few,
}

/// Numbers of rules, mostly one or none: a large policy has a node for each rule.
type Few = SmallVec<[usize; 2]>;

/// What a rule refers to.
#[derive(Debug, Default)]
struct Needs {
    /// Nodes with all that is above and below them.
    whole: Vec<usize>,
    /// Nodes of whose own rules it reads a part.
    part: Vec<usize>,
}

/// A step of the walk that finds the order.
enum Step {
    Enter(usize),
    /// The rules at a node, which come once, however many rules refer to it.
    Own(usize),
    Node(usize),
    Leave(usize),
}

// === impl Graph ===

impl Graph {
    /// Reads all references of all rules.
    pub(super) fn new(hir: &Hir) -> Self {
        let mut graph = Self {
            nodes: vec![Node::default()],
            ..Self::default()
        };
        for (number, rule) in hir.rules.iter().enumerate() {
            let at = graph.place(&rule.path);
            graph.home.push(at);
            if let Some(node) = graph.nodes.get_mut(at) {
                node.rules.push(number);
            }
        }
        for (number, rule) in hir.rules.iter().enumerate() {
            let needs = graph.needs_of(rule);
            for at in &needs.whole {
                if let Some(node) = graph.nodes.get_mut(*at) {
                    node.users.push(number);
                }
            }
            for at in &needs.part {
                if let Some(node) = graph.nodes.get_mut(*at) {
                    node.readers.push(number);
                }
            }
            if !(needs.whole.is_empty() && needs.part.is_empty()) {
                graph.needs.insert(number, needs);
            }
        }
        graph
    }

    /// All rules, each behind those it depends on.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.home.len());
        let mut rules = vec![false; self.home.len()];
        let mut own = vec![false; self.nodes.len()];
        let mut nodes = vec![false; self.nodes.len()];
        for first in 0..self.home.len() {
            let mut todo = vec![Step::Enter(first)];
            while let Some(step) = todo.pop() {
                match step {
                    Step::Enter(rule) if once(&mut rules, rule) => {
                        todo.push(Step::Leave(rule));
                        let Some(needs) = self.needs.get(&rule) else {
                            continue;
                        };
                        todo.extend(needs.whole.iter().copied().map(Step::Node));
                        for at in needs.whole.iter().chain(&needs.part) {
                            todo.extend(self.ancestors(*at).map(Step::Own));
                        }
                    }
                    Step::Own(at) if once(&mut own, at) => {
                        todo.extend(self.own(at).map(Step::Enter));
                    }
                    Step::Node(at) if once(&mut nodes, at) => {
                        todo.push(Step::Own(at));
                        todo.extend(self.children(at).map(Step::Node));
                    }
                    Step::Leave(rule) => order.push(rule),
                    Step::Enter(_) | Step::Own(_) | Step::Node(_) => {}
                }
            }
        }
        order
    }

    /// How many rules there are.
    pub(super) fn rules(&self) -> usize {
        self.home.len()
    }

    /// A rule's path.
    pub(super) fn path(&self, rule: usize) -> Vec<Value> {
        let home = self.home.get(rule).copied().unwrap_or_default();
        let nodes = self.ancestors(home).filter_map(|at| self.nodes.get(at));
        let mut path: Vec<Value> = nodes.filter_map(|node| node.key.clone()).collect();
        path.reverse();
        path
    }

    /// Forgets what only the order asks for.
    pub(super) fn ordered(&mut self) {
        self.nodes.shrink_to_fit();
        self.needs = HashMap::new();
    }

    /// The rules at, above or below `path`, and all that depend on them.
    pub(super) fn reached(&self, path: &[Value]) -> Vec<usize> {
        let (at, whole) = self.find(path);
        let mut rules = vec![false; self.home.len()];
        let mut nodes = vec![false; self.nodes.len()];
        let mut todo: Vec<usize> = self.above(at).collect();
        if whole {
            todo.extend(self.below(at));
        }
        let mut found = Vec::new();
        while let Some(rule) = todo.pop() {
            if !once(&mut rules, rule) {
                continue;
            }
            found.push(rule);
            let Some(home) = self.home.get(rule).copied() else {
                continue;
            };
            todo.extend(
                self.nodes
                    .get(home)
                    .into_iter()
                    .flat_map(|node| &node.readers),
            );
            let mut up = Some(home);
            while let Some(at) = up {
                // What was seen once has led to its users, and so has all above it.
                if !once(&mut nodes, at) {
                    break;
                }
                todo.extend(self.nodes.get(at).into_iter().flat_map(|node| &node.users));
                up = self
                    .nodes
                    .get(at)
                    .map(|node| node.parent)
                    .filter(|_| at != 0);
            }
            let mut down: Vec<usize> = self.children(home).collect();
            while let Some(at) = down.pop() {
                if once(&mut nodes, at) {
                    todo.extend(self.nodes.get(at).into_iter().flat_map(|node| &node.users));
                    down.extend(self.children(at));
                }
            }
        }
        found
    }

    fn place(&mut self, path: &[Value]) -> usize {
        path.iter().fold(0, |at, key| {
            let known = self.nodes.get(at).and_then(|node| node.children.get(key));
            if let Some(child) = known {
                return *child;
            }
            let child = self.nodes.len();
            self.nodes.push(Node {
                parent: at,
                key: Some(key.clone()),
                ..Node::default()
            });
            if let Some(node) = self.nodes.get_mut(at) {
                node.children.insert(key.clone(), child);
            }
            child
        })
    }

    /// The node that `path` leads to as far as there are nodes, and whether it goes all the way.
    fn find<'v>(&self, path: impl IntoIterator<Item = &'v Value>) -> (usize, bool) {
        let mut at = 0;
        for key in path {
            match self.nodes.get(at).and_then(|node| node.children.get(key)) {
                Some(child) => at = *child,
                None => return (at, false),
            }
        }
        (at, true)
    }

    fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let node = self.nodes.get(at);
        node.into_iter()
            .flat_map(|node| node.children.values().copied())
    }

    /// The rules at a node and above it.
    fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        self.ancestors(at).flat_map(|at| self.own(at))
    }

    /// The rules at a node.
    fn own(&self, at: usize) -> impl Iterator<Item = usize> {
        let node = self.nodes.get(at);
        node.into_iter().flat_map(|node| node.rules.iter().copied())
    }

    /// The node and all above it.
    fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(at), |at| {
            let node = self.nodes.get(*at).filter(|_| *at != 0);
            node.map(|node| node.parent)
        })
    }

    fn below(&self, at: usize) -> Vec<usize> {
        let (mut found, mut todo) = (Vec::new(), vec![at]);
        while let Some(at) = todo.pop() {
            found.extend(self.nodes.get(at).into_iter().flat_map(|node| &node.rules));
            todo.extend(self.children(at));
        }
        found
    }

    fn needs_of(&self, rule: &Rule) -> Needs {
        let mut walk = Walk::default();
        walk.rule(rule);
        let mut needs = Needs::default();
        while let Some(expr) = walk.todo.pop() {
            self.expr(expr, &mut walk, &mut needs);
        }
        for path in walk.paths {
            self.needs_path(path, &mut needs);
        }
        for list in [&mut needs.whole, &mut needs.part] {
            list.sort_unstable();
            list.dedup();
        }
        needs
    }

    fn needs_path<'v>(&self, path: impl IntoIterator<Item = &'v Value>, needs: &mut Needs) {
        match self.find(path) {
            (at, true) => needs.whole.push(at),
            // Base data, or what is in the value of a rule above.
            (at, false) => needs.part.extend(self.ancestors(at).filter(|at| {
                let node = self.nodes.get(*at);
                node.is_some_and(|node| !node.rules.is_empty())
            })),
        }
    }

    fn expr<'h>(&self, expr: &'h Expr, walk: &mut Walk<'h>, needs: &mut Needs) {
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Local(_) => {}
            ExprKind::Ref(reference) => {
                walk.todo.extend(&reference.keys);
                match &reference.base {
                    Base::Input => {}
                    Base::Data => {
                        let constant = |key: &'h Expr| match &key.kind {
                            ExprKind::Const(value) => Some(value),
                            _ => None,
                        };
                        let path = reference.keys.iter().map_while(constant);
                        self.needs_path(path, needs);
                    }
                    Base::Expr(base) => walk.todo.push(base),
                }
            }
            ExprKind::Array(items) | ExprKind::Set(items) => walk.todo.extend(items),
            ExprKind::Object(members) => {
                walk.todo.extend(members.iter().flat_map(|(k, v)| [k, v]));
            }
            ExprKind::Comprehension(inner) => {
                match &inner.head {
                    ComprehensionHead::Array(head) | ComprehensionHead::Set(head) => {
                        walk.todo.push(head);
                    }
                    ComprehensionHead::Object(key, value) => walk.todo.extend([key, value]),
                }
                walk.body(&inner.body);
            }
            ExprKind::Call(call) => {
                walk.todo.extend(&call.args);
                if let Callee::Function(path) = &call.callee {
                    walk.paths.push(path);
                }
            }
        }
    }
}

/// Expressions still to look at, and paths that were found.
#[derive(Default)]
struct Walk<'h> {
    todo: Vec<&'h Expr>,
    paths: Vec<&'h [Value]>,
}

// === impl Walk ===

impl<'h> Walk<'h> {
    fn rule(&mut self, rule: &'h Rule) {
        self.todo.extend(&rule.keys);
        match &rule.kind {
            RuleKind::Value(value) | RuleKind::Member(value) => self.todo.push(value),
            RuleKind::Function { params, value } => {
                self.todo.extend(params);
                self.todo.push(value);
            }
        }
        self.body(&rule.body);
        for branch in &rule.else_ {
            self.todo.push(&branch.value);
            self.body(&branch.body);
        }
    }

    fn body(&mut self, body: &'h Body) {
        let mut bodies = vec![body];
        while let Some(body) = bodies.pop() {
            for literal in &body.literals {
                self.literal(literal, &mut bodies);
            }
        }
    }

    fn literal(&mut self, literal: &'h Literal, bodies: &mut Vec<&'h Body>) {
        match &literal.kind {
            LiteralKind::Test(expr) => self.todo.push(expr),
            LiteralKind::Unify(a, b) => self.todo.extend([a, b]),
            LiteralKind::Not { body, .. } => bodies.push(body),
            LiteralKind::Every { domain, body, .. } => {
                self.todo.push(domain);
                bodies.push(body);
            }
            LiteralKind::Or(a, b) => bodies.extend([a, b]),
            LiteralKind::Print(args) => self.todo.extend(args),
        }
        for with in &literal.with {
            match &with.value {
                Replacement::Value(value) => self.todo.push(value),
                Replacement::Function(path) => self.paths.push(path),
                Replacement::Builtin(_) => {}
            }
            match &with.target {
                Target::Data(path) | Target::Function(path) => self.paths.push(path),
                Target::Input(_) | Target::Builtin(_) => {}
            }
        }
    }
}

// === helpers ===

/// Marks `at`; whether it was not marked before.
fn once(seen: &mut [bool], at: usize) -> bool {
    seen.get_mut(at)
        .is_some_and(|seen| !std::mem::replace(seen, true))
}
