//! What an expression needs and what it binds, given what is bound already. Queries in it are only
//! collected.

use std::collections::HashSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Query, Span};

use crate::engine::regorus::negation::children;

/// The names that have a value.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    names: &'a HashSet<String>,
    bound: HashSet<&'a str>,
    /// Variables with the name of a document.
    hidden: HashSet<&'a str>,
}

/// A walk through the expressions of one statement.
pub(super) struct Walk<'s, 'a> {
    scope: &'s Scope<'a>,
    /// Variables that have no value.
    pub wrong: Vec<&'a Span>,
    /// Variables that get one.
    pub bound: HashSet<&'a str>,
    /// The queries of comprehensions, with what they collect.
    pub queries: Vec<(&'a Query, Vec<&'a Expr>)>,
    indexes: Vec<&'a Span>,
}

// === impl Scope ===

impl<'a> Scope<'a> {
    pub(super) fn new(names: &'a HashSet<String>) -> Self {
        Self {
            names,
            bound: HashSet::new(),
            hidden: HashSet::new(),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.bound.contains(name) || (self.names.contains(name) && !self.hidden.contains(name))
    }

    pub(super) fn bind(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.bound.extend(names);
    }

    /// Binds all that a function's argument names.
    pub(super) fn bind_all(&mut self, expr: &'a Expr) {
        if let Expr::Var { span, .. } = expr {
            self.bound.insert(span.text());
        }
        for child in children(expr) {
            self.bind_all(child);
        }
    }

    /// Variables of these names are others than those outside, and have no value yet.
    pub(super) fn hide(&mut self, names: HashSet<&'a str>) {
        self.bound.retain(|name| !names.contains(name));
        self.hidden.extend(names);
    }
}

// === impl Walk ===

impl<'s, 'a> Walk<'s, 'a> {
    pub(super) fn new(scope: &'s Scope<'a>) -> Self {
        Self {
            scope,
            wrong: Vec::new(),
            bound: HashSet::new(),
            queries: Vec::new(),
            indexes: Vec::new(),
        }
    }

    /// All of `expr` must have a value.
    pub(super) fn value(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Var { span, .. } => self.need(span),
            Expr::RefDot { refr, .. } => self.value(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.value(refr);
                self.index(index, root_has_value(refr, self.scope));
            }
            Expr::Call { params, .. } => params.iter().for_each(|expr| self.value(expr)),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.queries.push((query, vec![term]));
            }
            Expr::ObjectCompr {
                key, value, query, ..
            } => self.queries.push((query, vec![key, value])),
            other => children(other)
                .into_iter()
                .for_each(|child| self.value(child)),
        }
    }

    /// The variables of `expr` get a value; what else is in it must have one.
    pub(super) fn pattern(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Var { span, .. } => {
                if span.text() != "_" {
                    self.bound.insert(span.text());
                }
            }
            Expr::Array { items, .. } => items.iter().for_each(|item| self.pattern(item)),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.value(key);
                    self.pattern(value);
                }
            }
            other => self.value(other),
        }
    }

    /// Settles what indexes bind, which counts in the whole statement.
    pub(super) fn settle(&mut self, negated: bool) {
        if negated {
            let unknown = self.unknown_indexes();
            self.wrong.extend(unknown);
            return;
        }
        let indexes = std::mem::take(&mut self.indexes);
        let indexes = indexes.into_iter().map(Span::text);
        let names: HashSet<&str> = indexes.filter(|name| *name != "_").collect();
        self.wrong.retain(|span| !names.contains(span.text()));
        self.bound.extend(names);
    }

    /// The indexes so far that have no value.
    pub(super) fn unknown_indexes(&mut self) -> Vec<&'a Span> {
        let scope = self.scope;
        let indexes = std::mem::take(&mut self.indexes).into_iter();
        indexes.filter(|span| !scope.has(span.text())).collect()
    }

    fn need(&mut self, span: &'a Span) {
        if !self.scope.has(span.text()) {
            self.wrong.push(span);
        }
    }

    /// An index of a document takes each key, unless it has a value.
    fn index(&mut self, expr: &'a Expr, of_document: bool) {
        match expr {
            Expr::Var { span, .. } if of_document => self.indexes.push(span),
            Expr::Array { .. } | Expr::Object { .. } | Expr::Set { .. } => children(expr)
                .into_iter()
                .for_each(|child| self.index(child, of_document)),
            other => self.value(other),
        }
    }
}

fn root_has_value(refr: &Expr, scope: &Scope<'_>) -> bool {
    let mut at = refr;
    loop {
        match at {
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => at = refr,
            Expr::Var { span, .. } => return scope.has(span.text()),
            _ => return true,
        }
    }
}

/// The variables without a value that a query names and does not declare.
pub(super) fn mentioned<'a>(query: &'a Query, scope: &Scope<'a>, out: &mut Vec<&'a Span>) {
    let own = declared(&query.stmts);
    let mut found = Vec::new();
    for stmt in &query.stmts {
        let exprs = match &stmt.literal {
            Literal::SomeVars { .. } => Vec::new(),
            Literal::SomeIn { collection, .. } => vec![collection],
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => vec![expr],
            Literal::Every { domain, query, .. } => {
                mentioned(query, scope, &mut found);
                vec![domain]
            }
        };
        let with = stmt.with_mods.iter().map(|with| &with.r#as);
        exprs
            .into_iter()
            .chain(with)
            .for_each(|expr| variables(expr, scope, &mut found));
    }
    out.extend(found.into_iter().filter(|span| !own.contains(span.text())));
}

fn variables<'a>(expr: &'a Expr, scope: &Scope<'a>, out: &mut Vec<&'a Span>) {
    match expr {
        Expr::Var { span, .. } if !scope.has(span.text()) => out.push(span),
        Expr::ArrayCompr { query, .. }
        | Expr::SetCompr { query, .. }
        | Expr::ObjectCompr { query, .. } => mentioned(query, scope, out),
        other => children(other)
            .into_iter()
            .for_each(|child| variables(child, scope, out)),
    }
}

/// The names that statements declare: by `some` and by `:=`.
pub(super) fn declared(stmts: &[LiteralStmt]) -> HashSet<&str> {
    let mut names = iterated(stmts);
    for stmt in stmts {
        match &stmt.literal {
            Literal::SomeVars { vars, .. } => names.extend(vars.iter().map(Span::text)),
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr {
                    op: AssignOp::ColEq,
                    lhs,
                    ..
                } = &**expr
                {
                    pattern_names(lhs, &mut names);
                }
            }
            _ => {}
        }
    }
    names
}

/// The names that `some … in` declares.
pub(super) fn iterated(stmts: &[LiteralStmt]) -> HashSet<&str> {
    let mut names = HashSet::new();
    for stmt in stmts {
        if let Literal::SomeIn { key, value, .. } = &stmt.literal {
            let patterns = key.iter().chain([value]);
            patterns.for_each(|expr| pattern_names(expr, &mut names));
        }
    }
    names
}

fn pattern_names<'a>(expr: &'a Expr, names: &mut HashSet<&'a str>) {
    match expr {
        Expr::Var { span, .. } => {
            names.insert(span.text());
        }
        Expr::Array { items, .. } => items.iter().for_each(|item| pattern_names(item, names)),
        Expr::Object { fields, .. } => fields
            .iter()
            .for_each(|(_, _, value)| pattern_names(value, names)),
        _ => {}
    }
}
