//! `regate-oracle`: runs ours and `opa` on the same programs and reports where they differ.

#![expect(clippy::print_stdout, reason = "it reports to people")]

mod run;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use regate_oracle::{calls, peer};

const USAGE: &str = "usage: regate-oracle [--programs N] [--seed N] [--threads N] [--size N] [--store DIR] \
    [--calls N] [--only FUNCTION]...";

/// What is run.
#[derive(Debug, Clone)]
struct Options {
    opa: PathBuf,
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
    let found = run::generated(&options).and_then(|programs| Ok(programs + called(&options)?));
    match found {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("oracle: {error}");
            ExitCode::from(2)
        }
    }
}

/// Calls the built-ins; gives the number of unexplained differences.
fn called(options: &Options) -> io::Result<usize> {
    let report = calls::run(&options.opa, options.calls, options.seed, &options.only)?;
    println!("{report}");
    Ok(report.unexplained())
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let opa = peer::find();
    let mut options = Options {
        opa: opa.ok_or("opa is missing: set REGATE_OPA, or run `make oracle`, which fetches it")?,
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
    Ok(options)
}
