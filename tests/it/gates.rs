//! Gates that need no clock: how many system calls a decision costs, counted by the kernel.
//!
//! What a data thread does is counted by the decision, and does not depend on optimisation, so that
//! the debug binary of `cargo test` serves. What the other threads do goes by the clock (the log's
//! thread looks for records every few milliseconds), and is held against the time that went by.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::process::{Process, Sidecar, SidecarSpec, until};
use crate::support::skip;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const WARM_UP: u32 = 200;
const REQUESTS: u32 = 4000;

/// How often the log's thread may look for records.
const POLL: Duration = Duration::from_millis(5);

/// The most records that become one write.
const BATCH: f64 = 128.0;

/// What was counted.
#[derive(Debug, Default)]
struct Cost {
    /// System calls of the data threads, per decision.
    syscalls: f64,
    /// Of these: locks, and waking other threads.
    futex: f64,
    /// System calls of all other threads.
    control: f64,
    /// For how long was counted.
    time: Duration,
}

#[tokio::test]
async fn sixteen_streams_share_their_system_calls() {
    let Some(cost) = measure(16).await else {
        return;
    };
    assert!(cost.syscalls <= 0.35, "{cost:?}");
    cost.nobody_is_woken();
}

#[tokio::test]
async fn a_single_stream_costs_one_read_one_write_one_wait() {
    let Some(cost) = measure(1).await else { return };
    assert!(cost.syscalls <= 3.2, "{cost:?}");
    cost.nobody_is_woken();
}

impl Cost {
    fn nobody_is_woken(&self) {
        assert!(
            self.futex <= 0.01,
            "a decision record must not wake anybody: {self:?}"
        );
        // A wait and a write each time, a write for each full batch, and what goes on anyway.
        let polls = self.time.as_secs_f64() / POLL.as_secs_f64();
        let most = 2.0 * polls + f64::from(REQUESTS) / BATCH + 100.0;
        assert!(
            self.control <= most,
            "the other threads go by the clock, at most {most} calls: {self:?}"
        );
    }

    /// Reads strace's lines: a thread's id, then the call, or what became of an interrupted one.
    fn read(trace: &str, data_threads: &[String], time: Duration) -> Self {
        let mut cost = Self {
            time,
            ..Self::default()
        };
        for line in trace.lines() {
            let Some((thread, call)) = line.split_once(' ') else {
                continue;
            };
            let call = call.trim_start();
            if !call.starts_with(|first: char| first.is_ascii_lowercase()) {
                continue;
            }
            if !data_threads.iter().any(|data| data == thread) {
                cost.control += 1.0;
                continue;
            }
            cost.syscalls += 1.0 / f64::from(REQUESTS);
            if call.starts_with("futex") {
                cost.futex += 1.0 / f64::from(REQUESTS);
            }
        }
        assert!(cost.syscalls > 0.0, "no call was seen: {trace}");
        cost
    }
}

/// Counts a sidecar's system calls under one connection with that many streams, console decision
/// logs on. Writing those logs is counted too.
async fn measure(streams: u32) -> Option<Cost> {
    if !have("strace") || !have("h2load") {
        skip("strace or h2load is missing (Debian: strace, nghttp2-client)");
        return None;
    }
    let spec = SidecarSpec {
        // System calls do not depend on the policy; a cheap one keeps the run short.
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
    let data_threads = data_threads(sidecar.id());
    let trace = sidecar.folder.path().join("strace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-p", &sidecar.id().to_string(), "-o"])
        .arg(&trace);
    let began = Instant::now();
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
    let trace = std::fs::read_to_string(trace).unwrap();
    Some(Cost::read(&trace, &data_threads, began.elapsed()))
}

/// The ids of the threads that answer calls.
fn data_threads(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let threads: Vec<_> = tasks
        .map(|task| task.unwrap())
        .filter(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap();
            name.starts_with("data-")
        })
        .map(|task| task.file_name().into_string().unwrap())
        .collect();
    assert!(!threads.is_empty(), "the data threads are named otherwise");
    threads
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
