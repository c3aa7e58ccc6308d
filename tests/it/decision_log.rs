//! Decision logs against the events that opa-envoy-plugin wrote for the corpus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use regate::data::{Set, Value};
use regate::decision::{ApiVersion, CheckError, DecisionId, Record, Revisions, Stage, Timers};
use regate::decision_log::mask::Maskable;
use regate::decision_log::{Config, Inputs, Log, Parts, Subject};
use regate::telemetry::{LineFormat, LogConfig, LogFormat, LogLevel};
use serde_json::{Value as Json, json};

use crate::heavy::{head, request};
use crate::support::in_process::Served;
use crate::support::process::Output;
use crate::support::values::{self, value};
use crate::support::{corpus, recorded};

mod full;
mod program;
mod upload;

/// Mask rules that we understand in another way than the peer, each to hide more than it does.
const SAFER: [&str; 7] = [
    "segment of parsed_path",
    "value of parsed_query",
    "upsert into parsed_path",
    "member of version",
    "header with a space",
    "header with an escaped slash",
    "bad escape",
];

/// The recorded cases, or none, loudly.
fn cases() -> Vec<Json> {
    let files = corpus::files().unwrap_or_default();
    files.iter().map(|file| recorded::case(file).json).collect()
}

fn json_of(value: Option<&Value>) -> Json {
    value.map_or(Json::Null, values::json)
}

#[test]
fn masks_do_what_the_peers_do_and_more_where_those_do_nothing() {
    let Some(case) = cases()
        .into_iter()
        .find(|case| case["name"] == "log-mask-forms")
    else {
        return;
    };
    let requests = case["requests"].as_array().expect("requests");
    let plain = requests
        .iter()
        .find(|r| r["name"] == "nothing")
        .expect("the plain event");
    let mut differ = Vec::new();
    for request in requests {
        let name = request["name"].as_str().expect("a name");
        let mut input = plain["want"]["input"].clone();
        input["attributes"]["request"]["http"]["headers"]["x-mask"] = json!(name);
        let mut event = Maskable {
            input: Some(value(&input)),
            result: Some(value(&plain["want"]["log"]["result"])),
            nd_builtin_cache: None,
        };
        let rules = case["files"]["data.json"]["masks"][name].as_array();
        let rules: Vec<Value> = rules.expect("rules").iter().map(value).collect();
        let rules = Value::from(Set::from(rules));
        let want = &request["want"];
        let got = match event.apply(&rules) {
            Ok(done) => json!([
                json_of(event.input.as_ref()),
                json_of(event.result.as_ref()),
                done.erased,
                done.masked
            ]),
            Err(_) => json!("malformed"),
        };
        let list = |name: &str| want["log"].get(name).cloned().unwrap_or_else(|| json!([]));
        let want = if want["log"].is_null() {
            json!("malformed")
        } else {
            let input = want.get("input").unwrap_or(&Json::Null);
            let result = want["log"].get("result").unwrap_or(&Json::Null);
            json!([input, result, list("erased"), list("masked")])
        };
        if got != want {
            assert!(SAFER.contains(&name), "{name}:\n got {got}\nwant {want}");
            differ.push(name);
        }
    }
    differ.sort_unstable();
    let mut listed = SAFER;
    listed.sort_unstable();
    assert_eq!(differ, listed, "a difference that is none any more");
}

/// Shows the input that a record's request bytes hold.
struct Recorded;

impl Inputs for Recorded {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        out.extend_from_slice(&record.request);
    }
    fn value(&mut self, _: &Record) -> Value {
        Value::Null
    }
}

#[tokio::test]
async fn events_have_the_fields_that_the_peers_have() {
    let mut events = 0;
    let cases = cases();
    for case in &cases {
        let requests = case["requests"].as_array().map_or(&[][..], Vec::as_slice);
        let wants: Vec<&Json> = requests
            .iter()
            .map(|request| &request["want"])
            // Events of other destinations, and fields that come from elsewhere.
            .filter(|want| want["log"]["msg"] == "Decision Log")
            .filter(|want| {
                ["erased", "masked"]
                    .iter()
                    .all(|field| want["log"].get(field).is_none())
            })
            .collect();
        events += wants.len();
        if !wants.is_empty() {
            check_case(case, &wants).await;
        }
    }
    assert!(cases.is_empty() || events > 1000, "{events} events");
}

