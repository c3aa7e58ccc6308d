//! `engine: verify`: our own engine decides, the other one is asked as well, and differences are told.

use bytes::Bytes;
use http::Request;
use regate::authz::service::PATHS;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::call::{Answer, Client};
use crate::support::client::get;
use crate::support::process::{Sidecar, SidecarSpec, binary};

/// A Check in its gRPC frame.
const CHECK: &[u8] = include_bytes!("../../bench/check_request.bin");

fn spec(policy: &str, engine: &str) -> SidecarSpec {
    SidecarSpec {
        policy: format!("package envoy.authz\n{policy}\n"),
        config: json!({"engine": engine, "decision_logs": {"console": true}}),
        args: Vec::new(),
    }
}

async fn check(sidecar: &Sidecar) -> Answer {
    let stream = TcpStream::connect(("127.0.0.1", sidecar.grpc)).await;
    let mut client = Client::new(stream.unwrap()).await;
    let head = Request::post(format!("http://regate{}", PATHS[0]))
        .header("content-type", "application/grpc");
    client.post(head, Bytes::from_static(CHECK)).await
}

async fn differences(sidecar: &Sidecar) -> String {
    let url = format!("http://127.0.0.1:{}/metrics", sidecar.diagnostic);
    let metrics = get(&url).await.unwrap().body;
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix("regate_engine_differences_total "));
    value.unwrap_or("0").to_owned()
}

fn logged(line: &str, message: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).ok()?;
    line["msg"].as_str()?.contains(message).then_some(line)
}

#[tokio::test]
async fn a_difference_is_counted_and_logged_and_our_own_answer_counts() {
    let table = [
        ("allow := 0.1 + 0.2 == 0.3", json!(true), "true", "false"),
        (
            "allow := {k: i | some i, k in [0.3, 0.1 + 0.2]}",
            Value::Null,
            "eval_conflict_error",
            "",
        ),
    ];
    for (policy, result, native, regorus) in table {
        let sidecar = Sidecar::start(spec(policy, "verify")).await;
        check(&sidecar).await;
        let event = sidecar.decision(|_| true).await;
        assert_eq!(
            event.get("result").unwrap_or(&Value::Null),
            &result,
            "{event}"
        );
        let line = |line: &str| logged(line, "Two engines do not agree");
        let line = sidecar.output().find("the line", line).await;
        assert_eq!(line["decision_id"], event["decision_id"], "{line}");
        assert!(line["native"].as_str().unwrap().contains(native), "{line}");
        assert!(
            line["regorus"].as_str().unwrap().contains(regorus),
            "{line}"
        );
        assert_eq!(differences(&sidecar).await, "1");
    }
}

#[tokio::test]
async fn engines_that_agree_are_not_heard_of() {
    let sidecar = Sidecar::start(spec("allow if input.attributes", "verify")).await;
    check(&sidecar).await;
    let event = sidecar.decision(|_| true).await;
    assert_eq!(event["result"], true, "{event}");
    assert_eq!(differences(&sidecar).await, "0");
}

#[tokio::test]
async fn what_only_our_own_engine_compiles_is_served_with_a_warning() {
    let policy = r#"allow if net.cidr_merge(["10.0.0.0/25", "10.0.0.128/25"]) == {"10.0.0.0/24"}"#;
    let sidecar = Sidecar::start(spec(policy, "verify")).await;
    let line = |line: &str| logged(line, "does not compile this policy");
    let line = sidecar.output().find("the warning", line).await;
    assert_eq!(line["level"], "warning", "{line}");
    check(&sidecar).await;
    let event = sidecar.decision(|_| true).await;
    assert_eq!(event["result"], true, "{event}");
}

#[tokio::test]
async fn an_engine_that_does_not_exist_stops_the_start() {
    let mut sidecar = Sidecar::launch(&binary(), spec("allow := true", "wasm"));
    assert_eq!(sidecar.process().end().await.code(), Some(64));
    let error = |line: &str| line.starts_with("error: ").then(|| line.to_owned());
    let error = sidecar.output().find("the error", error).await;
    assert!(error.contains("config.yaml:1: engine: "), "{error}");
    assert!(
        error.contains("native, regorus, verify") || error.contains("wasm"),
        "{error}"
    );
}
