//! Every policy of a repository, with the inputs that stand beside it: `.rego` files, files of cases, and modules inside
//! other texts. Where there is no input, a few are made up.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use regate_rego::source::File;
use regate_rego::syntax::{self, ast};
use regate_rego::value::{Object, json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Value, compile};

use super::blocks::blocks;
use super::{Case, version};
use crate::program::{Text, Way};

/// Where policies stand.
const FOLDERS: [&str; 6] = ["policies", "examples", "bench", "benches", "docs", "tests"];
/// What texts with modules in them end with.
const TEXTS: [&str; 5] = ["md", "py", "rs", "sh", "yaml"];
/// Larger files are no texts of people.
const LARGEST: u64 = 1 << 20;
/// The inputs of policies without any: those of a Check that is allowed, of one that is not, and odd ones.
const MADE_UP: [&str; 5] = [
    r#"{"attributes": {"request": {"http": {"method": "GET", "path": "/open/1?a=b", "headers": {"x-user": "alice"}}}},
        "parsed_path": ["open", "1"], "parsed_query": {"a": ["b"]}, "parsed_body": {"n": 1}, "user": "alice", "x": 1}"#,
    r#"{"attributes": {"request": {"http": {"method": "POST", "path": "/x", "headers": {}}}}, "parsed_path": ["x"],
        "x": "1", "user": ["bob"]}"#,
    "{}",
    r#"["a", 1]"#,
    "",
];

/// All policies below a folder.
pub fn read(repository: &Path) -> io::Result<Vec<Case>> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        files(&repository.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.strip_prefix(repository).unwrap_or(&path);
        let name = name.to_string_lossy();
        // What is no text holds no policy.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.as_ref() {
            "rego" => {
                let inputs = neighbours(&path)?;
                let data = data_beside(&path)?;
                all.extend(programs(
                    &name,
                    ast::RegoVersion::V1,
                    vec![text],
                    data,
                    inputs,
                ));
            }
            "yaml" if name.starts_with("tests/cases") => {
                let data = data_beside(&path)?;
                if let Some(cases) = yaml(&text) {
                    of_cases(&name, &cases, &data, &mut all);
                }
            }
            extension if TEXTS.contains(&extension) => {
                for (at, block) in blocks(&text).into_iter().enumerate() {
                    let name = format!("{name} block {}", at + 1);
                    let none = Object::default().into();
                    all.extend(programs(
                        &name,
                        ast::RegoVersion::V1,
                        vec![block],
                        none,
                        Vec::new(),
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(all)
}

// === helpers ===

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), found)?;
        } else if entry.metadata()?.len() <= LARGEST {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The inputs in the folder `requests` beside a policy.
fn neighbours(policy: &Path) -> io::Result<Vec<Value>> {
    let requests = policy.with_file_name("requests");
    if !requests.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    files(&requests, &mut paths)?;
    paths.sort();
    let input = |path: &PathBuf| {
        let request = json::parse(fs::read(path)?).map_err(io::Error::other)?;
        Ok(request.get_str("input").cloned().unwrap_or(request))
    };
    paths.iter().map(input).collect()
}

fn data_beside(path: &Path) -> io::Result<Value> {
    let path = path.with_file_name("data.json");
    if !path.is_file() {
        return Ok(Object::default().into());
    }
    json::parse(fs::read(&path)?).map_err(io::Error::other)
}

/// A file's YAML, which the engine itself reads; `None` for what is none.
fn yaml(file: &str) -> Option<Value> {
    let compiled = compile(&[], CompileOptions::default()).ok()?;
    let query = compiled.prepare("yaml.unmarshal(input)").ok()?;
    let input = Value::from(file);
    let (mut evaluator, mut options) = (Evaluator::new(), EvalOptions::default());
    let value = query.value(
        &mut evaluator,
        compiled.policy(),
        Some(&input),
        &mut options,
    );
    value.ok().flatten()
}

/// Goes through a file of cases: whatever has modules is a program.
fn of_cases(name: &str, value: &Value, data: &Value, found: &mut Vec<Case>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                of_cases(&format!("{name} {}", at + 1), item, data, found);
            }
        }
        Value::Object(members) => {
            let data = value.get_str("data").unwrap_or(data);
            let version = version(value.get_str("version").and_then(Value::as_str));
            let modules = modules(value);
            if !modules.is_empty() {
                let inputs = inputs(value);
                found.extend(programs(name, version, modules, data.clone(), inputs));
            }
            for (key, member) in members.iter() {
                let name = format!("{name} {}", key.as_str().unwrap_or_default());
                match member.as_str() {
                    Some(text) if is_rego(key) => {
                        let text = vec![text.to_owned()];
                        found.extend(programs(&name, version, text, data.clone(), Vec::new()));
                    }
                    _ => of_cases(&name, member, data, found),
                }
            }
        }
        _ => {}
    }
}

