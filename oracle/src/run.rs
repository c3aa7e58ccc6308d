//! Generated programs through both engines, on several threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

use regate_oracle::answer::{Difference, Outcome};
use regate_oracle::explained::{self, Rule};
use regate_oracle::peer::{self, Peer};
use regate_oracle::program::{Program, Text};
use regate_oracle::stored::Case;
use regate_oracle::{generate, ours, shrink};
use regate_rego::syntax::ast::RegoVersion;

use crate::Options;

/// Room for programs that nest deeper than expected: a stack's end would hide which one it was.
const STACK: usize = 64 << 20;
/// Differences of one kind that are made small and shown; of the others there is a count.
const SHOWN: usize = 6;

/// What all threads report to.
#[derive(Debug, Default)]
struct Report {
    programs: usize,
    refused: usize,
    answers: usize,
    failed: usize,
    explained: BTreeMap<String, usize>,
    /// Of the explained ones, those that are to go: they count like unexplained ones.
    open: usize,
    unexplained: BTreeMap<String, usize>,
}

/// A thread's servers and what it needs to judge.
struct Judge<'o> {
    options: &'o Options,
    rules: Vec<Rule>,
    v0: Peer,
    v1: Peer,
}

/// Runs them all; gives the number of unexplained differences.
pub(crate) fn generated(options: &Options) -> io::Result<usize> {
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    let work = || -> io::Result<()> {
        let mut judge = Judge::new(options)?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= options.programs {
                return Ok(());
            }
            judge.program(at, &report)?;
        }
    };
    thread::scope(|scope| {
        let start = |_| {
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
        };
        let threads: Vec<_> = (0..options.threads).map(start).collect::<io::Result<_>>()?;
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let ended = ended.map(|ended| ended.unwrap_or_else(|_| Err(io::Error::other("panicked"))));
        ended.collect::<io::Result<()>>()
    })?;
    let report = report
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    report.print();
    Ok(report.open + report.unexplained.values().sum::<usize>())
}

// === impl Judge ===

impl<'o> Judge<'o> {
    fn new(options: &'o Options) -> io::Result<Self> {
        Ok(Self {
            options,
            rules: explained::rules(),
            v0: Peer::start(&options.opa, RegoVersion::V0)?,
            v1: Peer::start(&options.opa, RegoVersion::V1)?,
        })
    }

    fn program(&mut self, at: usize, report: &Mutex<Report>) -> io::Result<()> {
        let seed = self
            .options
            .seed
            .wrapping_mul(1 << 32)
            .wrapping_add(at as u64);
        let program = generate::program(seed, 1 + at % self.options.size);
        let text = program.text();
        let (opa, differences) = self.both(&text)?;
        let mut known = Vec::new();
        let mut unexplained = Vec::new();
        for difference in differences {
            match self.reason(&difference, &text)? {
                Some(rule) => known.push(rule),
                None => unexplained.push(difference.kind),
            }
        }
        let first = unexplained.first().cloned();
        let seen = count(report, &opa, known, first.as_deref());
        if let Some(kind) = first
            && seen < SHOWN
        {
            self.show(seed, &program, &kind)?;
        }
        Ok(())
    }

    fn both(&mut self, text: &Text) -> io::Result<(Outcome, Vec<Difference>)> {
        let peer = match text.version {
            RegoVersion::V0 => &mut self.v0,
            RegoVersion::V1 => &mut self.v1,
        };
        let opa = match peer.outcome(text) {
            Ok(opa) => opa,
            Err(error) => {
                // It takes too long or fell over; another one starts empty.
                *peer = Peer::start(&self.options.opa, text.version)?;
                Outcome::Failed(error.to_string())
            }
        };
        let ours = ours::outcome(text, regate_rego::plan::Options::default());
        let differences = Outcome::differences(&opa, &ours, &text.queries);
        Ok((opa, differences))
    }

