//! Puts rules into the trie.
//!
//! Each branch takes the place that constrains the most of its rules (of two such, the one with more values), and
//! sorts them by what they ask for there. Few rules are a leaf: to run them costs less than to tell them apart.

use hashbrown::{HashMap, HashSet};

use super::conditions::{Condition, Test, conditions};
use super::prefix::Prefixes;
use super::{Branch, Index, Node, Place, Table};
use crate::plan::ir::Clause;
use crate::value::{Str, Value};

/// So many rules are not told apart.
const LEAF: usize = 2;

/// How many branches follow each other.
const MAX_DEPTH: usize = 12;

/// A rule that names more values for a place is tried whatever stands there.
const MAX_VALUES: usize = 1024;

type Hasher = foldhash::fast::RandomState;

/// Of a place: how many clauses have a value for it, its values, how many clauses ask for any.
type Score<'e> = (usize, HashSet<&'e Value, Hasher>, usize);

/// A clause of a rule: all that it asks for.
struct Entry {
    rule: u32,
    asks: Vec<Ask>,
}

/// What a clause asks for at a place.
struct Ask {
    place: u32,
    /// Whether the place must be looked at, however few the rules are.
    late: bool,
    test: Test,
}

/// The trie while it is built.
struct Builder {
    entries: Vec<Entry>,
    /// How often a clause may yet be put at more than one place.
    copies: usize,
}

/// The clauses below a branch by what they ask for.
#[derive(Default)]
struct Sorted {
    equal: HashMap<Value, Vec<u32>, Hasher>,
    member: HashMap<Value, Vec<u32>, Hasher>,
    prefix: HashMap<Str, Vec<u32>, Hasher>,
    truthy: Vec<u32>,
    rest: Vec<u32>,
}

/// Builds the index of rules with these clauses.
pub(super) fn index<'c>(
    rules: impl Iterator<Item = &'c [Clause]>,
    args: u32,
    labels: bool,
) -> Option<Index> {
    let mut numbers: HashMap<Place, u32, Hasher> = HashMap::default();
    let mut places = Vec::new();
    let mut entries = Vec::new();
    let mut calls = false;
    for (rule, clauses) in (0..).zip(rules) {
        for clause in clauses {
            let mut asks = Vec::new();
            for condition in conditions(clause, args, labels) {
                let Condition { place, test, .. } = condition;
                let number = *numbers.entry(place).or_insert_with_key(|place| {
                    places.push(place.clone());
                    u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
                });
                calls |= condition.call;
                let late = condition.late;
                asks.push(Ask {
                    place: number,
                    late,
                    test,
                });
            }
            asks.shrink_to_fit();
            entries.push(Entry { rule, asks });
        }
    }
    let all: Vec<u32> = (0..u32::try_from(entries.len()).ok()?).collect();
    let copies = 4 * entries.len() + MAX_VALUES;
    let mut builder = Builder { entries, copies };
    let root = builder.node(all, &mut Vec::new());
    if matches!(root, Node::Leaf(_)) {
        return None;
    }
    places.shrink_to_fit();
    Some(Index {
        places,
        root,
        calls,
    })
}

// === impl Builder ===

impl Builder {
    /// `looked` are the places that the branches above have looked at.
    fn node(&mut self, entries: Vec<u32>, looked: &mut Vec<u32>) -> Node {
        let few = entries.len() <= LEAF && !self.has_late(&entries, looked);
        if few || looked.len() >= MAX_DEPTH {
            return self.leaf(&entries);
        }
        let Some(place) = self.choose(&entries, looked) else {
            return self.leaf(&entries);
        };
        let sorted = self.sort(&entries, place);
        drop(entries);
        looked.push(place);
        let branch = Branch {
            place,
            equal: self.table(sorted.equal, looked),
            member: self.table(sorted.member, looked),
            prefix: self.prefixes(sorted.prefix, looked),
            truthy: self.part(sorted.truthy, looked),
            rest: self.part(sorted.rest, looked),
        };
        looked.pop();
        Node::Branch(Box::new(branch))
    }

    fn has_late(&self, entries: &[u32], looked: &[u32]) -> bool {
        let mut entries = entries
            .iter()
            .filter_map(|entry| self.entries.get(*entry as usize));
        entries.any(|entry| entry.is_late(looked))
    }

