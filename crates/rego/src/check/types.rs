//! Static types: what each rule gives, and what can never be.
//!
//! Rules are looked at in the order of their dependencies, their literals in the order in which they run; each
//! literal gives its variables their types. Refused is what OPA refuses: an argument that a function does not take,
//! a reference that finds nothing whatever the input, two sides that are never equal. What may be anything is never
//! refused. Nothing here is proved: a policy without errors may still find nothing.

mod annotated;
mod body;
mod env;
mod fit;
mod infer;
mod order;
mod refs;
mod schema;
mod shape;
mod text;
mod tree;
mod valid;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use annotated::{Annotated, Read};
use body::Checker;
use env::Shared;
pub use env::TypeEnv;
use shape::{Known, Param, Signature, Ty};
use tree::Tree;

use crate::hir::{Body, Expr, ExprKind, Hir, Local, Query, Rule, RuleKind};
use crate::source::{Code, Diagnostic, Location};
use crate::syntax::ast::SchemaAnnotation;
use crate::value::{Str, Value};

/// What types are inferred from besides the policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'s> {
    /// The schemas that were given.
    pub schemas: Option<&'s Schemas>,
    /// Whether the `schemas` of annotations count.
    pub annotations: bool,
}

/// JSON Schemas by their path below `schema`; the one without a path describes `input`.
#[derive(Debug, Clone, Default)]
pub struct Schemas(BTreeMap<Vec<Str>, Value>);

/// The bodies of a rule, one after the other.
struct Branch<'h> {
    value: &'h Expr,
    body: &'h Body,
}

// === impl Schemas ===

impl Schemas {
    /// Takes a schema in.
    pub fn insert(&mut self, path: Vec<Str>, schema: Value) {
        self.0.insert(path, schema);
    }

    /// The schema at `path`.
    #[must_use]
    pub fn get(&self, path: &[Str]) -> Option<&Value> {
        self.0.get(path)
    }
}

// === checks ===

/// Infers the types of all rules; with the errors of the policy, by place.
#[must_use]
pub fn check(hir: &Hir, options: &Options<'_>) -> (TypeEnv, Vec<Diagnostic>) {
    let mut env = TypeEnv::new(hir);
    let mut shared = Shared::default();
    let mut errors = Vec::new();
    input(&mut env, options, &mut errors);
    let annotated = if options.annotations {
        Annotated::new(hir)
    } else {
        Annotated::default()
    };
    let mut read = Read::new();
    for number in env.order() {
        let Some(rule) = hir.rules.get(number) else {
            continue;
        };
        let mut checker = Checker::new(&hir.files, &rule.locals, &env, &mut shared);
        let inferred = rule_types(&mut checker, rule, |checker, own| {
            let found = annotated.of((number, rule), own);
            schemas(checker, rule, found, options, &mut read);
        });
        errors.append(&mut checker.errors);
        for ty in inferred {
            match ty {
                Some(ty) => env.insert(&rule.path, &ty),
                // What refers to a rule with errors shall not have errors for it.
                None => env.put(&env::rooted(&rule.path), Some(shape::any())),
            }
        }
    }
    errors.sort_by(|a, b| a.location.cmp(&b.location));
    errors.dedup();
    (env, errors)
}

/// Checks a query against the types of the policy.
#[must_use]
pub fn check_query(query: &Query, env: &TypeEnv) -> Vec<Diagnostic> {
    let mut shared = Shared::default();
    let mut checker = Checker::new(&query.files, &query.locals, env, &mut shared);
    checker.equal_unifies = false;
    checker.body(&query.body);
    let mut errors = checker.errors;
    errors.sort_by(|a, b| a.location.cmp(&b.location));
    errors.dedup();
    errors
}

/// Gives `input` the type of the schema without a path.
fn input(env: &mut TypeEnv, options: &Options<'_>, errors: &mut Vec<Diagnostic>) {
    let Some(schema) = options.schemas.and_then(|schemas| schemas.get(&[])) else {
        return;
    };
    match schema::read(schema) {
        Ok(ty) => env.put(&[Value::from("input")], ty),
        Err(error) => errors.push(Diagnostic {
            code: Code::Type,
            message: error.to_string(),
            location: Location {
                file: Arc::from(""),
                row: 0,
                col: 0,
            },
            line: None,
            hint: None,
        }),
    }
}

