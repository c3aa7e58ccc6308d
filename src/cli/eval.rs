//! `eval`: its flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Exit, emit, values};
use crate::config::Strings;
use crate::data::Object;
use crate::engine::RegoVersion;
use crate::tool::Report;
use crate::tool::eval::{self, Request};
use crate::tool::load::Paths;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// The query.
    query: Option<String>,
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
    #[arg(short, long, default_value = "json")]
    format: String,
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
    /// How long the evaluation may take.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// Modules are written in Rego from before OPA 1.0.
    #[arg(long)]
    v0_compatible: bool,
}

pub(super) fn eval(args: EvalArgs, env: &dyn Strings) -> Exit {
    let _ = env;
    let version = if args.v0_compatible {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    };
    let input = match args.input.map(std::fs::read).transpose() {
        Ok(input) => input,
        Err(error) => {
            return emit(&Report {
                stderr: format!("{error}\n"),
                exit: 2,
                ..Report::default()
            });
        }
    };
    let request = Request {
        query: args.query.unwrap_or_default(),
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
        metrics: args.metrics,
        timeout: args.timeout,
        format: eval::Format::Json,
        explain: eval::Explain::Off,
        profile: None,
        coverage: false,
        disable_indexing: false,
        capabilities: None,
        runtime: Object::default(),
    };
    emit(&eval::eval(&request))
}
