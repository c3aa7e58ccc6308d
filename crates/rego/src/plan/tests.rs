//! What bodies become, by hand-made policies.

mod build;

use super::*;
use crate::hir::{Expr, Literal, Rule, RuleKind};
use build::*;

fn printed(rules: Vec<Rule>) -> String {
    plan(&policy(rules), &Options::default())
        .expect("planned")
        .to_string()
}

/// The plan of `p { LITERALS }` in package `a`, without its head.
fn body(literals: Vec<Literal>, vars: Vars) -> String {
    giving(lit(true), literals, vars)
}

fn giving(value: Expr, literals: Vec<Literal>, vars: Vars) -> String {
    let text = printed(vec![rule(
        &["a", "p"],
        vec![],
        RuleKind::Value(value),
        literals,
        vars,
    )]);
    let block = text.split_once(" rule\n").expect("a rule").1;
    format!("\n{block}")
}

#[test]
fn a_unification_becomes_what_its_known_side_asks_for() {
    let mut v = Vars::default();
    let literals = vec![
        unify(v.var("x"), input(vec![lit("a")])),
        unify(array(vec![v.var("y"), lit(1i64)]), v.var("x")),
        unify(
            array(vec![v.var("x"), v.var("z")]),
            array(vec![v.var("z"), lit(2i64)]),
        ),
        unify(v.var("y"), v.var("z")),
        unify(object(vec![(lit("k"), v.var("w"))]), input(vec![lit("o")])),
        unify(v.var("w"), call("count", vec![v.var("x")])),
    ];
    assert_eq!(
        body(literals, v),
        "
  $0 := input.a
  match [$1, =1] = $0
  $2 := $0
  $2 == 2
  $1 == $2
  match {\"k\": $3} = input.o
  count($0) == $3
  yield true
"
    );
}

#[test]
fn keys_that_are_not_bound_iterate_and_the_loop_ends_when_nobody_needs_them() {
    let mut v = Vars::default();
    let literals = vec![
        unify(lit("admin"), input(vec![lit("roles"), v.var("_")])),
        unify(
            v.var("x"),
            data(vec![lit("users"), v.var("i"), lit("name")]),
        ),
        test(call("startswith", vec![v.var("x"), lit("u")])),
        test(input(vec![lit("ok")])),
    ];
    assert_eq!(
        body(literals, v),
        "
  exists
    scan _, =\"admin\" in input.roles
      yield found
  exists
    scan _, $1 in base data.users
      $2 := $1[\"name\"]
      test startswith($2, \"u\")
      yield found
  test input.ok
  yield true
"
    );
}

mod text;
