//! The language as OPA has it: tables of small policies with OPA's recorded answers, the recorded
//! cases of built-in functions, and OPA itself where it is on the PATH.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use regate::data::Object;
use regate::data::read::yaml_value;
use regate::engine::{Engine, Entrypoint, EvalErrorKind, Module, Policy, RegoVersion, Source};
use serde_json::Value as Json;

use crate::support::{corpus, skip, values};

const TABLES: [(&str, &str); 3] = [
    ("negation", include_str!("../cases/engine/negation.yaml")),
    ("builtins", include_str!("../cases/engine/builtins.yaml")),
    ("safety", include_str!("../cases/engine/safety.yaml")),
];

const DATA: &str = include_str!("../cases/engine/data.json");

/// The files of the language's cases that are about functions of ours.
const FUNCTIONS: [&str; 13] = [
    "globmatch",
    "globquotemeta",
    "jsonbuiltins",
    "netcidrcontains",
    "netcidrcontainsmatches",
    "netcidrintersects",
    "regexfind",
    "regexfindallstringsubmatch",
    "regexisvalid",
    "regexmatch",
    "regexmatchtemplate",
    "regexreplace",
    "regexsplit",
];

/// Cases that are not decided as recorded, and why. One that passes must leave this list.
const KNOWN: [(Engine, &str); 2] = [
    (Engine::Native, ""),
    (
        Engine::Regorus,
        include_str!("../cases/engine-known-language-regorus.txt"),
    ),
];

#[test]
fn small_policies_decide_as_opa_does() {
    for (engine, known) in KNOWN {
        small_policies_decide(engine, known);
    }
}

fn small_policies_decide(engine: Engine, known: &str) {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for case in table() {
        let (note, rego) = (text(&case["note"]), text(&case["rego"]));
        let policy = compile(engine, &[rego], DATA, "a/allow");
        for answer in case["answers"].as_array().expect("a list") {
            cases += 1;
            let got = answered(&policy, &answer["input"]);
            if let Some(reason) = difference(answer, &got) {
                wrong.push(format!("{note}: {}: {reason}", answer["input"]));
            }
        }
    }
    assert!(cases > 200, "{cases} answers are too few");
    let unexpected = unexpected(wrong, known);
    assert!(
        unexpected.is_empty(),
        "{engine:?}:\n{}",
        unexpected.join("\n")
    );
}

#[test]
fn the_recorded_answers_are_those_of_opa() {
    if Command::new("opa").arg("version").output().is_err() {
        return skip_softly("`opa` is not on the PATH");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("data.json"), DATA).expect("a file");
    for case in table() {
        std::fs::write(at("p.rego"), text(&case["rego"])).expect("a file");
        for answer in case["answers"].as_array().expect("a list") {
            std::fs::write(at("input.json"), answer["input"].to_string()).expect("a file");
            let got = ask_opa(folder.path());
            for key in ["want", "error", "undefined"] {
                assert_eq!(answer.get(key), got.get(key), "{}: {answer}", case["note"]);
            }
        }
    }
}

#[test]
fn functions_answer_as_recorded() {
    let Some(folder) = language_folder() else {
        return skip("the recorded cases of the language are not at hand");
    };
    for (engine, known) in KNOWN {
        functions_answer(&folder, engine, known);
    }
}

fn functions_answer(folder: &Path, engine: Engine, known: &str) {
    let (mut passed, mut wrong) = (0, Vec::new());
    for name in FUNCTIONS {
        let file = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("a file");
        let file: Json = serde_json::from_str(&file).expect("JSON");
        for case in file["cases"].as_array().expect("a list") {
            match run_recorded(case, engine) {
                Ok(()) => passed += 1,
                Err(reason) => wrong.push(format!("{}: {reason}", text(&case["note"]))),
            }
        }
    }
    eprintln!("{engine:?}: {passed} recorded cases of built-in functions");
    let unexpected = unexpected(wrong, known);
    assert!(
        unexpected.is_empty(),
        "{engine:?}:\n{}",
        unexpected.join("\n")
    );
    assert!(passed > 60, "{passed} cases are too few");
}

