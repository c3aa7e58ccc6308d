//! What the commands for people who write policies do: `eval`, `check`, `test`, `parse`, `capabilities`.
//!
//! Here things are done and put into the words of `opa`; `cli` reads the flags and prints. The engine is
//! called directly, room by room, since tools look at what lies between text and answer.

mod build;
pub mod capabilities;
pub mod check;
pub mod eval;
mod explain;
pub mod json;
pub mod load;
mod metrics;
mod observe;
pub mod parse;
mod present;
pub mod problem;
mod profile;
mod schemas;
mod stats;
mod table;
pub mod test;
mod world;

use problem::Problem;

/// What a tool wants printed, and how the process ends.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// For stdout.
    pub stdout: String,
    /// For stderr.
    pub stderr: String,
    /// The process' exit code.
    pub exit: u8,
}
