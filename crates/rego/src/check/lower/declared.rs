//! Which names a body declares directly.

use std::collections::HashSet;

use crate::syntax::ast::{Body, LiteralKind, Ref, Term, TermKind};
use crate::value::Str;

/// The names that `:=` and `some` of this body declare, not those of closures in it.
pub(super) fn names(body: &Body) -> HashSet<Str> {
    let mut names = HashSet::new();
    for literal in &body.literals {
        match &literal.kind {
            LiteralKind::Assign(left, _) => variables(left, &mut |name| {
                names.insert(name.clone());
            }),
            LiteralKind::Some(vars) => names.extend(vars.iter().map(|var| var.name.clone())),
            LiteralKind::SomeIn { key, value, .. } => {
                for term in key.iter().chain([value]) {
                    variables(term, &mut |name| {
                        names.insert(name.clone());
                    });
                }
            }
            _ => {}
        }
    }
    names.remove("_");
    names
}

/// Calls `found` for each variable of a term that stands outside closures and is no head of a reference.
pub(super) fn variables(term: &Term, found: &mut dyn FnMut(&Str)) {
    match &term.kind {
        TermKind::Var(name) => found(name),
        TermKind::Array(items) | TermKind::Set(items) => {
            for item in items {
                variables(item, found);
            }
        }
        TermKind::Object(members) => {
            for (key, value) in members {
                variables(key, found);
                variables(value, found);
            }
        }
        TermKind::Ref(Ref { path, .. }) => {
            for key in path {
                variables(key, found);
            }
        }
        TermKind::Call(call) => {
            for arg in &call.args {
                variables(arg, found);
            }
        }
        _ => {}
    }
}
