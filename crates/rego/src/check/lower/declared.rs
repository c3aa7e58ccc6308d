//! Which names a body declares, and of which it sees no global.

use crate::check::scope::Declares;
use crate::syntax::ast::{Body, Literal, LiteralKind, Term, TermKind};
use crate::value::Str;

/// Whether the variables that references start at count too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heads {
    Skipped,
    Found,
}

/// What `:=` and `some` of this body declare, not those of closures in it.
pub(super) fn names(body: &Body) -> Declares {
    let mut declares = Declares::default();
    for literal in &body.literals {
        patterns(literal, &mut |pattern| {
            walk(pattern, Heads::Skipped, &mut |name| declares.add(name));
        });
        if let LiteralKind::Some(vars) = &literal.kind {
            for var in vars {
                declares.add(&var.name);
            }
        }
    }
    hide(body, &mut declares);
    declares
}

/// All names in a term outside comprehensions, those that references start at too.
pub(super) fn all_variables(term: &Term, found: &mut dyn FnMut(&Str)) {
    walk(term, Heads::Found, found);
}

/// Hides what patterns show, in bodies inside too: OPA looks for globals before it knows which body declares what.
fn hide(body: &Body, declares: &mut Declares) {
    for literal in &body.literals {
        patterns(literal, &mut |pattern| {
            all_variables(pattern, &mut |name| {
                if !matches!(&**name, "input" | "data") {
                    declares.hide(name);
                }
            });
        });
        match &literal.kind {
            LiteralKind::Some(vars) => {
                for var in vars {
                    declares.hide(&var.name);
                }
            }
            LiteralKind::Every { body, .. } => hide(body, declares),
            LiteralKind::NotBody(body) => hide(body, declares),
            LiteralKind::And(left, right) | LiteralKind::Or(left, right) => {
                hide(left, declares);
                hide(right, declares);
            }
            _ => {}
        }
    }
}

/// Calls `found` for each pattern whose variables a literal declares.
fn patterns(literal: &Literal, found: &mut dyn FnMut(&Term)) {
    match &literal.kind {
        LiteralKind::Assign(left, _) => found(left),
        LiteralKind::SomeIn { key, value, .. } => {
            for term in key.iter().chain([value]) {
                found(term);
            }
        }
        _ => {}
    }
}

/// Calls `found` for each variable of a term that stands outside comprehensions.
fn walk(term: &Term, heads: Heads, found: &mut dyn FnMut(&Str)) {
    match &term.kind {
        TermKind::Var(name) => found(name),
        TermKind::Array(items) | TermKind::Set(items) => {
            for item in items {
                walk(item, heads, found);
            }
        }
        TermKind::Object(members) => {
            for (key, value) in members {
                walk(key, heads, found);
                walk(value, heads, found);
            }
        }
        TermKind::Ref(reference) => {
            if heads == Heads::Found {
                walk(&reference.head, heads, found);
            }
            for key in &reference.path {
                walk(key, heads, found);
            }
        }
        TermKind::Call(call) => {
            for arg in &call.args {
                walk(arg, heads, found);
            }
        }
        _ => {}
    }
}
