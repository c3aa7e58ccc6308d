//! Rules, heads and else branches as documents.

use crate::value::Value;

use super::super::ast::{Else, Head, HeadKind, Rule, Term, TermKind};
use super::{Writer, annotations, node, object};

// === impl Writer ===

impl Writer<'_> {
    pub(super) fn rule(&mut self, at: usize, rule: &Rule) -> Value {
        let mut fields = Vec::new();
        let module = self.module.into_iter();
        let notes = module.flat_map(|module| &module.annotations);
        let notes: Vec<Value> = notes
            .filter(|note| note.rule == Some(at))
            .map(annotations)
            .collect();
        if !notes.is_empty() {
            fields.push(("annotations", notes.into()));
        }
        if rule.default {
            fields.push(("default", true.into()));
        }
        // The head stands before the body, and its wildcards count first.
        fields.push(("head", self.head(rule)));
        fields.push(("body", self.rule_body(&rule.body)));
        if let Some(branches) = self.branches(rule) {
            fields.push(("else", branches));
        }
        object(fields)
    }

    fn rule_body(&mut self, body: &super::Body) -> Value {
        if body.literals.is_empty() {
            let terms = node("boolean", true.into());
            let fields = vec![
                ("generated", true.into()),
                ("index", Value::from(0_i64)),
                ("terms", terms),
            ];
            return vec![object(fields)].into();
        }
        self.body(body)
    }

    /// The else branches, each inside of the one before.
    fn branches(&mut self, rule: &Rule) -> Option<Value> {
        let mut made = Vec::with_capacity(rule.else_.len());
        for branch in &rule.else_ {
            let head = self.else_head(&rule.head, branch);
            made.push((head, self.rule_body(&branch.body)));
        }
        let mut inner = None;
        for (head, body) in made.into_iter().rev() {
            let mut fields = vec![("head", head), ("body", body)];
            if let Some(inner) = inner {
                fields.push(("else", inner));
            }
            inner = Some(object(fields));
        }
        inner
    }

    fn head(&mut self, rule: &Rule) -> Value {
        let head = &rule.head;
        let keys = head.reference.path.as_slice();
        let mut fields = vec![("ref", self.reference_parts(&head.reference))];
        let mut named = keys.is_empty();
        if let Some(args) = &head.args {
            fields.push(("args", self.terms(args)));
        }
        match &head.kind {
            HeadKind::Contains(key) => fields.push(("key", self.term(key))),
            HeadKind::Value { value, assign } => {
                if let [key] = keys
                    && head.args.is_none()
                    && !rule.default
                {
                    let bare = rule.body.literals.is_empty();
                    if bare || !is_ground(key) {
                        fields.push(("key", self.term(key)));
                    }
                    named |= value.is_some();
                }
                fields.extend(self.value(value.as_ref(), *assign));
            }
        }
        if named && let TermKind::Var(name) = &head.reference.head.kind {
            fields.push(("name", name.clone().into()));
        }
        object(fields)
    }

    fn else_head(&mut self, head: &Head, branch: &Else) -> Value {
        let mut fields = vec![("ref", self.reference_parts(&head.reference))];
        if let Some(args) = &head.args {
            fields.push(("args", self.terms(args)));
        }
        fields.extend(self.value(branch.value.as_ref(), branch.assign));
        if head.reference.path.is_empty()
            && let TermKind::Var(name) = &head.reference.head.kind
        {
            fields.push(("name", name.clone().into()));
        }
        object(fields)
    }

    fn value(&mut self, value: Option<&Term>, assign: bool) -> Vec<(&'static str, Value)> {
        let value = match value {
            Some(value) => self.term(value),
            None => node("boolean", true.into()),
        };
        let mut fields = vec![("value", value)];
        if assign {
            fields.push(("assign", true.into()));
        }
        fields
    }
}

/// Whether no variable is in `term`; a reference is never ground here, as in OPA.
fn is_ground(term: &Term) -> bool {
    match &term.kind {
        TermKind::Null
        | TermKind::Bool(_)
        | TermKind::Number(_)
        | TermKind::String(_)
        | TermKind::ArrayComprehension(..)
        | TermKind::SetComprehension(..)
        | TermKind::ObjectComprehension(..) => true,
        TermKind::Template(_) | TermKind::Var(_) | TermKind::Ref(_) => false,
        TermKind::Array(terms) | TermKind::Set(terms) => terms.iter().all(is_ground),
        TermKind::Object(entries) => entries.iter().all(|(k, v)| is_ground(k) && is_ground(v)),
        TermKind::Call(call) => call.args.iter().all(is_ground),
    }
}
