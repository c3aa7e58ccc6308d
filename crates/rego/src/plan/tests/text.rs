//! What policies become, from text to the printed program.

use std::fmt::Write as _;

use crate::check::{self, Capabilities};
use crate::plan::ir::{Clause, Expr, Program, Rule, Stmt};
use crate::plan::{Options, plan};
use crate::source::{Diagnostic, File};
use crate::syntax;

fn planned_with(options: Options, text: &str) -> Result<Program, Vec<Diagnostic>> {
    let file = File::new("p.rego", format!("package a\n{text}"));
    let module = syntax::parse_module(&file, &syntax::Options::default())?;
    let capabilities = Capabilities::default();
    let checking = check::Options {
        capabilities: &capabilities,
        strict: false,
        prints: true,
        max_errors: 0,
        data: None,
    };
    let checked = check::check(&[module], &checking)?;
    plan(&checked.hir, &options)
}

fn planned(text: &str) -> Program {
    planned_with(Options::default(), text).expect("planned")
}

fn assert_plans(text: &str, want: &str) {
    let got = planned(text).to_string();
    assert_eq!(got.trim(), want.trim(), "plan of {text}");
}

#[test]
fn a_look_up_with_known_keys_runs_the_rule_with_them() {
    assert_plans(
        "p[x][y] := z if { some x, y; z := input.m[x][y] }\nq := p[input.k]\n",
        "
partial data.a.p
 rule
  scan $0, $1 in input.m
    scan $2, $4 in $1
      yield [$0, $2]: $4
 probe 1
  scan $1, $3 in input.m[$0]
    yield [$0, $1]: $3
complete data.a.q
 rule
  $0 := probe data.a.p[input.k]
  yield $0
",
    );
}

#[test]
fn rules_below_another_belong_to_its_unit() {
    assert_plans(
        "p.q contains 1\np[x] contains 2 if some x in input.xs\nr if 1 in p.q\n",
        "
partial data.a.p
 rule
  yield [\"q\"] contains 1
 probe 1
  $0 == \"q\"
  yield [\"q\"] contains 1
 rule
  scan _, $1 in input.xs
    yield [$1] contains 2
 probe 1
  exists
    scan _, =$0 in input.xs
      yield found
  yield [$0] contains 2
complete data.a.r first
 rule
  test internal.member_2(1, probe data.a.p[\"q\"])
  yield true
",
    );
}

#[test]
fn replacements_end_with_their_literal() {
    assert_plans(
        "p := x if { input.a with input.b as 1; x := input.c with input as {}; x > input.d }",
        "
complete data.a.p
 rule
  exists
    with input.b as 1
      test input.a
      yield found
  with input as {}
    $0 := input.c
    leave
      $0 > input.d
      yield $0
",
    );
}

#[test]
fn keys_below_data_that_are_not_known_go_through_the_tree() {
    assert_plans(
        "p := {k: v | some k; v := data.a.sub[k]}\nsub.one := 1\nq := data.other[input.k].x",
        "
complete data.a.p
 rule
  $2 := object of
        scan $0 in keys of data.a.sub[]
          $1 := descend data.a.sub[$0]
          yield $0: $1
      end
  yield $2
complete data.a.q
 rule
  $0 := base data.other[input.k, \"x\"]
  yield $0
complete data.a.sub.one first
 rule
  yield 1
",
    );
}

#[test]
fn patterns_are_taken_apart_and_arguments_stand_in_the_first_slots() {
    assert_plans(
        "f(x, [a, \"b\"]) := x + a\np if { {\"a\": a, \"b\": [b, 1]} = input.o; f(a, b) }\nq if { input.xs[[a, b]] = 1; a < b }",
        "
function data.a.f
 rule
  match [$2, =\"b\"] = $1
  $3 := plus($0, $2)
  yield $3
complete data.a.p first
 rule
  match {\"a\": $0, \"b\": [$1, =1]} = input.o
  test data.a.f($0, $1)
  yield true
complete data.a.q first
 rule
  exists
    scan [$0, $1], =1 in input.xs
      $0 < $1
      yield found
  yield true
",
    );
}

#[test]
fn what_a_head_needs_of_a_loop_is_kept_for_it() {
    assert_plans(
        "p contains {x} if some x in input.xs\nq if p[{input.y}]\n",
        "
partial data.a.p
 rule
  scan _, $1 in input.xs
    yield [] contains {$1}
 probe 1
  scan _, $2 in input.xs
    $0 == {$2}
    yield [] contains {$2}
complete data.a.q first
 rule
  test probe data.a.p[{input.y}]
  yield true
",
    );
}

#[test]
fn watched_loops_run_to_their_end() {
    let options = Options {
        instruments: true,
        ..Options::default()
    };
    let text = "p if { some x in input.xs; x > 1; input.y }";
    let program = planned_with(options, text).expect("planned");
    assert!(!program.to_string().contains("exists"));
    assert!(planned(text).to_string().contains("exists"));
}

#[test]
fn bodies_that_nest_too_deep_are_refused() {
    let nested = |loops: usize| {
        let mut text = String::from("p := x0 if {\n");
        (0..loops).for_each(|i| writeln!(text, "x{i} := input.xs[i{i}]").expect("written"));
        (0..loops).for_each(|i| writeln!(text, "x{i} != i{i}").expect("written"));
        text + "}\n"
    };
    // The planner, and what drops a plan, must not use up the stack of a thread: 2 MB.
    let run = move || {
        assert!(planned_with(Options::default(), &nested(299)).is_ok());
        planned_with(Options::default(), &nested(400)).expect_err("refused")
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    let errors = thread.expect("a thread").join().expect("no overflow");
    assert!(
        errors[0].message.contains("nests more than 300 loops"),
        "{errors:?}"
    );
}

#[test]
fn large_policies_stay_small() {
    // A rule of three comparisons is four statements: these sizes are what 100,000 of them cost.
    assert!(size_of::<Expr>() <= 32, "{}", size_of::<Expr>());
    assert!(size_of::<Stmt>() <= 72, "{}", size_of::<Stmt>());
    assert!(size_of::<Clause>() + size_of::<Rule>() <= 96);
    let rule = |i: usize| {
        format!(
            "allow if {{ input.user == \"u{i}\"; input.method == \"GET\"; input.path == [\"v1\", \"r{i}\"] }}\n"
        )
    };
    let program = planned(&(0..2_000).map(rule).collect::<String>());
    let unit = program.units.first().expect("a unit");
    assert_eq!(
        (unit.rules.len(), unit.first, unit.index.is_some()),
        (2_000, true, true)
    );
    assert_eq!(program.inputs.len(), 3);
}

#[test]
fn names_of_too_many_parts_are_refused() {
    let text = format!("p{} := 1\n", ".a".repeat(200));
    let errors = planned_with(Options::default(), &text).expect_err("refused");
    assert!(
        errors[0].message.contains("more than 128 parts"),
        "{errors:?}"
    );
}
