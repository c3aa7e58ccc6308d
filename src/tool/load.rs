//! Policy and data for a tool, from files, directories and bundles.

use std::io;
use std::path::PathBuf;

use super::Problem;
use super::metrics::{self, Metrics};
use crate::bundle::Verification;
use crate::bundle::archive::Limits;
use crate::data::merge::{Equal, Merge};
use crate::data::{Value, read};
use crate::engine::{Module, RegoVersion};
use crate::{bundle, files};

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// Files and directories, `[prefix:]path`.
    pub files: Vec<PathBuf>,
    /// Bundles: archives and directories.
    pub bundles: Vec<PathBuf>,
    /// Names and patterns that are left out of directories.
    pub ignore: Vec<String>,
    /// The language of modules that say nothing else.
    pub version: RegoVersion,
}

/// What was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The Rego files.
    pub modules: Vec<Module>,
    /// The base data.
    pub data: Value,
}

// === impl Paths ===

impl Paths {
    /// Paths that are either all bundles, or all files and directories.
    pub fn of(
        paths: Vec<PathBuf>,
        bundles: bool,
        ignore: Vec<String>,
        version: RegoVersion,
    ) -> Self {
        let (files, bundles) = if bundles {
            (Vec::new(), paths)
        } else {
            (paths, Vec::new())
        };
        Self {
            files,
            bundles,
            ignore,
            version,
        }
    }
}

/// A file of one's own is trusted: bounds are far above what is sensible.
const MAX_BUNDLE: u64 = 4 << 30;

/// Loads all.
pub(super) fn load(paths: &Paths, metrics: &mut Metrics) -> Result<Loaded, Problem> {
    let files = || files::load(&paths.files, &paths.ignore, paths.version).map_err(unread);
    let files = match paths.files.as_slice() {
        [] => files()?,
        _ => metrics.time(metrics::LOAD_FILES, files)?,
    };
    let mut modules = files.modules;
    let mut data = Merge::new(Equal::Allowed);
    let conflict = |at: Vec<String>| {
        Problem::plain(format!(
            "two of the paths have different values for `data.{}`",
            at.join(".")
        ))
    };
    data.add(&[], files.data).map_err(conflict)?;
    for path in &paths.bundles {
        let limits = Limits {
            size: MAX_BUNDLE,
            files: usize::MAX,
            ratio: u64::MAX,
            ratio_from: u64::MAX,
            rego_version: paths.version,
        };
        // As with `opa`, what one tries out need not be signed.
        let verification = Verification {
            skip: true,
            ..Verification::default()
        };
        let bundle =
            || bundle::load(path, &paths.ignore, limits, &verification).map_err(Problem::plain);
        let bundle = metrics.time(metrics::LOAD_BUNDLES, bundle)?;
        modules.extend(bundle.modules);
        data.add(&[], bundle.data).map_err(conflict)?;
    }
    Ok(Loaded {
        modules,
        data: data.finish(),
    })
}

/// A document that is JSON or YAML, as input may be.
pub(super) fn document(text: &[u8]) -> Result<Value, Problem> {
    read::json_value(text)
        .or_else(|_| read::yaml_value(text))
        .map_err(Problem::plain)
}

/// A file that is not there is reported as `opa` does.
fn unread(error: files::LoadError) -> Problem {
    match &error {
        files::LoadError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            Problem::plain(format!(
                "stat {}: no such file or directory",
                path.display()
            ))
        }
        _ => Problem::plain(error),
    }
}