/// Puts the schemas of a rule's annotations over what is known.
fn schemas<'h>(
    checker: &mut Checker<'h, '_>,
    rule: &'h Rule,
    found: Vec<&SchemaAnnotation>,
    options: &Options<'_>,
    read: &mut Read,
) {
    if found.is_empty() {
        return;
    }
    let mut tree = Tree::default();
    for annotation in found {
        let ty = match annotated::type_of(annotation, options.schemas, read) {
            Ok(ty) => ty,
            Err(message) => {
                checker.error(rule.place, message);
                continue;
            }
        };
        let (Some(path), true) = (annotated::target(annotation), ty.is_some()) else {
            continue;
        };
        let root = path.get(..1).unwrap_or_default();
        let known = tree.at(root).filter(|_| tree.knows(root));
        let known = known.or_else(|| checker.trees().find_map(|tree| tree.at(root)));
        annotated::describe(&mut tree, &path, ty, known);
    }
    checker.push_layer(tree);
}

/// What each branch of a rule gives; `None` for one with errors. `describe` lays the schemas that apply over what is
/// known, with the rule's own ones or without: those do not hold for else branches.
fn rule_types<'h, 'e>(
    checker: &mut Checker<'h, 'e>,
    rule: &'h Rule,
    mut describe: impl FnMut(&mut Checker<'h, 'e>, bool),
) -> Vec<Ty> {
    let value = match &rule.kind {
        RuleKind::Value(value) | RuleKind::Member(value) | RuleKind::Function { value, .. } => {
            value
        }
    };
    let first = Branch {
        value,
        body: &rule.body,
    };
    let others = rule.else_.iter().map(|branch| Branch {
        value: &branch.value,
        body: &branch.body,
    });
    let branches = std::iter::once(first).chain(others);
    let inferred = branches.enumerate().filter_map(|(at, branch)| {
        if at < 2 {
            checker.clear_layers();
            describe(checker, at == 0);
        }
        branch_type(checker, rule, &branch)
    });
    inferred.collect()
}

/// What a branch gives: nothing where that is not known, `Some(None)` where it has errors.
fn branch_type<'h>(
    checker: &mut Checker<'h, '_>,
    rule: &'h Rule,
    branch: &Branch<'h>,
) -> Option<Ty> {
    checker.reset();
    let before = checker.errors.len();
    checker.body(branch.body);
    checker.check(branch.value);
    if checker.errors.len() > before {
        return Some(None);
    }
    let keyed = |checker: &Checker<'h, '_>, ty: Known| {
        rule.keys.iter().rev().try_fold(ty, |ty, key| {
            let key = checker.type_of(key)?;
            Some(shape::object(Vec::new(), Some((Some(key), Some(ty)))))
        })
    };
    let ty = match &rule.kind {
        RuleKind::Function { params, .. } => function_type(checker, params, branch.value),
        RuleKind::Value(_) => keyed(checker, checker.type_of(branch.value)?)?,
        RuleKind::Member(_) => {
            let member = checker.type_of(branch.value)?;
            keyed(checker, shape::set(Some(member)))?
        }
    };
    Some(Some(ty))
}

fn function_type(checker: &mut Checker<'_, '_>, params: &[Expr], value: &Expr) -> Known {
    for local in params.iter().flat_map(locals) {
        // What the body says nothing of may be anything.
        if checker.local(local).is_none() {
            checker.bind(local, Some(shape::any()));
        }
    }
    let param = |expr| Param {
        name: None,
        of: checker.type_of(expr),
    };
    shape::function(Signature {
        params: params.iter().map(param).collect(),
        variadic: None,
        result: Some(param(value)),
    })
}

/// The variables of a pattern.
fn locals(pattern: &Expr) -> Vec<Local> {
    let mut found = Vec::new();
    let mut todo = vec![pattern];
    while let Some(expr) = todo.pop() {
        match &expr.kind {
            ExprKind::Local(local) => found.push(*local),
            ExprKind::Array(items) | ExprKind::Set(items) => todo.extend(items),
            ExprKind::Object(members) => todo.extend(members.iter().flat_map(|(k, v)| [k, v])),
            ExprKind::Const(_)
            | ExprKind::Ref(_)
            | ExprKind::Comprehension(_)
            | ExprKind::Call(_) => {}
        }
    }
    found
}
