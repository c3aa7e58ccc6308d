//! `eval`: its flags.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::{Exit, emit, values};
use super::{failed, read_capabilities, refuse};
use crate::config::{self, Environment, Strings as _};
use crate::data::Object;
use crate::engine::{self, RegoVersion};
use crate::tool::eval::{self, Explain, Profile, Request};
use crate::tool::load::Paths;

#[derive(Debug, Args)]
pub(in crate::cli) struct EvalArgs {
    /// The query.
    query: Vec<String>,
    /// Policies and data: files and directories, `[prefix:]path`.
    #[arg(short, long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Bundles: archives and directories.
    #[arg(short, long, value_name = "PATH")]
    bundle: Vec<PathBuf>,
    /// The input document, JSON or YAML.
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Reads the input document from stdin.
    #[arg(short = 'I', long)]
    stdin_input: bool,
    /// Reads the query from stdin.
    #[arg(long)]
    stdin: bool,
    /// How the answers are printed.
    #[arg(short, long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Names and globs that are left out of directories.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The package whose rules the query sees by their short names.
    #[arg(long)]
    package: Option<String>,
    /// An import that holds in the query.
    #[arg(long)]
    import: Vec<String>,
    /// The first error of a built-in ends the evaluation.
    #[arg(long)]
    strict_builtin_errors: bool,
    /// Errors of built-ins are shown beside the answers.
    #[arg(long)]
    show_builtin_errors: bool,
    /// Unused and duplicate declarations are errors.
    #[arg(short = 'S', long)]
    strict: bool,
    /// Exits with 1 when there is no answer.
    #[arg(long)]
    fail: bool,
    /// Exits with 1 when there is an answer.
    #[arg(long)]
    fail_defined: bool,
    /// Reports how long each step took.
    #[arg(long)]
    metrics: bool,
    /// The same; there are no finer timers here.
    #[arg(long)]
    instrument: bool,
    /// How often all is done; timers and profiles tell the least, the most and the mean.
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How long the evaluation may take.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// A JSON schema of the input, or a directory of schemas.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<PathBuf>,
    /// The built-ins that there are: a file.
    #[arg(long, value_name = "FILE|VERSION")]
    capabilities: Option<String>,
    /// Modules are written in Rego from before OPA 1.0.
    #[arg(long)]
    v0_compatible: bool,
    /// Modules are written in Rego of OPA 1.0, which is the default.
    #[arg(long)]
    v1_compatible: bool,
    /// Tells how the answers came about.
    #[arg(long, value_enum, default_value_t = Tell::Off)]
    explain: Tell,
    /// Shows the values of variables beside what --explain tells.
    #[arg(long)]
    var_values: bool,
    /// Shows how often expressions were evaluated, and how long that took.
    #[arg(long)]
    profile: bool,
    /// How many lines of a profile are shown; 0 shows all.
    #[arg(long, default_value_t = 10)]
    profile_limit: usize,
    /// How a profile is sorted: total_time_ns, num_eval, num_redo, num_gen_expr, file, line.
    #[arg(long)]
    profile_sort: Vec<String>,
    /// Shows which lines were evaluated.
    #[arg(long)]
    coverage: bool,
    /// Tries rules one by one.
    #[arg(long)]
    disable_indexing: bool,
    #[command(flatten)]
    without_effect: WithoutEffect,
    #[command(flatten)]
    refused: Refused,
}

/// Flags of `opa eval` that change nothing here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted, without effect")]
struct WithoutEffect {
    /// Values are never cut short.
    #[arg(long)]
    pretty_limit: Option<u64>,
    /// Loops end early only where that changes nothing.
    #[arg(long)]
    disable_early_exit: bool,
    /// Data is always kept in the form that is fast to read.
    #[arg(long)]
    optimize_store_for_read_speed: bool,
    /// Coverage takes no further runs.
    #[arg(long)]
    coverage_runs: Option<String>,
    /// Only counts with --optimize.
    #[arg(short, long)]
    entrypoint: Vec<String>,
}

/// Flags of `opa eval` that are refused.
#[derive(Debug, Args)]
#[command(next_help_heading = "Not supported")]
struct Refused {
    /// Partial evaluation.
    #[arg(short, long)]
    partial: bool,
    /// What partial evaluation does not know.
    #[arg(short, long)]
    unknowns: Vec<String>,
    /// What partial evaluation keeps.
    #[arg(long)]
    disable_inlining: Vec<String>,
    /// How partial evaluation keeps it.
    #[arg(long)]
    shallow_inlining: bool,
    /// What partial evaluation calls.
    #[arg(long)]
    nondeterminstic_builtins: bool,
    /// Optimization by partial evaluation; only 0 is there.
    #[arg(short = 'O', long, default_value_t = 0)]
    optimize: u32,
    /// What evaluates: only `rego` does.
    #[arg(short, long, default_value = "rego")]
    target: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Values,
    Bindings,
    Pretty,
    Source,
    Raw,
    Discard,
}

/// The values of `--explain`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tell {
    Off,
    Full,
    Notes,
    Fails,
    Debug,
}

