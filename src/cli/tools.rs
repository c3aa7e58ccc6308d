//! The commands for people who write policies, with the flags of `opa`.

use std::path::Path;

use clap::Subcommand;

use super::{Exit, complain, emit};
use crate::data::{Value, read};
use crate::tool::{Report, capabilities};

mod capability;
mod eval;
mod lint;
mod parse;
mod test;

#[derive(Debug, Subcommand)]
pub(super) enum Tool {
    /// Evaluates a query and prints its answers.
    #[command(after_help = AFTER_EVAL)]
    Eval(Box<eval::EvalArgs>),
    /// Checks Rego files: prints what is wrong with them, or nothing.
    Check(lint::CheckArgs),
    /// Runs the tests of policies: rules whose names begin with `test_`.
    #[command(after_help = AFTER_TEST)]
    Test(Box<test::TestArgs>),
    /// Prints the syntax tree of a Rego file.
    Parse(parse::ParseArgs),
    /// Prints what the engine can do, as a capabilities file.
    Capabilities(capability::CapabilitiesArgs),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Fmt(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Build(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Bench(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Exec(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Deps(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Inspect(Rest),
    /// Not there yet.
    #[command(hide = true, disable_help_flag = true)]
    Sign(Rest),
}

/// Whatever is given to a command that is not there.
#[derive(Debug, clap::Args)]
pub(super) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// The commands of this file that are there; in their flags errors end with 1, as with `opa`.
pub(super) const NAMES: [&str; 5] = ["eval", "check", "test", "parse", "capabilities"];

const AFTER_EVAL: &str = "Exit codes: 0 evaluated; 1 the flags are wrong, or --fail or --fail-defined \
                          applies; 2 it failed.";
const AFTER_TEST: &str = "Exit codes: 0 all tests passed; 1 the flags or the policies are wrong; \
                          2 tests failed, were skipped (without -z), or too little was covered.";

pub(super) fn run(tool: Tool) -> Exit {
    match tool {
        Tool::Eval(args) => eval::eval(*args),
        Tool::Check(args) => lint::check(args),
        Tool::Test(args) => test::test(*args),
        Tool::Parse(args) => parse::parse(&args),
        Tool::Capabilities(args) => capability::capabilities(&args),
        Tool::Fmt(rest) => absent("fmt", &rest),
        Tool::Build(rest) => absent("build", &rest),
        Tool::Bench(rest) => absent("bench", &rest),
        Tool::Exec(rest) => absent("exec", &rest),
        Tool::Deps(rest) => absent("deps", &rest),
        Tool::Inspect(rest) => absent("inspect", &rest),
        Tool::Sign(rest) => absent("sign", &rest),
    }
}

fn absent(command: &str, Rest { rest }: &Rest) -> Exit {
    let given = if rest.is_empty() { "" } else { " …" };
    complain(&format!(
        "`regate {command}{given}` is not there yet; `opa {command}` does it, and its results can be used here"
    ));
    Exit::Usage
}

/// Flags that ask for what is not there.
fn refuse(flag: &str, reason: &str) -> Exit {
    complain(&format!("{flag} is not supported: {reason}"));
    Exit::Failed
}

/// A failure before anything was done, with that exit code.
fn failed(message: impl std::fmt::Display, exit: u8) -> Exit {
    emit(&Report {
        stderr: format!("{message}\n"),
        exit,
        ..Report::default()
    })
}

/// What `--capabilities` names: a version, or a file.
fn read_capabilities(name: Option<&str>) -> Result<Option<Value>, String> {
    match name {
        None => Ok(None),
        Some(name) if Path::new(name).exists() => {
            let text = std::fs::read(name).map_err(|error| format!("open {name}: {error}"))?;
            let value = read::json_value(&text).map_err(|error| format!("{name}: {error}"))?;
            Ok(Some(value))
        }
        Some(name) => capabilities::version(name).map(Some),
    }
}