    /// The name of what explains a difference.
    fn reason(&self, difference: &Difference, text: &Text) -> io::Result<Option<String>> {
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.explains(difference, text));
        if let Some(rule) = rule {
            return Ok(Some(rule.name.clone()));
        }
        let Some(query) = &difference.query else {
            return Ok(None);
        };
        // Which of several errors comes first, and whether one comes at all where another literal says no,
        // is a matter of what the indexes pass over.
        let (strict, query) = match query.strip_prefix("strict ") {
            Some(query) => (true, query),
            None => (false, query.as_str()),
        };
        if strict && difference.opa.ends_with("_error") && difference.ours.ends_with("_error") {
            return Ok(Some("order of errors: another one first".to_owned()));
        }
        let slow = regate_rego::plan::Options {
            index: false,
            reuse: false,
            // With them loops run to their end.
            instruments: true,
        };
        let asked = Text {
            queries: vec![query.to_owned()],
            ..text.clone()
        };
        if difference.kind.contains("_error")
            && let Outcome::Answers(answers) = ours::outcome(&asked, slow)
            && let [[lenient, in_strict]] = answers.as_slice()
            && (if strict { in_strict } else { lenient }).to_string() == difference.opa
        {
            return Ok(Some("as ours without index and early exit".to_owned()));
        }
        let plain = peer::without_index(&self.options.opa, text, query, strict)?;
        let same = plain.to_string() == difference.ours;
        Ok(same.then(|| "as OPA without its index".to_owned()))
    }

    fn unexplained(&mut self, program: &Program, kind: &str) -> bool {
        let text = program.text();
        let Ok((_, differences)) = self.both(&text) else {
            return false;
        };
        let mut alike = differences
            .iter()
            .filter(|difference| difference.kind == kind);
        alike.any(|difference| matches!(self.reason(difference, &text), Ok(None)))
    }

    fn show(&mut self, seed: u64, program: &Program, kind: &str) -> io::Result<()> {
        let small = shrink::shrink(program, |program| self.unexplained(program, kind));
        let text = small.text();
        let (opa, differences) = self.both(&text)?;
        let about = format!("seed {seed}: {kind}");
        let case = Case { about, text, opa };
        println!("{}", case.write());
        for difference in differences {
            let query = difference.query.unwrap_or_default();
            println!(
                "  {query}\n    opa  {}\n    ours {}",
                difference.opa, difference.ours
            );
        }
        println!();
        if let Some(folder) = &self.options.store {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(format!("seed-{seed}.yaml")), case.write())?;
        }
        Ok(())
    }
}

// === impl Report ===

impl Report {
    fn print(&self) {
        let Self {
            programs,
            refused,
            answers,
            failed,
            ..
        } = self;
        println!(
            "{programs} programs, of which opa refuses {refused} and fails on {failed}; {answers} answers"
        );
        for (reason, count) in &self.explained {
            println!("{count:6} explained: {reason}");
        }
        for (kind, count) in &self.unexplained {
            println!("{count:6} UNEXPLAINED: {kind}");
        }
        let unexplained: usize = self.unexplained.values().sum();
        println!(
            "{unexplained} unexplained differences, {} open ones",
            self.open
        );
    }
}

/// Counts a program; gives how many there were before whose first difference is of the same kind.
fn count(report: &Mutex<Report>, opa: &Outcome, known: Vec<String>, kind: Option<&str>) -> usize {
    let mut report = report
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    report.programs += 1;
    match opa {
        Outcome::Refused { .. } => report.refused += 1,
        Outcome::Answers(answers) => report.answers += 2 * answers.len(),
        Outcome::Failed(why) => {
            report.failed += 1;
            println!("opa fails: {why}");
        }
    }
    for rule in known {
        report.open += usize::from(rule.starts_with("open:"));
        *report.explained.entry(rule).or_default() += 1;
    }
    let Some(kind) = kind else {
        return 0;
    };
    let seen = report.unexplained.entry(kind.to_owned()).or_default();
    *seen += 1;
    *seen - 1
}