pub(super) fn eval(args: EvalArgs) -> Exit {
    if let Some((flag, reason)) = refused(&args) {
        return refuse(flag, reason);
    }
    if let Some(wrong) = wrong(&args) {
        return failed(format!("Error: {wrong}"), 1);
    }
    let format = match args.format {
        Format::Json => eval::Format::Json,
        Format::Values => eval::Format::Values,
        Format::Bindings => eval::Format::Bindings,
        Format::Pretty => eval::Format::Pretty,
        Format::Raw => eval::Format::Raw,
        Format::Discard | Format::Source => eval::Format::Discard,
    };
    let input = match input(&args) {
        Ok(input) => input,
        Err(error) => return failed(error, 2),
    };
    let capabilities = match read_capabilities(args.capabilities.as_deref()) {
        Ok(capabilities) => capabilities,
        Err(error) => return failed(error, 2),
    };
    let http_send_timeout = match http_send_timeout() {
        Ok(timeout) => timeout,
        Err(error) => return failed(error, 2),
    };
    let query = match query(&args) {
        Ok(query) => query,
        Err(error) => return failed(error, 2),
    };
    let version = if args.v0_compatible {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    };
    let profile = args.profile.then_some(Profile {
        limit: args.profile_limit,
        sort: args.profile_sort,
    });
    emit(&eval::eval(&Request {
        query,
        paths: Paths {
            files: args.data,
            bundles: args.bundle,
            ignore: args.ignore,
            version,
        },
        input,
        package: args.package,
        imports: args.import,
        strict_builtin_errors: args.strict_builtin_errors,
        show_builtin_errors: args.show_builtin_errors,
        strict: args.strict,
        fail: args.fail,
        fail_defined: args.fail_defined,
        metrics: args.metrics || args.instrument,
        runs: args.count,
        timeout: args.timeout,
        format,
        explain: args.explain.into(),
        var_values: args.var_values,
        profile,
        coverage: args.coverage,
        disable_indexing: args.disable_indexing,
        capabilities,
        schema: args.schema,
        http_send_timeout,
        runtime: runtime(),
    }))
}

fn refused(args: &EvalArgs) -> Option<(&'static str, &'static str)> {
    const PARTIAL: &str = "there is no partial evaluation yet";
    let Refused {
        partial,
        unknowns,
        disable_inlining,
        shallow_inlining,
        nondeterminstic_builtins,
        optimize,
        target,
    } = &args.refused;
    let flags = [
        (*partial, "--partial", PARTIAL),
        (!unknowns.is_empty(), "--unknowns", PARTIAL),
        (!disable_inlining.is_empty(), "--disable-inlining", PARTIAL),
        (*shallow_inlining, "--shallow-inlining", PARTIAL),
        (
            *nondeterminstic_builtins,
            "--nondeterminstic-builtins",
            PARTIAL,
        ),
        (*optimize > 0, "--optimize", PARTIAL),
        (
            matches!(args.format, Format::Source),
            "--format=source",
            PARTIAL,
        ),
        (target != "rego", "--target", "the only target is `rego`"),
    ];
    let given = flags.into_iter().find(|(given, ..)| *given);
    given.map(|(_, flag, reason)| (flag, reason))
}

fn wrong(args: &EvalArgs) -> Option<&'static str> {
    match (args.query.len(), args.stdin) {
        (0, false) => Some("specify query argument or --stdin"),
        (1.., true) => Some("specify query argument or --stdin but not both"),
        (2.., _) => Some("specify at most one query argument"),
        _ if args.stdin && args.stdin_input => {
            Some("specify --stdin or --stdin-input but not both")
        }
        _ if args.input.is_some() && args.stdin_input => {
            Some("specify --input or --stdin-input but not both")
        }
        _ if args.fail && args.fail_defined => {
            Some("specify --fail or --fail-defined but not both")
        }
        _ => None,
    }
}

fn input(args: &EvalArgs) -> Result<Option<Vec<u8>>, String> {
    if args.stdin_input {
        return stdin().map(Some);
    }
    let Some(path) = &args.input else {
        return Ok(None);
    };
    std::fs::read(path)
        .map(Some)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("open {}: no such file or directory", path.display())
            }
            _ => format!("open {}: {error}", path.display()),
        })
}

fn query(args: &EvalArgs) -> Result<String, String> {
    match args.query.first() {
        Some(query) => Ok(query.clone()),
        None => String::from_utf8(stdin()?).map_err(|error| format!("the query: {error}")),
    }
}

fn stdin() -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut text);
    read.map_err(|error| format!("stdin: {error}"))?;
    Ok(text)
}

/// How long a request of `http.send` may take that does not say it.
pub(super) fn http_send_timeout() -> Result<Duration, String> {
    let timeout = config::http_send_timeout(&Environment);
    timeout.map_err(|error| format!("HTTP_SEND_TIMEOUT: {error}"))
}

/// What `opa.runtime()` gives.
pub(super) fn runtime() -> Object {
    engine::runtime(Environment.all(), None, false)
}

impl From<Tell> for Explain {
    fn from(tell: Tell) -> Self {
        match tell {
            Tell::Off => Self::Off,
            Tell::Full => Self::Full,
            Tell::Notes => Self::Notes,
            Tell::Fails => Self::Fails,
            Tell::Debug => Self::Debug,
        }
    }
}
