//! Gates that need no clock: how many system calls a decision costs, counted by the kernel.
//! They do not depend on optimisation, so that the debug binary of `cargo test` serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::process::{Process, Sidecar, SidecarSpec, until};
use crate::support::skip;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const WARM_UP: u32 = 200;
const REQUESTS: u32 = 4000;

/// What is counted, per decision.
#[derive(Debug)]
struct Cost {
    syscalls: f64,
    futex: f64,
}

#[tokio::test]
async fn sixteen_streams_share_their_system_calls() {
    let Some(cost) = measure(16).await else {
        return;
    };
    assert!(cost.syscalls <= 0.35, "{cost:?}");
    assert!(
        cost.futex <= 0.01,
        "a decision record must not wake anybody: {cost:?}"
    );
}

#[tokio::test]
async fn a_single_stream_costs_one_read_one_write_one_wait() {
    let Some(cost) = measure(1).await else { return };
    assert!(cost.syscalls <= 3.2, "{cost:?}");
    assert!(
        cost.futex <= 0.01,
        "a decision record must not wake anybody: {cost:?}"
    );
}

/// Counts a sidecar's system calls under one connection with that many streams, console decision
/// logs on. Writing those logs is counted too, where it is done in batches.
async fn measure(streams: u32) -> Option<Cost> {
    if !have("strace") || !have("h2load") {
        skip("strace or h2load is missing (Debian: strace, nghttp2-client)");
        return None;
    }
    let spec = SidecarSpec {
        // System calls do not depend on the policy. A cheap one keeps the run short, so that what
        // control threads do by the clock does not weigh in an unoptimised build.
        policy: "package envoy.authz\nallow := true\n".to_owned(),
        config: json!({"decision_logs": {"console": true}, "plugins": {"envoy_ext_authz_grpc": {}}}),
        args: Vec::new(),
    };
    let sidecar = Sidecar::start(spec).await;
    let body = frame(sidecar.folder.path());
    load(&body, sidecar.grpc, streams, WARM_UP);
    let written = async |records| {
        let all = async || (logged(&sidecar) >= records as usize).then_some(());
        until("every decision is logged", all).await;
    };
    written(WARM_UP).await;
    let summary = sidecar.folder.path().join("strace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-c", "-p", &sidecar.id().to_string(), "-o"])
        .arg(&summary);
    let mut strace = Process::start(command);
    let attached = |line: &str| line.contains("attached").then_some(());
    strace
        .output()
        .find("strace's word that it is attached", attached)
        .await;
    load(&body, sidecar.grpc, streams, REQUESTS);
    // The count ends when the last record is written: a cost that is put off is still a cost.
    written(WARM_UP + REQUESTS).await;
    strace.terminate();
    strace.end().await;
    Some(cost(&std::fs::read_to_string(summary).unwrap()))
}

/// How many decisions are in the log.
fn logged(sidecar: &Sidecar) -> usize {
    sidecar
        .output()
        .count(|line| line.contains("\"Decision Log\""))
}

/// One run of h2load: a connection with `streams` streams, each asking again when it is answered.
fn load(body: &Path, port: u16, streams: u32, requests: u32) {
    let run = Command::new("h2load")
        .args([
            "-c1",
            "-t1",
            &format!("-m{streams}"),
            &format!("-n{requests}"),
            "-d",
        ])
        .arg(body)
        .args(["-H", "content-type: application/grpc", "-H", "te: trailers"])
        .arg(format!("http://127.0.0.1:{port}{CHECK}"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    let all = format!("{requests} succeeded, 0 failed");
    assert!(text.contains(&all), "h2load: {text}");
}

/// The benchmark's recorded request, as the one message of a gRPC call.
fn frame(folder: &Path) -> PathBuf {
    let path = folder.join("check_request.bin");
    std::fs::write(&path, include_bytes!("../../bench/check_request.bin")).unwrap();
    path
}

fn have(tool: &str) -> bool {
    Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|out| out.status.success())
}

/// Reads strace's table: time, seconds, usecs/call, calls, then errors (may be absent) and the name.
fn cost(table: &str) -> Cost {
    let calls: BTreeMap<&str, f64> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| columns.len() >= 5 && columns[0].parse::<f64>().is_ok())
        .map(|columns| (columns[columns.len() - 1], columns[3].parse().unwrap()))
        .collect();
    let per_decision = |name: &str| calls.get(name).copied().unwrap_or(0.0) / f64::from(REQUESTS);
    assert!(calls.contains_key("total"), "{table}");
    Cost {
        syscalls: per_decision("total"),
        futex: per_decision("futex"),
    }
}
