//! Terms, bodies and literals as documents.

use crate::source::Span;
use crate::value::{Str, Value};

use super::super::ast::{
    Body, Call, Literal, LiteralKind, Ref, TemplatePart, Term, TermKind, Var, With,
};
use super::{Writer, node, object, order};

// === impl Writer ===

impl Writer<'_> {
    pub(super) fn term(&mut self, term: &Term) -> Value {
        let node = self.bare_term(term);
        let mut span = term.span;
        if matches!(term.kind, TermKind::Number(_)) && self.text(span).starts_with('-') {
            // A number's sign is a token of its own, and stands for all of it.
            span.end = span.start + 1;
        }
        self.placed(node, span)
    }

    fn bare_term(&mut self, term: &Term) -> Value {
        match &term.kind {
            TermKind::Null => node("null", object(Vec::new())),
            TermKind::Bool(value) => node("boolean", (*value).into()),
            TermKind::Number(number) => node("number", number.clone().into()),
            TermKind::String(text) => node("string", text.clone().into()),
            TermKind::Template(parts) => self.template(term.span, parts),
            TermKind::Var(name) => self.var_term(name, term.span),
            TermKind::Ref(reference) => self.reference(reference),
            TermKind::Array(elements) => node("array", self.terms(elements)),
            TermKind::Object(entries) => self.object_term(entries),
            TermKind::Set(elements) => {
                let mut sorted: Vec<&Term> = elements.iter().collect();
                sorted.sort_by(|a, b| order::terms(a, b));
                sorted.dedup_by(|a, b| order::terms(a, b).is_eq());
                let elements: Vec<Value> = sorted.into_iter().map(|e| self.term(e)).collect();
                node("set", elements.into())
            }
            TermKind::ArrayComprehension(term, body) => {
                self.comprehension("arraycomprehension", term, body)
            }
            TermKind::SetComprehension(term, body) => {
                self.comprehension("setcomprehension", term, body)
            }
            TermKind::ObjectComprehension(key, value, body) => {
                let fields = vec![
                    ("key", self.term(key)),
                    ("value", self.term(value)),
                    ("body", self.body(body)),
                ];
                node("objectcomprehension", object(fields))
            }
            TermKind::Call(call) => node("call", self.call(call)),
        }
    }

    pub(super) fn terms(&mut self, terms: &[Term]) -> Value {
        let terms: Vec<Value> = terms.iter().map(|term| self.term(term)).collect();
        terms.into()
    }

    fn object_term(&mut self, entries: &[(Term, Term)]) -> Value {
        let mut sorted: Vec<&(Term, Term)> = entries.iter().collect();
        sorted.sort_by(|a, b| order::terms(&a.0, &b.0));
        let pair = |(key, value): &(Term, Term)| -> Value {
            vec![self.term(key), self.term(value)].into()
        };
        let entries: Vec<Value> = sorted.into_iter().map(pair).collect();
        node("object", entries.into())
    }

    fn comprehension(&mut self, name: &'static str, term: &Term, body: &Body) -> Value {
        let fields = vec![("term", self.term(term)), ("body", self.body(body))];
        node(name, object(fields))
    }

    fn template(&mut self, span: Span, parts: &[TemplatePart]) -> Value {
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            let (term, with) = match part {
                TemplatePart::Text(text) => {
                    out.push(node("string", text.clone().into()));
                    continue;
                }
                TemplatePart::Term(term) if is_scalar(term) => {
                    out.push(self.term(term));
                    continue;
                }
                TemplatePart::Term(term) => (term, &[][..]),
                TemplatePart::Modified(term, with) => (term, with.as_slice()),
            };
            let terms = self.expression(term);
            let mut fields = vec![("index", Value::from(0_i64)), ("terms", terms)];
            if !with.is_empty() {
                fields.push(("with", self.with(with)));
            }
            out.push(self.placed(object(fields), term.span));
        }
        let raw = self
            .module
            .is_some_and(|module| module.file.slice(span).starts_with("$`"));
        let parts = if out.is_empty() {
            Value::Null
        } else {
            out.into()
        };
        let fields = vec![("parts", parts), ("multi_line", raw.into())];
        node("templatestring", object(fields))
    }

    pub(super) fn var(&mut self, name: &Str) -> Value {
        let name = if &**name == "_" {
            let number = self.wildcards;
            self.wildcards += 1;
            Value::from(format!("${number}"))
        } else {
            name.clone().into()
        };
        node("var", name)
    }

    /// A variable as a term; `input` and `data` alone are references to OPA.
    fn var_term(&mut self, name: &Str, span: Span) -> Value {
        let var = self.var(name);
        if matches!(&**name, "input" | "data") {
            let var = self.placed(var, span);
            return node("ref", vec![var].into());
        }
        var
    }

    pub(super) fn reference(&mut self, reference: &Ref) -> Value {
        node("ref", self.reference_parts(reference))
    }

    pub(super) fn reference_parts(&mut self, reference: &Ref) -> Value {
        let head = match &reference.head.kind {
            TermKind::Var(name) => {
                let var = self.var(name);
                self.placed(var, reference.head.span)
            }
            _ => self.term(&reference.head),
        };
        let mut parts = vec![head];
        parts.extend(reference.path.iter().map(|key| self.term(key)));
        parts.into()
    }

    /// The operator and the arguments.
    fn call(&mut self, call: &Call) -> Value {
        let zero = call.args.first().map(|zero| zero.span.start);
        let operator = if call.infix && zero == Some(call.operator.span.start) {
            // The minus before a term is no token of its own in OPA.
            node("ref", vec![node("var", "minus".into())].into())
        } else {
            let operator = self.reference(&call.operator);
            self.placed(operator, call.operator.span)
        };
        let mut parts = vec![operator];
        parts.extend(call.args.iter().map(|arg| self.term(arg)));
        parts.into()
    }

    pub(super) fn body(&mut self, body: &Body) -> Value {
        let literals = body.literals.iter().enumerate();
        let literals: Vec<Value> = literals.map(|(at, l)| self.literal(at, l)).collect();
        literals.into()
    }

    fn literal(&mut self, at: usize, literal: &Literal) -> Value {
        let mut terms = self.literal_terms(literal);
        let mut fields = vec![("index", Value::from(at))];
        if literal.negated && self.not_node {
            let inner = object(vec![("index", Value::from(0_i64)), ("terms", terms)]);
            let inner = self.placed(inner, literal.span);
            terms = self.placed(not_node(vec![inner].into(), false), literal.span);
        } else if literal.negated {
            fields.push(("negated", true.into()));
        }
        fields.push(("terms", terms));
        if !literal.with.is_empty() {
            fields.push(("with", self.with(&literal.with)));
        }
        self.placed(object(fields), literal.span)
    }

    fn literal_terms(&mut self, literal: &Literal) -> Value {
        match &literal.kind {
            LiteralKind::Term(term) => self.expression(term),
            LiteralKind::Unify(left, right) => self.operator("eq", "=", left, right),
            LiteralKind::Assign(left, right) => self.operator("assign", ":=", left, right),
            LiteralKind::Some(names) => {
                let some = self.some(names);
                self.placed(some, first_bytes(literal.span, 4))
            }
            LiteralKind::SomeIn {
                key,
                value,
                collection,
            } => {
                let name = if key.is_some() {
                    "member_3"
                } else {
                    "member_2"
                };
                let operator = self.between(value, "in", collection);
                let mut parts = vec![self.internal(name, operator)];
                let terms = key.iter().chain([value, collection]);
                parts.extend(terms.map(|term| self.term(term)));
                let first = key.as_ref().unwrap_or(value);
                let call = node("call", parts.into());
                let call = self.placed(call, first.span.to(collection.span));
                let some = object(vec![("symbols", vec![call].into())]);
                self.placed(some, first_bytes(literal.span, 4))
            }
            LiteralKind::Every {
                key,
                value,
                domain,
                body,
            } => {
                let key = match key {
                    Some(key) => self.name(key),
                    None => Value::Null,
                };
                let every = object(vec![
                    ("key", key),
                    ("value", self.name(value)),
                    ("domain", self.term(domain)),
                    ("body", self.body(body)),
                ]);
                self.placed(every, first_bytes(literal.span, 5))
            }
            LiteralKind::NotBody(body) => {
                let explicit = self.in_braces(literal.span, body.span);
                let node = not_node(self.body(body), explicit);
                self.placed(node, literal.span)
            }
            LiteralKind::And(left, right) => self.joined("and", literal, left, right),
            LiteralKind::Or(left, right) => self.joined("or", literal, left, right),
        }
    }

    fn name(&mut self, var: &Var) -> Value {
        let name = self.var(&var.name);
        self.placed(name, var.span)
    }

    fn some(&mut self, names: &[Var]) -> Value {
        let names: Vec<Value> = names.iter().map(|name| self.name(name)).collect();
        object(vec![("symbols", names.into())])
    }

    fn operator(&mut self, name: &'static str, sign: &str, left: &Term, right: &Term) -> Value {
        let span = self.between(left, sign, right);
        let name = self.placed(node("var", name.into()), span);
        let operator = self.placed(node("ref", vec![name].into()), span);
        vec![operator, self.term(left), self.term(right)].into()
    }

    /// `internal.NAME`, which `in` at `span` stands for.
    fn internal(&self, name: &'static str, span: Span) -> Value {
        let parts = [("var", "internal"), ("string", name)];
        let parts = parts.map(|(kind, text)| self.placed(node(kind, Value::from(text)), span));
        self.placed(node("ref", parts.to_vec().into()), span)
    }

    /// Where `sign` stands between two terms; comments are not looked at.
    fn between(&self, left: &Term, sign: &str, right: &Term) -> Span {
        let mut from = left.span.end;
        let gap = Span {
            start: from,
            end: right.span.start,
        };
        for line in self.text(gap).split_inclusive('\n') {
            let code = line.find('#').and_then(|at| line.get(..at)).unwrap_or(line);
            if let Some(at) = code.find(sign) {
                let start = from.saturating_add(length(at));
                let end = start.saturating_add(length(sign.len()));
                return Span { start, end };
            }
            from = from.saturating_add(length(line.len()));
        }
        gap
    }

    fn text(&self, span: Span) -> &str {
        self.module.map_or("", |module| module.file.slice(span))
    }

    /// The terms of a literal: a call stands there without its node.
    fn expression(&mut self, term: &Term) -> Value {
        match &term.kind {
            TermKind::Call(call) => self.call(call),
            _ => self.term(term),
        }
    }

    fn joined(&mut self, name: &'static str, whole: &Literal, left: &Body, right: &Body) -> Value {
        let mut fields = vec![("type", Value::from(name))];
        let before = Span {
            start: whole.span.start,
            end: left.span.start,
        };
        if self.in_braces(before, left.span) {
            fields.push(("explicit_lhs", true.into()));
        }
        let between = Span {
            start: left.span.end,
            end: right.span.start,
        };
        if self.in_braces(between, right.span) {
            fields.push(("explicit_rhs", true.into()));
        }
        fields.push(("lhs", self.body(left)));
        fields.push(("rhs", self.body(right)));
        object(fields)
    }

    /// Whether a brace stands between the start of `whole` and `body`.
    fn in_braces(&self, whole: Span, body: Span) -> bool {
        let before = Span {
            start: whole.start,
            end: body.start,
        };
        self.module
            .is_some_and(|module| module.file.slice(before).trim_end().ends_with('{'))
    }

    fn with(&mut self, with: &[With]) -> Value {
        let one = |with: &With| {
            let fields = vec![
                ("target", self.term(&with.target)),
                ("value", self.term(&with.value)),
            ];
            self.placed(object(fields), with.span)
        };
        let found: Vec<Value> = with.iter().map(one).collect();
        found.into()
    }
}

fn is_scalar(term: &Term) -> bool {
    matches!(
        term.kind,
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_)
    )
}

fn not_node(body: Value, explicit: bool) -> Value {
    object(vec![
        ("body", body),
        ("explicit_body", explicit.into()),
        ("type", Value::from("not")),
    ])
}

fn first_bytes(span: Span, count: u32) -> Span {
    Span {
        start: span.start,
        end: span.end.min(span.start.saturating_add(count)),
    }
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
