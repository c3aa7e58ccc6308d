//! What an evaluation costs, in steps of its budget, as its input grows: a clock would make these tests guess.
//!
//! Each family runs at n and at 4n. Linear means about four times the steps; a search that an index answers costs
//! about the same at both.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects"
)]

use std::fmt::Write as _;

use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Data, json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile_with};

/// How the steps may grow.
#[derive(Debug, Clone, Copy)]
enum Growth {
    Constant,
    Linear,
}

/// A program that grows with n: its text, its input.
struct Family {
    name: &'static str,
    growth: Growth,
    text: fn(usize) -> String,
    input: fn(usize) -> String,
}

const FAMILIES: &[Family] = &[
    Family {
        name: "n rules of which the index selects one",
        growth: Growth::Constant,
        text: |n| rules(n, |at| format!("x if input.user == \"u{at}\"\n")),
        input: |_| r#"{"user": "u7"}"#.to_owned(),
    },
    Family {
        name: "n functions' definitions of which the index selects one",
        growth: Growth::Constant,
        text: |n| rules(n, |at| format!("f({at}) := {at}\n")) + "x := f(input.k)\n",
        input: |_| r#"{"k": 7}"#.to_owned(),
    },
    Family {
        name: "a loop over n elements",
        growth: Growth::Linear,
        text: |_| "package p\nx := count([1 | some y in input.xs; y > 3])\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "the probe of a partial set in a loop",
        growth: Growth::Linear,
        text: |_| {
            "package p\ns contains y if some y in input.xs\nx := count([1 | some y in input.xs; s[y]])\n".to_owned()
        },
        input: numbers,
    },
    Family {
        name: "membership in a set in a loop",
        growth: Growth::Linear,
        text: |_| {
            "package p\ns := {y | some y in input.xs}\nx := count([1 | some y in input.xs; y in s])\n".to_owned()
        },
        input: numbers,
    },
    Family {
        name: "a comprehension that groups by a key",
        growth: Growth::Linear,
        text: |_| {
            "package p\nx[k] := ys if {\n\tsome k in input.xs\n\tys := [j | some j; input.xs[j] == k]\n}\n".to_owned()
        },
        input: numbers,
    },
    Family {
        name: "a walk",
        growth: Growth::Linear,
        text: |_| "package p\nx := count([1 | walk(input, [_, y]); is_number(y)])\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "an array that is built in a loop",
        growth: Growth::Linear,
        text: |_| "package p\nx := [z | some y in input.xs; z := [y, y + 1]]\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "an object that is built in a loop",
        growth: Growth::Linear,
        text: |_| "package p\nx[sprintf(\"%d\", [y])] := y if some y in input.xs\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "texts that are joined",
        growth: Growth::Linear,
        text: |_| {
            "package p\nx := concat(\",\", [z | some y in input.xs; z := sprintf(\"%d\", [y])])\n"
                .to_owned()
        },
        input: numbers,
    },
    Family {
        name: "a function that is called for each element",
        growth: Growth::Linear,
        text: |_| "package p\nf(y) := y + 1\nx := sum([f(y) | some y in input.xs])\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "every",
        growth: Growth::Linear,
        text: |_| "package p\nx if every y in input.xs { y >= 0 }\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "an existential loop that ends at its first element",
        growth: Growth::Constant,
        text: |_| "package p\nx if { some y in input.xs; y >= 0 }\n".to_owned(),
        input: numbers,
    },
    Family {
        name: "a replaced input in a loop",
        growth: Growth::Linear,
        text: |_| {
            "package p\nr := input.k\nx := count([1 | some y in input.xs; r == y with input.k as y])\n".to_owned()
        },
        input: numbers,
    },
    Family {
        name: "nested objects to their leaves",
        growth: Growth::Linear,
        text: |_| "package p\nx := {[i, k] | some i; some k; input.ys[i][k] == 1}\n".to_owned(),
        input: |n| {
            format!(
                "{{\"ys\": [{}]}}",
                vec!["{\"a\": 1, \"b\": 2}"; n].join(", ")
            )
        },
    },
];

#[test]
fn steps_grow_no_faster_than_promised() {
    let mut wrong = Vec::new();
    for family in FAMILIES {
        let [small, large] = [200, 800].map(|n| steps(family, n));
        let right = match family.growth {
            Growth::Constant => large <= small + small / 4 + 50,
            Growth::Linear => large <= 5 * small + 200,
        };
        if !right {
            wrong.push(format!(
                "{}: {small} steps, then {large}, not {:?}",
                family.name, family.growth
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The steps of an evaluation at size n.
fn steps(family: &Family, n: usize) -> u64 {
    let text = (family.text)(n);
    let source = Source {
        name: "p.rego",
        text: &text,
        version: RegoVersion::V1,
    };
    let compiled = compile_with(&[source], CompileOptions::default(), Data::default());
    let compiled = compiled.unwrap_or_else(|errors| panic!("{}: {}", family.name, errors[0]));
    let query = compiled.prepare("data.p.x").unwrap();
    let input = json::parse((family.input)(n)).unwrap();
    let mut options = EvalOptions::default();
    let mut evaluator = Evaluator::new();
    let value = query.value(
        &mut evaluator,
        compiled.policy(),
        Some(&input),
        &mut options,
    );
    let value = value.unwrap_or_else(|error| panic!("{}: {error}", family.name));
    assert!(
        value.is_some_and(|value| value != Value::Null),
        "{} has an answer",
        family.name
    );
    options.budget.used()
}

fn rules(n: usize, rule: impl Fn(usize) -> String) -> String {
    let mut text = "package p\n".to_owned();
    for at in 0..n {
        let _ = write!(text, "{}", rule(at));
    }
    text
}

fn numbers(n: usize) -> String {
    let items: Vec<String> = (0..n).map(|at| at.to_string()).collect();
    format!("{{\"xs\": [{}]}}", items.join(", "))
}

/// Base data is indexed by the first evaluation that asks: it is its budget that pays.
#[test]
fn who_makes_a_look_up_pays_for_it() {
    const MEMBERS: usize = 5_000;
    let text = "package p\nx := m.v if { some m in data.ms; m.k == input.k }\n";
    let members: Vec<String> = (0..MEMBERS)
        .map(|at| format!("{{\"k\": {at}, \"v\": {at}}}"))
        .collect();
    let data = format!("{{\"ms\": [{}]}}", members.join(", "));
    let source = Source {
        name: "p.rego",
        text,
        version: RegoVersion::V1,
    };
    let data = Data::new(json::parse(data).unwrap());
    let compiled = compile_with(&[source], CompileOptions::default(), data).unwrap();
    let query = compiled.prepare("data.p.x").unwrap();
    let input = json::parse(r#"{"k": 4321}"#).unwrap();
    let ask = |steps: u64| {
        let mut options = EvalOptions::default();
        options.budget.steps = steps;
        let policy = compiled.policy();
        let value = query.value(&mut Evaluator::new(), policy, Some(&input), &mut options);
        (value.map_err(|error| error.code()), options.budget.used())
    };
    let found = Ok(Some(Value::from(4321_i64)));
    // Too few to make it: the loop runs, and ends.
    assert_eq!(ask(1_000).0, Err("eval_cancel_error"));
    let (first, paid) = ask(u64::MAX);
    assert_eq!(first, found);
    assert!(paid >= MEMBERS as u64, "{paid} steps for {MEMBERS} members");
    let (second, paid) = ask(1_000);
    assert_eq!(second, found);
    assert!(paid < 100, "{paid} steps with the look-up made");
}
