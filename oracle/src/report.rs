//! What a part of a run found.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use regate_oracle::answer::Outcome;

use crate::judge::Verdict;

/// What all threads report to.
#[derive(Debug, Default)]
pub(crate) struct Report(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    programs: usize,
    refused: usize,
    answers: usize,
    failed: usize,
    explained: BTreeMap<String, usize>,
    unexplained: BTreeMap<String, usize>,
}

// === impl Report ===

impl Report {
    /// Counts a program by its first difference of each verdict; gives how many there were before whose first
    /// unexplained difference is of the same kind.
    pub(crate) fn count(&self, opa: &Outcome, verdicts: &[(Verdict, String)]) -> usize {
        let mut counts = self.lock();
        counts.programs += 1;
        match opa {
            Outcome::Refused { .. } => counts.refused += 1,
            Outcome::Answers(answers) => counts.answers += answers.len(),
            Outcome::Failed(why) => {
                counts.failed += 1;
                println!("opa fails: {why}");
            }
        }
        for (verdict, _) in verdicts {
            if let Verdict::Explained(rule) = verdict {
                *counts.explained.entry(rule.clone()).or_default() += 1;
            }
        }
        let first = verdicts
            .iter()
            .find(|(verdict, _)| *verdict == Verdict::Unexplained);
        let Some((_, kind)) = first else {
            return 0;
        };
        let seen = counts.unexplained.entry(kind.clone()).or_default();
        *seen += 1;
        *seen - 1
    }

    /// Prints what was found, the sum of it in a last line; gives the number of differences that are to go.
    pub(crate) fn print(&self, part: &str, of: &str) -> usize {
        let counts = self.lock();
        println!(
            "{} {of}, of which opa refuses {} and fails on {}; {} answers",
            grouped(counts.programs),
            grouped(counts.refused),
            counts.failed,
            grouped(counts.answers)
        );
        for (reason, count) in &counts.explained {
            println!("{count:6} explained: {reason}");
        }
        for (kind, count) in &counts.unexplained {
            println!("{count:6} UNEXPLAINED: {kind}");
        }
        let unexplained: usize = counts.unexplained.values().sum();
        let explained: usize = counts.explained.values().sum();
        // They are known, and yet they are to go.
        let open = counts
            .explained
            .iter()
            .filter(|(rule, _)| rule.starts_with("open:"));
        let open: usize = open.map(|(_, count)| count).sum();
        println!(
            "oracle: {part} {} {of}, {unexplained} differences, {explained} explained ({open} of them open)",
            grouped(counts.programs)
        );
        unexplained + open
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `1,555`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
