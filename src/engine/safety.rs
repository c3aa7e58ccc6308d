//! Variables that only negations name: nothing binds them, and Rego refuses them. The engine would try
//! all values, and find that some value makes `not` true.
//!
//! Only this is checked: whoever names a variable anywhere else in the rule is taken to bind it.

use std::collections::HashSet;

use regorus::unstable::{Expr, Literal, Module, Query, Ref, Rule, RuleHead, Span};

use super::error::CompileError;
use super::negation::children;

/// All that is wrong in `module`; `names` are those that stand for documents, not for variables.
pub(super) fn check(module: &Module, names: &HashSet<String>) -> Vec<CompileError> {
    let mut errors = Vec::new();
    for rule in &module.policy {
        let Rule::Spec { head, bodies, .. } = &**rule else {
            continue;
        };
        let mut found = Found::default();
        if let RuleHead::Func { args, .. } = head {
            for arg in args {
                found.expr(arg, Sign::Positive);
            }
        }
        let values = bodies.iter().filter_map(|body| body.assign.as_ref());
        values.for_each(|assign| found.expr(&assign.value, Sign::Inside));
        if let RuleHead::Compr {
            assign: Some(assign),
            ..
        }
        | RuleHead::Func {
            assign: Some(assign),
            ..
        } = head
        {
            found.expr(&assign.value, Sign::Inside);
        }
        for body in bodies {
            found.query(&body.query);
        }
        errors.extend(found.errors(names));
    }
    errors
}

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Where a variable can be bound.
    Positive,
    /// Under a negation.
    Negative,
    /// Where only what is in queries of its own counts.
    Inside,
}

/// The variables of a rule.
#[derive(Default)]
struct Found<'a> {
    positive: HashSet<&'a str>,
    negative: Vec<&'a Expr>,
}

// === impl Found ===

impl<'a> Found<'a> {
    fn query(&mut self, query: &'a Query) {
        for stmt in &query.stmts {
            match &stmt.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn {
                    key,
                    value,
                    collection,
                    ..
                } => key
                    .iter()
                    .chain([value, collection])
                    .for_each(|expr| self.expr(expr, Sign::Positive)),
                Literal::Expr { expr, .. } => self.expr(expr, Sign::Positive),
                Literal::NotExpr { expr, .. } => self.expr(expr, Sign::Negative),
                Literal::Every {
                    key,
                    value,
                    domain,
                    query,
                    ..
                } => {
                    let names = key.iter().chain([value]);
                    self.positive.extend(names.map(Span::text));
                    self.expr(domain, Sign::Positive);
                    self.query(query);
                }
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr, sign: Sign) {
        match expr {
            Expr::Var { span, .. } if sign == Sign::Positive => {
                self.positive.insert(span.text());
            }
            Expr::Var { .. } if sign == Sign::Negative => self.negative.push(expr),
            Expr::ArrayCompr { query, term, .. } | Expr::SetCompr { query, term, .. } => {
                self.comprehension(query, &[term]);
            }
            Expr::ObjectCompr {
                query, key, value, ..
            } => self.comprehension(query, &[key, value]),
            other => children(other)
                .into_iter()
                .for_each(|child| self.expr(child, sign)),
        }
    }

    fn comprehension(&mut self, query: &'a Query, terms: &[&'a Ref<Expr>]) {
        self.query(query);
        for term in terms {
            self.expr(term, Sign::Inside);
        }
    }

    fn errors(&self, names: &HashSet<String>) -> Vec<CompileError> {
        let mut errors = Vec::new();
        for expr in &self.negative {
            let span = expr.span();
            let name = span.text();
            if name == "_" || !(names.contains(name) || self.positive.contains(name)) {
                let text = format!("var {name} is unsafe: only a negation names it");
                errors.push(CompileError::new("rego_unsafe_var_error", text).at(
                    span.source.get_path(),
                    span.line,
                    span.col,
                ));
            }
        }
        errors
    }
}
