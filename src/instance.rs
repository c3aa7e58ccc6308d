//! An instance: the living policy of one application. One writer compiles and publishes; many
//! readers take the finished snapshot.

use std::path::PathBuf;

use crate::engine::RegoVersion;
use crate::{bundle, http};

/// Where an instance's policy and data come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Files and directories of the command line.
    pub paths: Vec<PathBuf>,
    /// `-b`: directories and archives loaded as bundles.
    pub bundle_paths: Vec<PathBuf>,
    /// `--ignore`: names and globs that are left out of directories.
    pub ignore: Vec<String>,
    /// `--watch`: files are loaded again when they change.
    pub watch: bool,
    /// The language of modules that do not say theirs.
    pub rego_version: RegoVersion,
    /// `--max-errors`: how many compile errors are shown.
    pub max_errors: usize,
    /// Bundles downloaded from services.
    pub bundles: Vec<bundle::Config>,
    /// The services that bundles name.
    pub services: Vec<http::ServiceConfig>,
    /// Where persisted bundles lie.
    pub persistence_directory: PathBuf,
}
