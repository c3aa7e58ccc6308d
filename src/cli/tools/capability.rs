//! `capabilities`: its flags.

use std::path::PathBuf;

use clap::Args;

use super::super::{Exit, emit};
use super::failed;
use crate::tool::Report;
use crate::tool::capabilities;

#[derive(Debug, Args)]
pub(in crate::cli) struct CapabilitiesArgs {
    /// Prints those of this version.
    #[arg(long)]
    current: bool,
    /// Prints those that a file has.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Prints those of a version of OPA; only the one whose language this is, is known.
    #[arg(long)]
    version: Option<String>,
    /// Accepted, without effect.
    #[arg(long)]
    v0_compatible: bool,
}

pub(super) fn capabilities(args: &CapabilitiesArgs) -> Exit {
    let text = match (args.current, &args.file, &args.version) {
        (_, Some(file), _) => match std::fs::read(file) {
            Ok(text) => capabilities::file(&text),
            Err(error) => return failed(format!("open {}: {error}", file.display()), 1),
        },
        (_, _, Some(version)) => {
            capabilities::version(version).map(|json| capabilities::text(&json))
        }
        (true, ..) => Ok(capabilities::text(&capabilities::current())),
        _ => Ok(format!("{}\n", capabilities::VERSION)),
    };
    match text {
        Ok(stdout) => emit(&Report {
            stdout,
            ..Report::default()
        }),
        Err(error) => failed(error, 1),
    }
}
