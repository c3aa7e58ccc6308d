//! The house rules: imports point down, foreign crates have their doors, files stay readable.
//!
//! The floors are read from `src/lib.rs`, so the picture and the law are the same text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file that may be, its inline tests not counted.
const MOST_LINES: usize = 600;

/// Which rooms may name which foreign crate. A crate that is not listed may be named anywhere.
const DOORS: &[(&str, &[&str])] = &[
    ("arc_swap", &["http", "instance", "tls"]),
    ("axum", &["admin", "authz", "grpc", "http", "rest"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("crossbeam_queue", &["decision_log", "telemetry"]),
    ("envoy_types", &[]),
    ("flate2", &["bundle", "decision_log", "http", "rest"]),
    ("hyper", &["grpc", "http", "telemetry"]),
    ("hyper_rustls", &["http"]),
    ("hyper_util", &["grpc", "http", "telemetry"]),
    ("mimalloc", &["main"]),
    ("notify", &["files", "instance"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_http", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("prost", &["proto"]),
    ("prost_reflect", &["authz"]),
    ("regex", &["engine", "tool"]),
    ("regorus", &["data", "engine"]),
    ("rustls", &["http", "tls"]),
    ("saphyr_parser", &["data"]),
    ("socket2", &["socket"]),
    ("std::env", &["cli", "config", "main", "outside"]),
    ("tar", &["bundle"]),
    ("tokio_rustls", &["grpc", "http", "tls"]),
    ("tonic", &["grpc", "proto", "telemetry"]),
    ("tonic_health", &["grpc"]),
    ("tonic_reflection", &["grpc"]),
    ("tracing_appender", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
];

/// A source file, its tests cut off.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

#[test]
fn imports_point_down() {
    let floors = floors();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = floors.get(&source.room) else {
            assert!(
                matches!(source.room.as_str(), "lib" | "main"),
                "{}: the room `{}` stands on no floor: add it to the list in src/lib.rs",
                source.path.display(),
                source.room
            );
            continue;
        };
        for (line, room) in rooms_named(&source.text) {
            let Some(other) = floors.get(room) else {
                continue;
            };
            if room != source.room && other >= own {
                wrong.push(format!(
                    "{}:{line}: `{}` (floor {own}) names `{room}` (floor {other})",
                    source.path.display(),
                    source.room,
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that do not point down:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn foreign_crates_have_their_doors() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in code_lines(&source.text) {
            for (name, rooms) in DOORS {
                if names_crate(line, name) && !rooms.contains(&source.room.as_str()) {
                    wrong.push(format!(
                        "{}:{number}: `{name}` may be named only in {rooms:?}",
                        source.path.display()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "crates behind the wrong door:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        }
        if !source.text.starts_with("//!") {
            wrong.push(format!("{}: no `//!` head", source.path.display()));
        }
        if source.path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{}: a `mod.rs`", source.path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "files that break the house rules:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_rules_can_fail() {
    assert!(names_crate("use regorus::Value;", "regorus"));
    assert!(names_crate(
        "    let x = ::regorus::Engine::new();",
        "regorus"
    ));
    assert!(!names_crate("use crate::regorus_like::X;", "regorus"));
    assert!(!names_crate("use crate::http::client;", "hyper"));
    let rooms: Vec<_> =
        rooms_named("use crate::app::run;\nuse crate::{config, data::Doc};").collect();
    assert_eq!(rooms, [(1, "app"), (2, "config"), (2, "data")]);
}

fn floors() -> BTreeMap<String, u32> {
    let lib = fs::read_to_string(root().join("lib.rs")).expect("src/lib.rs");
    let mut floors = BTreeMap::new();
    for line in lib.lines() {
        let Some(rest) = line.strip_prefix("//! floor ") else {
            continue;
        };
        let (floor, rooms) = rest.split_once(": ").expect("`floor N: rooms`");
        for room in rooms.split_whitespace() {
            floors.insert(room.to_owned(), floor.parse().expect("a floor's number"));
        }
    }
    assert!(
        floors.len() > 5,
        "the floor list in src/lib.rs was not found"
    );
    floors
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&root(), &mut sources);
    assert!(sources.len() > 20, "the sources were not found");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            let relative = path.strip_prefix(root()).expect("below src");
            let first = relative.iter().next().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("readable text");
            let end = text
                .find("\n#[cfg(test)]\nmod tests {")
                .unwrap_or(text.len());
            sources.push(Source {
                room: first.trim_end_matches(".rs").to_owned(),
                text: text[..end].to_owned(),
                path,
            });
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The lines that are no comments, numbered from one.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The rooms that `crate::room` and `crate::{room, …}` name.
fn rooms_named(text: &str) -> impl Iterator<Item = (usize, &str)> {
    code_lines(text).flat_map(|(number, line)| {
        let mut rooms = Vec::new();
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            if let Some(list) = rest.strip_prefix('{') {
                let list = list.split('}').next().unwrap_or(list);
                rooms.extend(list.split(',').map(|part| word(part.trim())));
            } else {
                rooms.push(word(rest));
            }
        }
        rooms.into_iter().map(move |room| (number, room))
    })
}

fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// Whether a line has `name::` as the head of a path, not as its middle or as part of a word.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = &line[..at];
        let after = &line[at + name.len()..];
        let head = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && (!before.ends_with("::") || before.ends_with(" ::") || before.ends_with("(::"));
        head && (after.starts_with("::") || (before.trim_end().ends_with("use") && after == ";"))
    })
}
