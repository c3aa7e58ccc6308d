//! Uploads of the binary, and of the real `opa` beside it: a crash, the end, and what a request looks like.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tonic::Code;

use crate::life::{ALLOW, check, client, spec};
use crate::support::client::{self, Client};
use crate::support::in_process::collected;
use crate::support::opa;
use crate::support::process::{Process, Sidecar, until};
use crate::support::upstream::{Seen, Upstream};

const CHECKS: usize = 50;

fn config(collector: &Upstream, logs: &Json) -> Json {
    json!({
        "services": {"collector": {"url": format!("http://{}/base", collector.addr)}},
        "decision_logs": logs,
    })
}

async fn send_checks(sidecar: &Sidecar) {
    let mut client = client(sidecar.grpc).await;
    for _ in 0..CHECKS {
        assert_eq!(check(&mut client).await.status().code(), Code::Ok);
    }
}

async fn metric(sidecar: &Sidecar, name: &str) -> usize {
    let url = format!("http://127.0.0.1:{}/metrics", sidecar.diagnostic);
    let metrics = client::get(&url).await.expect("metrics").body;
    let value = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
    metrics.lines().find_map(value).expect(name)
}

/// Waits until the collector has taken `events` events, and returns them.
async fn events(collector: &Upstream, events: usize) -> Vec<Json> {
    let mut seen = Vec::new();
    until("all events", async || {
        seen.extend(collected(&collector.take()));
        (seen.len() >= events).then_some(())
    })
    .await;
    seen
}

#[track_caller]
fn assert_each_once(events: &[Json], count: usize) {
    let mut ids: Vec<&str> = events
        .iter()
        .filter_map(|e| e["decision_id"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((events.len(), ids.len()), (count, count));
}

/// The newest file of a spool.
fn newest(spool: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(spool)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let segments = entries.filter(|path| path.extension().is_some());
    segments.max().expect("a segment")
}

#[tokio::test]
async fn a_crash_loses_nothing_that_is_in_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let collector = Upstream::start().await;
    collector.set_answer(503, None);
    let logs = json!({
        "spool": {"directory": spool},
        "reporting": {"upload_size_limit_bytes": 900, "min_delay_seconds": 0.02, "max_delay_seconds": 0.05},
    });
    let spec = spec(ALLOW, config(&collector, &logs), &[]);
    let mut sidecar = Sidecar::start(spec.clone()).await;
    send_checks(&sidecar).await;
    until("all is in the spool", async || {
        let waiting = metric(&sidecar, "regate_decision_log_buffer_events ").await;
        (waiting == CHECKS && !collector.take().is_empty()).then_some(())
    })
    .await;
    sidecar.process().kill();
    let mut file = OpenOptions::new()
        .append(true)
        .open(newest(&spool))
        .unwrap();
    file.write_all(b"{\"decision_id\":\"torn").unwrap();

    collector.set_answer(200, None);
    let sidecar = Sidecar::start(spec).await;
    let first = events(&collector, CHECKS).await;
    assert_each_once(&first, CHECKS);
    let torn = "regate_decision_log_dropped_total{cause=\"torn\"} ";
    assert_eq!(metric(&sidecar, torn).await, 1);
    send_checks(&sidecar).await;
    let both = [first, events(&collector, CHECKS).await].concat();
    assert_each_once(&both, 2 * CHECKS);
}

#[tokio::test]
async fn the_end_uploads_what_waits() {
    let collector = Upstream::start().await;
    let logs = json!({"reporting": {"min_delay_seconds": 100, "max_delay_seconds": 200}});
    let mut sidecar = Sidecar::start(spec(ALLOW, config(&collector, &logs), &[])).await;
    send_checks(&sidecar).await;
    sidecar.process().terminate();
    assert!(sidecar.process().end().await.success());
    assert_each_once(&collected(&collector.take()), CHECKS);
}

/// What a collector sees of an upload beside its events, and how many bytes each request has.
fn shape(uploads: &[Seen]) -> (Json, Vec<usize>) {
    let shapes = uploads.iter().map(|upload| {
        let header = |name: &str| upload.headers[name].to_str().unwrap().to_owned();
        let length = header("content-length") == upload.body.len().to_string();
        json!([
            upload.path,
            header("content-type"),
            header("content-encoding"),
            length
        ])
    });
    let mut shapes: Vec<Json> = shapes.collect();
    shapes.dedup();
    let sizes = uploads.iter().map(|upload| upload.body.len()).collect();
    (json!(shapes), sizes)
}

/// Waits for uploads of `count` events.
async fn uploads(collector: &Upstream, count: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    until("all events", async || {
        seen.extend(collector.take());
        (collected(&seen).len() >= count).then_some(())
    })
    .await;
    seen
}

#[tokio::test]
async fn requests_look_like_those_of_opa() {
    const LIMIT: usize = 2_000;
    const EVENTS: usize = 200;
    let collector = Upstream::start().await;
    let logs = json!({
        "service": "collector",
        "partition_name": "a/b c",
        "reporting": {"upload_size_limit_bytes": LIMIT, "min_delay_seconds": 1, "max_delay_seconds": 1},
    });
    let config = config(&collector, &logs);
    let sidecar = Sidecar::start(spec(ALLOW, config.clone(), &[])).await;
    for _ in 0..EVENTS / CHECKS {
        send_checks(&sidecar).await;
    }
    let ours = uploads(&collector, EVENTS).await;
    assert_each_once(&collected(&ours), EVENTS);
    let (shape_of_ours, sizes) = shape(&ours);
    assert!(
        sizes.len() > 1 && sizes.iter().all(|size| *size <= LIMIT),
        "{sizes:?}"
    );
    drop(sidecar);

    let Some(opa) = opa::find() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yaml"), config.to_string()).unwrap();
    std::fs::write(folder.path().join("policy.rego"), ALLOW).unwrap();
    // It does not tell which port it has taken.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut command = Command::new(opa);
    command
        .current_dir(folder.path())
        .args(["run", "--server", "--config-file=config.yaml"])
        .args([&format!("--addr={address}"), "policy.rego"]);
    let _process = Process::start(command);
    let health = format!("http://{address}/health");
    until("opa is there", async || client::get(&health).await).await;
    let http = Client::new();
    for number in 0..EVENTS {
        let url = format!("http://{address}/v1/data/envoy/authz/allow");
        let body = json!({"input": {"number": number}}).to_string();
        let request = Request::post(url)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        assert_eq!(http.send(request).await.expect("an answer").status, 200);
    }
    let theirs = uploads(&collector, EVENTS).await;
    assert_each_once(&collected(&theirs), EVENTS);
    let (shape_of_theirs, sizes) = shape(&theirs);
    assert_eq!(shape_of_ours, shape_of_theirs);
    assert!(
        sizes.len() > 1 && sizes.iter().all(|size| *size <= LIMIT),
        "{sizes:?}"
    );
    assert_eq!(names(&ours), names(&theirs));
}

/// The members that events have, but for those that only the REST API or only Checks have.
fn names(uploads: &[Seen]) -> Vec<String> {
    let event = &collected(uploads)[0];
    let names = event.as_object().unwrap().keys();
    let own = |name: &&String| !matches!(name.as_str(), "requested_by" | "req_id");
    let mut names: Vec<String> = names.filter(own).cloned().collect();
    names.sort_unstable();
    names
}
