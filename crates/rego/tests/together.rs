//! Many evaluations of one prepared query: at once on several threads, ended from outside at every moment, with every
//! budget that is too small. An answer is the whole answer, or there is none.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Data, json};
use regate_rego::{
    CompileOptions, Compiled, EvalError, EvalOptions, Evaluator, PreparedQuery, Source, Value,
    compile_with,
};

/// Of everything that keeps something between evaluations or within one: loops, functions that are remembered, partial
/// documents by key, compiled patterns, look-ups of members, groups, replaced documents.
const TEXT: &str = r#"package p

default allow := false

allow if {
	some m in data.members
	m.user == input.user
	m.role in roles
	regex.match(concat("", ["^/", input.user, "/.*$"]), input.path)
	glob.match("/*/orders/**", ["/"], input.path)
}

roles contains role if some role in data.roles[input.tenant]

twice(x) := y if y := x * 2

named[name] := n if {
	some name in input.names
	n := count([1 | some other in input.names; other == name])
}

teams[team] := users if {
	some team in input.teams
	users := [m.user | some m in data.members; m.team == team]
}

sums := [z | some x in input.xs; z := twice(x) + twice(x)]

moved := [x | some n in input.xs; x := outside with input.user as sprintf("u%d", [n])]

outside := concat("-", [input.user, input.tenant])

fine if every x in input.xs { x < 1000 }

answer := {
	"allow": allow,
	"named": named,
	"one": named[input.names[0]],
	"teams": teams,
	"sums": sums,
	"moved": moved,
	"fine": fine,
	"walked": count([1 | walk(input, [_, v]); is_number(v)]),
}
"#;

const THREADS: usize = 8;
const INPUTS: usize = 24;

fn compiled() -> Compiled {
    let members: Vec<String> = (0..300)
        .map(|at| {
            let role = ["clerk", "admin", "guest"][at % 3];
            format!(
                r#"{{"user": "u{at}", "role": "{role}", "team": "t{}"}}"#,
                at % 7
            )
        })
        .collect();
    let data = format!(
        r#"{{"members": [{}], "roles": {{"a": ["clerk", "admin"], "b": ["guest"]}}}}"#,
        members.join(", ")
    );
    let source = Source {
        name: "p.rego",
        text: TEXT,
        version: RegoVersion::V1,
    };
    let data = Data::new(json::parse(data).unwrap());
    compile_with(&[source], CompileOptions::default(), data).unwrap()
}

fn input(at: usize) -> Value {
    let xs: Vec<String> = (0..20 + at).map(|x| (x * at).to_string()).collect();
    let text = format!(
        r#"{{"user": "u{at}", "tenant": "{}", "path": "/u{at}/orders/{at}/x", "names": ["n", "m{at}", "n"],
            "teams": ["t{}", "t{}", "none"], "xs": [{}]}}"#,
        ["a", "b"][at % 2],
        at % 7,
        (at + 1) % 7,
        xs.join(", ")
    );
    json::parse(text).unwrap()
}

fn ask(
    compiled: &Compiled,
    query: &PreparedQuery,
    evaluator: &mut Evaluator,
    input: &Value,
    options: &mut EvalOptions,
) -> Result<Option<Value>, EvalError> {
    query.value(evaluator, compiled.policy(), Some(input), options)
}

/// What a query gives where nothing disturbs it, and how many steps that takes.
fn undisturbed(compiled: &Compiled, query: &PreparedQuery, input: &Value) -> (Value, u64) {
    let mut options = EvalOptions::default();
    let value = ask(compiled, query, &mut Evaluator::new(), input, &mut options);
    (value.unwrap().unwrap(), options.budget.used())
}

#[test]
fn threads_that_share_a_query_answer_as_one_does() {
    let alone = compiled();
    let query = alone.prepare("data.p.answer").unwrap();
    let inputs: Vec<Value> = (0..INPUTS).map(input).collect();
    let wanted: Vec<Value> = inputs
        .iter()
        .map(|input| undisturbed(&alone, &query, input).0)
        .collect();
    // A policy of which nobody has asked anything yet: its caches and look-ups are made while all ask.
    let shared = compiled();
    let query = shared.prepare("data.p.answer").unwrap();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for first in 0..THREADS {
            let (shared, query, inputs, wanted, start) =
                (&shared, &query, &inputs, &wanted, &start);
            scope.spawn(move || {
                let mut evaluator = Evaluator::new();
                start.wait();
                for round in 0..INPUTS {
                    let at = (first + round) % INPUTS;
                    let mut options = EvalOptions::default();
                    let got = ask(shared, query, &mut evaluator, &inputs[at], &mut options);
                    assert_eq!(got.unwrap().as_ref(), Some(&wanted[at]), "input {at}");
                }
            });
        }
    });
}

