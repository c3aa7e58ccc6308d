//! `parse`: its flags.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::{Exit, emit};
use super::failed;
use crate::engine::RegoVersion;
use crate::tool::parse::{self, Request};

#[derive(Debug, Args)]
pub(in crate::cli) struct ParseArgs {
    /// The Rego file; of several the first is parsed, as with `opa`.
    paths: Vec<PathBuf>,
    /// How the tree is printed.
    #[arg(short, long, value_enum, default_value_t = Format::Pretty)]
    format: Format,
    /// What is put in or left out: locations, comments, -comments.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    json_include: Vec<String>,
    /// The file is written in Rego from before OPA 1.0.
    #[arg(long)]
    v0_compatible: bool,
    /// Modules are written in Rego of OPA 1.0, which is the default.
    #[arg(long)]
    v1_compatible: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

pub(super) fn parse(args: &ParseArgs) -> Exit {
    let Some(path) = args.paths.first() else {
        return failed("Error: no source file specified", 1);
    };
    let last = |name: &str| {
        let mut said = args.json_include.iter().rev();
        said.find(|said| said.trim_start_matches('-') == name)
            .map(|said| !said.starts_with('-'))
    };
    emit(&parse::parse(&Request {
        path: path.clone(),
        json: matches!(args.format, Format::Json),
        locations: last("locations").unwrap_or(false),
        comments: last("comments").unwrap_or(true),
        version: if args.v0_compatible {
            RegoVersion::V0
        } else {
            RegoVersion::V1
        },
    }))
}
