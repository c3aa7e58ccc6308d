//! A checked policy by hand: the tests of the planner need no parser and say just what it gets.

use std::collections::HashMap;

use crate::builtins::{Builtin, Context, Error};
use crate::hir::{
    Base, Body, BuiltinRef, Call, Callee, Expr, ExprKind, Hir, Literal, LiteralKind, Local,
    LocalInfo, Place, Ref, Rule, RuleKind,
};
use crate::syntax::ast::RegoVersion;
use crate::types::Function;
use crate::value::{Str, Value};

/// The variables of one rule by name.
#[derive(Default)]
pub(super) struct Vars {
    numbers: HashMap<&'static str, Local>,
    infos: Vec<LocalInfo>,
}

impl Vars {
    /// The variable of that name; each `_` is another.
    pub(super) fn var(&mut self, name: &'static str) -> Expr {
        let next = Local(u32::try_from(self.infos.len()).expect("few variables"));
        let local = *self.numbers.entry(name).or_insert(next);
        let local = if name == "_" { next } else { local };
        if local == next {
            self.infos.push(LocalInfo {
                name: Str::from(name),
                place: Place::default(),
                generated: false,
            });
        }
        expr(ExprKind::Local(local))
    }
}

pub(super) fn expr(kind: ExprKind) -> Expr {
    let place = Place::default();
    Expr { place, kind }
}

pub(super) fn lit(value: impl Into<Value>) -> Expr {
    expr(ExprKind::Const(value.into()))
}

pub(super) fn array(items: Vec<Expr>) -> Expr {
    expr(ExprKind::Array(items.into()))
}

pub(super) fn object(members: Vec<(Expr, Expr)>) -> Expr {
    expr(ExprKind::Object(members.into()))
}

pub(super) fn input(keys: Vec<Expr>) -> Expr {
    let base = Base::Input;
    expr(ExprKind::Ref(Box::new(Ref { base, keys })))
}

pub(super) fn data(keys: Vec<Expr>) -> Expr {
    let base = Base::Data;
    expr(ExprKind::Ref(Box::new(Ref { base, keys })))
}

pub(super) fn call(name: &'static str, args: Vec<Expr>) -> Expr {
    let callee = Callee::Builtin(BuiltinRef::Known(builtin(name)));
    expr(ExprKind::Call(Box::new(Call { callee, args })))
}

pub(super) fn literal(kind: LiteralKind) -> Literal {
    Literal {
        place: Place::default(),
        kind,
        with: Box::default(),
    }
}

pub(super) fn test(expr: Expr) -> Literal {
    literal(LiteralKind::Test(expr))
}

pub(super) fn unify(left: Expr, right: Expr) -> Literal {
    literal(LiteralKind::Unify(left, right))
}

pub(super) fn values(path: &[&str]) -> Vec<Value> {
    path.iter().map(|part| Value::from(*part)).collect()
}

pub(super) fn rule(
    path: &[&str],
    keys: Vec<Expr>,
    kind: RuleKind,
    literals: Vec<Literal>,
    vars: Vars,
) -> Rule {
    Rule {
        place: Place::default(),
        head_place: Place::default(),
        version: RegoVersion::V1,
        path: values(path).into(),
        package: 1,
        keys: keys.into(),
        kind,
        default: false,
        body: Body { literals },
        else_: Box::default(),
        locals: vars.infos.into(),
    }
}

pub(super) fn policy(rules: Vec<Rule>) -> Hir {
    let mut packages: Vec<Vec<Str>> = Vec::new();
    for rule in &rules {
        let package = rule
            .path
            .iter()
            .take(1)
            .filter_map(Value::as_str)
            .map(Str::from)
            .collect();
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    Hir {
        rules,
        packages,
        ..Hir::default()
    }
}

fn builtin(name: &'static str) -> &'static Builtin {
    let of = |name, relation| Builtin {
        name,
        description: "for tests",
        declaration: || Function {
            args: Vec::new(),
            variadic: None,
            result: None,
        },
        infix: None,
        categories: &[],
        nondeterministic: false,
        relation,
        deprecated: false,
        hosts: false,
        prepare: None,
        run: nothing,
    };
    Box::leak(Box::new(of(name, name == "walk")))
}

fn nothing(_: &mut Context<'_>, _: &[&Value]) -> Result<Value, Error> {
    Err(Error::Undefined)
}