fn table() -> Vec<Json> {
    let mut cases = Vec::new();
    for (name, yaml) in TABLES {
        let value = yaml_value(yaml.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let json: Json = values::json(&value);
        cases.extend(json.as_array().expect("a list").iter().cloned());
    }
    cases
}

/// What is wrong and not known to be: each known line is the head of what it explains.
fn unexpected(wrong: Vec<String>, known: &str) -> Vec<String> {
    let known: Vec<&str> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    wrong
        .into_iter()
        .filter(|line| {
            !known
                .iter()
                .any(|known| !known.is_empty() && line.starts_with(known))
        })
        .collect()
}

fn compile(engine: Engine, modules: &[&str], data: &str, path: &str) -> Result<Policy, String> {
    let module = |(number, source): (usize, &&str)| Module {
        name: format!("p{number}.rego"),
        source: (*source).into(),
        version: RegoVersion::V1,
    };
    let source = Source {
        modules: modules.iter().enumerate().map(module).collect(),
        data: values::parse(data),
        entrypoints: vec![Entrypoint::Path(path.to_owned())],
        engine,
        runtime: Object::default(),
        max_errors: 0,
    };
    Policy::compile(source).map_err(|errors| errors.to_string())
}

/// `want`, `undefined`, or `error` with its code.
fn answered(policy: &Result<Policy, String>, input: &Json) -> Json {
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => return serde_json::json!({"error": error}),
    };
    let budget = values::within(Duration::from_secs(20));
    let evaluation = policy.evaluator().eval(0, &values::value(input), budget);
    match evaluation.result {
        Ok(value) => serde_json::json!({"want": values::json(&value)}),
        Err(error) if error.kind() == EvalErrorKind::Undefined => {
            serde_json::json!({"undefined": true})
        }
        Err(error) => serde_json::json!({"error": format!("{}: {error}", error.code())}),
    }
}

fn difference(want: &Json, got: &Json) -> Option<String> {
    let same = match want.get("error") {
        Some(code) => got["error"]
            .as_str()
            .is_some_and(|error| error.contains(text(code))),
        None => {
            want.get("want") == got.get("want") && want.get("undefined") == got.get("undefined")
        }
    };
    (!same).then(|| format!("{got}"))
}

fn ask_opa(folder: &Path) -> Json {
    let output = Command::new("opa")
        .args(["eval", "--format=json", "--data=p.rego", "--data=data.json"])
        .args(["--input=input.json", "data.a.allow"])
        .current_dir(folder)
        .output()
        .expect("opa runs");
    let answer: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    if let Some(error) = answer["errors"].get(0) {
        return serde_json::json!({"error": error["code"]});
    }
    match answer["result"].get(0) {
        Some(result) => serde_json::json!({"want": result["expressions"][0]["value"]}),
        None => serde_json::json!({"undefined": true}),
    }
}

/// Runs a case whose query is `data.path = x`.
fn run_recorded(case: &Json, engine: Engine) -> Result<(), String> {
    let query = text(&case["query"]);
    let path = query
        .strip_prefix("data.")
        .and_then(|query| query.strip_suffix(" = x"))
        .ok_or_else(|| format!("an unknown query: {query}"))?;
    let modules: Vec<&str> = case["modules"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    let data = match &case["data"] {
        Json::Null => "{}".to_owned(),
        data => data.to_string(),
    };
    let policy = compile(engine, &modules, &data, &path.replace('.', "/"));
    let got = answered(&policy, case.get("input").unwrap_or(&Json::Null));
    // An error of a function is "undefined" where errors are not strict, as here and in the peer.
    let want = match case["want_result"].get(0) {
        Some(result) => serde_json::json!({"want": result["x"]}),
        None => serde_json::json!({"undefined": true}),
    };
    match difference(&want, &got) {
        None => Ok(()),
        // A partial set without members is empty, and not undefined.
        Some(_) if want.get("undefined").is_some() && got["want"] == serde_json::json!([]) => {
            Ok(())
        }
        Some(_) if want.get("undefined").is_some() && got.get("error").is_some() => Ok(()),
        Some(reason) => Err(format!("{reason} instead of {want}")),
    }
}

fn language_folder() -> Option<std::path::PathBuf> {
    let folder = corpus::files()?.first()?.parent()?.with_file_name("rego");
    folder.is_dir().then_some(folder)
}

fn skip_softly(what: &str) {
    eprintln!("SKIPPED: {what}");
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}
