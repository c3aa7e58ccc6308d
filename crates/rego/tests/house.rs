//! The house rules of this crate: a room uses only those above it, files stay readable, each says what it is.
//!
//! The rooms are read from the table in `src/lib.rs`, so the picture and the law are the same text.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest file that may be.
const MOST_LINES: usize = 600;

/// A source file, its tests cut off.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

#[test]
fn rooms_use_only_those_above() {
    let floors = floors();
    assert!(
        floors.len() > 5,
        "the table in src/lib.rs was read: {floors:?}"
    );
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room != "lib") {
        let path = source.path.display();
        let Some(own) = floors.get(&source.room) else {
            wrong.push(format!("{path}: stands in no room of src/lib.rs' table"));
            continue;
        };
        for (line, room) in rooms_named(&source.text) {
            if floors.get(room).is_some_and(|floor| floor > own) {
                wrong.push(format!("{path}:{line}: `{}` uses `{room}`", source.room));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.display();
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{path}: {lines} lines, at most {MOST_LINES}"));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{path}: does not say at its head what it is"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rooms by their place in the table.
fn floors() -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(source_folder().join("lib.rs")).unwrap();
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`'));
    let names = rows.map(|(name, _)| name.trim_end_matches("()").to_owned());
    names.enumerate().map(|(at, name)| (name, at)).collect()
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![source_folder()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && name != "tests" {
                found.push(source(path));
            }
        }
    }
    found
}

fn source(path: PathBuf) -> Source {
    let below = path.strip_prefix(source_folder()).unwrap();
    let first = below.components().next().unwrap().as_os_str();
    let room = first.to_string_lossy().trim_end_matches(".rs").to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    Source {
        text: text.to_owned(),
        path,
        room,
    }
}

/// What follows `crate::` in lines that are no comments, each with its line.
fn rooms_named(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.flat_map(|(number, line)| {
        let names = line.split("crate::").skip(1);
        names.map(move |rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            (number, rest.get(..end.unwrap_or(rest.len())).unwrap())
        })
    })
}
