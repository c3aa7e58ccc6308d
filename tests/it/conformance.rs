//! The recorded cases of opa-envoy-plugin, served by this process through its sockets: answers,
//! inputs, events and wording, each counted as the cases' own checker counts it.
//! `tests/conformance.py` does the same with the binary; both are held against one list.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use http::Request;
use regate::authz::service::PATHS;
use regate::decision::ApiVersion;
use serde_json::{Value, json};
use tonic::Status;

use crate::support::call::{Client, framed};
use crate::support::in_process::{Served, own_log};
use crate::support::known::{self, Scores};
use crate::support::normal::{self, Facets};
use crate::support::process::PATIENCE;
use crate::support::recorded::{self, Recorded};
use crate::support::{check_response, corpus};

/// How many cases are served at a time.
const AT_A_TIME: usize = 4;

/// Bodies and inputs nest deep, and so do those who walk them.
const STACK: usize = 32 << 20;

/// How a call ended.
struct Ended {
    status: Status,
    response: Option<Value>,
}

/// What came of the cases.
#[derive(Default)]
struct Outcome {
    scores: Scores,
    /// What differs, by case and facet.
    notes: BTreeMap<(String, String), String>,
}

#[test]
fn recorded_requests_are_answered_and_logged_as_recorded() {
    let Some(files) = corpus::files() else { return };
    let waiting = Mutex::new(VecDeque::from(files));
    let outcome = Mutex::new(Outcome::default());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            let work = || {
                while let Some(file) = next(&waiting) {
                    run(&file, &outcome);
                }
            };
            let worker = thread::Builder::new().stack_size(STACK);
            worker.spawn_scoped(scope, work).unwrap();
        }
    });
    let outcome = outcome.into_inner().unwrap();
    let mut message = String::new();
    for line in known::surprises(&outcome.scores, &expected()) {
        let words: Vec<&str> = line.split([' ', ':']).collect();
        let key = (words[1].to_owned(), words[2].to_owned());
        let note = outcome.notes.get(&key).map_or("", String::as_str);
        writeln!(message, "{line}\n{note}").unwrap();
    }
    assert!(message.is_empty(), "{message}");
    assert!(outcome.scores.len() > 200, "{}", outcome.scores.len());
}

/// What is known of the binary, but for what is otherwise in this process.
fn expected() -> Scores {
    let mut known = known::read();
    // The checker's client sends an authority that h2 refuses; this one does not.
    known.retain(|(case, _), _| case != "listen-unix");
    // A bundle's name is its path, and only the binary runs in the bundle's folder.
    for facet in ["log", "response"] {
        known.insert(("log-one-bundle".to_owned(), facet.to_owned()), (1, 4));
    }
    known
}

fn next(waiting: &Mutex<VecDeque<PathBuf>>) -> Option<PathBuf> {
    waiting.lock().unwrap().pop_front()
}

fn run(file: &Path, outcome: &Mutex<Outcome>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let name = corpus::stem(file);
    let case = recorded::case(file);
    let seen = runtime.block_on(replay(&case));
    let mut outcome = outcome.lock().unwrap();
    if case.json["start"] == "fails" {
        outcome.count(&name, "start", seen.is_err(), || "it started".to_owned());
        return;
    }
    let (seen, failure) = match seen {
        Ok(seen) => (seen, String::new()),
        Err(failure) => (Vec::new(), failure),
    };
    for (index, request) in case.requests.iter().enumerate() {
        let got = seen.get(index).cloned().map(normal::facets);
        outcome.compare(&name, request, &got.unwrap_or_default(), &failure);
    }
}

/// Serves a case and sends its requests one after the other; what was seen of each.
async fn replay(case: &recorded::Case) -> Result<Vec<Value>, String> {
    let mut served = Served::start(&case.json).await?;
    let prefix = served.prefix();
    let mut ended = Vec::new();
    for (index, request) in case.requests.iter().enumerate() {
        let timeout = case.json["requests"][index]["timeout_seconds"].as_f64();
        ended.push(send(&mut served.client, request, timeout).await);
    }
    let mut events = claim(served.stop().await, &ended, &case.requests);
    let mut seen = Vec::new();
    for (request, ended) in case.requests.iter().zip(ended) {
        let event = events.remove(0);
        let id = event
            .as_ref()
            .and_then(|event| event["decision_id"].as_str());
        let id = id.or(normal::decision_id(ended.response.as_ref()));
        let expected = request.want["prints"].as_array().map_or(0, Vec::len);
        let prints = match id {
            Some(id) => prints(id, expected, &prefix).await,
            None => Vec::new(),
        };
        let Ended { status, response } = ended;
        let status = Status::new(status.code(), status.message().replace(&prefix, ""));
        seen.push(normal::observed(&status, response, event, &prints));
    }
    Ok(seen)
}

