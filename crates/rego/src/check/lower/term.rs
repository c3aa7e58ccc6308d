//! Terms to expressions.

use super::Lower;
use super::body::first_literal;
use crate::check::names::{Global, scalar};
use crate::check::scope::Closure;
use crate::hir::{
    Base, BuiltinRef, Call, Callee, Comprehension, ComprehensionHead, Expr, ExprKind, Place, Ref,
};
use crate::source::Span;
use crate::syntax::ast::{self, Body, TemplatePart, Term, TermKind};
use crate::value::{Array, Object, Set, Str, Value};

impl Lower<'_> {
    /// Lowers a term; calls in it go before the literal at hand.
    pub(super) fn term(&mut self, term: &Term) -> Expr {
        let place = self.place(term.span);
        match &term.kind {
            TermKind::Null => Expr::constant(Value::Null, place),
            TermKind::Bool(v) => Expr::constant(*v, place),
            TermKind::Number(v) => Expr::constant(v.clone(), place),
            TermKind::String(v) => Expr::constant(v.clone(), place),
            TermKind::Var(name) => self.var(name, term.span),
            TermKind::Template(parts) => {
                let call = self.template(parts, place);
                self.hoist(call)
            }
            TermKind::Ref(reference) => self.reference(reference),
            TermKind::Array(items) => self.array(items, place),
            TermKind::Set(items) => self.set(items, place),
            TermKind::Object(members) => self.object(members, place),
            TermKind::ArrayComprehension(head, body) => self.comprehension(place, body, |lower| {
                ComprehensionHead::Array(lower.head_term(head))
            }),
            TermKind::SetComprehension(head, body) => self.comprehension(place, body, |lower| {
                ComprehensionHead::Set(lower.head_term(head))
            }),
            TermKind::ObjectComprehension(key, value, body) => {
                self.comprehension(place, body, |lower| {
                    // Calls of both go before references of either.
                    let (key, value) = (lower.term(key), lower.term(value));
                    ComprehensionHead::Object(lower.plain(key), lower.plain(value))
                })
            }
            TermKind::Call(call) => match self.call_value(call, term.span) {
                Some(call) => self.hoist(call),
                None => Expr::constant(true, place),
            },
        }
    }

    /// A name where a value is expected.
    pub(super) fn var(&mut self, name: &Str, span: Span) -> Expr {
        let place = self.place(span);
        if &**name == "_" {
            return Expr::local(self.locals.fresh("_", place, false), place);
        }
        if let Some(local) = self.locals.declared(name, place) {
            return Expr::local(local, place);
        }
        match self.document(name) {
            Some((base, keys)) => document(base, keys, place),
            None => Expr::local(self.locals.free(name, place), place),
        }
    }

    /// The document that a name means; none where it is a variable.
    pub(super) fn document(&self, name: &str) -> Option<(Base, Vec<Value>)> {
        if self.locals.hidden(name) {
            return None;
        }
        match name {
            "input" | "data" => {
                self.globals.mark_used(name);
                let base = if name == "data" {
                    Base::Data
                } else {
                    Base::Input
                };
                Some((base, Vec::new()))
            }
            _ => self.globals.get(name).map(|global| match global {
                Global::Data(path) => (Base::Data, path),
                Global::Input(path) => (Base::Input, path),
            }),
        }
    }

    pub(super) fn reference(&mut self, reference: &ast::Ref) -> Expr {
        let place = self.place(reference.span);
        let head = self.term(&reference.head);
        let mut reference_ = as_ref(head);
        reference_.keys.reserve_exact(reference.path.len());
        for key in &reference.path {
            let key = self.term(key);
            reference_.keys.push(key);
        }
        Expr::new(place, ExprKind::Ref(Box::new(reference_)))
    }

    /// A term of a head: what evaluates becomes a literal before, so that constants, variables and collections
    /// of them are left.
    pub(super) fn head_term(&mut self, term: &Term) -> Expr {
        let value = self.term(term);
        self.plain(value)
    }

    /// What is left where `value` becomes a literal before, if it evaluates.
    pub(super) fn plain(&mut self, value: Expr) -> Expr {
        if is_plain(&value) {
            value
        } else {
            self.hoist(value)
        }
    }

    /// A closure with `body`, whose head is lowered as if it stood at the body's end.
    pub(super) fn comprehension(
        &mut self,
        place: Place,
        body: &Body,
        head: impl FnOnce(&mut Self) -> ComprehensionHead,
    ) -> Expr {
        let outside = std::mem::take(&mut self.before);
        self.locals
            .open(super::declared::names(body), Closure::Plain);
        // What stands in a comprehension is looked at, wherever that stands.
        let apart = std::mem::replace(&mut self.apart, false);
        let mut literals = self.literals(body);
        let head = head(self);
        self.apart = apart;
        literals.append(&mut self.before);
        self.close(first_literal(body));
        self.before = outside;
        let body = crate::hir::Body { literals };
        Expr::new(
            place,
            ExprKind::Comprehension(Box::new(Comprehension { head, body })),
        )
    }

    fn array(&mut self, items: &[Term], place: Place) -> Expr {
        let items: Vec<Expr> = items.iter().map(|item| self.term(item)).collect();
        match constants(&items) {
            Some(values) => Expr::constant(Array::from_iter(values), place),
            None => Expr::new(place, ExprKind::Array(items.into())),
        }
    }

    fn set(&mut self, items: &[Term], place: Place) -> Expr {
        let items = self.ordered(items, |item| item).into_iter();
        let items: Vec<Expr> = items.map(|item| self.term(item)).collect();
        match constants(&items) {
            Some(values) => Expr::constant(Set::from_iter(values), place),
            None => Expr::new(place, ExprKind::Set(items.into())),
        }
    }

    fn object(&mut self, members: &[(Term, Term)], place: Place) -> Expr {
        let members = self.ordered(members, |(key, _)| key).into_iter();
        let members: Vec<(Expr, Expr)> = members
            .map(|(key, value)| (self.term(key), self.term(value)))
            .collect();
        let ground = members
            .iter()
            .map(|(k, v)| Some((k.as_const()?.clone(), v.as_const()?.clone())));
        match ground.collect::<Option<Vec<_>>>() {
            Some(values) => Expr::constant(Object::from_iter(values), place),
            None => Expr::new(place, ExprKind::Object(members.into())),
        }
    }

    /// A call of the built-in that joins texts and sets of zero or one value.
    pub(super) fn template(&mut self, parts: &[TemplatePart], place: Place) -> Expr {
        self.locals.note_template();
        let items = parts.iter().map(|part| match part {
            TemplatePart::Text(text) => Expr::constant(text.clone(), place),
            TemplatePart::Term(term) => self.optional(term, &[]),
            TemplatePart::Modified(term, with) => self.optional(term, with),
        });
        let items: Vec<Expr> = items.collect();
        let items = match constants(&items) {
            Some(values) => Expr::constant(Array::from_iter(values), place),
            None => Expr::new(place, ExprKind::Array(items.into())),
        };
        match self.options.capabilities.get("internal.template_string") {
            Some(builtin) => builtin_call(builtin.clone(), vec![items], place),
            None => items,
        }
    }

    /// The set of the value of `term`, empty where it has none.
    pub(super) fn optional(&mut self, term: &Term, with: &[ast::With]) -> Expr {
        let place = self.place(term.span);
        if let Some(value) = scalar(term) {
            return Expr::constant(Set::from_iter([value]), place);
        }
        let none = Body {
            span: term.span,
            braces: false,
            literals: Vec::new(),
        };
        self.comprehension(place, &none, |lower| {
            ComprehensionHead::Set(lower.modified(term, with))
        })
    }

    /// The value of `term` under modifiers, which literals before give.
    fn modified(&mut self, term: &Term, with: &[ast::With]) -> Expr {
        if with.is_empty() {
            return self.head_term(term);
        }
        let value = self.term(term);
        let local = self.hoist(value);
        let mut literals = std::mem::take(&mut self.before);
        let with = self.modifiers(with);
        for literal in &mut literals {
            literal.with.clone_from(&with);
        }
        self.before.append(&mut literals);
        local
    }
}