    fn leaf(&self, entries: &[u32]) -> Node {
        let rules = entries
            .iter()
            .filter_map(|entry| self.entries.get(*entry as usize));
        let mut rules: Vec<u32> = rules.map(|entry| entry.rule).collect();
        rules.dedup();
        Node::Leaf(rules.into())
    }

    fn part(&mut self, entries: Vec<u32>, looked: &mut Vec<u32>) -> Option<Node> {
        (!entries.is_empty()).then(|| self.node(entries, looked))
    }

    fn table(&mut self, sorted: HashMap<Value, Vec<u32>, Hasher>, looked: &mut Vec<u32>) -> Table {
        let nodes = sorted
            .into_iter()
            .map(|(value, entries)| (value, self.node(entries, looked)));
        nodes.collect()
    }

    fn prefixes(
        &mut self,
        sorted: HashMap<Str, Vec<u32>, Hasher>,
        looked: &mut Vec<u32>,
    ) -> Prefixes {
        let nodes = sorted
            .into_iter()
            .map(|(text, entries)| (text, self.node(entries, looked)));
        Prefixes::new(nodes.collect())
    }

    /// The place that tells the most about these clauses.
    fn choose(&self, entries: &[u32], looked: &[u32]) -> Option<u32> {
        let mut scores: HashMap<u32, Score<'_>, Hasher> = HashMap::default();
        for entry in entries
            .iter()
            .filter_map(|entry| self.entries.get(*entry as usize))
        {
            for Ask { place, test, .. } in &entry.asks {
                if looked.contains(place) {
                    continue;
                }
                let score = scores.entry(*place).or_default();
                match test {
                    Test::Truthy => score.2 += 1,
                    Test::Equal(value) | Test::Member(value) => {
                        score.0 += 1;
                        score.1.insert(value);
                    }
                    Test::OneOf(_) | Test::Prefix(_) => score.0 += 1,
                }
            }
        }
        let best = scores
            .into_iter()
            .max_by_key(|(place, (strong, values, weak))| {
                (*strong, values.len(), *weak, std::cmp::Reverse(*place))
            });
        best.map(|(place, _)| place)
    }

    fn sort(&mut self, entries: &[u32], place: u32) -> Sorted {
        let mut sorted = Sorted::default();
        for number in entries.iter().copied() {
            let Some(entry) = self.entries.get(number as usize) else {
                continue;
            };
            let asks = entry.asks.iter().filter(|ask| ask.place == place);
            let ask = asks.min_by_key(|ask| rank(&ask.test));
            match ask.map(|ask| &ask.test) {
                Some(Test::Equal(value)) => {
                    sorted.equal.entry(value.clone()).or_default().push(number);
                }
                Some(Test::OneOf(values))
                    if values.len() <= MAX_VALUES && values.len() <= self.copies =>
                {
                    self.copies -= values.len();
                    for value in values {
                        sorted.equal.entry(value.clone()).or_default().push(number);
                    }
                }
                Some(Test::Prefix(prefix)) => sorted
                    .prefix
                    .entry(prefix.clone())
                    .or_default()
                    .push(number),
                Some(Test::Member(value)) => {
                    sorted.member.entry(value.clone()).or_default().push(number);
                }
                Some(Test::Truthy) => {
                    sorted.truthy.push(number);
                    // For OPA's index it is enough that something is there.
                    if ask.is_some_and(|ask| ask.late) {
                        let not = sorted.equal.entry(Value::Bool(false));
                        not.or_default().push(number);
                    }
                }
                Some(Test::OneOf(_)) | None => sorted.rest.push(number),
            }
        }
        sorted
    }
}

// === impl Entry ===

impl Entry {
    /// Whether it asks for something that must be looked at, and has not been.
    fn is_late(&self, looked: &[u32]) -> bool {
        let mut asks = self.asks.iter();
        asks.any(|ask| ask.late && !looked.contains(&ask.place))
    }
}

// === helpers ===

/// Which of several tests of one place finds a clause best.
fn rank(test: &Test) -> u8 {
    match test {
        Test::Equal(_) => 0,
        Test::OneOf(_) => 1,
        Test::Prefix(_) => 2,
        Test::Member(_) => 3,
        Test::Truthy => 4,
    }
}
