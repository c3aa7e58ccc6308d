//! Evaluations that take many steps give way to others: told by the order in which Checks end, never by a clock.

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use http::Request;
use http_body::Frame;
use prost::Message as _;
use regate::authz::service::PATHS;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tonic::Code;

use crate::support::call::{Answer, Client, check_request};
use crate::support::client::get;
use crate::support::process::{Sidecar, SidecarSpec, until};

const POLICY: &str = include_str!("heavy/policy.rego");

/// More than can wait, with those that run.
const TOO_MANY: usize = 300;

/// How many there is room for: those that wait, and those that run.
const ROOM: usize = 256 + 2;

async fn sidecar(keys: Value, args: &[&str]) -> Sidecar {
    Sidecar::start(SidecarSpec {
        policy: POLICY.to_owned(),
        config: json!({
            "decision_logs": {"console": true},
            "plugins": {"envoy_ext_authz_grpc": keys},
        }),
        args: args.iter().map(ToString::to_string).collect(),
    })
    .await
}

pub(crate) async fn client(sidecar: &Sidecar) -> Client {
    let stream = TcpStream::connect(("127.0.0.1", sidecar.grpc)).await;
    Client::new(stream.unwrap()).await
}

pub(crate) fn head() -> http::request::Builder {
    Request::post(format!("http://regate{}", PATHS[0])).header("content-type", "application/grpc")
}

/// A `CheckRequest` for a path.
pub(crate) fn request(path: &str) -> Bytes {
    check_request(HttpRequest {
        path: path.to_owned(),
        ..HttpRequest::default()
    })
}

/// Begins a Check; its answer comes later.
pub(crate) async fn begin(
    client: &mut Client,
    head: http::request::Builder,
    path: &str,
) -> JoinHandle<Answer> {
    let (frames, answer) = client.begin(head);
    frames.send(Frame::data(request(path))).await.unwrap();
    answer
}

fn response(answer: &Answer) -> CheckResponse {
    CheckResponse::decode(answer.message().unwrap_or_else(|| panic!("{answer:?}"))).unwrap()
}

pub(crate) fn code(answer: &Answer) -> i32 {
    response(answer).status.unwrap().code
}

pub(crate) fn is_error(event: &Value, words: &str) -> bool {
    event["error"]
        .as_str()
        .is_some_and(|error| error.contains(words))
}

/// The sum of a metric's series.
pub(crate) async fn metric(sidecar: &Sidecar, name: &str) -> usize {
    let url = format!("http://127.0.0.1:{}/metrics", sidecar.diagnostic);
    let metrics = get(&url).await.unwrap().body;
    let series = metrics.lines().filter(|line| line.starts_with(name));
    let values = series.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
    values.sum()
}

