//! Rules, heads and else branches as documents.

use crate::source::Span;
use crate::value::Value;

use super::super::ast::{Annotations, Else, HeadKind, Ref, Rule, Scope, Term, TermKind};
use super::{Writer, node, object, order};

// === impl Writer ===

impl Writer<'_> {
    pub(super) fn rule(&mut self, at: usize, rule: &Rule) -> Value {
        let mut fields = Vec::new();
        let module = self.module.into_iter();
        let notes = module.flat_map(|module| &module.annotations);
        let notes: Vec<Value> = notes
            .filter(|note| note.rule == Some(at) || self.is_of_document(note, rule))
            .map(|note| self.annotations(note))
            .collect();
        if !notes.is_empty() {
            fields.push(("annotations", notes.into()));
        }
        if rule.default {
            fields.push(("default", true.into()));
        }
        // The head stands before the body, and its wildcards count first.
        fields.push(("head", self.head(rule)));
        let keyword = Span {
            start: rule.span.start,
            end: rule.span.start + 7,
        };
        let name = rule.head.reference.head.span;
        let generated = match &rule.head.kind {
            _ if rule.default => keyword,
            HeadKind::Value { value: Some(v), .. } => v.span,
            HeadKind::Contains(_) if self.has_contains(rule) => name,
            _ if is_call(rule) => name,
            _ => rule.head.span,
        };
        fields.push(("body", self.rule_body(&rule.body, generated)));
        if let Some(branches) = self.branches(rule) {
            fields.push(("else", branches));
        }
        let place = match rule {
            _ if rule.default => keyword,
            _ if is_call(rule) => name,
            _ => rule.span,
        };
        self.placed(object(fields), place)
    }

    /// Whether `note` is about all rules of the name that `rule` has.
    fn is_of_document(&self, note: &Annotations, rule: &Rule) -> bool {
        if note.scope != Scope::Document {
            return false;
        }
        let rules = self.module.map(|module| module.rules.as_slice());
        let target = note.rule.and_then(|at| rules?.get(at));
        target.is_some_and(|target| {
            let (a, b) = (&target.head.reference, &rule.head.reference);
            order::terms(&a.head, &b.head).is_eq()
                && document(a).count() == document(b).count()
                && document(a)
                    .zip(document(b))
                    .all(|(a, b)| order::terms(a, b).is_eq())
        })
    }

    /// The body; one that was not written is `true` at `generated`.
    fn rule_body(&mut self, body: &super::Body, generated: Span) -> Value {
        if body.literals.is_empty() {
            let terms = self.placed(node("boolean", true.into()), generated);
            let fields = vec![
                ("generated", true.into()),
                ("index", Value::from(0_i64)),
                ("terms", terms),
            ];
            return vec![self.placed(object(fields), generated)].into();
        }
        self.body(body)
    }

    /// The else branches, each inside of the one before.
    fn branches(&mut self, rule: &Rule) -> Option<Value> {
        let mut made = Vec::with_capacity(rule.else_.len());
        for branch in &rule.else_ {
            let head = self.else_head(rule, branch);
            // A branch reaches to the end of the last one, which is inside of it.
            let span = Span {
                start: branch.span.start,
                end: rule.span.end,
            };
            // All of a literal without braces stands where the branch does.
            self.fixed = (!branch.body.braces).then_some(span);
            let body = self.rule_body(&branch.body, span);
            self.fixed = None;
            made.push((span, head, body));
        }
        let mut inner = None;
        for (span, head, body) in made.into_iter().rev() {
            let mut fields = vec![("head", head), ("body", body)];
            if let Some(inner) = inner {
                fields.push(("else", inner));
            }
            inner = Some(self.placed(object(fields), span));
        }
        inner
    }

    /// Whether `contains` was written, not v0's `p[KEY]`.
    fn has_contains(&self, rule: &Rule) -> bool {
        let key = Span {
            start: rule.head.reference.span.end,
            end: rule.head.span.end,
        };
        let key = self.module.map_or("", |module| module.file.slice(key));
        !key.starts_with(['[', '.'])
    }

    fn head(&mut self, rule: &Rule) -> Value {
        let head = &rule.head;
        let place = match rule {
            _ if rule.chained => rule.span,
            _ if is_call(rule) => head.reference.head.span,
            _ => head.span,
        };
        let reference = self.reference_parts(&head.reference);
        self.fixed = rule.chained.then_some(rule.span);
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
                    && (!self.has_if(rule) || !is_ground(key))
                {
                    fields.push(("key", part.clone()));
                }
                let mut given = self.value(value.as_ref(), *assign);
                // The `true` that was not written stands where the head does, unless the head is a name.
                let keyed = head.reference.path.len() == 1 || rule.body.literals.is_empty();
                let keyed = keyed && !head.reference.path.is_empty() && head.args.is_none();
                if let (None, Some((_, made))) = (value, given.first_mut())
                    && (keyed || rule.chained || is_call(rule))
                {
                    *made = self.placed(made.clone(), place);
                }
                fields.extend(given);
            }
        }
        self.fixed = None;
        fields.extend(self.head_name(rule, &reference));
        fields.push(("ref", reference));
        self.placed(object(fields), place)
    }

    fn else_head(&mut self, rule: &Rule, branch: &Else) -> Value {
        let head = &rule.head;
        let reference = self.reference_parts(&head.reference);
        let mut fields = Vec::new();
        if let Some(args) = &head.args {
            fields.push(("args", self.terms(args)));
        }
        // A branch without a value has the operator of the rule.
        let assign = match (&branch.value, &head.kind) {
            (None, HeadKind::Value { assign, .. }) => *assign,
            _ => branch.assign,
        };
        fields.extend(self.value(branch.value.as_ref(), assign));
        fields.extend(self.head_name(rule, &reference));
        fields.push(("ref", reference));
        let start = branch.span.start;
        let end = branch.value.as_ref().map_or(start + 4, |v| v.span.end);
        self.placed(object(fields), Span { start, end })
    }

    /// The name, where OPA gives one besides the reference.
    fn head_name(&self, rule: &Rule, reference: &Value) -> Option<(&'static str, Value)> {
        let head = &rule.head;
        let has_value = matches!(&head.kind, HeadKind::Value { value: Some(_), .. });
        let one_key = head.reference.path.len() == 1 && !rule.default;
        let by_key = match head.args {
            Some(_) => self.has_if(rule),
            None => has_value,
        };
        let Value::Array(parts) = reference else {
            return None;
        };
        let name = parts.iter().next()?.get_str("value")?;
        let named = head.reference.path.is_empty() || one_key && by_key;
        named.then(|| ("name", name.clone()))
    }

    /// Whether the rule's first body came with `if`; OPA's heads differ by that.
    fn has_if(&self, rule: &Rule) -> bool {
        let between = Span {
            start: rule.head.span.end,
            end: rule.body.span.start,
        };
        let has_body = !rule.body.literals.is_empty();
        has_body
            && self
                .module
                .is_some_and(|module| module.file.slice(between).trim_start().starts_with("if"))
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

/// The keys of a head before the first variable: they say which document the rule is of.
fn document(reference: &Ref) -> impl Iterator<Item = &Term> {
    reference.path.iter().take_while(|key| is_ground(key))
}

/// Whether the rule is a bare call, `f(x)`, which stands where its name does.
fn is_call(rule: &Rule) -> bool {
    let bare = matches!(rule.head.kind, HeadKind::Value { value: None, .. });
    bare && !rule.default && rule.head.args.is_some() && rule.body.literals.is_empty()
}

/// The only key of a rule that is no function.
fn key(rule: &Rule) -> Option<&Term> {
    match rule.head.reference.path.as_slice() {
        [key] if rule.head.args.is_none() && !rule.default => Some(key),
        _ => None,
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
