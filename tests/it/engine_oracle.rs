//! The engine against OPA on generated programs: the stored cases without it, and where it is installed a small
//! run on fixed seeds. `make oracle` is the large one.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::path::Path;

use regate_oracle::answer::Outcome;
use regate_oracle::peer::{self, Peer};
use regate_oracle::{explained, generate, metamorphic, ours, stored};
use regate_rego::plan;
use regate_rego::syntax::ast::RegoVersion;

/// Differences that were found once, made small, with OPA's answers.
const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/rego");
const PROGRAMS: u64 = 60;

#[test]
fn stored_programs_answer_as_opa_does() {
    let wrong = stored::violations(Path::new(STORED)).expect("the stored cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn changes_that_mean_nothing_change_no_answer() {
    let mut wrong = Vec::new();
    for seed in 1000..1000 + PROGRAMS {
        let program = generate::program(seed, 4);
        let violations = metamorphic::violations(&program, seed).into_iter();
        wrong.extend(violations.map(|violation| format!("seed {seed}: {violation}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_few_programs_answer_as_opa_does() {
    let Some(opa) = peer::find() else {
        eprintln!("SKIPPED: opa is not installed; `make oracle` fetches it");
        return;
    };
    let mut v1 = Peer::start(&opa, RegoVersion::V1).expect("opa starts");
    let mut v0 = Peer::start(&opa, RegoVersion::V0).expect("opa starts");
    let rules = explained::rules();
    let mut wrong = Vec::new();
    for seed in 0..PROGRAMS {
        let text = generate::program(seed, 3).text();
        let peer = if text.version == RegoVersion::V0 {
            &mut v0
        } else {
            &mut v1
        };
        let theirs = peer.outcome(&text).expect("opa answers");
        let ours = ours::outcome(&text, plan::Options::default());
        for difference in Outcome::differences(&theirs, &ours, &text.queries) {
            // Whether an error comes before another literal says no is left to the large run, which asks further.
            let error = difference.query.is_some() && difference.kind.contains("_error");
            if !error && !rules.iter().any(|rule| rule.explains(&difference, &text)) {
                wrong.push(format!(
                    "seed {seed}: opa {}, ours {}",
                    difference.opa, difference.ours
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
