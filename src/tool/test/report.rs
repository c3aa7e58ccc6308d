//! The results of tests in the formats of `opa test`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use data_encoding::BASE64;
use regate_rego::Value;

use super::super::json::Json;
use super::super::observe::duration;
use super::super::problem::Problem;
use super::run::{Case, Outcome, Verdict, case_name};
use super::{Format, Request};

/// The exit code: 2 where not all tests passed.
pub(super) fn exit(request: &Request, outcomes: &[Outcome]) -> u8 {
    let bad = outcomes.iter().any(|outcome| match outcome.verdict {
        Verdict::Passed => false,
        Verdict::Skipped => !request.exit_zero_on_skipped,
        Verdict::Failed | Verdict::Error(_) => true,
    });
    if bad { 2 } else { 0 }
}

/// What is printed.
pub(super) fn text(request: &Request, outcomes: &[Outcome]) -> String {
    if request.format == Format::Json {
        let mut outcomes: Vec<&Outcome> = outcomes.iter().collect();
        if request.sort_by_duration {
            outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.duration));
        }
        let results = outcomes.into_iter().map(json);
        return results.collect::<Json>().to_text();
    }
    if outcomes.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let mut file = None;
    for outcome in outcomes {
        let text = listed(request, outcome);
        if text.is_empty() {
            continue;
        }
        // An empty line stands between the tests of one file and those of another.
        let at = &outcome.test.location.file;
        if outcome.timing.is_none() && file.replace(at).is_some_and(|before| before != at) {
            out.push('\n');
        }
        out.push_str(&text);
    }
    let explained = outcomes
        .iter()
        .filter(|outcome| outcome.verdict == Verdict::Failed);
    let explained: Vec<&Outcome> = explained
        .filter(|outcome| outcome.trace.is_some() || outcome.values.is_some())
        .collect();
    if !explained.is_empty() {
        let _ = writeln!(out, "{}\nFAILURES\n{}", rule(), rule());
        for outcome in explained {
            out.push_str(&failure(outcome));
        }
    }
    if !out.is_empty() {
        let _ = writeln!(out, "{}", rule());
    }
    out.push_str(&sums(outcomes));
    out
}

// === pretty ===