/// A reference with no keys yet that starts at `head`.
pub(super) fn as_ref(head: Expr) -> Ref {
    match head.kind {
        ExprKind::Ref(reference) => *reference,
        _ => Ref {
            base: Base::Expr(Box::new(head)),
            keys: Vec::new(),
        },
    }
}

pub(super) fn document(base: Base, keys: Vec<Value>, place: Place) -> Expr {
    let keys = keys
        .into_iter()
        .map(|key| Expr::constant(key, place))
        .collect();
    Expr::new(place, ExprKind::Ref(Box::new(Ref { base, keys })))
}

pub(super) fn builtin_call(builtin: BuiltinRef, args: Vec<Expr>, place: Place) -> Expr {
    let callee = Callee::Builtin(builtin);
    Expr::new(place, ExprKind::Call(Box::new(Call { callee, args })))
}

/// Whether nothing of it has to be evaluated.
fn is_plain(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => true,
        ExprKind::Array(items) | ExprKind::Set(items) => items.iter().all(is_plain),
        ExprKind::Object(members) => members.iter().all(|(k, v)| is_plain(k) && is_plain(v)),
        ExprKind::Ref(_) | ExprKind::Comprehension(_) | ExprKind::Call(_) => false,
    }
}

fn constants(items: &[Expr]) -> Option<Vec<Value>> {
    items.iter().map(|item| item.as_const().cloned()).collect()
}
