//! The command line: parses, calls, turns what comes back into an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all went well.
    Ok,
    /// 1: it failed while running.
    Failed,
    /// 64: the arguments or the configuration are wrong (`EX_USAGE` of sysexits).
    Usage,
}

/// Runs the program with these arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let _ = args.into_iter().count();
    Exit::Ok
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Ok => Self::SUCCESS,
            Exit::Failed => Self::FAILURE,
            Exit::Usage => Self::from(64),
        }
    }
}
