//! The index of a unit's rules: which of them can hold, by what `input`, `data` and the arguments are.
//!
//! A trie: each branch looks at one place and leads on by what stands there, so that a look-up costs what the
//! rules that match cost, not what all rules cost. It never misses a rule that could hold; it may give one that
//! does not: the rules that it gives are still run.
//!
//! | condition | how it is found |
//! | --- | --- |
//! | `input.x == "a"`, `input.x in {"a", "b"}` | by hash |
//! | `[a, "b"] = input.x`, `{"k": "b"} = input.x` | the same, of the elements |
//! | `startswith(input.x, "a")`, `glob.match("a*", …, input.x)` | by prefix, in a sorted list |
//! | `"a" in input.xs`, `input.xs[_] == "a"` | each member by hash |
//! | `input.x` | defined and not false |

mod build;
mod conditions;
mod prefix;
#[cfg(test)]
mod tests;

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::ir::{Clause, DataId, InputId, Slot};
use crate::value::Value;
use prefix::Prefixes;

/// Selects rules.
#[derive(Debug)]
pub struct Index {
    places: Vec<Place>,
    root: Node,
    calls: bool,
}

/// What a place is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A path of `input`.
    Input(InputId),
    /// A path of base data.
    Data(DataId),
    /// What the caller put into a slot: an argument, or a known key of a partial document.
    Arg(Slot),
}

/// The numbers of rules in ascending order.
pub type Candidates = SmallVec<[u32; 16]>;

/// Where a branch looks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    key: Key,
    steps: Box<[Value]>,
}

/// A part of the trie.
#[derive(Debug)]
enum Node {
    /// These rules.
    Leaf(Box<[u32]>),
    /// What stands at a place decides.
    Branch(Box<Branch>),
}

/// What follows from what stands at a place.
#[derive(Debug, Default)]
struct Branch {
    place: u32,
    equal: Table,
    member: Table,
    prefix: Prefixes,
    truthy: Option<Node>,
    rest: Option<Node>,
}

/// What follows, by value.
type Table = HashMap<Value, Node, foldhash::fast::RandomState>;

// === impl Index ===

impl Index {
    /// The index of rules with these clauses, whose first `args` slots the caller fills; none where it would not
    /// leave out anything.
    ///
    /// Where there are `labels`, it leaves out a rule that OPA does not try, and tries one that OPA tries, if the
    /// difference can be seen: which rules hold that the body asks for before it fails.
    pub(super) fn of<'c>(
        rules: impl Iterator<Item = &'c [Clause]>,
        args: u32,
        labels: bool,
    ) -> Option<Self> {
        build::index(rules, args, labels)
    }

    /// Whether conditions are calls of built-ins: while one is replaced, the index does not hold.
    #[must_use]
    pub fn calls_builtins(&self) -> bool {
        self.calls
    }

    /// The places that it looks at.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.places.iter().map(|place| place.key)
    }

    /// Adds the rules that could hold to `out`, in ascending order. `read` gives what stands at a place, `None`
    /// where it is undefined.
    pub fn candidates<'v>(
        &self,
        read: &mut dyn FnMut(Key) -> Option<&'v Value>,
        out: &mut Candidates,
    ) {
        self.visit(&self.root, read, out);
        out.sort_unstable();
        out.dedup();
    }

    /// As deep as the trie is: bounded where it is built.
    fn visit<'v>(
        &self,
        node: &Node,
        read: &mut dyn FnMut(Key) -> Option<&'v Value>,
        out: &mut Candidates,
    ) {
        let branch = match node {
            Node::Leaf(rules) => return out.extend_from_slice(rules),
            Node::Branch(branch) => branch,
        };
        if let Some(value) = self.read(branch.place, read) {
            self.visit_value(branch, value, read, out);
        }
        if let Some(rest) = &branch.rest {
            self.visit(rest, read, out);
        }
    }

    fn visit_value<'v>(
        &self,
        branch: &Branch,
        value: &'v Value,
        read: &mut dyn FnMut(Key) -> Option<&'v Value>,
        out: &mut Candidates,
    ) {
        if let Some(node) = branch.equal.get(value) {
            self.visit(node, read, out);
        }
        if let Some(node) = &branch.truthy
            && !matches!(value, Value::Bool(false))
        {
            self.visit(node, read, out);
        }
        if let Value::String(text) = value {
            branch
                .prefix
                .each(text, &mut |node| self.visit(node, read, out));
        }
        if branch.member.is_empty() {
            return;
        }
        let mut member = |value: &Value| {
            if let Some(node) = branch.member.get(value) {
                self.visit(node, read, out);
            }
        };
        match value {
            Value::Array(items) => items.iter().for_each(&mut member),
            Value::Set(items) => items.iter().for_each(&mut member),
            Value::Object(members) => members.values().for_each(&mut member),
            _ => {}
        }
    }

    fn read<'v>(
        &self,
        place: u32,
        read: &mut dyn FnMut(Key) -> Option<&'v Value>,
    ) -> Option<&'v Value> {
        let place = self.places.get(place as usize)?;
        let value = read(place.key)?;
        place
            .steps
            .iter()
            .try_fold(value, |value, step| value.get(step))
    }
}