/// Whether a key of files in a case names a module.
fn is_rego(key: &Value) -> bool {
    let name = Path::new(key.as_str().unwrap_or_default());
    name.extension()
        .is_some_and(|extension| extension == "rego")
}

fn modules(case: &Value) -> Vec<String> {
    let texts = match (case.get_str("modules"), case.get_str("rego")) {
        (Some(Value::Array(modules)), _) => modules.iter().filter_map(Value::as_str).collect(),
        (_, Some(module)) => module.as_str().into_iter().collect(),
        _ => Vec::new(),
    };
    texts.into_iter().map(str::to_owned).collect()
}

fn inputs(case: &Value) -> Vec<Value> {
    let mut inputs: Vec<Value> = case.get_str("input").cloned().into_iter().collect();
    if let Some(Value::Array(answers)) = case.get_str("answers") {
        let more = answers.iter().filter_map(|answer| answer.get_str("input"));
        inputs.extend(more.cloned());
    }
    inputs
}

/// A program for each input.
fn programs(
    name: &str,
    version: ast::RegoVersion,
    modules: Vec<String>,
    data: Value,
    inputs: Vec<Value>,
) -> Vec<Case> {
    let text = Text {
        version,
        queries: documents(&modules, version).into_iter().collect(),
        modules,
        data,
        input: None,
        way: Way::Together,
    };
    let inputs: Vec<Option<Value>> = if inputs.is_empty() {
        MADE_UP
            .iter()
            .map(|input| json::parse(*input).ok())
            .collect()
    } else {
        inputs.into_iter().map(Some).collect()
    };
    let case = |(at, input)| Case {
        name: format!("{name}, input {}", at + 1),
        text: Text {
            input,
            ..text.clone()
        },
    };
    inputs.into_iter().enumerate().map(case).collect()
}

/// The documents that the modules' rules make, as paths below `data`; none of what cannot be read.
fn documents(modules: &[String], version: ast::RegoVersion) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let how = syntax::Options {
        version,
        ..syntax::Options::default()
    };
    for module in modules {
        let Ok(module) = syntax::parse_module(&File::new("", module.as_str()), &how) else {
            continue;
        };
        let parts = module
            .package
            .path
            .path
            .iter()
            .map(|term| match &term.kind {
                ast::TermKind::String(part) => part.to_string(),
                _ => String::new(),
            });
        let package = parts.collect::<Vec<_>>().join("/");
        let rules = module.rules.iter().filter(|rule| rule.head.args.is_none());
        let names = rules.filter_map(|rule| match &rule.head.reference.head.kind {
            ast::TermKind::Var(name) => Some(format!("{package}/{name}")),
            _ => None,
        });
        found.extend(names);
    }
    // They stand in paths of URLs as they are.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    found.retain(|path| path.chars().all(plain));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_made_for_each_input_and_asked_for_each_document() {
        let file = "- note: n\n  rego: |\n    package a.b\n    x := 1\n    f(y) := y\n  answers:\n  - input: {}\n  - input: 1\n";
        let mut found = Vec::new();
        let none = Object::default().into();
        of_cases("file", &yaml(file).unwrap(), &none, &mut found);
        let names: Vec<&str> = found.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["file 1, input 1", "file 1, input 2"]);
        assert_eq!(found[0].text.queries, ["a/b/x"]);
    }

    #[test]
    fn this_repository_has_policies() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names: Vec<String> = read(&repository)
            .unwrap()
            .into_iter()
            .map(|case| case.name)
            .collect();
        for start in [
            "policies/rbac/policy.rego",
            "tests/cases/engine/",
            "examples/",
            "bench/",
        ] {
            assert!(
                names.iter().any(|name| name.starts_with(start)),
                "none of {start}"
            );
        }
    }
}
