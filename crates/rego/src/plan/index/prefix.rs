//! What follows from how a string begins.

use super::Node;
use crate::value::Str;

/// Prefixes in order, each with the longest other one that it begins with.
#[derive(Debug, Default)]
pub(super) struct Prefixes(Vec<Prefix>);

#[derive(Debug)]
struct Prefix {
    text: Str,
    shorter: Option<usize>,
    node: Node,
}

// === impl Prefixes ===

impl Prefixes {
    /// Takes different prefixes.
    pub(super) fn new(mut nodes: Vec<(Str, Node)>) -> Self {
        nodes.sort_by(|a, b| a.0.cmp(&b.0));
        let mut all: Vec<Prefix> = Vec::with_capacity(nodes.len());
        let mut open: Vec<usize> = Vec::new();
        for (text, node) in nodes {
            // In this order, all that begin with a prefix follow it at once.
            while let Some(last) = open.last().and_then(|at| all.get(*at)) {
                if text.starts_with(&*last.text) {
                    break;
                }
                open.pop();
            }
            let shorter = open.last().copied();
            open.push(all.len());
            all.push(Prefix {
                text,
                shorter,
                node,
            });
        }
        Self(all)
    }

    /// Calls `found` for each prefix that `text` begins with.
    pub(super) fn each(&self, text: &str, found: &mut dyn FnMut(&Node)) {
        // The prefixes of a text are before it in order, and what stands between begins with the longest of them.
        let after = self.0.partition_point(|prefix| &*prefix.text <= text);
        let mut next = after.checked_sub(1);
        while let Some(prefix) = next.and_then(|at| self.0.get(at)) {
            if text.starts_with(&*prefix.text) {
                found(&prefix.node);
            }
            next = prefix.shorter;
        }
    }
}