fn listed(request: &Request, outcome: &Outcome) -> String {
    let name = format!("{}.{}", outcome.test.package, outcome.test.name);
    if let Some(timing) = outcome.timing {
        return timing.text(&match request.format {
            Format::GoBench => camel(&name),
            Format::Pretty | Format::Json => name,
        });
    }
    if outcome.verdict == Verdict::Passed && !request.verbose {
        return String::new();
    }
    let at = &outcome.test.location;
    let mut out = format!("{}:{}:\n{}\n", at.file, at.row, headline(outcome));
    cases(&mut out, &outcome.cases, 1, request.verbose);
    if let Verdict::Error(problems) = &outcome.verdict {
        for problem in problems {
            let _ = writeln!(out, "  {problem}");
            for line in problem.traceback().lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    if !outcome.output.is_empty() {
        out.push('\n');
        for line in outcome.output.lines() {
            let _ = writeln!(out, "  {line}");
        }
        out.push('\n');
    }
    out
}

fn headline(outcome: &Outcome) -> String {
    let name = format!("{}.{}", outcome.test.package, outcome.test.name);
    let time = duration(outcome.duration);
    match outcome.verdict {
        Verdict::Passed => format!("{name}: PASS ({time})"),
        Verdict::Failed => format!("{name}: FAIL ({time})"),
        Verdict::Skipped => format!("{name}: SKIPPED"),
        Verdict::Error(_) => format!("{name}: ERROR ({time})"),
    }
}

/// What coverage says of a test that failed in its place: its verdict, and those of all its cases.
pub(super) fn uncovered(outcome: &Outcome) -> String {
    let mut out = format!("{}\n", headline(outcome));
    cases(&mut out, &outcome.cases, 0, true);
    out.push('\n');
    out
}

fn failure(outcome: &Outcome) -> String {
    let mut out = format!("{}\n\n", headline(outcome));
    if let Some(trace) = &outcome.trace {
        for line in trace.lines() {
            let _ = writeln!(out, "  {line}  ");
        }
        out.push('\n');
    }
    if let Some(values) = &outcome.values {
        for line in values.lines() {
            let _ = writeln!(out, "  {line}");
        }
        out.push('\n');
    }
    if !outcome.cases.is_empty() {
        cases(&mut out, &outcome.cases, 1, false);
        out.push('\n');
    }
    out
}

/// The cases of a test; those that passed only where everything is told.
fn cases(out: &mut String, all: &BTreeMap<Value, Case>, level: usize, passed: bool) {
    let mut named: Vec<(String, &Case)> = all
        .iter()
        .map(|(key, case)| (case_name(key), case))
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, case) in named {
        if !case.failed && !passed {
            continue;
        }
        let verdict = if case.failed { "FAIL" } else { "PASS" };
        let _ = writeln!(out, "{}{name}: {verdict}", "  ".repeat(level));
        cases(out, &case.cases, level + 1, passed);
    }
}

/// The sums of verdicts; of a test with cases each case counts.
fn sums(outcomes: &[Outcome]) -> String {
    let [mut passed, mut failed, mut skipped, mut errors] = [0; 4];
    for outcome in outcomes {
        match outcome.verdict {
            Verdict::Skipped => skipped += 1,
            Verdict::Error(_) => errors += 1,
            Verdict::Passed | Verdict::Failed if !outcome.cases.is_empty() => {
                let (good, bad) = leaves(&outcome.cases);
                passed += good;
                failed += bad;
            }
            Verdict::Passed => passed += 1,
            Verdict::Failed => failed += 1,
        }
    }
    let all = passed + failed + skipped + errors;
    let sums = [
        ("PASS", passed),
        ("FAIL", failed),
        ("SKIPPED", skipped),
        ("ERROR", errors),
    ];
    let told = sums.into_iter().filter(|(_, count)| *count > 0);
    told.fold(String::new(), |mut out, (name, count)| {
        let _ = writeln!(out, "{name}: {count}/{all}");
        out
    })
}

/// How many cases passed, and how many failed.
fn leaves(cases: &BTreeMap<Value, Case>) -> (usize, usize) {
    let each = cases.values().map(|case| match case.cases.is_empty() {
        true if case.failed => (0, 1),
        true => (1, 0),
        false => leaves(&case.cases),
    });
    each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn rule() -> String {
    "-".repeat(80)
}

/// `data.a_b.test_c` as `BenchmarkDataABTestC`.
fn camel(name: &str) -> String {
    let words = name.split(['.', '_']).map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    std::iter::once("Benchmark".to_owned())
        .chain(words)
        .collect()
}

// === JSON ===

fn json(outcome: &Outcome) -> Json {
    let at = &outcome.test.location;
    let location = Json::object()
        .with("file", &*at.file)
        .with("row", i64::from(at.row))
        .with("col", i64::from(at.col));
    let error = match &outcome.verdict {
        Verdict::Error(problems) => match problems.as_slice() {
            [one] => Some(one.to_json()),
            many => Some(many.iter().map(Problem::to_json).collect()),
        },
        _ => None,
    };
    let flag = |wanted: &Verdict| (outcome.verdict == *wanted).then_some(true);
    let output = BASE64.encode(outcome.output.as_bytes());
    let cases = (!outcome.cases.is_empty()).then(|| cases_json(&outcome.cases));
    let number = |count: u128| i64::try_from(count).unwrap_or(i64::MAX);
    let timing = outcome.timing.map(|timing| {
        let each = Json::object().with("timer_rego_query_eval_ns/op", number(timing.per_run()));
        Json::object()
            .with("N", number(u128::from(timing.runs)))
            .with("T", number(timing.time.as_nanos()))
            .with("Bytes", 0_i64)
            .with("MemAllocs", 0_i64)
            .with("MemBytes", 0_i64)
            .with("Extra", each)
    });
    Json::object()
        .with("location", location)
        .with("package", outcome.test.package.as_str())
        .with("name", outcome.test.name.as_str())
        .with_some("error", error)
        .with_some("fail", flag(&Verdict::Failed))
        .with_some("skip", flag(&Verdict::Skipped))
        .with("duration", number(outcome.duration.as_nanos()))
        .with_some("output", Some(output).filter(|output| !output.is_empty()))
        .with_some("benchmark_result", timing)
        .with_some("sub_results", cases)
}

fn cases_json(cases: &BTreeMap<Value, Case>) -> Json {
    let cases = cases.iter().map(|(key, case)| {
        let name = case_name(key);
        let below = (!case.cases.is_empty()).then(|| cases_json(&case.cases));
        let result = Json::object()
            .with("name", name.as_str())
            .with_some("fail", case.failed.then_some(true))
            .with_some("sub_results", below);
        (name.into(), result)
    });
    Json::Object(cases.collect())
}
