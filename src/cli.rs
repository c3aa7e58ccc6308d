//! The command line: parses, calls, turns what comes back into an exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::config::{Environment, Strings};
use crate::tool::Report;

mod args;
mod check;
mod environment;
mod run;
mod tools;
mod values;
mod version;

use self::args::{Cli, Command, ConfigCommand, command};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all went well.
    Ok,
    /// 1: it failed while running.
    Failed,
    /// As a tool says: those of `opa`.
    Code(u8),
    /// 64: the arguments or the configuration are wrong (`EX_USAGE` of sysexits).
    Usage,
}

/// Runs the program with these arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let tool = args.get(1).and_then(|name| name.to_str());
    let is_tool = tool.is_some_and(|name| tools::NAMES.contains(&name));
    let cli = match parse(args, &Environment) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" that belong on stdout; nothing is left to do if the
            // stream is closed.
            let _ = error.print();
            return if error.use_stderr() && is_tool {
                Exit::Failed
            } else if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
        }
    };
    match cli.command {
        Command::Run(args) => run::run(*args, &Environment),
        Command::Config {
            command: ConfigCommand::Check(args),
        } => check::check(args, &Environment),
        Command::Tool(tool) => tools::run(tool),
        Command::Version => out(&version::text()),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "regate", &mut script);
            out(&String::from_utf8_lossy(&script))
        }
    }
}

/// Parses the arguments, and the environment's `OPA_RUN_…` for flags that are not among them.
fn parse(args: Vec<OsString>, env: &dyn Strings) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(&args)?;
    let args = environment::extend(args, &matches, env);
    let matches = command().try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// Writes to stdout, where only a closed pipe can be in the way.
fn out(text: &str) -> Exit {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Failed,
    }
}

/// Prints what a tool reports.
fn emit(report: &Report) -> Exit {
    let _ = std::io::stderr().lock().write_all(report.stderr.as_bytes());
    match out(&report.stdout) {
        Exit::Ok => Exit::Code(report.exit),
        failed => failed,
    }
}

/// Writes one or more lines to stderr, where nobody may be listening.
fn complain(text: &str) {
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "error: {line}");
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Ok => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::Code(code) => Self::from(code),
            Exit::Usage => Self::from(64),
        }
    }
}

#[cfg(test)]
mod tests;
