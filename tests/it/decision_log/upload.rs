//! Uploads to a collector that takes, refuses, is away and comes back: every event is there once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use regate::data::Value;
use regate::decision::{ApiVersion, CheckError, DecisionId, Record, Stage, Timers};
use regate::decision_log::{
    BufferLimit, Config, Counters, FlushError, Fsync, Log, Loss, OnFull, Parts, Producer,
    SpoolConfig, Subject, Trigger, UploadConfig, Way,
};
use regate::http::client::Client;
use regate::http::{Credentials, ServiceConfig};
use regate::telemetry::{LineFormat, LogConfig, LogFormat, LogLevel};
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;

use super::Recorded;
use crate::support::in_process::collected;
use crate::support::process::{Output, until};
use crate::support::recorded;
use crate::support::upstream::Upstream;

/// More than any test takes.
const LONG: Duration = Duration::from_secs(20);

/// An upload as often as it gets.
fn upload() -> UploadConfig {
    UploadConfig {
        service: "collector".to_owned(),
        resource: "/logs".to_owned(),
        buffer: BufferLimit::Bytes(0),
        chunk_bytes: 32_768,
        chunk_bytes_is_strict: false,
        min_delay: Duration::from_millis(10),
        max_delay: Duration::from_millis(20),
        max_per_second: None,
        trigger: Trigger::Periodic,
        spool: None,
    }
}

fn config(upload: UploadConfig) -> Config {
    Config {
        upload: Some(upload),
        labels: vec![("app".to_owned(), "edge".to_owned())],
        ..Config::default()
    }
}

fn way(collector: &Upstream) -> Way {
    let service = ServiceConfig {
        registry: false,
        name: "collector".to_owned(),
        url: format!("http://{}/base/", collector.addr),
        headers: Vec::new(),
        allow_insecure_tls: false,
        response_header_timeout: Duration::from_secs(10),
        ca_cert: None,
        system_ca_required: false,
        credentials: Credentials::None,
    };
    Way {
        client: Client::new(&service).unwrap(),
        runtime: Handle::current(),
    }
}

/// A log that uploads to `collector`, its console's output, and a way in.
fn start(config: Config, collector: &Upstream) -> (Log, Output, Producer) {
    let line = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Json,
        timestamp_format: None,
    };
    let console = Output::new();
    let parts = Parts {
        sink: Box::new(console.sink()),
        line: LineFormat::new(&line).unwrap(),
        subject: Subject::Path("envoy/authz/allow".to_owned()),
        inputs: Box::new(Recorded),
        rules: None,
        way: Some(way(collector)),
    };
    let log = Log::spawn(config, parts).unwrap();
    let producer = log.intake().producer();
    (log, console, producer)
}

fn record(input: &Json) -> Record {
    Record {
        id: DecisionId::random().unwrap(),
        timestamp: UNIX_EPOCH,
        version: ApiVersion::V3,
        request: Bytes::from(input.to_string()),
        revisions: Arc::default(),
        snapshot: None,
        result: Ok(Value::Bool(true)),
        nd_builtin_cache: None,
        rule_labels: Box::default(),
        timers: Timers::default(),
        trace: None,
        asked: None,
    }
}

/// Hands `events` records over and returns their ids.
fn push(producer: &Producer, events: usize) -> Vec<String> {
    let ids = (0..events).map(|number| {
        let record = record(&json!({"number": number}));
        let id = record.id.as_str().to_owned();
        producer.push(record).expect("taken");
        id
    });
    ids.collect()
}

fn ids(events: &[Json]) -> Vec<String> {
    let ids = events
        .iter()
        .map(|event| event["decision_id"].as_str().unwrap().to_owned());
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids
}

#[track_caller]
fn assert_once(events: &[Json], mut want: Vec<String>) {
    want.sort_unstable();
    assert_eq!(ids(events), want);
}

async fn wait(what: &str, counters: &Counters, is: impl Fn(&Counters) -> bool) {
    until(what, async || is(counters).then_some(())).await;
}