async fn send(client: &mut Client, request: &Recorded, timeout: Option<f64>) -> Ended {
    let path = match request.version {
        ApiVersion::V3 => PATHS[0],
        ApiVersion::V2 => PATHS[1],
    };
    let mut head =
        Request::post(format!("http://regate{path}")).header("content-type", "application/grpc");
    if let Some(seconds) = timeout {
        let millis = Duration::from_secs_f64(seconds).as_millis();
        head = head.header("grpc-timeout", format!("{millis}m"));
    }
    let answer = client.post(head, framed(&request.message)).await;
    let mut status = answer.status();
    if timeout.is_some() && status.code() == tonic::Code::DeadlineExceeded {
        // The recorded client's clock ended these calls, and said nothing.
        status = Status::new(status.code(), "");
    }
    let response = (status.code() == tonic::Code::Ok).then(|| {
        let message = answer.message().expect("an answer has a message");
        check_response::to_json(request.version, message)
    });
    Ended { status, response }
}

/// Gives each request its event: by the decision's id, or else in the order of the requests.
fn claim(mut events: Vec<Value>, ended: &[Ended], requests: &[Recorded]) -> Vec<Option<Value>> {
    let mut take = |wanted: &dyn Fn(&str) -> bool| {
        let id = |event: &Value| event["decision_id"].as_str().is_some_and(wanted);
        let index = events.iter().position(id)?;
        Some(events.remove(index))
    };
    let ids = ended
        .iter()
        .map(|ended| normal::decision_id(ended.response.as_ref()));
    let ids: Vec<Option<&str>> = ids.collect();
    let mut claimed: Vec<_> = ids
        .iter()
        .map(|id| id.and_then(|id| take(&|other| other == id)))
        .collect();
    // First to those that should have one; what is left is one too many of the others.
    for expected in [true, false] {
        for (index, claimed) in claimed.iter_mut().enumerate() {
            if ids[index].is_none() && requests[index].want["log"].is_null() != expected {
                *claimed = claimed.take().or_else(|| take(&|_| true));
            }
        }
    }
    claimed
}

/// What the policy printed for a decision; the log's writer may be behind.
async fn prints(id: &str, expected: usize, prefix: &str) -> Vec<String> {
    let mark = format!(r#""decision-id":"{id}""#);
    let message = |line: &str| {
        let line: Value = line
            .contains(&mark)
            .then(|| serde_json::from_str(line).unwrap())?;
        line["msg"].as_str().map(|text| text.replace(prefix, ""))
    };
    let found = || {
        let found = own_log().pick(message);
        (found.len() >= expected).then_some(found)
    };
    let waiting = own_log().wait_for(found);
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    found.unwrap_or_else(|_| own_log().pick(message))
}

// === impl Outcome ===

impl Outcome {
    fn compare(&mut self, case: &str, request: &Recorded, got: &Facets, failure: &str) {
        for (facet, want) in normal::facets(request.want.clone()) {
            let found = got.get(facet);
            let ok = found.is_some_and(|found| normal::same(&want, found));
            self.count(case, facet, ok, || {
                let found = found.map_or_else(|| json!(failure), Value::clone);
                format!("{}\n  want {want}\n   got {found}\n", request.name)
            });
        }
    }

    fn count(&mut self, case: &str, facet: &str, ok: bool, note: impl FnOnce() -> String) {
        let key = (case.to_owned(), facet.to_owned());
        let (passed, total) = self.scores.entry(key.clone()).or_default();
        *passed += usize::from(ok);
        *total += 1;
        if !ok {
            self.notes.entry(key).or_default().push_str(&note());
        }
    }
}
