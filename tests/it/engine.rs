//! The engine against the recorded peer: each case's policy on the inputs that the peer logged must
//! give the results that the peer logged.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regate::data::{Object, read};
use regate::engine::{
    Engine, Entrypoint, EvalErrorKind, Evaluation, Module, Policy, RegoVersion, Source,
};
use serde_json::Value as Json;

use crate::support::corpus;
use crate::support::values::{self, value};

/// Cases that the engine does not get right yet, with the reason.
const KNOWN: [(Engine, &str); 2] = [
    (
        Engine::Native,
        include_str!("../cases/engine-known-native.txt"),
    ),
    (
        Engine::Regorus,
        include_str!("../cases/engine-known-regorus.txt"),
    ),
];

#[test]
fn policies_decide_as_recorded() {
    let Some(files) = corpus::files() else {
        return;
    };
    for (engine, known) in KNOWN {
        decide_all(&files, engine, known);
    }
}

fn decide_all(files: &[PathBuf], engine: Engine, known: &str) {
    let known: BTreeMap<&str, &str> = known
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let (mut decisions, mut surprises) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(file).expect("a case is readable");
        let name = corpus::stem(file);
        let case = serde_json::from_str::<Json>(&text).map_err(|error| error.to_string());
        let outcome = case.and_then(|case| run(&case, engine));
        match (&outcome, known.get(name.as_str())) {
            (Ok(count), None) => decisions += count,
            (Err(_), Some(_)) => {}
            (Ok(_), Some(_)) => surprises.push(format!("{name}: passes; take it off the list")),
            (Err(reason), None) => surprises.push(format!("{name}: {reason}")),
        }
    }
    eprintln!(
        "{engine:?}: {} cases, {decisions} decisions as recorded, {} cases known to fail",
        files.len(),
        known.len()
    );
    assert!(
        surprises.is_empty(),
        "{engine:?}:\n{}",
        surprises.join("\n")
    );
}

/// Compiles and evaluates a case; gives the number of decisions that were compared.
fn run(case: &Json, engine: Engine) -> Result<usize, String> {
    let policy = match Policy::compile(source(case, engine)) {
        Ok(policy) => policy,
        Err(_) if case["start"] == "fails" => return Ok(1),
        Err(errors) => return Err(errors.to_string()),
    };
    let mut evaluator = policy.evaluator();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for request in case["requests"].as_array().into_iter().flatten() {
        let Some(input) = request["want"]
            .get("input")
            .filter(|input| !input.is_null())
        else {
            continue;
        };
        let timeout = request["timeout_seconds"]
            .as_f64()
            .map_or(Duration::from_secs(20), Duration::from_secs_f64);
        // A number that no value holds is met by no evaluation: its request is refused before.
        let Ok(input) = read::json_value(input.to_string().as_bytes()) else {
            continue;
        };
        let evaluation = evaluator.eval(0, &input, values::within(timeout));
        compared += 1;
        if let Err(reason) = compare(&request["want"], &evaluation) {
            wrong.push(format!("{}: {reason}", request["name"]));
        }
    }
    if wrong.is_empty() {
        Ok(compared)
    } else {
        Err(wrong.join("; "))
    }
}

fn source(case: &Json, engine: Engine) -> Source {
    let plugins = &case["config"]["plugins"];
    let plugin = plugins
        .get("envoy_ext_authz_grpc")
        .or_else(|| plugins.get("envoy.ext_authz.grpc"));
    let key = |key: &str| {
        plugin
            .and_then(|plugin| plugin.get(key))
            .and_then(Json::as_str)
            .map(ToOwned::to_owned)
    };
    let path = key("path").unwrap_or_else(|| "envoy/authz/allow".to_owned());
    let entrypoint = key("query").map_or(Entrypoint::Path(path), Entrypoint::Query);
    let files = case["files"].as_object().expect("a case has files");
    let flags = case["args"].as_array().into_iter().flatten();
    let old = flags
        .filter_map(Json::as_str)
        .any(|flag| flag == "--v0-compatible");
    let modules = files
        .iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|ext| ext == "rego"))
        .map(|(name, text)| Module {
            name: name.clone(),
            source: text.as_str().expect("a module is text").into(),
            version: if old {
                RegoVersion::V0
            } else {
                RegoVersion::V1
            },
        });
    let data = match files.get("data.json") {
        Some(Json::String(text)) => values::parse(text),
        Some(other) => value(other),
        None => Object::default().into(),
    };
    Source {
        modules: modules.collect(),
        data,
        entrypoints: vec![entrypoint],
        engine,
        runtime: Object::default(),
        max_errors: 0,
    }
}

fn compare(want: &Json, got: &Evaluation) -> Result<(), String> {
    let log = &want["log"];
    let error = log["error"]
        .as_str()
        .or_else(|| log["error"]["message"].as_str())
        .unwrap_or_default();
    if log.get("masked").or_else(|| log.get("erased")).is_some() {
        // The log does not say what the decision was.
        return Ok(());
    }
    match (log.get("result").filter(|r| !r.is_null()), &got.result) {
        (Some(result), Ok(decision)) => {
            let shown = values::text(decision);
            if values::parse(&shown) != value(result) {
                return Err(format!("{shown} instead of {result}"));
            }
        }
        (Some(result), Err(error)) => return Err(format!("`{error}` instead of {result}")),
        // The decision had a form that no answer can be made from; the log has only the error.
        (None, Ok(_)) if is_answer_error(error) => {}
        (None, Ok(decision)) => return Err(format!("{decision} instead of `{error}`")),
        (None, Err(got)) => {
            let want = kind_of(error);
            if got.kind() != want {
                return Err(format!("`{got}` instead of `{error}`"));
            }
        }
    }
    compare_prints(want, got)
}

fn compare_prints(want: &Json, got: &Evaluation) -> Result<(), String> {
    let prints: Vec<String> = got
        .prints
        .iter()
        .map(|p| format!("{}: {}", p.location, p.message))
        .collect();
    let Some(want) = want["prints"].as_array() else {
        return Ok(());
    };
    let want: Vec<String> = want.iter().map(text_of_print).collect();
    if prints == want {
        Ok(())
    } else {
        Err(format!("printed {prints:?} instead of {want:?}"))
    }
}

fn text_of_print(print: &Json) -> String {
    print
        .as_str()
        .map_or_else(|| print.to_string(), ToOwned::to_owned)
}

fn is_answer_error(error: &str) -> bool {
    error.starts_with("failed to ")
        || error.contains("illegal value")
        || error.contains("grpc")
        || error.contains("proto")
}

fn kind_of(error: &str) -> EvalErrorKind {
    if error == "undefined decision" {
        EvalErrorKind::Undefined
    } else if error.contains("multiple outputs") || error.contains("must be unique") {
        EvalErrorKind::Conflict
    } else if error.contains("deadline") {
        EvalErrorKind::Cancelled
    } else {
        EvalErrorKind::Other
    }
}
