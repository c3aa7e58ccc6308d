//! Rules, heads and else branches as documents.

use crate::value::Value;

use super::super::ast::{Annotations, Else, HeadKind, Rule, Scope, Term, TermKind};
use super::{Writer, annotations, node, object, order};

// === impl Writer ===

impl Writer<'_> {
    pub(super) fn rule(&mut self, at: usize, rule: &Rule) -> Value {
        let mut fields = Vec::new();
        let module = self.module.into_iter();
        let notes = module.flat_map(|module| &module.annotations);
        let notes: Vec<Value> = notes
            .filter(|note| note.rule == Some(at) || self.is_of_document(note, rule))
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
        self.placed(object(fields), rule.span)
    }

    /// Whether `note` is about all rules of the name that `rule` has.
    fn is_of_document(&self, note: &Annotations, rule: &Rule) -> bool {
        if note.scope != Scope::Document || rule.chained {
            return false;
        }
        let rules = self.module.map(|module| module.rules.as_slice());
        let target = note.rule.and_then(|at| rules?.get(at));
        target.is_some_and(|target| {
            order::references(&target.head.reference, &rule.head.reference).is_eq()
        })
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
            let head = self.else_head(rule, branch);
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
        let reference = self.reference_parts(&head.reference);
        let mut fields = Vec::new();
        if let Some(args) = &head.args {
            fields.push(("args", self.terms(args)));
        }
        match &head.kind {
            HeadKind::Contains(key) => fields.push(("key", self.term(key))),
            HeadKind::Value { value, assign } => {
                if let Value::Array(parts) = &reference
                    && let Some(key) = key(rule)
                    && let Some(part) = parts.get(1)
                    && (rule.body.literals.is_empty() || !is_ground(key))
                {
                    fields.push(("key", part.clone()));
                }
                fields.extend(self.value(value.as_ref(), *assign));
            }
        }
        fields.extend(name(rule, &reference));
        fields.push(("ref", reference));
        self.placed(object(fields), head.span)
    }

    fn else_head(&mut self, rule: &Rule, branch: &Else) -> Value {
        let head = &rule.head;
        let reference = self.reference_parts(&head.reference);
        let mut fields = Vec::new();
        if let Some(args) = &head.args {
            fields.push(("args", self.terms(args)));
        }
        fields.extend(self.value(branch.value.as_ref(), branch.assign));
        fields.extend(name(rule, &reference));
        fields.push(("ref", reference));
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

/// The only key of a rule that is no function.
fn key(rule: &Rule) -> Option<&Term> {
    match rule.head.reference.path.as_slice() {
        [key] if rule.head.args.is_none() && !rule.default => Some(key),
        _ => None,
    }
}

/// The name, where OPA gives one besides the reference.
fn name(rule: &Rule, reference: &Value) -> Option<(&'static str, Value)> {
    let head = &rule.head;
    let has_value = matches!(&head.kind, HeadKind::Value { value: Some(_), .. });
    let has_body = !rule.body.literals.is_empty();
    let one_key = head.reference.path.len() == 1 && has_value && !rule.default;
    let named = head.reference.path.is_empty() || one_key && (has_body || head.args.is_none());
    let Value::Array(parts) = reference else {
        return None;
    };
    let name = parts.iter().next()?.get_str("value")?;
    named.then(|| ("name", name.clone()))
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
