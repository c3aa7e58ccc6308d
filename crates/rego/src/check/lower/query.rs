//! Queries: a body whose variables and values are asked for.

use std::sync::Arc;

use super::{Lower, body::first_literal, declared, metadata::Notes};
use crate::check::errors::Errors;
use crate::check::scope::Closure;
use crate::check::{Checked, Options, QueryContext, safety};
use crate::hir::{self, Body, Literal, LiteralKind, Local, Place};
use crate::source::File;
use crate::syntax::ast::{self, RegoVersion};

/// Lowers a query.
pub(in crate::check) fn query(
    body: &ast::Body,
    file: &Arc<File>,
    context: &QueryContext<'_>,
    checked: &Checked,
    options: &Options<'_>,
    errors: &mut Errors,
) -> hir::Query {
    let globals = checked
        .names
        .globals(context.package.to_vec(), context.imports);
    let notes = Notes::default();
    let mut lower = Lower {
        names: &checked.names,
        globals: &globals,
        options,
        file,
        number: u32::try_from(checked.hir.files.len()).unwrap_or(u32::MAX),
        version: RegoVersion::V1,
        closes_not: context.imports.iter().any(ast::Import::enables_not),
        locals: crate::check::scope::Locals::default(),
        notes: &notes,
        own_notes: Vec::new(),
        path: Vec::new(),
        before: Vec::new(),
        unused_args: Vec::new(),
        apart: false,
        faulty: false,
        errors,
    };
    lower.locals.open(declared::names(body), Closure::Plain);
    let mut literals = Vec::new();
    let mut expressions = Vec::new();
    for literal in &body.literals {
        let asked = lower.asked(literal, &mut literals);
        expressions.push((lower.place(literal.span), asked));
    }
    lower.close(first_literal(body));
    let mut files = checked.hir.files.clone();
    files.push(Arc::clone(file));
    let resolved = lower.locals.resolve();
    let mut query = hir::Query {
        files,
        body: Body { literals },
        locals: Vec::new(),
        bindings: Vec::new(),
        expressions,
    };
    safety::query(&mut query, resolved, file, lower.errors);
    query
}

impl Lower<'_> {
    /// Lowers a literal of a query; where its value is of interest, gives the variable that takes it.
    fn asked(&mut self, literal: &ast::Literal, out: &mut Vec<Literal>) -> Option<Local> {
        self.literal(literal, out);
        let is_value = matches!(literal.kind, ast::LiteralKind::Term(_)) && !literal.negated;
        let last = out.last_mut().filter(|_| is_value)?;
        let LiteralKind::Test(value) = &mut last.kind else {
            return None;
        };
        let place: Place = value.place;
        let local = self.locals.fresh("value", place, true);
        let value = std::mem::replace(value, hir::Expr::local(local, place));
        last.kind = LiteralKind::Unify(hir::Expr::local(local, place), value);
        Some(local)
    }
}