#[tokio::test]
async fn events_go_to_all_sinks_at_once_each_in_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let collector = Upstream::start().await;
    let config = Config {
        console: true,
        file: Some(file.clone()),
        ..config(upload())
    };
    let (log, console, producer) = start(config, &collector);
    let mut failed = record(&json!(null));
    failed.result = Err(CheckError {
        stage: Stage::Evaluation,
        code: "eval_conflict_error",
        message: "p.rego:7: eval_conflict_error: two values".to_owned(),
        location: Some("p.rego:7".to_owned()),
    });
    let mut refused = record(&json!(null));
    refused.result = Err(CheckError {
        stage: Stage::Request,
        code: "request_parse_error",
        message: "no path".to_owned(),
        location: None,
    });
    for record in [record(&json!({"a": "<1>"})), failed, refused] {
        producer.push(record).expect("taken");
    }
    log.flush(LONG).await.unwrap();

    let uploads = collector.take();
    let [upload] = &uploads[..] else {
        panic!("{uploads:?}");
    };
    assert_eq!(upload.path, "/base/logs");
    assert_eq!(upload.headers["content-encoding"], "gzip");
    assert_eq!(upload.headers["content-type"], "application/json");
    assert_eq!(
        upload.headers["content-length"],
        upload.body.len().to_string()
    );
    let events = collected(&uploads);
    assert_eq!(events[0]["labels"]["app"], "edge");
    assert_eq!(events[0]["input"], json!({"a": "<1>"}));
    assert_eq!(events[0].get("msg"), None);
    assert_eq!(
        events[1]["error"],
        json!({"code": "eval_conflict_error", "message": "two values",
            "location": {"file": "p.rego", "row": 7}})
    );
    assert_eq!(events[2]["error"], json!({"message": "no path"}));

    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Json> = text.lines().map(recorded::parse).collect();
    assert_eq!(lines, events);
    let shown = console.pick(|line| Some(recorded::parse(line)));
    assert_eq!(
        shown[1]["error"],
        "p.rego:7: eval_conflict_error: two values"
    );
    assert_eq!(shown[1]["msg"], "Decision Log");
    assert_once(&shown, ids(&events));
}

#[tokio::test]
async fn a_collector_that_is_away_for_a_while_gets_every_event_once() {
    let collector = Upstream::start().await;
    collector.set_answer(503, None);
    let config = config(UploadConfig {
        chunk_bytes: 1_000,
        ..upload()
    });
    let (log, _, producer) = start(config, &collector);
    let counters = log.counters();
    let mut all = push(&producer, 300);
    wait("some failures", &counters, |counters| {
        counters.failed_uploads() > 1
    })
    .await;
    let problem = counters.stats().upload_problem.expect("a problem");
    assert_eq!(problem.http_code, Some(503));
    assert!(problem.message.contains("503"), "{problem:?}");
    all.extend(push(&producer, 300));
    collector.set_answer(200, None);
    wait("all is uploaded", &counters, |counters| {
        counters.uploaded() == 600
    })
    .await;
    assert_eq!(counters.stats().upload_problem, None);
    log.flush(LONG).await.unwrap();

    let uploads = collector.take();
    assert_once(&collected(&uploads), all);
    let sizes = uploads.iter().map(|upload| upload.body.len());
    assert!(sizes.clone().all(|size| size <= 1_000), "{:?}", sizes.max());
    assert_eq!(
        counters
            .stats()
            .lost
            .iter()
            .map(|(_, lost)| lost)
            .sum::<u64>(),
        0
    );
}

