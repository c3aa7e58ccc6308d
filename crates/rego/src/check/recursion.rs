//! No rule may depend on itself, by whatever way.
//!
//! The nodes of the graph are the rules by name. A reference leads to the rules at its path, above it, and below it
//! where its keys fit; what lies below is found once for each different reference, as an own node.

use std::collections::{HashMap, VecDeque};

use super::errors::{Errors, Stage};
use super::lower::path_text;
use super::names::above;
use super::safety::visit::{self, Visitor};
use crate::hir::{Base, Body, Expr, Hir, Local, Place, Ref, Rule, RuleKind};
use crate::source::Code;
use crate::value::Value;

/// How many bodies of recursive rules are reported.
const SHOWN: usize = 100;

/// A key of a reference: `None` is any.
type Key = Option<Value>;

/// What depends on what, by number: the rules by name first, then the references.
struct Graph<'h> {
    paths: &'h [Vec<Value>],
    index: HashMap<&'h [Value], usize>,
    references: HashMap<Vec<Key>, usize>,
    below: HashMap<(Vec<Value>, usize), Below>,
    edges: Vec<Vec<usize>>,
}

/// The rules below a path, by the key that stands at one place of their own.
#[derive(Default)]
struct Below {
    by_key: HashMap<Value, Vec<usize>>,
    /// Those whose path ends before that place.
    short: Vec<usize>,
}

/// Collects what one rule depends on.
struct Uses<'g, 'h> {
    graph: &'g mut Graph<'h>,
    from: usize,
}

/// Reports all rules that depend on themselves.
pub(super) fn check(hir: &mut Hir, errors: &mut Errors) {
    let mut paths: Vec<&[Value]> = hir.rules.iter().map(|rule| &*rule.path).collect();
    paths.sort();
    paths.dedup();
    let paths: Vec<Vec<Value>> = paths.into_iter().map(<[Value]>::to_vec).collect();
    let index = paths
        .iter()
        .enumerate()
        .map(|(at, path)| (path.as_slice(), at))
        .collect();
    let edges = vec![Vec::new(); paths.len()];
    let mut graph = Graph {
        paths: &paths,
        index,
        references: HashMap::new(),
        below: HashMap::new(),
        edges,
    };
    for rule in &mut hir.rules {
        let Some(from) = graph.index.get(&*rule.path).copied() else {
            continue;
        };
        for (_, body, value) in branches(rule) {
            uses(body, value, &mut graph, from);
        }
    }
    let groups = components(&graph.edges);
    let mut cycles: HashMap<usize, Option<String>> = HashMap::new();
    let mut shown = 0;
    for rule in &mut hir.rules {
        let Some(at) = graph.index.get(&*rule.path).copied() else {
            continue;
        };
        if shown >= SHOWN {
            break;
        }
        let text = cycles.entry(at);
        let Some(text) = text.or_insert_with(|| graph.cycle_text(at, &groups)) else {
            continue;
        };
        for (place, body, value) in branches(rule) {
            let Some(file) = hir.files.get(place.file as usize) else {
                continue;
            };
            if shown < SHOWN && graph.is_in_cycle((body, value), at, &groups) {
                shown += 1;
                let (stage, code) = (Stage::Recursion, Code::Recursion);
                errors.at(stage, file, code, place.span, text.as_str());
            }
        }
    }
}

/// The bodies of a rule with their values and places.
fn branches(rule: &mut Rule) -> impl Iterator<Item = (Place, &mut Body, &mut Expr)> {
    let value = match &mut rule.kind {
        RuleKind::Value(value) | RuleKind::Member(value) | RuleKind::Function { value, .. } => {
            value
        }
    };
    let others = rule.else_.iter_mut();
    let others = others.map(|branch| (branch.place, &mut branch.body, &mut branch.value));
    std::iter::once((rule.place, &mut rule.body, value)).chain(others)
}

/// Notes what a branch depends on as what `from` does.
fn uses(body: &mut Body, value: &mut Expr, graph: &mut Graph<'_>, from: usize) {
    let mut uses = Uses { graph, from };
    visit::body(body, &mut uses);
    visit::expr(value, &mut uses);
}

// === impl Uses ===

impl Visitor for Uses<'_, '_> {
    fn local(&mut self, _: &mut Local) {}

    fn reference(&mut self, reference: &mut Ref) {
        if matches!(reference.base, Base::Data) {
            let mut keys: Vec<Key> = reference
                .keys
                .iter()
                .map(|key| key.as_const().cloned())
                .collect();
            // Trailing keys that may be anything say nothing.
            while keys.last().is_some_and(Option::is_none) {
                keys.pop();
            }
            let to = self.graph.reference(keys);
            self.graph.edge(self.from, to);
        }
    }

    fn replaced(&mut self, path: &[Value]) {
        // What is replaced counts as used, as with OPA.
        let keys = path.iter().cloned().map(Some).collect();
        let to = self.graph.reference(keys);
        self.graph.edge(self.from, to);
    }

    fn function(&mut self, path: &[Value]) {
        if let Some(to) = self.graph.index.get(path).copied() {
            self.graph.edge(self.from, to);
        }
    }
}

// === impl Graph ===

