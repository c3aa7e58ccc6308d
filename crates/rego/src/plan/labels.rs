//! The `labels` of annotations: which of them a rule carries, those of its document, its package and the packages
//! around included. Of two that say something of one key the inner one counts.
//!
//! A policy without any has no [`Stmt::Held`](super::ir::Stmt::Held) anywhere, and is evaluated as if there were no
//! labels.

use std::collections::HashMap;

use hashbrown::HashSet;

use super::ir::Held;
use super::tree::{Shape, count};
use crate::hir::{Annotated, Rule, RuleKind};
use crate::syntax::ast::Scope;
use crate::value::{Object, Str, Value};

/// The labels of a policy, by what they are written for.
#[derive(Debug, Default)]
pub(super) struct Labels {
    rules: HashMap<usize, Object>,
    documents: HashMap<Vec<Value>, Object>,
    packages: HashMap<Vec<Str>, Object>,
    subpackages: HashMap<Vec<Str>, Object>,
    /// The sets of labels that rules carry, each once, with their numbers.
    numbers: HashMap<Value, u32>,
    sets: Vec<Value>,
}

/// What is said when a rule holds: by its body, or by one of its `else` branches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) body: Option<Held>,
    pub(super) branches: Option<Held>,
}

/// The paths of a unit's rules that make members, each of one document.
struct Partials<'h>(HashSet<&'h [Value], foldhash::fast::RandomState>);

// === impl Labels ===

impl Labels {
    /// Gathers them; none where nobody wrote any.
    pub(super) fn of(annotations: &[Annotated], rules: &[Rule]) -> Option<Self> {
        let mut labels = Self::default();
        let mut any = false;
        for annotated in annotations {
            let Value::Object(fields) = &annotated.annotations.value else {
                continue;
            };
            let Some(Value::Object(own)) = fields.get_str("labels") else {
                continue;
            };
            if let Some(place) = labels.place(annotated, rules) {
                *place = over(place, own);
                any = true;
            }
        }
        any.then_some(labels)
    }

    fn place(&mut self, annotated: &Annotated, rules: &[Rule]) -> Option<&mut Object> {
        let path = || annotated.path.clone();
        Some(match annotated.annotations.scope {
            Scope::Package => self.packages.entry(path()).or_default(),
            Scope::Subpackages => self.subpackages.entry(path()).or_default(),
            Scope::Document => {
                let rule = rules.get(annotated.rule?)?;
                self.documents.entry(rule.path.to_vec()).or_default()
            }
            Scope::Rule => self.rules.entry(annotated.rule?).or_default(),
        })
    }

    /// What is said when the rules of a unit hold, in their order.
    pub(super) fn marks(&mut self, shape: &Shape, rules: &[Rule]) -> Vec<Marks> {
        let partials = Partials::of(shape, rules);
        let numbers = shape.rules.iter();
        let marks = numbers.map(|number| {
            let Some(rule) = rules.get(*number) else {
                return Marks::default();
            };
            let keys = partials.keys(shape, rule);
            let around = self.around(rule);
            let mut held = |labels| {
                let labels = self.number(labels)?;
                Some(Held { labels, keys })
            };
            // What is written before a rule is not for its `else` branches.
            let branches = if rule.else_.is_empty() {
                None
            } else {
                held(around.clone())
            };
            let own = self.rules.get(number);
            let all = own.map_or(around.clone(), |own| over(&around, own));
            let body = self.number(all).map(|labels| Held { labels, keys });
            Marks { body, branches }
        });
        marks.collect()
    }

    /// The labels that a rule carries without those written before it.
    fn around(&self, rule: &Rule) -> Object {
        let package = rule.path.iter().take(rule.package);
        let package = package.map(|part| part.as_str().map(Str::from));
        let package: Vec<Str> = package.collect::<Option<_>>().unwrap_or_default();
        let above = (0..=package.len()).map(|end| package.get(..end).unwrap_or_default());
        let above = above.map(|path| self.subpackages.get(path));
        let inner = [self.packages.get(&package), self.documents.get(&*rule.path)];
        let all = above.chain(inner).flatten();
        all.fold(Object::default(), |outer, inner| over(&outer, inner))
    }

    /// The number of a set of labels, unless it is empty.
    fn number(&mut self, labels: Object) -> Option<u32> {
        if labels.is_empty() {
            return None;
        }
        let labels = Value::Object(labels);
        if let Some(number) = self.numbers.get(&labels) {
            return Some(*number);
        }
        let number = count(self.sets.len());
        self.sets.push(labels.clone());
        self.numbers.insert(labels, number);
        Some(number)
    }

    /// All sets of labels that rules carry, by number.
    pub(super) fn finish(self) -> Vec<Value> {
        self.sets
    }
}

// === impl Partials ===

impl<'h> Partials<'h> {
    fn of(shape: &Shape, rules: &'h [Rule]) -> Self {
        let rules = shape.rules.iter().filter_map(|number| rules.get(*number));
        let rules =
            rules.filter(|rule| !rule.keys.is_empty() || matches!(rule.kind, RuleKind::Member(_)));
        Self(rules.map(|rule| &*rule.path).collect())
    }

    /// With how many keys the unit may be asked so that the rule counts: OPA does not count rules of a document that
    /// it asks for a member.
    fn keys(&self, shape: &Shape, rule: &Rule) -> u32 {
        let mut ends = shape.path.len()..=rule.path.len();
        let partial = |end| {
            rule.path
                .get(..end)
                .is_some_and(|path| self.0.contains(path))
        };
        ends.position(partial).map_or(u32::MAX, count)
    }
}

// === helpers ===

/// Labels with others over them.
fn over(outer: &Object, inner: &Object) -> Object {
    let both = outer.iter().chain(inner.iter());
    both.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
