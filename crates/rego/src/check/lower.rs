//! Rules and queries to numbered variables and plain literals, in the order they were written.
//!
//! Nested calls become literals of their own before the one they stand in, as OPA does it: what is safe and what is
//! undefined depends on that.

mod body;
mod call;
mod declared;
mod imports;
mod metadata;
mod order;
mod query;
mod rule;
mod term;
mod with;

use std::borrow::Borrow;
use std::sync::Arc;

use crate::hir::{Annotated, Expr, ExprKind, Hir, Literal, LiteralKind, Local, Place};
use crate::source::{Code, File, Span};
use crate::syntax::ast::{self, Module, RegoVersion};
use crate::value::{Str, Value};

use super::Options;
use super::errors::{Errors, Stage};
use super::names::{Globals, Names, package_path, rule_path};
use super::scope::{Locals, Occurrence, Unused};
use metadata::Notes;

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
    /// Whether every `not` is a body of its own.
    closes_not: bool,
    locals: Locals,
    /// The annotations of all modules, and those of the rule at hand.
    notes: &'a Notes,
    own_notes: Vec<Value>,
    /// The path of the rule at hand.
    path: Vec<Value>,
    /// Literals that the one at hand needs before it.
    before: Vec<Literal>,
    /// Parameters that a branch does not use, once for each such branch.
    unused_args: Vec<(Str, Place)>,
    /// Whether the literal at hand stands in `every`, `and`, `or` or a negation that is a body of its own.
    apart: bool,
    /// Whether a declaration of the branch or head at hand is wrong: what nothing uses is then no error.
    faulty: bool,
    errors: &'a mut Errors,
}

/// What must be known of all rules before the first is lowered.
pub(super) struct Lowering {
    names: Names,
    notes: Notes,
    annotations: Vec<Annotated>,
    rules: usize,
}

// === impl Lowering ===

impl Lowering {
    /// Looks at all rules of the modules.
    pub(super) fn of(modules: &[Module]) -> Self {
        Self {
            names: Names::of(modules),
            notes: Notes::of(modules),
            annotations: annotated(modules),
            rules: modules.iter().map(|module| module.rules.len()).sum(),
        }
    }

    /// Lowers all rules: those of each module, whose own may have been taken out of it.
    pub(super) fn run<R>(
        self,
        modules: &[Module],
        rules: impl IntoIterator<Item = R>,
        options: &Options<'_>,
        errors: &mut Errors,
    ) -> (Hir, Names)
    where
        R: IntoIterator<Item: Borrow<ast::Rule>>,
    {
        let mut hir = Hir {
            rules: Vec::with_capacity(self.rules),
            annotations: self.annotations,
            ..Hir::default()
        };
        let mut seen = std::collections::HashSet::new();
        for ((number, module), rules) in (0..).zip(modules).zip(rules) {
            let package = package_path(&module.package.path);
            let globals = self.names.globals(package.clone(), &module.imports);
            hir.files.push(Arc::clone(&module.file));
            if seen.insert(package.clone()) {
                hir.packages.push(package);
            }
            let own = metadata::by_rule(module);
            let closes_not = module.imports.iter().any(ast::Import::enables_not);
            for (at, rule) in rules.into_iter().enumerate() {
                let rule = rule.borrow();
                let lower = Lower {
                    names: &self.names,
                    globals: &globals,
                    options,
                    file: &module.file,
                    number,
                    version: module.version,
                    closes_not,
                    locals: Locals::default(),
                    notes: &self.notes,
                    own_notes: own.get(&at).cloned().unwrap_or_default(),
                    path: rule_path(&globals.package, rule),
                    before: Vec::new(),
                    unused_args: Vec::new(),
                    apart: false,
                    faulty: false,
                    errors,
                };
                let mut lowered = lower.rule(rule);
                if let Some(last) = hir.rules.last()
                    && last.path == lowered.path
                {
                    lowered.path = Arc::clone(&last.path);
                }
                hir.rules.push(lowered);
            }
            imports::check(module, &globals, options, errors);
        }
        (hir, self.names)
    }
}

/// The annotations of all modules.
fn annotated(modules: &[Module]) -> Vec<Annotated> {
    let mut found = Vec::new();
    let mut before = 0;
    for (file, module) in (0..).zip(modules) {
        let package = package_path(&module.package.path);
        for annotations in &module.annotations {
            let rule = annotations.rule.and_then(|at| module.rules.get(at));
            let path = rule.map_or_else(|| strs(&package), |rule| rule_path(&package, rule));
            let path = path.iter().filter_map(Value::as_str).map(Str::from);
            let span = annotations.span;
            found.push(Annotated {
                path: path.collect(),
                rule: annotations.rule.map(|at| before + at),
                place: Place { file, span },
                annotations: annotations.clone(),
            });
        }
        before += module.rules.len();
    }
    found
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
        self.faulty |= stage == Stage::Names;
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

    /// Ends a body whose first literal stands at `first`.
    fn close(&mut self, first: Span) {
        let unused = self.locals.close();
        let (args, unused): (Vec<_>, Vec<_>) = unused
            .into_iter()
            .partition(|unused| unused.how == Occurrence::Argument);
        if self.options.strict {
            let args = args.into_iter().map(|arg| (arg.name, arg.place));
            self.unused_args.extend(args);
            self.unused(&unused, Occurrence::Assigned, first);
        }
        self.unused(&unused, Occurrence::Declared, first);
    }

    /// Reports what is `how` declared and not used, unless something was wrong before.
    fn unused(&mut self, unused: &[Unused], how: Occurrence, first: Span) {
        if self.faulty {
            return;
        }
        for unused in unused.iter().filter(|unused| unused.how == how) {
            let name = &unused.name;
            let (message, span) = match how {
                Occurrence::Assigned => (format!("assigned var {name} unused"), unused.place.span),
                _ => (format!("declared var {name} unused"), first),
            };
            self.faulty = true;
            self.error(Stage::Aside, Code::Compile, span, message);
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
            with: Box::default(),
        }
    }
}

fn strs(path: &[Str]) -> Vec<Value> {
    path.iter().cloned().map(Value::from).collect()
}