#[tokio::test]
async fn the_end_waits_for_a_collector_no_longer_than_it_may() {
    let collector = Upstream::start().await;
    collector.set_answer(503, Some(("retry-after", "3600")));
    let (log, _, producer) = start(config(upload()), &collector);
    let counters = log.counters();
    push(&producer, 7);
    let flushed = log.flush(Duration::from_millis(300)).await;
    assert_eq!(flushed, Err(FlushError { left: 7 }));
    assert_eq!(counters.lost(Loss::End), 7);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_taken_in_smaller_ones() {
    let collector = Upstream::start().await;
    collector.set_answer(413, None);
    let (log, _, producer) = start(config(upload()), &collector);
    let counters = log.counters();
    let all = push(&producer, 64);
    wait("a smaller one", &counters, |counters| {
        counters.failed_uploads() > 3
    })
    .await;
    collector.set_answer(200, None);
    log.flush(LONG).await.unwrap();
    let uploads = collector.take();
    assert!(uploads.iter().filter(|upload| upload.status == 200).count() > 1);
    assert_eq!(counters.lost(Loss::TooLarge), 0);
    let events = collected(&uploads);
    let cut = events
        .iter()
        .filter(|event| event.get("log_error").is_some());
    assert!(cut.count() < 64);
    assert_once(&events, all);
}

#[tokio::test]
async fn events_beyond_the_rate_are_counted_and_failed_uploads_are_not_limited_again() {
    let collector = Upstream::start().await;
    collector.set_answer(503, None);
    let config = config(UploadConfig {
        max_per_second: Some(0.001),
        ..upload()
    });
    let (log, _, producer) = start(config, &collector);
    let counters = log.counters();
    let all = push(&producer, 3);
    wait("some failures", &counters, |counters| {
        counters.failed_uploads() > 1
    })
    .await;
    collector.set_answer(200, None);
    log.flush(LONG).await.unwrap();
    assert_once(&collected(&collector.take()), vec![all[0].clone()]);
    assert_eq!(counters.lost(Loss::RateLimit), 2);
    let peer = BTreeMap::from(counters.stats().peer());
    assert_eq!(peer["counter_decision_logs_dropped_rate_limit_exceeded"], 2);
}

/// Uploads 90 events to a collector that is away, with room for 30 or 40; then it comes back.
async fn overfull(buffer: BufferLimit, on_full: OnFull) -> (Vec<String>, Vec<String>, Counters) {
    let collector = Upstream::start().await;
    collector.set_answer(503, None);
    let config = Config {
        on_full,
        ..config(UploadConfig {
            buffer,
            chunk_bytes: 400,
            ..upload()
        })
    };
    let (log, _, producer) = start(config, &collector);
    let counters = log.counters();
    let all = push(&producer, 90);
    let seen = |counters: &Counters| counters.stats().dropped_buffer_size_limit_exceeded;
    wait("losses", &counters, |counters| {
        seen(counters) > 0 && counters.queue_records() == 0
    })
    .await;
    collector.set_answer(200, None);
    log.flush(LONG).await.unwrap();
    (all, ids(&collected(&collector.take())), counters)
}

#[tokio::test]
async fn a_full_buffer_loses_the_oldest_or_the_newest_and_counts_them() {
    for (on_full, kept) in [(OnFull::DropOldest, 89), (OnFull::DropNewest, 0)] {
        let (all, got, counters) = overfull(BufferLimit::Events(30), on_full).await;
        let lost = counters.lost(Loss::BufferEvents);
        assert_eq!(u64::try_from(got.len()).unwrap() + lost, 90, "{on_full:?}");
        // What is within the limit is there, and no more than a chunk or two beyond it.
        assert!((30..60).contains(&got.len()), "{on_full:?}: {}", got.len());
        assert!(got.contains(&all[kept]), "{on_full:?}");
        assert!(got.is_sorted_by(|a, b| a < b), "each once");
    }
    let (_, got, counters) = overfull(BufferLimit::Bytes(2_000), OnFull::DropOldest).await;
    let lost = counters.lost(Loss::BufferBytes);
    assert_eq!(u64::try_from(got.len()).unwrap() + lost, 90);
}

fn spooled(directory: &Path, max_bytes: u64) -> UploadConfig {
    UploadConfig {
        chunk_bytes: 1_000,
        spool: Some(SpoolConfig {
            directory: directory.to_owned(),
            max_bytes,
            fsync: Fsync::Batch,
        }),
        ..upload()
    }
}

#[tokio::test]
async fn what_is_in_the_spool_survives_the_end_and_is_uploaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Upstream::start().await;
    collector.set_answer(503, None);
    let config = config(UploadConfig {
        // Memory is full at once: nearly all is on disk alone.
        buffer: BufferLimit::Events(1),
        ..spooled(folder.path(), 1 << 20)
    });
    let (log, _, producer) = start(config.clone(), &collector);
    let mut all = push(&producer, 500);
    log.flush(LONG).await.unwrap();
    assert_once(&collected(&collector.take()), Vec::new());

    collector.set_answer(200, None);
    let (log, _, producer) = start(config, &collector);
    all.extend(push(&producer, 100));
    let counters = log.counters();
    wait("all is uploaded", &counters, |counters| {
        counters.uploaded() == 600
    })
    .await;
    log.flush(LONG).await.unwrap();
    assert_once(&collected(&collector.take()), all);
    let left = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(left.count(), 1, "the lock alone");
    assert_eq!((counters.spool_errors(), counters.buffered()), (0, 0));
}

#[tokio::test]
async fn a_spool_that_is_full_or_cannot_be_used_leaves_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (directory, max_bytes, errors) in [
        (folder.path().join("spool"), 2_000, false),
        (file.join("spool"), 1 << 20, true),
    ] {
        let collector = Upstream::start().await;
        collector.set_answer(503, None);
        let (log, _, producer) = start(config(spooled(&directory, max_bytes)), &collector);
        let counters = log.counters();
        let all = push(&producer, 200);
        wait("failures", &counters, |counters| {
            counters.failed_uploads() > 1
        })
        .await;
        assert_eq!(counters.spool_errors() > 0, errors);
        collector.set_answer(200, None);
        log.flush(LONG).await.unwrap();
        assert_once(&collected(&collector.take()), all);
    }
}

