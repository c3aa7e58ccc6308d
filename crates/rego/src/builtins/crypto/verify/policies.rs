//! Whether a path's certificate policies hold, by RFC 5280 with the graph of RFC 9618. No policy is asked for, so this
//! matters where a certificate demands that there be one.

use std::collections::BTreeMap;

use crate::builtins::Error;
use crate::builtins::context::Budget;
use crate::builtins::crypto::certificate::{Certificate, Limit};
use crate::builtins::crypto::der::Oid;

/// The policies that are valid for a path so far: a level a certificate.
struct Graph<'d> {
    nodes: Vec<Node<'d>>,
    /// The nodes of each level, by policy.
    levels: Vec<BTreeMap<Oid<'d>, usize>>,
}

/// A policy that is valid at its level.
struct Node<'d> {
    policy: Oid<'d>,
    /// What the next level may call it.
    expected: Vec<Oid<'d>>,
    parents: Vec<usize>,
    children: usize,
}

/// How many certificates are left until something holds.
struct Counters {
    explicit: usize,
    mapping: usize,
    any: usize,
}

/// 2.5.29.32.0
const ANY: Oid<'static> = Oid(&[0x55, 0x1d, 0x20, 0x00]);

/// Whether there is a policy where there must be one.
pub(super) fn are_valid(path: &[&Certificate<'_>], budget: &mut Budget) -> Result<bool, Error> {
    let Some((_, certificates)) = path.split_last() else {
        return Ok(false);
    };
    let mut counters = Counters::new(certificates.len() + 1);
    let mut graph = Some(Graph::new());
    for (at, certificate) in certificates.iter().enumerate().rev() {
        if no_policies(certificate) {
            graph = None;
        }
        match &mut graph {
            None if counters.explicit == 0 => return Ok(false),
            None => {}
            Some(graph) => {
                graph.take(certificate, &counters, at, budget)?;
                if at != 0 && !graph.map(certificate, &counters) {
                    return Ok(false);
                }
            }
        }
        if at != 0 {
            counters.count(certificate);
        }
    }
    let explicit = counters.explicit.saturating_sub(1);
    let first = certificates.first();
    let demanded = first.is_some_and(|first| first.extended.explicit_policy.0 == Some(0));
    let valid = graph.is_some_and(|graph| graph.has_valid());
    Ok(certificates.is_empty() || valid || explicit > 0 && !demanded)
}

// === impl Counters ===

impl Counters {
    fn new(count: usize) -> Self {
        Self {
            explicit: count,
            mapping: count,
            any: count,
        }
    }

    /// Counts a certificate that is not the last, and takes its own limits.
    fn count(&mut self, certificate: &Certificate<'_>) {
        let extended = &certificate.extended;
        let own = certificate.raw_issuer == certificate.raw_subject;
        let limits = [
            (&mut self.explicit, extended.explicit_policy),
            (&mut self.mapping, extended.policy_mapping),
            (&mut self.any, extended.any_policy),
        ];
        for (counter, Limit(limit)) in limits {
            *counter = counter.saturating_sub(usize::from(!own));
            let limit = limit.and_then(|limit| usize::try_from(limit).ok());
            *counter = limit.map_or(*counter, |limit| limit.min(*counter));
        }
    }
}

// === impl Graph ===

impl<'d> Graph<'d> {
    fn new() -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            levels: vec![BTreeMap::new()],
        };
        graph.insert(ANY, Vec::new());
        graph
    }

    /// Adds the level of a certificate.
    fn take(
        &mut self,
        certificate: &Certificate<'d>,
        counters: &Counters,
        at: usize,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let parents: Vec<usize> = self.leaves().values().copied().collect();
        let mut expecting: BTreeMap<Oid<'d>, Vec<usize>> = BTreeMap::new();
        for parent in &parents {
            for expected in self
                .nodes
                .get(*parent)
                .into_iter()
                .flat_map(|node| &node.expected)
            {
                expecting.entry(*expected).or_default().push(*parent);
            }
        }
        let any = self.leaves().get(&ANY).copied();
        let policies = certificate.extended.policies.iter().flatten();
        budget.step((expecting.len() + policies.clone().count()) as u64 * 4)?;
        self.levels.push(BTreeMap::new());
        for policy in policies.clone().filter(|policy| **policy != ANY) {
            let parents = expecting.get(policy).cloned();
            let parents = parents.or_else(|| any.map(|any| vec![any]));
            if let Some(parents) = parents {
                self.insert(*policy, parents);
            }
        }
        let own = certificate.raw_issuer == certificate.raw_subject;
        let allowed = counters.any > 0 || at != 0 && own;
        if allowed && policies.clone().any(|policy| *policy == ANY) {
            for (policy, parents) in expecting {
                if !self.leaves().contains_key(&policy) {
                    self.insert(policy, parents);
                }
            }
        }
        self.prune();
        Ok(())
    }

    /// Renames policies as a certificate says; whether it may say so.
    fn map(&mut self, certificate: &Certificate<'d>, counters: &Counters) -> bool {
        let mut renamed: BTreeMap<Oid<'d>, Vec<Oid<'d>>> = BTreeMap::new();
        for mapping in &certificate.extended.mappings {
            if counters.mapping == 0 {
                self.remove(mapping.issuer);
            } else if mapping.issuer == ANY || mapping.subject == ANY {
                return false;
            } else {
                renamed
                    .entry(mapping.issuer)
                    .or_default()
                    .push(mapping.subject);
            }
        }
        self.prune();
        for (issuer, subjects) in renamed {
            let any = self.leaves().get(&ANY).copied();
            let node = match (self.leaves().get(&issuer).copied(), any) {
                (Some(node), _) => Some(node),
                // A policy that the certificate did not name, of the same level as "any".
                (None, Some(any)) => Some(self.insert(issuer, vec![any])),
                (None, None) => None,
            };
            if let Some(node) = node.and_then(|node| self.nodes.get_mut(node)) {
                node.expected = subjects;
            }
        }
        true
    }

    /// Whether a policy is valid for the whole path.
    fn has_valid(&self) -> bool {
        let mut nodes = self.levels.iter().flat_map(BTreeMap::values);
        let is_any = |node: &usize| self.nodes.get(*node).is_some_and(|node| node.policy == ANY);
        let from_any = |node: &Node<'_>| match node.parents.as_slice() {
            [parent] => node.policy != ANY && is_any(parent),
            _ => false,
        };
        self.leaves().contains_key(&ANY)
            || nodes.any(|node| self.nodes.get(*node).is_some_and(from_any))
    }

    fn leaves(&self) -> &BTreeMap<Oid<'d>, usize> {
        static NONE: BTreeMap<Oid<'static>, usize> = BTreeMap::new();
        self.levels.last().unwrap_or(&NONE)
    }

    /// Adds a node to the last level.
    fn insert(&mut self, policy: Oid<'d>, parents: Vec<usize>) -> usize {
        for parent in &parents {
            if let Some(parent) = self.nodes.get_mut(*parent) {
                parent.children += 1;
            }
        }
        let node = self.nodes.len();
        self.nodes.push(Node {
            policy,
            expected: vec![policy],
            parents,
            children: 0,
        });
        if let Some(level) = self.levels.last_mut() {
            level.insert(policy, node);
        }
        node
    }

    /// Takes a policy from the last level.
    fn remove(&mut self, policy: Oid<'_>) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let found = level.iter().find(|(known, _)| known.0 == policy.0);
        if let Some((known, node)) = found.map(|(known, node)| (*known, *node)) {
            level.remove(&known);
            self.orphan(node);
        }
    }

    /// Takes what leads to no policy of the last level.
    fn prune(&mut self) {
        let last = self.levels.len() - 1;
        for at in (1..last).rev() {
            let level = self.levels.get(at).cloned().unwrap_or_default();
            for (policy, node) in level {
                if self.nodes.get(node).is_some_and(|node| node.children == 0) {
                    self.orphan(node);
                    self.levels.get_mut(at).map(|level| level.remove(&policy));
                }
            }
        }
    }

    fn orphan(&mut self, node: usize) {
        let parents = self.nodes.get(node).map(|node| node.parents.clone());
        for parent in parents.unwrap_or_default() {
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children = parent.children.saturating_sub(1);
            }
        }
    }
}

fn no_policies(certificate: &Certificate<'_>) -> bool {
    certificate
        .extended
        .policies
        .iter()
        .flatten()
        .next()
        .is_none()
}
