//! What a negated expression reads comes before it.
//!
//! In Rego `not f(input.x)` is undefined when `input.x` is: the arguments are no part of what is
//! negated. The engine takes them for a part, and answers "true", which can allow what must not be
//! allowed. So the text is changed before the engine runs it: `v := input.x; not f(v)`. Line numbers stay.

use std::collections::HashSet;
use std::fmt::Write as _;

use regorus::unstable::{
    AssignOp, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead,
};

/// The text of `module` with its negations taken apart; `None` when there is nothing to change.
/// Where negations nest, more calls with the result are needed.
///
/// `names` are those that stand for documents, not for variables.
pub(super) fn rewrite(
    module: &Module,
    names: &HashSet<String>,
    count: &mut usize,
) -> Option<String> {
    let text = module.package.span.source.get_contents();
    let mut search = Search {
        text,
        names,
        count,
        edits: Vec::new(),
    };
    for rule in &module.policy {
        search.rule(rule);
    }
    let mut edits = search.edits;
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|edit| edit.start);
    let mut out = String::with_capacity(text.len() + edits.len() * 32);
    let mut at = 0;
    for edit in edits {
        // An inner one waits for the next call.
        if edit.start >= at {
            out.push_str(text.get(at..edit.start)?);
            out.push_str(&edit.text);
            at = edit.end;
        }
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

struct Search<'a> {
    text: &'a str,
    names: &'a HashSet<String>,
    count: &'a mut usize,
    edits: Vec<Edit>,
}

struct Edit {
    start: usize,
    end: usize,
    text: String,
}

// === impl Search ===

impl Search<'_> {
    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else {
            return;
        };
        match head {
            RuleHead::Compr { refr, assign, .. } | RuleHead::Func { refr, assign, .. } => {
                self.inside(refr);
                if let Some(assign) = assign {
                    self.inside(&assign.value);
                }
            }
            RuleHead::Set { refr, key, .. } => {
                self.inside(refr);
                if let Some(key) = key {
                    self.inside(key);
                }
            }
        }
        for body in bodies {
            body.assign
                .iter()
                .for_each(|assign| self.inside(&assign.value));
            self.query(&body.query);
        }
    }

    fn query(&mut self, query: &Query) {
        for stmt in &query.stmts {
            match &stmt.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { collection, .. } => self.inside(collection),
                Literal::Expr { expr, .. } => self.inside(expr),
                Literal::NotExpr { expr, .. } => {
                    self.negation(stmt, expr);
                    self.inside(expr);
                }
                Literal::Every { domain, query, .. } => {
                    self.inside(domain);
                    self.query(query);
                }
            }
        }
    }

    /// Looks for queries inside an expression.
    fn inside(&mut self, expr: &Expr) {
        match expr {
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.inside(term);
                self.query(query);
            }
            Expr::ObjectCompr {
                key, value, query, ..
            } => {
                self.inside(key);
                self.inside(value);
                self.query(query);
            }
            other => children(other)
                .into_iter()
                .for_each(|child| self.inside(child)),
        }
    }

    fn negation(&mut self, stmt: &LiteralStmt, expr: &Expr) {
        let mut arguments = Vec::new();
        self.read_by(expr, &mut arguments);
        if arguments.is_empty() {
            return;
        }
        arguments.sort_by_key(|argument| argument.span().start);
        let range = |start: u32, end: u32| (start as usize, end as usize);
        let (start, end) = range(stmt.span.start, stmt.span.end);
        let with = self.modifiers(stmt, end);
        let (mut before, mut negated, mut at) = (String::new(), String::new(), start);
        for argument in arguments {
            let (from, to) = range(argument.span().start, argument.span().end);
            let (Some(kept), Some(value)) = (self.text.get(at..from), self.text.get(from..to))
            else {
                return;
            };
            let variable = format!("regate_not_{}", self.count);
            *self.count += 1;
            // Writing to a string does not fail.
            let _ = write!(before, "{variable} := {value}{with}; ");
            negated.push_str(kept);
            negated.push_str(&variable);
            at = to;
        }
        let Some(rest) = self.text.get(at..end) else {
            return;
        };
        negated.push_str(rest);
        let head = self.text.get(..start).unwrap_or_default().trim_end();
        // `allow if not …` has no braces to put a second expression into.
        let text = if head.ends_with("if") {
            format!("{{ {before}{negated} }}")
        } else {
            before + &negated
        };
        self.edits.push(Edit { start, end, text });
    }

    /// The text of the statement's `with` modifiers.
    fn modifiers(&self, stmt: &LiteralStmt, end: usize) -> String {
        let first = stmt
            .with_mods
            .first()
            .map(|modifier| modifier.span.start as usize);
        let text = first
            .and_then(|start| self.text.get(start..end))
            .unwrap_or_default();
        if text.is_empty() {
            String::new()
        } else {
            format!(" {text}")
        }
    }

    /// What a negated expression reads.
    fn read_by<'e>(&self, expr: &'e Expr, out: &mut Vec<&'e Expr>) {
        match expr {
            Expr::BoolExpr {
                op: BoolOp::Eq,
                lhs,
                rhs,
                ..
            }
            | Expr::AssignExpr {
                op: AssignOp::Eq,
                lhs,
                rhs,
                ..
            } => {
                // Equality is negated together with what it compares, but for the keys on the way there.
                for side in [lhs, rhs] {
                    if is_reference(side) {
                        self.keys(side, out);
                    } else {
                        self.value(side, out);
                    }
                }
            }
            reference if is_reference(reference) => self.keys(reference, out),
            Expr::Call { params, .. } => params.iter().for_each(|param| self.value(param, out)),
            other => children(other)
                .into_iter()
                .for_each(|child| self.value(child, out)),
        }
    }

    /// The keys of a reference that are values themselves.
    fn keys<'e>(&self, reference: &'e Expr, out: &mut Vec<&'e Expr>) {
        let mut at = reference;
        loop {
            match at {
                Expr::RefDot { refr, .. } => at = refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.value(index, out);
                    at = refr;
                }
                Expr::Var { .. } => return,
                other => return self.value(other, out),
            }
        }
    }

    fn value<'e>(&self, expr: &'e Expr, out: &mut Vec<&'e Expr>) {
        match expr {
            Expr::Var { span, .. } if !self.names.contains(span.text()) => {}
            Expr::Var { .. }
            | Expr::RefDot { .. }
            | Expr::RefBrack { .. }
            | Expr::Call { .. }
            | Expr::UnaryExpr { .. }
            | Expr::ArithExpr { .. }
            | Expr::BinExpr { .. }
            | Expr::BoolExpr { .. }
            | Expr::Membership { .. } => out.push(expr),
            Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
                for child in children(expr) {
                    self.value(child, out);
                }
            }
            _ => {}
        }
    }
}

