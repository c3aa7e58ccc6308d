//! Which rules had an answer and which literals were looked at, and which were not.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::Tracer;
use crate::hir::Place;
use crate::plan::ir::Mark;
use crate::source::{File, Span};
use crate::syntax::ast::{
    Body, Else, HeadKind, Literal, LiteralKind, Module, Rule, Term, TermKind,
};

/// Keeps which places evaluation came by.
#[derive(Debug, Default, Clone)]
pub struct Coverage {
    seen: HashSet<Place>,
}

/// What was covered of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The file.
    pub file: Arc<File>,
    /// What was evaluated, in order.
    pub covered: Vec<Span>,
    /// What was not.
    pub not_covered: Vec<Span>,
}

/// The parts of a file that can be covered.
struct Parts<'c> {
    seen: &'c HashSet<Place>,
    file: u32,
    covered: BTreeSet<Span>,
    not_covered: BTreeSet<Span>,
}

// === impl Coverage ===

impl Coverage {
    /// Takes in what another evaluation of the same program covered.
    pub fn merge(&mut self, other: Self) {
        self.seen.extend(other.seen);
    }

    /// What was covered of `modules`; `files` are those that the program's places point into.
    #[must_use]
    pub fn report(&self, modules: &[Module], files: &[Arc<File>]) -> Vec<Covered> {
        let mut report = Vec::with_capacity(modules.len());
        for module in modules {
            let number = files
                .iter()
                .position(|file| Arc::ptr_eq(file, &module.file));
            let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
                continue;
            };
            let mut parts = Parts {
                seen: &self.seen,
                file: number,
                covered: BTreeSet::new(),
                not_covered: BTreeSet::new(),
            };
            module.rules.iter().for_each(|rule| parts.rule(rule));
            report.push(Covered {
                file: Arc::clone(&module.file),
                covered: parts.covered.into_iter().collect(),
                not_covered: parts.not_covered.into_iter().collect(),
            });
        }
        report
    }
}

impl Tracer for Coverage {
    fn mark(&mut self, mark: &Mark) {
        if let Mark::Literal(place) | Mark::Exit(place) = mark {
            self.seen.insert(*place);
        }
    }
}

// === impl Covered ===

impl Covered {
    /// How many lines were covered, and how many not; a line may be both.
    #[must_use]
    pub fn lines(&self) -> (usize, usize) {
        let lines = |spans: &[Span]| {
            let lines = spans.iter().flat_map(|span| {
                let last = span.end.max(span.start + 1) - 1;
                self.file.row_col(span.start).0..=self.file.row_col(last).0
            });
            lines.collect::<BTreeSet<_>>().len()
        };
        (lines(&self.covered), lines(&self.not_covered))
    }
}

// === impl Parts ===

impl Parts<'_> {
    /// A part that counts as covered where evaluation came by `at`.
    fn part(&mut self, span: Span, at: Span) {
        if self.came_by(at) {
            self.covered.insert(span);
        } else {
            self.not_covered.insert(span);
        }
    }

    fn came_by(&self, span: Span) -> bool {
        let file = self.file;
        self.seen.contains(&Place { file, span })
    }

    fn rule(&mut self, rule: &Rule) {
        self.part(rule.head.span, rule.span);
        let value = match &rule.head.kind {
            HeadKind::Value { value, .. } => value.as_ref(),
            HeadKind::Contains(member) => Some(member),
        };
        if rule.default {
            let end = rule.span.start + 7;
            self.part(Span { end, ..rule.span }, rule.span);
        } else if let (Some(value), true) = (value, rule.body.literals.is_empty()) {
            self.part(value.span, rule.span);
        }
        if let Some(value) = value {
            self.term(value);
        }
        self.body(&rule.body);
        for branch in &rule.else_ {
            self.branch(branch);
        }
    }

    fn branch(&mut self, branch: &Else) {
        let end = match (&branch.value, branch.body.literals.first()) {
            (Some(value), _) => value.span.end,
            (None, _) => branch.span.start + 4,
        };
        self.part(Span { end, ..branch.span }, branch.span);
        self.body(&branch.body);
    }

    fn body(&mut self, body: &Body) {
        for literal in &body.literals {
            self.literal(literal);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match &literal.kind {
            // Declares, and is nothing to evaluate.
            LiteralKind::Some(_) => return,
            // As with OPA, it is only missed where what follows is.
            LiteralKind::SomeIn { .. } if !self.came_by(literal.span) => {}
            _ => self.part(literal.span, literal.span),
        }
        match &literal.kind {
            LiteralKind::Term(term) => self.term(term),
            LiteralKind::Unify(left, right) | LiteralKind::Assign(left, right) => {
                self.term(left);
                self.term(right);
            }
            LiteralKind::SomeIn { collection, .. } => self.term(collection),
            LiteralKind::Every { domain, body, .. } => {
                self.term(domain);
                self.body(body);
            }
            _ => {}
        }
    }

    /// The bodies of comprehensions in a term. The depth of terms is bounded by the parser.
    fn term(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Array(items) | TermKind::Set(items) => {
                for item in items {
                    self.term(item);
                }
            }
            TermKind::Object(members) => {
                for (key, value) in members {
                    self.term(key);
                    self.term(value);
                }
            }
            TermKind::ArrayComprehension(head, body) | TermKind::SetComprehension(head, body) => {
                self.term(head);
                self.body(body);
            }
            TermKind::ObjectComprehension(key, value, body) => {
                self.term(key);
                self.term(value);
                self.body(body);
            }
            TermKind::Call(call) => call.args.iter().for_each(|arg| self.term(arg)),
            _ => {}
        }
    }
}
