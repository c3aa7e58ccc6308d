//! `regate-oracle`: runs ours and `opa` on the same programs and reports where they differ: OPA's language cases, every
//! policy of the repository, and generated programs.

#![expect(clippy::print_stdout, reason = "it reports to people")]

mod judge;
mod report;
mod run;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use regate_oracle::peer;

const USAGE: &str = "usage: regate-oracle [--part conformance|policies|generated|calls] [--programs N] [--seed N] \
    [--threads N] [--size N] [--store DIR] [--calls N] [--only FUNCTION]...";

/// What programs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// OPA's language cases.
    Conformance,
    /// The repository's policies.
    Policies,
    /// Generated ones.
    Generated,
    /// Calls of built-ins with generated arguments.
    Calls,
}

/// What is run.
#[derive(Debug, Clone)]
struct Options {
    opa: PathBuf,
    /// All of them, if none is named.
    parts: Vec<Part>,
    /// How many are generated.
    programs: usize,
    seed: u64,
    threads: usize,
    /// Programs grow up to it.
    size: usize,
    /// Where unexplained differences are kept, made small.
    store: Option<PathBuf>,
    /// How often each built-in is called.
    calls: usize,
    /// The built-ins that are called, by how their names begin; all if there are none.
    only: Vec<String>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            println!("oracle: {message}\noracle: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let parts = options.parts.iter();
    let found = parts.map(|part| run::part(*part, &options));
    // Each part runs, whatever the one before found.
    match found.sum::<io::Result<usize>>() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("oracle: {error}");
            ExitCode::from(2)
        }
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let opa = peer::find();
    let mut options = Options {
        opa: opa.ok_or("opa is missing: set REGATE_OPA, or run `make oracle`, which fetches it")?,
        parts: Vec::new(),
        programs: 1000,
        seed: 1,
        threads: 2,
        size: 10,
        store: None,
        calls: 500,
        only: Vec::new(),
    };
    while let Some(arg) = args.next() {
        let value = args.next().ok_or(format!("`{arg}` needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("`{arg}` needs a number"))
        };
        let count = || number().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        match arg.as_str() {
            "--part" => options.parts.push(part(&value)?),
            "--programs" => options.programs = count()?,
            "--seed" => options.seed = number()?,
            "--threads" => options.threads = count()?.max(1),
            "--size" => options.size = count()?.max(1),
            "--calls" => options.calls = count()?,
            "--only" => options.only.push(value),
            "--store" => options.store = Some(PathBuf::from(value)),
            _ => return Err(format!("there is no `{arg}`")),
        }
    }
    if options.parts.is_empty() {
        options.parts = vec![
            Part::Conformance,
            Part::Policies,
            Part::Generated,
            Part::Calls,
        ];
    }
    Ok(options)
}

fn part(name: &str) -> Result<Part, String> {
    match name {
        "conformance" => Ok(Part::Conformance),
        "policies" => Ok(Part::Policies),
        "generated" => Ok(Part::Generated),
        "calls" => Ok(Part::Calls),
        _ => Err(format!("there is no part `{name}`")),
    }
}