#[tokio::test]
async fn another_configuration_loses_nothing() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    first.set_answer(503, None);
    let (log, console, producer) = start(config(upload()), &first);
    let counters = log.counters();
    let mut all = push(&producer, 50);
    wait("a failure", &counters, |counters| {
        counters.failed_uploads() > 0
    })
    .await;

    let mut other = config(UploadConfig {
        resource: "/other".to_owned(),
        chunk_bytes: 500,
        ..upload()
    });
    other.labels = vec![("app".to_owned(), "second".to_owned())];
    log.reconfigure(other, Some(way(&second)));
    wait("the first are uploaded", &counters, |counters| {
        counters.uploaded() == 50
    })
    .await;
    all.extend(push(&producer, 50));
    wait("all are uploaded", &counters, |counters| {
        counters.uploaded() == 100
    })
    .await;
    let uploads = second.take();
    assert!(uploads.iter().all(|upload| upload.path == "/base/other"));
    let events = collected(&uploads);
    assert_eq!(events.last().unwrap()["labels"]["app"], "second");
    assert_once(&events, all);

    // Without a service what waits still goes to the one that was.
    second.set_answer(503, None);
    let last = push(&producer, 5);
    wait("a failure", &counters, |counters| {
        counters.stats().upload_problem.is_some()
    })
    .await;
    let alone = Config {
        console: true,
        ..Config::default()
    };
    log.reconfigure(alone, None);
    second.set_answer(200, None);
    wait("the last are uploaded", &counters, |counters| {
        counters.uploaded() == 105
    })
    .await;
    assert_once(&collected(&second.take()), last);
    let shown = push(&producer, 1);
    log.flush(LONG).await.unwrap();
    assert_once(&console.pick(|line| Some(recorded::parse(line))), shown);
}

#[tokio::test]
async fn an_event_larger_than_a_request_goes_alone_or_shorter() {
    // Text that does not compress.
    let noise: String = (0..400)
        .map(|_| DecisionId::random().unwrap().as_str().to_owned())
        .collect();
    for (strict, whole) in [(false, true), (true, false)] {
        let collector = Upstream::start().await;
        let config = config(UploadConfig {
            chunk_bytes: 2_000,
            chunk_bytes_is_strict: strict,
            ..upload()
        });
        let (log, _, producer) = start(config, &collector);
        let mut all = push(&producer, 3);
        let mut large = record(&json!({"noise": noise}));
        large.nd_builtin_cache = Some(super::value(&json!({"http.send": {"[]": noise}})));
        let id = large.id.as_str().to_owned();
        producer.push(large).expect("taken");
        all.push(id.clone());
        all.extend(push(&producer, 3));
        let counters = log.counters();
        log.flush(LONG).await.unwrap();
        let uploads = collector.take();
        let above = uploads.iter().filter(|upload| upload.body.len() > 2_000);
        assert_eq!(above.count(), usize::from(whole));
        let events = collected(&uploads);
        let large = events
            .iter()
            .find(|event| event["decision_id"] == id.as_str());
        let large = large.expect("it is there");
        assert_eq!(large["input"].is_object(), whole);
        assert_eq!(large.get("nd_builtin_cache"), None);
        let erased = if whole {
            json!(["/nd_builtin_cache"])
        } else {
            json!(["/nd_builtin_cache", "/input"])
        };
        assert_eq!(large["erased"], erased);
        assert_once(&events, all);
        let stats = counters.stats();
        assert_eq!(
            (
                stats.nd_builtin_cache_dropped,
                stats.log_exceeded_upload_size_limit_bytes
            ),
            (1, 1)
        );
    }
}

#[tokio::test]
async fn a_manual_upload_waits_to_be_asked_and_an_immediate_one_for_nothing_but_a_full_request() {
    let collector = Upstream::start().await;
    let manual = config(UploadConfig {
        trigger: Trigger::Manual,
        ..upload()
    });
    let (log, _, producer) = start(manual, &collector);
    let counters = log.counters();
    let all = push(&producer, 5);
    wait("all wait", &counters, |counters| counters.buffered() == 5).await;
    assert_eq!(counters.uploaded(), 0);
    log.upload();
    wait("all are uploaded", &counters, |counters| {
        counters.uploaded() == 5
    })
    .await;
    log.flush(LONG).await.unwrap();
    assert_once(&collected(&collector.take()), all);

    let immediate = config(UploadConfig {
        trigger: Trigger::Immediate,
        chunk_bytes: 500,
        min_delay: LONG * 100,
        max_delay: LONG * 100,
        ..upload()
    });
    let (log, _, producer) = start(immediate, &collector);
    let counters = log.counters();
    push(&producer, 100);
    wait("the full ones are uploaded", &counters, |counters| {
        counters.uploaded() > 50
    })
    .await;
    log.flush(LONG).await.unwrap();
    assert_eq!(collected(&collector.take()).len(), 100);
}
