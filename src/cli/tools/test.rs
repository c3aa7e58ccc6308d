//! `test`: its flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::{Exit, emit, values};
use super::eval::{http_send_timeout, runtime};
use super::{failed, read_capabilities, refuse};
use crate::engine::RegoVersion;
use crate::tool::Report;
use crate::tool::eval;
use crate::tool::load::Paths;
use crate::tool::test::{self, Request};

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    /// Policies, tests and data: files and directories.
    paths: Vec<PathBuf>,
    /// The paths are bundles.
    #[arg(short, long)]
    bundle: bool,
    /// Names and globs that are left out of directories.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The built-ins that there are: a file.
    #[arg(long, value_name = "FILE|VERSION")]
    capabilities: Option<String>,
    /// Tests may ask servers and look up names, which else only hosts in `allow_net` of --capabilities are for.
    #[arg(long)]
    allow_net: bool,
    /// Lists tests that pass, and explains failures.
    #[arg(short, long)]
    verbose: bool,
    /// Runs only tests whose path matches this regular expression.
    #[arg(short, long, value_name = "REGEX")]
    run: Option<String>,
    /// Reports which lines were evaluated.
    #[arg(short, long)]
    coverage: bool,
    /// The share of lines that must be evaluated, in percent.
    #[arg(long, default_value_t = 0.0)]
    threshold: f64,
    /// How often each test is run.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How many tests run at the same time; 0 is one for each core.
    #[arg(short, long, default_value_t = 0)]
    parallel: usize,
    /// How long one test may take: 5s, and 30s with --bench; 0 is for ever.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// How results are printed.
    #[arg(short, long, value_enum, default_value_t = Format::Pretty)]
    format: Format,
    /// Times each test over many runs.
    #[arg(long)]
    bench: bool,
    /// How much is told of failures.
    #[arg(long, value_enum)]
    explain: Option<Explain>,
    /// Tests that were skipped are no failure.
    #[arg(short = 'z', long)]
    exit_zero_on_skipped: bool,
    /// It is a failure that no test was run.
    #[arg(long)]
    fail_on_empty: bool,
    /// Shows this many errors of a compilation.
    #[arg(short, long, default_value_t = 10)]
    max_errors: usize,
    /// A JSON schema of the input, or a directory of schemas.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<PathBuf>,
    /// How JSON results are sorted.
    #[arg(long, value_enum, default_value_t = Sort::None)]
    sort: Sort,
    /// Modules are written in Rego from before OPA 1.0.
    #[arg(long)]
    v0_compatible: bool,
    /// Modules are written in Rego of OPA 1.0, which is the default.
    #[arg(long)]
    v1_compatible: bool,
    /// Shows the values of variables where a test failed.
    #[arg(long)]
    var_values: bool,
    /// Accepted, without effect: allocations are not counted.
    #[arg(long)]
    benchmem: bool,
    /// Accepted, without effect: coverage takes no further runs.
    #[arg(long)]
    coverage_runs: Option<String>,
    /// Runs the tests again whenever a file changes.
    #[arg(short, long)]
    watch: bool,
    /// What evaluates: only `rego` does.
    #[arg(short, long, default_value = "rego")]
    target: String,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Format {
    Pretty,
    Json,
    Gobench,
}

/// The values of `--explain`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Explain {
    Fails,
    Full,
    Notes,
    Debug,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Sort {
    None,
    Duration,
}

pub(super) fn test(args: TestArgs) -> Exit {
    if args.paths.is_empty() {
        return failed("Error: specify at least one file", 1);
    }
    if args.target != "rego" {
        return refuse("--target", "the only target is `rego`");
    }
    if args.format == Format::Gobench && !args.bench {
        let text = "cannot use output format gobench without running benchmarks (--bench)";
        return failed(text, 0);
    }
    let capabilities = match read_capabilities(args.capabilities.as_deref()) {
        Ok(capabilities) => capabilities,
        Err(error) => return failed(error, 1),
    };
    let http_send_timeout = match http_send_timeout() {
        Ok(timeout) => timeout,
        Err(error) => return failed(error, 1),
    };
    let version = if args.v0_compatible {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    };
    let seconds = if args.bench { 30 } else { 5 };
    let watch = args.watch;
    let request = Request {
        paths: Paths::of(args.paths, args.bundle, args.ignore, version),
        format: match args.format {
            Format::Pretty => test::Format::Pretty,
            Format::Json => test::Format::Json,
            Format::Gobench => test::Format::GoBench,
        },
        verbose: args.verbose || args.explain.is_some(),
        var_values: args.var_values,
        explain: args.explain.map(Into::into),
        only: args.run,
        coverage: args.coverage || args.threshold > 0.0,
        threshold: args.threshold,
        count: args.count,
        parallel: args.parallel,
        timeout: args.timeout.unwrap_or(Duration::from_secs(seconds)),
        bench: args.bench,
        exit_zero_on_skipped: args.exit_zero_on_skipped,
        fail_on_empty: args.fail_on_empty,
        sort_by_duration: args.sort == Sort::Duration,
        max_errors: args.max_errors,
        capabilities,
        allow_net: args.allow_net,
        http_send_timeout,
        schema: args.schema,
        runtime: runtime(),
    };
    if !watch {
        return emit(&test::test(&request));
    }
    // A stream that is closed ends it.
    let tell = |report: &Report| !matches!(emit(report), Exit::Failed);
    match test::watch(&request, tell) {
        Ok(()) => Exit::Ok,
        Err(error) => failed(error, 1),
    }
}

impl From<Explain> for eval::Explain {
    fn from(explain: Explain) -> Self {
        match explain {
            Explain::Fails => Self::Fails,
            Explain::Full => Self::Full,
            Explain::Notes => Self::Notes,
            Explain::Debug => Self::Debug,
        }
    }
}
