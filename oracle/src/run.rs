//! The parts of a run, each on several threads: the language cases, the repository's policies, generated programs.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

use regate_oracle::corpus::{self, conformance, policies};
use regate_oracle::program::{Program, Text};
use regate_oracle::stored::Case;
use regate_oracle::{calls, generate, shrink};

use crate::judge::{Judge, Verdict};
use crate::report::Report;
use crate::{Options, Part};

/// Room for programs that nest deeper than expected: a stack's end would hide which one it was.
const STACK: usize = 64 << 20;
/// Differences of one kind that are made small and shown; of the others there is a count.
const SHOWN: usize = 6;

/// A program to ask about.
struct Item {
    name: String,
    text: Text,
    /// Where it was generated: what can be made smaller.
    program: Option<Program>,
}

/// Runs a part; gives the number of differences that are to go.
pub(crate) fn part(part: Part, options: &Options) -> io::Result<usize> {
    match part {
        Part::Conformance => {
            let Some(folder) = conformance::find() else {
                return skipped();
            };
            written(
                options,
                &conformance::read(&folder)?,
                "conformance",
                "cases",
            )
        }
        Part::Policies => {
            let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            written(
                options,
                &policies::read(&repository)?,
                "policies",
                "programs",
            )
        }
        Part::Generated => {
            let item = |at: usize| {
                let seed = options.seed.wrapping_mul(1 << 32).wrapping_add(at as u64);
                let program = generate::program(seed, 1 + at % options.size);
                Item {
                    name: format!("seed {seed}"),
                    text: program.text(),
                    program: Some(program),
                }
            };
            let report = all(options, options.programs, &item)?;
            Ok(report.print("generated", "programs"))
        }
        Part::Calls => {
            let report = calls::run(&options.opa, options.calls, options.seed, &options.only)?;
            println!("{report}");
            Ok(report.unexplained())
        }
    }
}

/// The language cases are no part of the repository.
fn skipped() -> io::Result<usize> {
    let what = "no language cases: set REGATE_CONFORMANCE to the folder that has rego/*.json";
    if std::env::var("CI").as_deref() == Ok("true") {
        return Err(io::Error::other(what));
    }
    println!("oracle: conformance SKIPPED: {what}");
    Ok(0)
}

fn written(options: &Options, cases: &[corpus::Case], part: &str, of: &str) -> io::Result<usize> {
    let item = |at: usize| {
        let case = cases.get(at).cloned();
        let case = case.unwrap_or_else(|| corpus::Case {
            name: String::new(),
            text: generate::program(0, 1).text(),
        });
        Item {
            name: case.name,
            text: case.text,
            program: None,
        }
    };
    Ok(all(options, cases.len(), &item)?.print(part, of))
}

/// Asks about all items.
fn all(
    options: &Options,
    count: usize,
    item: &(dyn Fn(usize) -> Item + Sync),
) -> io::Result<Report> {
    let next = AtomicUsize::new(0);
    let report = Report::default();
    let work = || -> io::Result<()> {
        let mut judge = Judge::new(options)?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(());
            }
            one(&mut judge, &item(at), &report, options)?;
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
    Ok(report)
}

fn one(judge: &mut Judge<'_>, item: &Item, report: &Report, options: &Options) -> io::Result<()> {
    let (opa, differences) = judge.both(&item.text)?;
    let mut verdicts = Vec::with_capacity(differences.len());
    for difference in differences {
        let verdict = judge.verdict(&difference, &item.text)?;
        verdicts.push((verdict, difference.kind));
    }
    let seen = report.count(&opa, &verdicts);
    let first = verdicts
        .into_iter()
        .find(|(verdict, _)| *verdict == Verdict::Unexplained);
    match first {
        // What people wrote is shown whole.
        Some((_, kind)) if seen < SHOWN || item.program.is_none() => {
            show(judge, item, &kind, options)
        }
        _ => Ok(()),
    }
}

fn show(judge: &mut Judge<'_>, item: &Item, kind: &str, options: &Options) -> io::Result<()> {
    let text = match &item.program {
        Some(program) => shrink::shrink(program, |program| still(judge, program, kind)).text(),
        None => item.text.clone(),
    };
    let (opa, differences) = judge.both(&text)?;
    let about = format!("{}: {kind}", item.name);
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
    match &options.store {
        Some(folder) if item.program.is_some() => {
            fs::create_dir_all(folder)?;
            let name = item.name.replace(' ', "-");
            fs::write(folder.join(format!("{name}.yaml")), case.write())
        }
        _ => Ok(()),
    }
}

/// Whether a smaller program has an unexplained difference of the same kind.
fn still(judge: &mut Judge<'_>, program: &Program, kind: &str) -> bool {
    let text = program.text();
    let Ok((_, differences)) = judge.both(&text) else {
        return false;
    };
    let mut alike = differences
        .iter()
        .filter(|difference| difference.kind == kind);
    alike.any(|difference| matches!(judge.verdict(difference, &text), Ok(Verdict::Unexplained)))
}