async fn check_case(case: &Json, wants: &[&Json]) {
    // From the event, since flags and files can say labels, too.
    let mut labels: BTreeMap<String, String> =
        serde_json::from_value(wants[0]["log"]["labels"].clone()).expect("labels");
    labels.retain(|name, _| name != "id" && name != "version");
    let config = Config {
        console: true,
        queue_records: usize::MAX,
        queue_bytes: usize::MAX,
        labels: labels.into_iter().collect(),
        ..Config::default()
    };
    let line = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Json,
        timestamp_format: None,
    };
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let subject = text(&wants[0]["log"]["path"])
        .map(Subject::Path)
        .or_else(|| text(&wants[0]["log"]["query"]).map(Subject::Query));
    let output = Output::new();
    let parts = Parts {
        sink: Box::new(output.sink()),
        line: LineFormat::new(&line).expect("a format"),
        subject: subject.expect("path or query"),
        inputs: Box::new(Recorded),
        rules: None,
        way: None,
    };
    let log = Log::spawn(config, parts).expect("a thread");
    let producer = log.intake().producer();
    for want in wants {
        producer.push(record(want)).expect("taken");
    }
    log.flush(Duration::from_mins(1))
        .await
        .expect("all written");
    let got = output.pick(|line| Some(normalised(line)));
    assert_eq!(got.len(), wants.len());
    for (got, want) in got.iter().zip(wants) {
        let mut event = want["log"].clone();
        if let Some(input) = want.get("input") {
            event["input"] = input.clone();
        }
        let name = &case["name"];
        assert_eq!(by_value(got), by_value(&event), "{name}");
    }
}

fn record(want: &Json) -> Record {
    let log = &want["log"];
    let bundles = log["bundles"].as_object();
    let revisions = bundles.into_iter().flatten().map(|(name, bundle)| {
        (
            name.clone(),
            bundle["revision"].as_str().expect("a revision").to_owned(),
        )
    });
    let result = match log["error"].as_str() {
        Some(error) => Err(CheckError {
            stage: Stage::Evaluation,
            code: "x",
            message: error.to_owned(),
            location: None,
        }),
        None => Ok(value(&log["result"])),
    };
    Record {
        id: DecisionId::random().expect("randomness"),
        timestamp: UNIX_EPOCH,
        version: ApiVersion::V3,
        request: Bytes::from(want["input"].to_string()),
        revisions: Arc::new(Revisions(revisions.collect())),
        snapshot: None,
        result,
        nd_builtin_cache: log.get("nd_builtin_cache").map(value),
        rule_labels: log["rule_labels"]
            .as_array()
            .map_or_else(Box::default, |all| all.iter().map(value).collect()),
        timers: Timers::default(),
        trace: None,
        asked: None,
    }
}

/// A policy with labels: of the package, and of the rule that opens a path.
const LABELLED: &str = r#"# METADATA
# labels: {team: edge}
package envoy.authz

default allow := false

# METADATA
# labels: {rule: open}
allow if input.attributes.request.http.path == "/open"

allow := 7 if input.attributes.request.http.path == "/odd"

allow := x if {
	input.attributes.request.http.path == "/torn"
	some x in [true, false]
}
"#;

/// A mask that looks at labels.
const MASK: &str = "package system.log

mask contains \"/result\" if input.rule_labels[_].rule == \"open\"
";

/// The labels and the result of an event for each path, with these files.
async fn labels_of(files: Json, paths: &[&str]) -> Vec<(Json, Json)> {
    // Boxed: a whole program is large.
    let config = json!({"files": files});
    let served = Box::pin(Served::start(&config)).await;
    let mut served = served.expect("a policy");
    for path in paths {
        served.client.post(head(), request(path)).await;
    }
    let events = Box::pin(served.stop()).await;
    let events = events.iter();
    events
        .map(|event| (event["rule_labels"].clone(), event["result"].clone()))
        .collect()
}

#[tokio::test]
async fn events_name_the_labels_of_the_rules_that_held() {
    let paths = ["/open", "/other", "/odd", "/torn", "/%"];
    let open = json!([{"rule": "open", "team": "edge"}]);
    let other = json!([{"team": "edge"}]);
    let mut want = vec![
        (open, json!(true)),
        (other.clone(), json!(false)),
        // The rules held, but there is no such answer.
        (other, Json::Null),
        (Json::Null, Json::Null),
        (Json::Null, Json::Null),
    ];

    let seen = labels_of(json!({"policy.rego": LABELLED}), &paths).await;
    assert_eq!(seen, want);

    let files = json!({"policy.rego": LABELLED, "log.rego": MASK});
    let seen = labels_of(files, &paths).await;
    want[0].1 = Json::Null;
    assert_eq!(seen, want, "the mask policy sees them");
}

/// Numbers that are not written as whole ones compare as doubles, which is what a policy's are.
fn by_value(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(by_value).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), by_value(value)))
            .collect(),
        Json::Number(number) if number.to_string().contains(['.', 'e', 'E']) => {
            json!(format!("{}", number.as_f64().unwrap_or_default()))
        }
        Json::Number(number) => json!(number.to_string()),
        other => other.clone(),
    }
}

/// The event as the corpus has it: what differs from run to run is replaced by its name.
fn normalised(line: &str) -> Json {
    let mut event = recorded::parse(line);
    let members = event.as_object_mut().expect("an object");
    members.remove("time").expect("a time");
    assert!(members["metrics"]["timer_server_handler_ns"].is_u64());
    for (name, shown) in [
        ("decision_id", "<uuid>"),
        ("timestamp", "<time>"),
        ("metrics", "<metrics>"),
    ] {
        *members.get_mut(name).expect(name) = json!(shown);
    }
    for name in ["id", "version"] {
        members["labels"][name] = json!(format!("<{name}>"));
    }
    event
}