#[test]
fn any_budget_gives_the_whole_answer_or_none() {
    let compiled = compiled();
    let query = compiled.prepare("data.p.answer").unwrap();
    let input = input(3);
    // The first one makes the look-ups.
    undisturbed(&compiled, &query, &input);
    let (wanted, whole) = undisturbed(&compiled, &query, &input);
    let mut evaluator = Evaluator::new();
    let mut last = 0;
    for steps in 0..=whole + 1 {
        let mut options = EvalOptions::default();
        options.budget.steps = steps;
        match ask(&compiled, &query, &mut evaluator, &input, &mut options) {
            Ok(value) => {
                assert_eq!(value.as_ref(), Some(&wanted), "{steps} steps");
                last = steps;
            }
            Err(error) => assert_eq!(error.code(), "eval_cancel_error", "{steps} steps"),
        }
    }
    assert_eq!(last, whole + 1, "what it costs is enough");
}

#[test]
fn any_memory_gives_the_whole_answer_or_none() {
    let compiled = compiled();
    let query = compiled.prepare("data.p.answer").unwrap();
    let input = input(3);
    undisturbed(&compiled, &query, &input);
    let mut options = EvalOptions::default();
    let mut evaluator = Evaluator::new();
    let wanted = ask(&compiled, &query, &mut evaluator, &input, &mut options).unwrap();
    let whole = options.budget.built();
    for bytes in (0..whole).step_by(31).chain([whole]) {
        let mut options = EvalOptions::default();
        options.budget.memory = bytes;
        match ask(&compiled, &query, &mut evaluator, &input, &mut options) {
            Ok(value) => assert_eq!(value, wanted, "{bytes} bytes"),
            Err(error) => assert_eq!(error.code(), "eval_cancel_error", "{bytes} bytes"),
        }
    }
}

#[test]
fn a_deadline_that_has_passed_ends_it_and_the_evaluator_goes_on() {
    let compiled = compiled();
    let query = compiled.prepare("data.p.answer").unwrap();
    let input = input(5);
    let (wanted, _) = undisturbed(&compiled, &query, &input);
    let mut evaluator = Evaluator::new();
    for _ in 0..3 {
        let mut late = EvalOptions::default();
        late.budget.deadline = Instant::now().checked_sub(Duration::from_secs(1));
        let got = ask(&compiled, &query, &mut evaluator, &input, &mut late);
        assert_eq!(got.unwrap_err().code(), "eval_cancel_error");
        let mut options = EvalOptions::default();
        let got = ask(&compiled, &query, &mut evaluator, &input, &mut options);
        assert_eq!(got.unwrap(), Some(wanted.clone()));
    }
}

#[test]
fn a_flag_that_is_set_before_ends_it_and_the_evaluator_goes_on() {
    let compiled = compiled();
    let query = compiled.prepare("data.p.answer").unwrap();
    let input = input(5);
    let (wanted, _) = undisturbed(&compiled, &query, &input);
    let mut evaluator = Evaluator::new();
    let mut cancelled = EvalOptions::default();
    cancelled.budget.cancel = Some(Arc::new(AtomicBool::new(true)));
    let got = ask(&compiled, &query, &mut evaluator, &input, &mut cancelled);
    assert_eq!(got.unwrap_err().code(), "eval_cancel_error");
    let mut options = EvalOptions::default();
    let got = ask(&compiled, &query, &mut evaluator, &input, &mut options);
    assert_eq!(got.unwrap(), Some(wanted));
}

/// Another thread sets the flag after as long as it takes to count to a number, for many numbers: whenever it comes,
/// the answer is whole or there is none.
#[test]
fn a_flag_that_is_set_meanwhile_gives_the_whole_answer_or_none() {
    let compiled = compiled();
    let query = compiled.prepare("data.p.answer").unwrap();
    let input = input(INPUTS - 1);
    let (wanted, _) = undisturbed(&compiled, &query, &input);
    let mut evaluator = Evaluator::new();
    let (asked, answered) = (Barrier::new(2), Barrier::new(2));
    let flags: Vec<Arc<AtomicBool>> = (0..600).map(|_| Arc::default()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for (at, flag) in flags.iter().enumerate() {
                asked.wait();
                for count in 0..at * 40 {
                    std::hint::black_box(count);
                }
                flag.store(true, Ordering::Relaxed);
                answered.wait();
            }
        });
        for flag in &flags {
            let mut options = EvalOptions::default();
            options.budget.cancel = Some(Arc::clone(flag));
            asked.wait();
            let got = ask(&compiled, &query, &mut evaluator, &input, &mut options);
            answered.wait();
            match got {
                Ok(value) => assert_eq!(value.as_ref(), Some(&wanted)),
                Err(error) => assert_eq!(error.code(), "eval_cancel_error"),
            }
        }
    });
    let mut options = EvalOptions::default();
    let got = ask(&compiled, &query, &mut evaluator, &input, &mut options);
    assert_eq!(got.unwrap(), Some(wanted), "the evaluator is as new");
}
