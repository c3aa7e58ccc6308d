//! The REST API, request by request: each answer in `tests/cases/rest` was given by `opa run --server`, which is asked
//! again where it is installed. `REGATE_BLESS=1` writes its answers instead of comparing them.
//!
//! What differs on purpose says why (`but`): of such an answer only the status and the error's code are compared, with
//! what `ours` says where that is different too. What OPA has not got is asked of this program `alone`.

mod life;
mod peer;
mod random;
mod snapshots;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::peer::{Server, program};
use crate::support::skip;

#[tokio::test]
async fn requests_are_answered_as_opa_did() {
    let mut wrong = Vec::new();
    for (path, suite) in suites() {
        let server = Server::start(&program(), &suite).await;
        for request in requests(&suite) {
            let want = request.get("ours").unwrap_or(&request["answer"]);
            let (want, got) = (shown(want, request), ask(&server, request).await);
            let got = shown(&got, request);
            if want != got {
                let name = path.file_name().unwrap_or_default().display();
                let mut request = request.clone();
                request.as_object_mut().expect("a request").remove("answer");
                wrong.push(format!("{name}: {request}\n  opa:  {want}\n  ours: {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn opa_still_answers_so() {
    let Some(opa) = regate_oracle::peer::find() else {
        skip("opa is not installed; `make opa` builds it, REGATE_OPA names it");
        return;
    };
    let bless = std::env::var_os("REGATE_BLESS").is_some();
    for (path, mut suite) in suites() {
        let server = Server::start(&opa, &suite).await;
        for request in suite["requests"].as_array_mut().expect("requests") {
            if request["alone"] == true {
                continue;
            }
            let got = ask(&server, request).await;
            if bless {
                request["answer"] = got;
            } else {
                let (want, got) = (shown(&request["answer"], request), shown(&got, request));
                assert_eq!(want, got, "{}: {request}", path.display());
            }
        }
        if bless {
            let text = written(&suite);
            std::fs::write(&path, text).expect("written");
        }
    }
}

fn suites() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rest");
    let files = std::fs::read_dir(folder).expect("the cases");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let suite = serde_json::from_str(&text);
        let suite = suite.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, suite)
    };
    paths.into_iter().map(read).collect()
}

fn requests(suite: &Value) -> &[Value] {
    suite["requests"].as_array().expect("requests")
}

/// A suite with one line for each request.
fn written(suite: &Value) -> String {
    let mut text = String::from("{\n");
    for key in ["files", "args", "config"] {
        if let Some(value) = suite.get(key) {
            let _ = writeln!(text, "\"{key}\": {value:#},");
        }
    }
    let lines: Vec<String> = requests(suite).iter().map(ToString::to_string).collect();
    text + "\"requests\": [\n" + &lines.join(",\n") + "\n]\n}\n"
}

/// Asks, and gives what is the same each time.
async fn ask(server: &Server, request: &Value) -> Value {
    let answer = server.ask(request).await;
    let names = [
        "allow",
        "content-encoding",
        "content-type",
        "location",
        "vary",
    ];
    let headers: BTreeMap<&str, &str> = names
        .into_iter()
        .filter_map(|name| Some((name, answer.headers.get(name)?.to_str().ok()?)))
        .collect();
    let mut body = match serde_json::from_slice(&answer.body) {
        Ok(body) => body,
        Err(_) => Value::from(String::from_utf8_lossy(&answer.body)),
    };
    forget(&mut body);
    json!({"status": answer.status, "headers": headers, "body": body})
}

/// Takes out what is different each time, and what says which program it is.
fn forget(body: &mut Value) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match name.as_str() {
                    "batch_decision_id" | "decision_id" | "metrics" | "version"
                        if !value.is_null() =>
                    {
                        *value = json!("some");
                    }
                    _ => forget(value),
                }
            }
            if members.contains_key("raw") {
                // The tree that OPA shows is the one that its compiler has changed.
                members.remove("ast");
            }
            members.remove("stack_trace");
            if members.contains_key("default_decision") {
                members.remove("labels");
                members.remove("plugins");
            }
        }
        _ => {}
    }
}

/// What of an answer is compared.
fn shown(answer: &Value, request: &Value) -> Value {
    match request.get("but") {
        None => answer.clone(),
        Some(_) => json!([answer["status"], answer["body"]["code"]]),
    }
}
