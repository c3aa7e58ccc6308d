//! The order in which the members of a set or object are evaluated: that of their terms, not that in which they were
//! written. It decides which error is raised, and whether one is raised at all where another member has no value.

use std::cmp::Ordering;

use super::Lower;
use crate::check::names::scalar;
use crate::hir::Base;
use crate::syntax::ast::{Ref, Term, TermKind};
use crate::value::{Str, Value};

/// A term with its names resolved.
enum Seen<'t> {
    Value(Value),
    Var(Str),
    Ref(Vec<Seen<'t>>),
    /// A collection, comprehension or call.
    Other(&'t TermKind),
}

// === impl Lower ===

impl Lower<'_> {
    /// The members in the order in which they are evaluated; `key` says by which term they are ordered.
    pub(super) fn ordered<'t, T>(
        &self,
        members: &'t [T],
        key: impl Fn(&'t T) -> &'t Term,
    ) -> Vec<&'t T> {
        if members.iter().all(|member| scalar(key(member)).is_some()) {
            return members.iter().collect();
        }
        let seen = members
            .iter()
            .map(|member| (self.seen(key(member)), member));
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|(a, _), (b, _)| self.compare(a, b));
        seen.into_iter().map(|(_, member)| member).collect()
    }

    fn seen<'t>(&self, term: &'t Term) -> Seen<'t> {
        if let Some(value) = scalar(term) {
            return Seen::Value(value);
        }
        match &term.kind {
            TermKind::Var(name) => self.seen_name(name),
            TermKind::Ref(reference) => self.seen_ref(reference),
            kind => Seen::Other(kind),
        }
    }

    fn seen_name<'t>(&self, name: &Str) -> Seen<'t> {
        let Some((base, keys)) = self.document(name) else {
            return Seen::Var(name.clone());
        };
        let root = if matches!(base, Base::Data) {
            "data"
        } else {
            "input"
        };
        let keys = keys.into_iter().map(Seen::Value);
        Seen::Ref(
            std::iter::once(Seen::Var(root.into()))
                .chain(keys)
                .collect(),
        )
    }

    fn seen_ref<'t>(&self, reference: &'t Ref) -> Seen<'t> {
        let mut parts = match self.seen(&reference.head) {
            Seen::Ref(parts) => parts,
            head => vec![head],
        };
        parts.extend(reference.path.iter().map(|key| self.seen(key)));
        Seen::Ref(parts)
    }

    fn compare(&self, a: &Seen<'_>, b: &Seen<'_>) -> Ordering {
        match (a, b) {
            (Seen::Value(a), Seen::Value(b)) => a.cmp(b),
            (Seen::Var(a), Seen::Var(b)) => a.cmp(b),
            (Seen::Ref(a), Seen::Ref(b)) => self.compare_all(a, b),
            (Seen::Other(a), Seen::Other(b)) => self.compare_kinds(a, b),
            _ => rank(a).cmp(&rank(b)),
        }
    }

    fn compare_all(&self, a: &[Seen<'_>], b: &[Seen<'_>]) -> Ordering {
        let mut each = a.iter().zip(b).map(|(a, b)| self.compare(a, b));
        let first = each.find(|order| order.is_ne());
        first.unwrap_or_else(|| a.len().cmp(&b.len()))
    }

    fn compare_terms(&self, a: &[&Term], b: &[&Term]) -> Ordering {
        let mut each = a
            .iter()
            .zip(b)
            .map(|(a, b)| self.compare(&self.seen(a), &self.seen(b)));
        let first = each.find(|order| order.is_ne());
        first.unwrap_or_else(|| a.len().cmp(&b.len()))
    }

    fn compare_kinds(&self, a: &TermKind, b: &TermKind) -> Ordering {
        match (a, b) {
            (TermKind::Call(a), TermKind::Call(b)) => {
                let operators =
                    self.compare(&self.seen_ref(&a.operator), &self.seen_ref(&b.operator));
                operators.then_with(|| {
                    let [a, b] = [a, b].map(|call| call.args.iter().collect::<Vec<_>>());
                    self.compare_terms(&a, &b)
                })
            }
            (TermKind::Array(a), TermKind::Array(b)) | (TermKind::Set(a), TermKind::Set(b)) => {
                let [a, b] = [a, b].map(|items| items.iter().collect::<Vec<_>>());
                self.compare_terms(&a, &b)
            }
            (TermKind::Object(a), TermKind::Object(b)) => {
                let [a, b] = [a, b]
                    .map(|members| members.iter().flat_map(|(k, v)| [k, v]).collect::<Vec<_>>());
                self.compare_terms(&a, &b)
            }
            (TermKind::ArrayComprehension(a, _), TermKind::ArrayComprehension(b, _))
            | (TermKind::SetComprehension(a, _), TermKind::SetComprehension(b, _))
            | (TermKind::ObjectComprehension(a, ..), TermKind::ObjectComprehension(b, ..)) => {
                self.compare_terms(&[a], &[b])
            }
            _ => kind_rank(a).cmp(&kind_rank(b)),
        }
    }
}

// === helpers ===

fn rank(seen: &Seen<'_>) -> u8 {
    match seen {
        Seen::Value(_) => 0,
        Seen::Var(_) => 1,
        Seen::Ref(_) => 2,
        Seen::Other(_) => 3,
    }
}

fn kind_rank(kind: &TermKind) -> u8 {
    match kind {
        TermKind::Array(_) => 0,
        TermKind::Object(_) => 1,
        TermKind::Set(_) => 2,
        TermKind::ArrayComprehension(..) => 3,
        TermKind::ObjectComprehension(..) => 4,
        TermKind::SetComprehension(..) => 5,
        _ => 6,
    }
}
