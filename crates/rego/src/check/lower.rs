//! Rules and queries to numbered variables and plain literals, in the order they were written.
//!
//! Nested calls become literals of their own before the one they stand in, as OPA does it: what is safe and what is
//! undefined depends on that.

mod body;
mod call;
mod declared;
mod query;
mod rule;
mod term;
mod with;

use std::sync::Arc;

use crate::hir::{Expr, ExprKind, Hir, Literal, LiteralKind, Local, Place};
use crate::source::{Code, File, Span};
use crate::syntax::ast::{Module, RegoVersion};
use crate::value::{Str, Value};

use super::Options;
use super::errors::{Errors, Stage};
use super::names::{Globals, Names, package_path};
use super::scope::{Locals, Unused};

pub(super) use call::path_text;
pub(super) use query::query;

/// What the lowering of one rule or query needs.
struct Lower<'a> {
    names: &'a Names,
    globals: &'a Globals<'a>,
    options: &'a Options<'a>,
    file: &'a Arc<File>,
    number: u32,
    version: RegoVersion,
    locals: Locals,
    /// Literals that the one at hand needs before it.
    before: Vec<Literal>,
    errors: &'a mut Errors,
}

/// Lowers all rules.
pub(super) fn modules(
    modules: &[Module],
    names: &Names,
    options: &Options<'_>,
    errors: &mut Errors,
) -> Hir {
    let mut hir = Hir::default();
    for (number, module) in (0..).zip(modules) {
        let package = package_path(&module.package.path);
        let globals = names.globals(package.clone(), &module.imports);
        hir.files.push(Arc::clone(&module.file));
        if !hir.packages.contains(&package) {
            hir.packages.push(package);
        }
        for rule in &module.rules {
            let lower = Lower {
                names,
                globals: &globals,
                options,
                file: &module.file,
                number,
                version: module.version,
                locals: Locals::default(),
                before: Vec::new(),
                errors,
            };
            hir.rules.push(lower.rule(rule));
        }
    }
    hir
}

// === impl Lower ===

impl Lower<'_> {
    fn place(&self, span: Span) -> Place {
        Place {
            file: self.number,
            span,
        }
    }

    fn error(&mut self, stage: Stage, code: Code, span: Span, message: impl Into<String>) {
        self.errors.at(stage, self.file, code, span, message);
    }

    fn generated(&mut self, name: &str, place: Place) -> Local {
        self.locals.fresh(name, place, true)
    }

    /// Binds a new variable to `value` before the literal at hand.
    fn hoist(&mut self, value: Expr) -> Expr {
        let place = value.place;
        let local = Expr::local(self.generated("value", place), place);
        self.before.push(Literal::new(
            place,
            LiteralKind::Unify(local.clone(), value),
        ));
        local
    }

    fn close(&mut self) {
        let unused = self.locals.close();
        if self.options.strict {
            for Unused { name, place, how } in unused {
                let how = if how == super::scope::Occurrence::Declared {
                    "declared"
                } else {
                    "assigned"
                };
                let message = format!("{how} var {name} unused");
                self.error(Stage::Locals, Code::Compile, place.span, message);
            }
        }
    }
}

// === impl Expr ===

impl Expr {
    pub(super) fn new(place: Place, kind: ExprKind) -> Self {
        Self { place, kind }
    }

    pub(super) fn local(local: Local, place: Place) -> Self {
        Self::new(place, ExprKind::Local(local))
    }

    pub(super) fn constant(value: impl Into<Value>, place: Place) -> Self {
        Self::new(place, ExprKind::Const(value.into()))
    }

    pub(super) fn as_const(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Const(value) => Some(value),
            _ => None,
        }
    }
}

// === impl Literal ===

impl Literal {
    pub(super) fn new(place: Place, kind: LiteralKind) -> Self {
        Self {
            place,
            kind,
            with: Vec::new(),
        }
    }
}

fn strs(path: &[Str]) -> Vec<Value> {
    path.iter().cloned().map(Value::from).collect()
}
