//! `check`: its flags.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::{Exit, emit};
use super::{failed, read_capabilities};
use crate::engine::RegoVersion;
use crate::tool::check::{self, Request};
use crate::tool::load::Paths;

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Rego files, and directories of them.
    paths: Vec<PathBuf>,
    /// The paths are bundles.
    #[arg(short, long)]
    bundle: bool,
    /// The built-ins that there are: a file.
    #[arg(long, value_name = "FILE|VERSION")]
    capabilities: Option<String>,
    /// How errors are printed.
    #[arg(short, long, value_enum, default_value_t = Format::Pretty)]
    format: Format,
    /// Names and globs that are left out of directories.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Shows this many errors of a compilation.
    #[arg(short, long, default_value_t = 10)]
    max_errors: usize,
    /// A JSON schema of the input, or a directory of schemas.
    #[arg(short, long, value_name = "PATH")]
    schema: Option<PathBuf>,
    /// Unused and duplicate declarations are errors.
    #[arg(short = 'S', long)]
    strict: bool,
    /// Modules are written in Rego from before OPA 1.0.
    #[arg(long)]
    v0_compatible: bool,
    /// Modules are written in Rego of OPA 1.0, which is the default.
    #[arg(long)]
    v1_compatible: bool,
    /// The same.
    #[arg(long, hide = true)]
    rego_v1: bool,
    /// Modules must be right in both versions of Rego.
    #[arg(long)]
    v0_v1: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

pub(super) fn check(args: CheckArgs) -> Exit {
    if args.paths.is_empty() {
        return failed("Error: specify at least one file", 1);
    }
    let capabilities = match read_capabilities(args.capabilities.as_deref()) {
        Ok(capabilities) => capabilities,
        Err(error) => return failed(error, 1),
    };
    let version = if args.v0_compatible {
        RegoVersion::V0
    } else {
        RegoVersion::V1
    };
    let paths = Paths::of(args.paths, args.bundle, args.ignore, version);
    emit(&check::check(&Request {
        paths,
        json: matches!(args.format, Format::Json),
        max_errors: args.max_errors,
        strict: args.strict,
        capabilities,
        schema: args.schema,
        both_versions: args.v0_v1,
    }))
}