impl Graph<'_> {
    /// That the rules of a name are recursive, by which way; none where they are not.
    fn cycle_text(&self, at: usize, groups: &[usize]) -> Option<String> {
        let cycle = self.cycle(at, groups)?;
        let names = cycle.iter().filter_map(|node| self.paths.get(*node));
        let names: Vec<String> = names.map(|path| path_text(path)).collect();
        let name = names.first().map(String::as_str).unwrap_or_default();
        Some(format!("rule {name} is recursive: {}", names.join(" -> ")))
    }

    /// Whether a branch leads into the group of its own rule.
    fn is_in_cycle(
        &mut self,
        (body, value): (&mut Body, &mut Expr),
        at: usize,
        groups: &[usize],
    ) -> bool {
        let from = self.edges.len();
        self.edges.push(Vec::new());
        uses(body, value, self, from);
        // All references are nodes already, so that the last one is still that of the branch.
        let own = self.edges.pop().unwrap_or_default();
        own.iter().any(|to| groups.get(*to) == groups.get(at))
    }

    fn edge(&mut self, from: usize, to: usize) {
        if let Some(edges) = self.edges.get_mut(from) {
            edges.push(to);
        }
    }

    /// The node of a reference, with edges to all rules that it may lead to.
    fn reference(&mut self, keys: Vec<Key>) -> usize {
        if let Some(known) = self.references.get(&keys) {
            return *known;
        }
        let ground: Vec<Value> = keys.iter().map_while(Clone::clone).collect();
        let mut edges: Vec<usize> = above(&ground)
            .filter_map(|path| self.index.get(path).copied())
            .collect();
        match keys
            .iter()
            .enumerate()
            .skip(ground.len())
            .find_map(|(at, key)| Some((at, key.clone()?)))
        {
            None => edges.extend(self.range(&ground)),
            Some((at, key)) => {
                let below = self.below(ground, at);
                let found = below
                    .by_key
                    .get(&key)
                    .into_iter()
                    .flatten()
                    .chain(&below.short);
                let found: Vec<usize> = found.copied().collect();
                edges.extend(found.into_iter().filter(|rule| self.fits(*rule, &keys)));
            }
        }
        let node = self.edges.len();
        self.edges.push(edges);
        self.references.insert(keys, node);
        node
    }

    /// The rules at a path and below it: one stretch, as they are sorted.
    fn range(&self, ground: &[Value]) -> std::ops::Range<usize> {
        let start = self.paths.partition_point(|path| path.as_slice() < ground);
        let rest = self.paths.get(start..).unwrap_or_default();
        start..start + rest.partition_point(|path| path.starts_with(ground))
    }

    /// The rules below a path by their key at place `at`, sorted out once for all references that ask.
    fn below(&mut self, ground: Vec<Value>, at: usize) -> &Below {
        let range = self.range(&ground);
        let paths = self.paths;
        self.below.entry((ground, at)).or_insert_with(|| {
            let mut below = Below::default();
            for (rule, path) in paths.iter().enumerate().take(range.end).skip(range.start) {
                match path.get(at) {
                    Some(key) => below.by_key.entry(key.clone()).or_default().push(rule),
                    None => below.short.push(rule),
                }
            }
            below
        })
    }

    fn fits(&self, rule: usize, keys: &[Key]) -> bool {
        let path = self.paths.get(rule).into_iter().flatten();
        keys.iter()
            .zip(path)
            .all(|(key, part)| key.as_ref().is_none_or(|key| key == part))
    }

    /// A shortest way from a rule to itself, without the references on it.
    fn cycle(&self, from: usize, groups: &[usize]) -> Option<Vec<usize>> {
        let group = groups.get(from)?;
        let mut came: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for to in self.edges.get(node).into_iter().flatten().copied() {
                if groups.get(to) != Some(group) || came.contains_key(&to) {
                    continue;
                }
                came.insert(to, node);
                if to == from {
                    return Some(self.way_back(from, &came));
                }
                queue.push_back(to);
            }
        }
        None
    }

    fn way_back(&self, from: usize, came: &HashMap<usize, usize>) -> Vec<usize> {
        let mut way = vec![from];
        let mut at = came.get(&from).copied();
        while let Some(node) = at {
            if node < self.paths.len() {
                way.push(node);
            }
            at = if node == from {
                None
            } else {
                came.get(&node).copied()
            };
        }
        if way.len() == 1 {
            way.push(from);
        }
        way.reverse();
        way
    }
}

/// The strongly connected components: a number for each node (Tarjan's algorithm, without recursion).
fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut group = vec![NONE; edges.len()];
    let mut order = vec![NONE; edges.len()];
    let mut low = vec![NONE; edges.len()];
    let mut stack = Vec::new();
    let mut next = 0;
    for root in 0..edges.len() {
        if order[root] != NONE {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
            }
            if let Some(to) = edges[node].get(edge).copied() {
                calls.push((node, edge + 1));
                if order[to] == NONE {
                    calls.push((to, 0));
                } else if group[to] == NONE {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            if low[node] == order[node] {
                while let Some(member) = stack.pop() {
                    group[member] = node;
                    if member == node {
                        break;
                    }
                }
            }
            if let Some((parent, _)) = calls.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
        }
    }
    group
}
