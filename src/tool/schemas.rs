//! `--schema`: JSON schemas of input and data, from a file or a directory.

use std::path::Path;

use regate_rego::check::types::Schemas;
use regate_rego::value::Str;

use super::Problem;
use crate::data::read;

/// How deep directories of schemas may be.
const MAX_DEPTH: usize = 32;

/// Reads the schemas at `path`: of a file it is that of `input`; in a directory `a/b.json` is `schema.a.b`.
pub(super) fn read(path: Option<&Path>) -> Result<Schemas, Problem> {
    let mut schemas = Schemas::default();
    if let Some(path) = path {
        if path.is_dir() {
            directory(path, &mut Vec::new(), &mut schemas)?;
        } else {
            file(path, Vec::new(), &mut schemas)?;
        }
    }
    Ok(schemas)
}

fn directory(path: &Path, place: &mut Vec<Str>, schemas: &mut Schemas) -> Result<(), Problem> {
    let problem = |error| Problem::plain(format!("{}: {error}", path.display()));
    if place.len() > MAX_DEPTH {
        return Err(Problem::plain(format!(
            "{}: directories of schemas nest deeper than {MAX_DEPTH}",
            path.display()
        )));
    }
    for entry in std::fs::read_dir(path).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        place.push(Str::from(&*name));
        if path.is_dir() {
            directory(&path, place, schemas)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            file(&path, place.clone(), schemas)?;
        }
        place.pop();
    }
    Ok(())
}

fn file(path: &Path, place: Vec<Str>, schemas: &mut Schemas) -> Result<(), Problem> {
    let problem =
        |error: &dyn std::fmt::Display| Problem::plain(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|error| problem(&error))?;
    let schema = read::json_value(&text).map_err(|error| problem(&error))?;
    schemas.insert(place, schema);
    Ok(())
}
