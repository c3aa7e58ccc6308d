//! Rules to units: which rules make one document, and where it stands below `data`.
//!
//! Functions are no documents and stand in no tree; a call finds their unit by path.

use hashbrown::HashMap;

use super::ir::{Node, NodeId, Tree, UnitId, UnitKind};
use crate::hir::{Hir, Rule, RuleKind};
use crate::value::Value;

/// What is known of a unit before its rules are planned.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its path.
    pub(super) path: Vec<Value>,
    /// Its kind.
    pub(super) kind: UnitKind,
    /// Its rules by number in [`Hir::rules`], in their order.
    pub(super) rules: Vec<usize>,
    /// Of a partial document: the most keys a rule of it has.
    pub(super) keys: usize,
}

/// The units of a policy and where they are.
#[derive(Debug, Default)]
pub(super) struct Grown {
    /// The units.
    pub(super) shapes: Vec<Shape>,
    /// Where documents stand.
    pub(super) tree: Tree,
    /// Where functions are.
    pub(super) functions: Functions,
}

/// The functions' units by path.
pub(super) type Functions = HashMap<Vec<Value>, UnitId, foldhash::fast::RandomState>;

/// A part of the tree while it grows.
#[derive(Debug, Default)]
struct Twig {
    children: HashMap<Value, usize, foldhash::fast::RandomState>,
    rules: Vec<usize>,
}

/// A twig to visit: its number, its path, and what it hangs on.
struct Visit {
    twig: usize,
    path: Vec<Value>,
    parent: Option<NodeId>,
}

/// Finds the units of a policy.
pub(super) fn grow(hir: &Hir) -> Grown {
    let mut grown = Grown::default();
    let mut twigs = vec![Twig::default()];
    for package in &hir.packages {
        let path: Vec<Value> = package.iter().cloned().map(Value::from).collect();
        twig_at(&mut twigs, &path);
    }
    for (number, rule) in hir.rules.iter().enumerate() {
        if let RuleKind::Function { params, .. } = &rule.kind {
            // What it stands in is there, even with nothing else in it.
            let (_, parent) = rule.path.split_last().unwrap_or((&Value::Null, &[]));
            twig_at(&mut twigs, parent);
            grown.function(number, rule, params.len());
        } else {
            let at = twig_at(&mut twigs, &rule.path);
            twigs[at].rules.push(number);
        }
    }
    grown.documents(hir, twigs);
    grown
}

// === impl Grown ===

impl Grown {
    fn function(&mut self, number: usize, rule: &Rule, arity: usize) {
        let next = UnitId(count(self.shapes.len()));
        let unit = *self.functions.entry(rule.path.to_vec()).or_insert(next);
        if unit == next {
            self.shapes.push(Shape {
                path: rule.path.to_vec(),
                kind: UnitKind::Function {
                    arity: count(arity),
                },
                rules: Vec::new(),
                keys: 0,
            });
        }
        if let Some(shape) = self.shapes.get_mut(unit.0 as usize) {
            shape.rules.push(number);
        }
    }

    fn documents(&mut self, hir: &Hir, mut twigs: Vec<Twig>) {
        let mut todo = vec![Visit {
            twig: 0,
            path: Vec::new(),
            parent: None,
        }];
        while let Some(visit) = todo.pop() {
            let id = self.node(&visit);
            let Twig { children, rules } = std::mem::take(&mut twigs[visit.twig]);
            if rules.is_empty() {
                // Numbers must not depend on how a map is laid out.
                let mut children: Vec<(Value, usize)> = children.into_iter().collect();
                children.sort_by(|a, b| b.0.cmp(&a.0));
                for (key, twig) in children {
                    let mut path = visit.path.clone();
                    path.push(key);
                    let parent = Some(id);
                    todo.push(Visit { twig, path, parent });
                }
                continue;
            }
            let rules = gather(&mut twigs, rules, children.into_values().collect());
            let unit = UnitId(count(self.shapes.len()));
            if let Some(node) = self.tree.nodes.get_mut(id.0 as usize) {
                node.unit = Some(unit);
            }
            self.shapes.push(document(hir, visit.path, rules));
        }
        for node in &mut self.tree.nodes {
            node.children.sort_by(|a, b| a.0.cmp(&b.0));
            node.children.shrink_to_fit();
        }
    }

    fn node(&mut self, visit: &Visit) -> NodeId {
        let id = NodeId(count(self.tree.nodes.len()));
        self.tree.nodes.push(Node {
            path: visit.path.clone().into(),
            unit: None,
            children: Vec::new(),
        });
        if let Some(parent) = visit.parent
            && let Some(key) = visit.path.last()
            && let Some(parent) = self.tree.nodes.get_mut(parent.0 as usize)
        {
            parent.children.push((key.clone(), id));
        }
        id
    }
}

/// A count as the program's numbers have it.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn twig_at(twigs: &mut Vec<Twig>, path: &[Value]) -> usize {
    let mut at = 0;
    for key in path {
        let next = twigs.len();
        if let Some(child) = twigs[at].children.get(key) {
            at = *child;
            continue;
        }
        twigs[at].children.insert(key.clone(), next);
        twigs.push(Twig::default());
        at = next;
    }
    at
}

/// All rules at and below a place, in their order.
fn gather(twigs: &mut [Twig], mut rules: Vec<usize>, mut below: Vec<usize>) -> Vec<usize> {
    while let Some(at) = below.pop() {
        let twig = std::mem::take(&mut twigs[at]);
        rules.extend(twig.rules);
        below.extend(twig.children.into_values());
    }
    rules.sort_unstable();
    rules
}

fn document(hir: &Hir, path: Vec<Value>, rules: Vec<usize>) -> Shape {
    let keys = |rule: &Rule| {
        let member = usize::from(matches!(rule.kind, RuleKind::Member(_)));
        rule.path.len() - path.len() + rule.keys.len() + member
    };
    let all = rules.iter().filter_map(|number| hir.rules.get(*number));
    let keys = all.map(keys).max().unwrap_or(0);
    let kind = if keys == 0 {
        UnitKind::Complete
    } else {
        UnitKind::Partial
    };
    Shape {
        path,
        kind,
        rules,
        keys,
    }
}
