//! What is evaluated once: that the answers stay, and that the steps grow with the input and no faster. The answers
//! are OPA's.

use std::fmt::Write;

use crate::plan::Options as Plan;
use crate::syntax::ast::RegoVersion;
use crate::value::{Data, json};
use crate::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile_with};

/// The answer as text, and the steps that it took.
fn ask(text: &str, input: &Value, reuse: bool) -> (String, u64) {
    let text = format!("package t\n\n{text}\n");
    let source = Source {
        name: "p.rego",
        text: &text,
        version: RegoVersion::V1,
    };
    let options = CompileOptions {
        plan: Plan {
            reuse,
            ..Plan::default()
        },
        ..CompileOptions::default()
    };
    let compiled = compile_with(&[source], options, Data::default()).unwrap();
    let prepared = compiled.prepare("data.t.p").unwrap();
    let mut options = EvalOptions::default();
    let mut evaluator = Evaluator::new();
    let answer = prepared.value(&mut evaluator, compiled.policy(), Some(input), &mut options);
    let answer = match answer {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    };
    (answer, options.budget.used())
}

/// An input with `n` employees in `n / 10` teams.
fn company(n: usize) -> Value {
    let mut employees = Vec::new();
    for at in 0..n {
        let team = at % (n / 10);
        employees.push(format!(
            r#"{{"id": "e{at}", "team": "t{team}", "roles": ["r{at}", "s{team}"], "on": true, "name": "Emp {at}"}}"#
        ));
    }
    let teams: Vec<String> = (0..n / 10)
        .map(|at| format!(r#"{{"id": "t{at}", "lead": "e{at}"}}"#))
        .collect();
    let text = format!(
        r#"{{"employees": [{}], "teams": [{}], "word": "Emp 7"}}"#,
        employees.join(", "),
        teams.join(", ")
    );
    json::parse(text).unwrap()
}

#[test]
fn steps_grow_with_the_input_and_the_answers_stay() {
    let cases = [
        // Arrays, sets and objects by one key.
        "p := {t.id: ms | some t in input.teams; ms := [e.id | some e in input.employees; e.team == t.id]}",
        "p := {t.id: ms | some t in input.teams; ms := {e.id | some e in input.employees; t.id = e.team}}",
        "p := {t.id: ms | some t in input.teams; ms := {e.id: e.team | some e in input.employees; e.team == t.id}}",
        "p := {t.id: ms | some t in input.teams; ms := [i | some i; input.employees[i].team == t.id]}",
        // By several.
        "p := {t.id: ms | some t in input.teams; ms := [e.id | some e in input.employees; team := e.team; team == t.id; e.on == true; e.id == t.lead]}",
        // In a function and in a partial rule.
        "p := {t.id: members(t) | some t in input.teams}\nmembers(t) := [e.id | some e in input.employees; e.team == t.id]",
        "p contains [t.id, ms] if {\nsome t in input.teams\nms := [e.id | some e in input.employees; e.team == t.id]\n}",
        // Through members of members, by patterns.
        "p := {t.id: ms | some t in input.teams; ms := {e.id | some e in input.employees; some r in e.roles; r == concat(\"\", [\"s\", trim_prefix(t.id, \"t\")])}}",
        "pairs := [[e.team, e.id] | some e in input.employees]\np := {t.id: ms | some t in input.teams; id := t.id; ms := [x | some [id, x] in pairs]}",
        // What depends on nothing outside.
        "p := {t.id: ms | some t in input.teams; ms := [e.id | some e in input.employees; e.on]}",
        "p := {t.id: f(t) | some t in input.teams}\nf(t) := [t.id, count({e.team | some e in input.employees})]",
        // What the inner loop does not change.
        "p := {e.id | some e in input.employees; lower(input.word) == lower(e.name)}",
        "p := [x | some t in [1]; ms := [e | some e in input.employees]; some e in input.employees; x := count(ms) + t]",
    ];
    for text in cases {
        let (small, big) = (company(100), company(1_000));
        let (answer, once) = ask(text, &small, true);
        assert_eq!(answer, ask(text, &small, false).0, "{text}");
        let (answer, many) = ask(text, &big, true);
        assert_eq!(answer, ask(text, &big, false).0, "{text}");
        assert!(many < once * 13, "{once} steps, then {many}: {text}");
    }
}

#[test]
fn what_a_table_finds_on_the_way_is_no_error() {
    let input = company(100);
    let cases = [
        // Only for a team that is not asked for would two values come for one key.
        (
            "p := [ms | some t in input.teams; t.id != \"t0\"; ms := {k: v | some e in bad; e.team == t.id; k := e.k; v := e.id}]\nbad := array.concat([{\"team\": \"t0\", \"k\": 1, \"id\": x} | some x in numbers.range(1, 200)], [{\"team\": \"t1\", \"k\": 1, \"id\": 1}])",
            "[{1: 1}, {}, {}, {}, {}, {}, {}, {}, {}]",
        ),
        // The same where it is asked for.
        (
            "p := [ms | some t in input.teams; ms := {k: v | some e in bad; e.team == t.id; k := e.k; v := e.id}]\nbad := [{\"team\": \"t5\", \"k\": 1, \"id\": x} | some x in numbers.range(1, 200)]",
            "p.rego:3: eval_conflict_error: object keys must be unique",
        ),
        // A rule with a conflict that only a member asks for which no team has.
        (
            "p := count([ms | some t in input.teams; ms := [e | some e in some_; e.team == t.id; e.ok(t)]])\nsome_ := []",
            "",
        ),
        (
            "p := [ms | some x in numbers.range(1, 9); ms := [e | some e in numbers.range(1, 100); e % 100 == x; clash(e)]]\nclash(e) := 1 if e > 0\nclash(e) := 2 if e > 10",
            "[[1], [2], [3], [4], [5], [6], [7], [8], [9]]",
        ),
        // 1 and 1.0 are one key; what is undefined is none.
        (
            "p := [ms | some x in [1, 1.0, 3, {}]; ms := [e | some e in numbers.range(1, 200); e % 100 == x]]",
            "[[1, 101], [1, 101], [3, 103], []]",
        ),
        (
            "p := [ms | some x in [{}, {}, {\"k\": 2}]; ms := [e | some e in numbers.range(1, 200); e % 100 == x.k]]",
            "[[], [], [2, 102]]",
        ),
        // Under replacements each table is another.
        (
            "p := [a, b] if {\na := q with input.xs as numbers.range(1, 100)\nb := q with input.xs as numbers.range(1, 101)\n}\nq := [ms | some x in [1, 2, 3]; ms := count([e | some e in input.xs; e % 2 == x])]",
            "[[50, 0, 0], [51, 0, 0]]",
        ),
        (
            "p := [y | some x in [1, 2]; y := [a | some a in [1, 2]; a == q(x)] with input.k as x]\nq(x) := input.k",
            "[[1], [2]]",
        ),
    ];
    for (text, want) in cases {
        if want.is_empty() {
            continue;
        }
        assert_eq!(ask(text, &input, true).0, want, "{text}");
        assert_eq!(ask(text, &input, false).0, want, "{text}");
    }
}

#[test]
fn a_table_that_does_not_pay_costs_little() {
    // Each answer goes over few members; a table would go over a hundred times as many.
    let text = "p := [ms | some x in [1, 2, 3]; ms := count([1 | some a in numbers.range(1, 500); a == x; some b in numbers.range(1, 500); b > a])]";
    let (answer, with) = ask(text, &Value::Null, true);
    let (plain, without) = ask(text, &Value::Null, false);
    assert_eq!(answer, plain);
    assert!(with < without * 6, "{with} steps, {without} without tables");
}

#[test]
fn nested_tables_stay_small() {
    let mut text = "p := [x0 | some x0 in [1, 2]; ".to_owned();
    for at in 1..30 {
        write!(
            text,
            "[1] == [1 | some x{at} in [1, 2]; x{at} == x{}; ",
            at - 1
        )
        .unwrap();
    }
    text.push_str("true");
    text.push_str(&"]".repeat(30));
    let (answer, _) = ask(&text, &Value::Null, true);
    assert_eq!(answer, "[1, 2]");
}
