//! OPA's language cases: each is modules, data, an input and a query, which may be strict about built-ins' errors.
//!
//! What a case wants is not read: OPA itself is asked.

use std::path::{Path, PathBuf};
use std::{fs, io};

use regate_rego::Value;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Object, json};

use super::Case;
use crate::program::{Text, Way};

/// The folder of the cases: below what `REGATE_CONFORMANCE` names, which starts at the repository if it is relative,
/// or beside the repository.
#[must_use]
pub fn find() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let named = std::env::var_os("REGATE_CONFORMANCE").map(PathBuf::from);
    let folder = repository.join(named.unwrap_or_else(|| "../shared/conformance".into()));
    Some(folder.join("rego")).filter(|folder| folder.is_dir())
}

/// All cases of a folder.
pub fn read(folder: &Path) -> io::Result<Vec<Case>> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = json::parse(fs::read(&path)?).map_err(io::Error::other)?;
        if let Some(Value::Array(cases)) = file.get_str("cases") {
            all.extend(cases.iter().map(|case| read_case(&stem, case)));
        }
    }
    Ok(all)
}

fn read_case(file: &str, case: &Value) -> Case {
    let text = |key: &str| case.get_str(key).and_then(Value::as_str);
    let modules = match case.get_str("modules") {
        Some(Value::Array(modules)) => modules.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let query = text("query").unwrap_or_default();
    let query = match text("input_term") {
        Some(term) => format!("{query} with input as {term}"),
        None => query.to_owned(),
    };
    let input = case.get_str("input").filter(|input| **input != Value::Null);
    let data = case.get_str("data").cloned();
    Case {
        name: format!("{file}: {}", text("note").unwrap_or_default()),
        text: Text {
            version: RegoVersion::V1,
            modules: modules.into_iter().map(str::to_owned).collect(),
            data: data.unwrap_or_else(|| Object::default().into()),
            input: input.cloned(),
            queries: vec![query],
            way: Way::Query {
                strict: case.get_str("strict_error") == Some(&Value::Bool(true)),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_program_with_one_query() {
        let case = r#"{"note": "n", "modules": ["package p"], "query": "data.p = x", "input": null,
            "input_term": "{1}", "strict_error": true}"#;
        let Case { name, text } = read_case("file", &json::parse(case).unwrap());
        assert_eq!(name, "file: n");
        assert_eq!(text.queries, ["data.p = x with input as {1}"]);
        assert_eq!(text.way, Way::Query { strict: true });
        assert_eq!((text.input, text.modules.len()), (None, 1));
    }
}
