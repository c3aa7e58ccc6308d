//! The order of terms, in which OPA keeps sets and objects of its tree.

use std::cmp::Ordering;

use super::super::ast::{Ref, Term, TermKind};

/// Compares two terms as OPA does: by kind, then by content.
pub(super) fn terms(a: &Term, b: &Term) -> Ordering {
    match (&a.kind, &b.kind) {
        (TermKind::Bool(a), TermKind::Bool(b)) => a.cmp(b),
        (TermKind::Number(a), TermKind::Number(b)) => a.cmp(b),
        (TermKind::String(a), TermKind::String(b)) => a.cmp(b),
        (TermKind::Var(x), TermKind::Var(y)) => {
            // Each wildcard is another variable, in the order in which they stand.
            let wildcards = &**x == "_" && &**y == "_";
            let places = a.span.start.cmp(&b.span.start);
            x.cmp(y)
                .then(if wildcards { places } else { Ordering::Equal })
        }
        (TermKind::Ref(a), TermKind::Ref(b)) => references(a, b),
        (TermKind::Array(a), TermKind::Array(b)) | (TermKind::Set(a), TermKind::Set(b)) => {
            lists(a, b)
        }
        (TermKind::Object(a), TermKind::Object(b)) => {
            let keys = |x: &(Term, Term), y: &(Term, Term)| {
                terms(&x.0, &y.0).then_with(|| terms(&x.1, &y.1))
            };
            let pairs = a.iter().zip(b).map(|(x, y)| keys(x, y));
            first(pairs).then(a.len().cmp(&b.len()))
        }
        (TermKind::Call(a), TermKind::Call(b)) => {
            references(&a.operator, &b.operator).then_with(|| lists(&a.args, &b.args))
        }
        // Comprehensions and templates stay where they stand.
        _ => rank(a).cmp(&rank(b)).then(a.span.start.cmp(&b.span.start)),
    }
}

/// Compares two references part by part.
fn references(a: &Ref, b: &Ref) -> Ordering {
    terms(&a.head, &b.head).then_with(|| lists(&a.path, &b.path))
}

fn lists(a: &[Term], b: &[Term]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(x, y)| terms(x, y));
    first(pairs).then(a.len().cmp(&b.len()))
}

fn first(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

fn rank(term: &Term) -> u8 {
    match &term.kind {
        TermKind::Null => 0,
        TermKind::Bool(_) => 1,
        TermKind::Number(_) => 2,
        TermKind::String(_) => 3,
        TermKind::Template(_) => 4,
        TermKind::Var(_) => 5,
        TermKind::Ref(_) => 6,
        TermKind::Array(_) => 7,
        TermKind::Object(_) => 8,
        TermKind::Set(_) => 9,
        TermKind::ArrayComprehension(..) => 10,
        TermKind::ObjectComprehension(..) => 11,
        TermKind::SetComprehension(..) => 12,
        TermKind::Call(_) => 13,
    }
}
