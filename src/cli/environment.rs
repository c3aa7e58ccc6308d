//! Flags of `run` from the environment: `OPA_RUN_LOG_LEVEL` is `--log-level`.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args;
use crate::config::Strings;

/// Adds the environment's flags to `args`, without those that `args` has already.
pub(super) fn extend(
    mut args: Vec<OsString>,
    matches: &ArgMatches,
    env: &dyn Strings,
) -> Vec<OsString> {
    let Some(given) = matches.subcommand_matches("run") else {
        return args;
    };
    // The first argument is the program's name, whatever it is.
    let Some(at) = args
        .iter()
        .skip(1)
        .position(|arg| arg == "run")
        .map(|at| at + 1)
    else {
        return args;
    };
    let command = args::command();
    let flags = command
        .find_subcommand("run")
        .into_iter()
        .flat_map(clap::Command::get_arguments);
    let mut extra = Vec::new();
    for flag in flags {
        let Some(long) = flag.get_long().filter(|long| *long != "help") else {
            continue;
        };
        if given.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine) {
            continue;
        }
        // An empty variable is as good as none.
        if let Some(value) = env.get(&variable(long)).filter(|value| !value.is_empty()) {
            extra.push(OsString::from(format!("--{long}={value}")));
        }
    }
    args.splice(at + 1..=at, extra);
    args
}

fn variable(flag: &str) -> String {
    format!("OPA_RUN_{}", flag.replace('-', "_").to_ascii_uppercase())
}