/// Waits until so many evaluations gave way.
async fn gave_way(sidecar: &Sidecar, count: usize) {
    until("an evaluation gives way", async || {
        (metric(sidecar, "regate_check_gave_way_total").await >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn light_checks_on_the_same_connection_are_answered_before_heavy_ones() {
    let sidecar = sidecar(json!({"max-eval-time": "100s"}), &[]).await;
    let mut client = client(&sidecar).await;
    // More than there are threads of either kind.
    let mut endless = Vec::new();
    for _ in 0..8 {
        endless.push(begin(&mut client, head(), "/endless").await);
    }
    gave_way(&sidecar, endless.len()).await;

    for _ in 0..50 {
        let answer = client.post(head(), request("/light")).await;
        assert_eq!(code(&answer), 0);
    }

    assert!(endless.iter().all(|heavy| !heavy.is_finished()));
}

#[tokio::test]
async fn a_heavy_check_is_answered_and_recorded_as_any_other() {
    let sidecar = sidecar(json!({"max-eval-time": "100s"}), &[]).await;
    let mut client = client(&sidecar).await;

    let answer = client.post(head(), request("/heavy")).await;

    let response = response(&answer);
    let event = sidecar.decision(|_| true).await;
    let id = &response.dynamic_metadata.as_ref().unwrap().fields["decision_id"];
    assert!(format!("{id:?}").contains(event["decision_id"].as_str().unwrap()));
    assert_eq!(event["result"]["headers"]["x-found"], "2", "{event}");
    assert_eq!(response.status.unwrap().code, 0);
    assert_eq!(metric(&sidecar, "regate_check_gave_way_total").await, 1);
    // What the first run printed is not shown; the second one's lines stand before its event.
    let printed = |line: &str| line.contains("counting now");
    assert_eq!(sidecar.output().count(printed), 1);
}

#[tokio::test]
async fn what_is_outside_is_asked_for_and_the_check_goes_on() {
    let sidecar = sidecar(json!({}), &[]).await;
    let mut client = client(&sidecar).await;

    let answer = client.post(head(), request("/named")).await;

    assert_eq!(code(&answer), 0, "{answer:?}");
    let event = sidecar.decision(|_| true).await;
    assert_eq!(event["result"]["headers"]["x-same"], "0", "{event}");
}

#[tokio::test]
async fn a_heavy_check_keeps_its_deadline() {
    let sidecar = sidecar(json!({"max-eval-time": "100s"}), &[]).await;
    let mut client = client(&sidecar).await;

    let head = head().header("grpc-timeout", "500m");
    let answer = client.post(head, request("/endless")).await;

    assert_eq!(answer.status().code(), Code::DeadlineExceeded, "{answer:?}");
    let event = sidecar.decision(|_| true).await;
    assert!(is_error(&event, "deadline"), "{event}");
    let cancelled = "regate_check_errors_total{reason=\"eval_cancel_error\"}";
    assert_eq!(metric(&sidecar, cancelled).await, 1);
    assert_eq!(metric(&sidecar, "regate_check_gave_way_total").await, 1);
}

#[tokio::test]
async fn what_finds_no_room_is_refused_at_once_recorded_and_counted() {
    let sidecar = sidecar(json!({"max-eval-time": "100s"}), &[]).await;
    let mut client = client(&sidecar).await;
    let (sender, mut answers) = mpsc::channel(TOO_MANY);
    for _ in 0..TOO_MANY {
        let (answer, sender) = (begin(&mut client, head(), "/endless").await, sender.clone());
        tokio::spawn(async move {
            if let Ok(answer) = answer.await {
                let _ = sender.send(answer).await;
            }
        });
    }
    // With the last of them the channel ends: what is not answered fails, and does not hang.
    drop(sender);

    for _ in 0..TOO_MANY - ROOM {
        let answer = answers.recv().await.unwrap();
        let status = answer.status();
        assert_ne!(status.code(), Code::Ok, "{answer:?}");
        assert!(status.message().contains("long evaluations"), "{status:?}");
    }
    let light = client.post(head(), request("/light")).await;
    assert_eq!(code(&light), 0);
    let event = sidecar
        .decision(|event| event["error"] != Value::Null)
        .await;
    assert!(is_error(&event, "long evaluations"), "{event}");
    let refused = "regate_check_errors_total{reason=\"overload_error\"}";
    assert_eq!(metric(&sidecar, refused).await, TOO_MANY - ROOM);
}

#[tokio::test]
async fn the_end_waits_for_heavy_checks() {
    let mut sidecar = sidecar(
        json!({"max-eval-time": "100s"}),
        &["--shutdown-grace-period=100"],
    )
    .await;
    let mut client = client(&sidecar).await;
    let heavy = begin(&mut client, head(), "/heavy").await;
    gave_way(&sidecar, 1).await;

    sidecar.process().terminate();

    assert_eq!(code(&heavy.await.unwrap()), 0);
    drop(client);
    assert!(sidecar.process().end().await.success());
    sidecar
        .decision(|event| event["input"]["parsed_path"][0] == "heavy")
        .await;
}

#[tokio::test]
async fn heavy_requests_over_http_give_way_too() {
    let sidecar = sidecar(
        json!({"http_addr": "127.0.0.1:0", "max-eval-time": "100s"}),
        &[],
    )
    .await;
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", sidecar.http);
    let endless = url("/endless");
    let endless = tokio::spawn(async move { get(&endless).await });
    gave_way(&sidecar, 1).await;

    for _ in 0..10 {
        assert_eq!(get(&url("/light")).await.unwrap().status, 200);
    }
    assert!(!endless.is_finished());

    let answer = get(&url("/heavy")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-found"), ["2"]);
    sidecar
        .decision(|event| event["input"]["parsed_path"][0] == "heavy")
        .await;
}
