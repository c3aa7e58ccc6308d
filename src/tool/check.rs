//! `check`: what is wrong with modules.

use std::path::{Path, PathBuf};

use regate_rego::Value;

use super::build::{self, How};
use super::json::Json;
use super::load::{self, Paths};
use super::metrics::Metrics;
use super::problem::{self, Problem, Problems};
use super::{Report, schemas};
use crate::engine::RegoVersion;

/// What to check, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Policy and data.
    pub paths: Paths,
    /// Whether errors are printed as JSON.
    pub json: bool,
    /// How many errors are reported at most; 0 reports all.
    pub max_errors: usize,
    /// Unused and duplicate declarations are errors.
    pub strict: bool,
    /// The built-ins that there are, as a JSON document.
    pub capabilities: Option<Value>,
    /// Schemas of input.
    pub schema: Option<PathBuf>,
    /// Modules must be right in both versions of Rego.
    pub both_versions: bool,
}

/// Names of documents, which are not looked at.
const DOCUMENTS: [&str; 3] = ["*.json", "*.yaml", "*.yml"];

/// Checks.
pub fn check(request: &Request) -> Report {
    let mut paths = request.paths.clone();
    paths.ignore.extend(DOCUMENTS.map(ToOwned::to_owned));
    paths.files.retain(|path| is_policy(path));
    let mut result = run(request, &paths);
    if result.is_ok() && request.both_versions {
        let paths = Paths {
            version: RegoVersion::V0,
            ..paths
        };
        result = run(request, &paths);
    }
    let Err((loading, problems)) = result else {
        return Report::default();
    };
    let stderr = if request.json {
        let errors = problems.iter().map(Problem::to_json).collect::<Json>();
        Json::object().with("errors", errors).to_text()
    } else {
        problem::shown(&problems, loading)
    };
    Report {
        stderr,
        exit: 1,
        ..Report::default()
    }
}

/// What is wrong, and whether it was found before modules were compiled.
fn run(request: &Request, paths: &Paths) -> Result<(), (bool, Problems)> {
    let mut metrics = Metrics::default();
    let loaded = load::load(paths, &mut metrics).map_err(|problem| (true, vec![problem]))?;
    let modules = build::parse(&loaded, &mut metrics).map_err(|problems| (true, problems))?;
    let how = || -> Result<How, Problem> {
        Ok(How {
            strict: request.strict,
            max_errors: request.max_errors,
            version: paths.version,
            capabilities: build::capabilities(request.capabilities.as_ref())?,
            schemas: schemas::read(request.schema.as_deref())?,
            ..How::default()
        })
    };
    let how = how().map_err(|problem| (false, vec![problem]))?;
    // Data that overlaps with rules is no matter of theirs here.
    let data = Value::Object(regate_rego::value::Object::default());
    let built = build::build(&modules, &data, how, &mut metrics);
    built.map(|_| ()).map_err(|problems| (false, problems))
}

/// Whether a path may be one of policies: what is not there is an error of its own.
fn is_policy(path: &Path) -> bool {
    !path.is_file() || path.extension().is_some_and(|ending| ending == "rego")
}
