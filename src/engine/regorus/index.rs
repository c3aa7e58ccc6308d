//! The rules of a policy by their place under `data`, for the checks and the decision paths.

use std::collections::BTreeMap;
use std::ops::Bound;

use regorus::unstable::Span;

use super::facts::RuleFacts;

/// Rules by path. Definitions of one rule are one entry.
pub(super) struct Index<'a>(BTreeMap<&'a [String], Entry<'a>>);

/// What is known of the definitions of one rule.
pub(super) struct Entry<'a> {
    /// How many arguments it takes, when it is a function.
    pub arguments: Option<usize>,
    /// Whether every definition gives the whole of its place.
    pub ground: bool,
    /// The first definition's place in the text.
    pub span: &'a Span,
}

// === impl Index ===

impl<'a> Index<'a> {
    /// The index of `facts`.
    pub(super) fn new(facts: &'a [RuleFacts]) -> Self {
        let mut rules: BTreeMap<&[String], Entry<'_>> = BTreeMap::new();
        for fact in facts {
            let first = Entry {
                arguments: fact.arguments,
                ground: true,
                span: &fact.span,
            };
            let entry = rules.entry(&fact.path).or_insert(first);
            entry.ground &= fact.ground;
            entry.arguments = entry.arguments.or(fact.arguments);
        }
        Self(rules)
    }

    /// The rule at exactly `path`.
    pub(super) fn get(&self, path: &[String]) -> Option<&Entry<'a>> {
        self.0.get(path)
    }

    /// All rules, in the order of their paths.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a [String], &Entry<'a>)> {
        self.0.iter().map(|(path, entry)| (*path, entry))
    }

    /// Rules at `path` or below it.
    pub(super) fn beneath<'p>(
        &'p self,
        path: &'p [String],
    ) -> impl Iterator<Item = (&'a [String], &'p Entry<'a>)> {
        self.0
            .range::<[String], _>((Bound::Included(path), Bound::Unbounded))
            .map(|(rule, entry)| (*rule, entry))
            .take_while(move |(rule, _)| rule.starts_with(path))
    }

    /// Rules that `path` leads through, without one at `path` itself.
    pub(super) fn above(
        &self,
        path: &[String],
    ) -> impl Iterator<Item = (&'a [String], &Entry<'a>)> {
        (1..path.len())
            .filter_map(move |n| path.get(..n))
            .filter_map(|prefix| {
                self.0
                    .get_key_value(prefix)
                    .map(|(rule, entry)| (*rule, entry))
            })
    }
}