fn is_reference(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }
    )
}

/// The expressions that `expr` consists of, without those of comprehensions.
pub(super) fn children(expr: &Expr) -> Vec<&Ref<Expr>> {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().collect(),
        Expr::Object { fields, .. } => fields
            .iter()
            .flat_map(|(_, key, value)| [key, value])
            .collect(),
        Expr::Call { params, .. } => params.iter().collect(),
        Expr::UnaryExpr { expr, .. } => vec![expr],
        Expr::RefDot { refr, .. } => vec![refr],
        Expr::RefBrack { refr, index, .. } => vec![refr, index],
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::Membership {
            key,
            value,
            collection,
            ..
        } => key.iter().chain([value, collection]).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::regorus::facts;

    fn rewritten(body: &str) -> String {
        let text = format!("package a\nimport input.http\nrule := 1\nallow if {body}\n");
        let mut engine = regorus::Engine::new();
        engine
            .add_policy("a.rego".to_owned(), text)
            .expect("it parses");
        let modules = engine.get_modules();
        let names = facts::visible(modules);
        let (module, names) = (&modules[0], &names[0]);
        let out = rewrite(module, names, &mut 0).unwrap_or_else(|| body.to_owned());
        engine.add_policy("b.rego".to_owned(), out.clone()).ok();
        out.split_once("allow if ")
            .map_or(out.clone(), |(_, body)| body.trim_end().to_owned())
    }

    #[test]
    fn what_negations_read_comes_first() {
        let cases = [
            (
                "not f(input.x)",
                "{ regate_not_0 := input.x; not f(regate_not_0) }",
            ),
            (
                "{ y := 1; not startswith(http.path, y) }",
                "{ y := 1; regate_not_0 := http.path; not startswith(regate_not_0, y) }",
            ),
            (
                "not rule > input.n",
                "{ regate_not_0 := rule; regate_not_1 := input.n; not regate_not_0 > regate_not_1 }",
            ),
            ("not input.x == 1", "not input.x == 1"),
            ("not input.x", "not input.x"),
            (
                "not count(input.x) == 1",
                "{ regate_not_0 := count(input.x); not regate_not_0 == 1 }",
            ),
            (
                "not data.users[http.user]",
                "{ regate_not_0 := http.user; not data.users[regate_not_0] }",
            ),
            (
                "not \"a\" in input.xs[\"k\"]",
                "{ regate_not_0 := input.xs[\"k\"]; not \"a\" in regate_not_0 }",
            ),
            (
                "not f([input.x, 1])",
                "{ regate_not_0 := input.x; not f([regate_not_0, 1]) }",
            ),
            (
                "not f(input.x) with input.x as 1",
                "{ regate_not_0 := input.x with input.x as 1; not f(regate_not_0) with input.x as 1 }",
            ),
            (
                "not count([y | y := 1; not f(input.x)]) > 1",
                "{ regate_not_0 := count([y | y := 1; not f(input.x)]); not regate_not_0 > 1 }",
            ),
            (
                "{ every y in [1] { not f(input.x, y) } }",
                "{ every y in [1] { regate_not_0 := input.x; not f(regate_not_0, y) } }",
            ),
        ];
        for (body, want) in cases {
            assert_eq!(rewritten(body), want, "{body}");
        }
    }
}
