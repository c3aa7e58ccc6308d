//! The log as a whole: what is written, what is counted, what is never lost.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::decision::{
    ApiVersion, CheckError, DecisionId, Record, Revisions, Stage, Timers, TraceIds,
};
use crate::telemetry::{LogConfig, LogFormat, LogLevel};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("sink").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn events(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().expect("sink").clone()).expect("text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }
}

/// Takes the request's bytes for its input's JSON.
struct Json;

impl Inputs for Json {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        assert_ne!(&record.request[..], b"panic");
        out.extend_from_slice(&record.request);
    }
    fn value(&mut self, record: &Record) -> Value {
        let text = std::str::from_utf8(&record.request).expect("text");
        crate::data::read::json_value(text.as_bytes()).expect("json")
    }
}

/// Answers from the event's own `input.rules` and `input.drop`.
struct FromInput(Defined, Arc<Mutex<Option<Value>>>);

impl Rules for FromInput {
    fn defined(&mut self, _: &Record) -> Defined {
        self.0
    }
    fn mask(&mut self, event: &Value) -> Result<Option<Value>, String> {
        *self.1.lock().expect("event") = Some(event.clone());
        match event
            .get_str("input")
            .and_then(|input| input.get_str("rules"))
        {
            Some(Value::String(error)) if &**error == "panic" => panic!("a defect"),
            Some(Value::String(error)) => Err(error.to_string()),
            rules => Ok(rules.cloned()),
        }
    }
    fn drop(&mut self, event: &Value) -> Result<bool, String> {
        match event
            .get_str("input")
            .and_then(|input| input.get_str("drop"))
        {
            Some(Value::String(error)) => Err(error.to_string()),
            other => Ok(other == Some(&Value::Bool(true))),
        }
    }
}

fn config() -> Config {
    Config {
        console: true,
        on_full: OnFull::DropNewest,
        queue_records: 1000,
        queue_bytes: 1 << 20,
        labels: vec![
            ("app".into(), "ed\"ge".into()),
            ("version".into(), "theirs".into()),
        ],
        ..Config::default()
    }
}

fn parts(sink: impl Write + Send + 'static, rules: Option<Box<dyn Rules>>) -> Parts {
    let line = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Json,
        timestamp_format: None,
    };
    Parts {
        sink: Box::new(sink),
        line: LineFormat::new(&line).expect("format"),
        subject: Subject::Path("envoy/authz/allow".into()),
        inputs: Box::new(Json),
        rules,
        way: None,
    }
}

/// Flushes `log` on a runtime of its own.
fn flush(log: Log, timeout: Duration) -> Result<(), FlushError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(log.flush(timeout))
}

fn push(producer: &Producer, record: Record) {
    producer.push(record).expect("taken or counted");
}

fn record(request: &str) -> Record {
    Record {
        id: DecisionId::random().expect("randomness"),
        timestamp: UNIX_EPOCH + Duration::from_nanos(1_600_000_000_123_456_789),
        version: ApiVersion::V3,
        request: Bytes::copy_from_slice(request.as_bytes()),
        revisions: Arc::new(Revisions(vec![("b".into(), "r-42".into())])),
        snapshot: None,
        result: Ok(Value::from(true)),
        nd_builtin_cache: None,
        rule_labels: Box::default(),
        timers: Timers {
            handler: Duration::from_nanos(70),
            input: Some(Duration::from_nanos(10)),
            eval: Some(Duration::from_nanos(50)),
        },
        trace: None,
        asked: None,
    }
}

/// Logs `records` and returns the events, and the counters.
fn logged(
    records: Vec<Record>,
    rules: Option<Box<dyn Rules>>,
) -> (Vec<serde_json::Value>, Counters) {
    let sink = Sink::default();
    let log = Log::spawn(config(), parts(sink.clone(), rules)).expect("a thread");
    let producer = log.intake().producer();
    for record in records {
        push(&producer, record);
    }
    let stats = log.counters();
    flush(log, Duration::from_mins(1)).expect("all written");
    (sink.events(), stats)
}

fn judged(defined: Defined, input: &str) -> (Option<serde_json::Value>, Counters) {
    let rules = Box::new(FromInput(defined, Arc::default()));
    let (mut events, stats) = logged(vec![record(input)], Some(rules));
    (events.pop(), stats)
}

const BOTH: Defined = Defined {
    mask: true,
    drop: true,
};

#[test]
fn an_event_has_the_peers_fields() {
    let mut failed = record("null");
    failed.result = Err(CheckError {
        stage: Stage::Request,
        code: "request_parse_error",
        message: "invalid URL escape \"%\"".into(),
        location: None,
    });
    failed.timers = Timers {
        handler: Duration::from_nanos(7),
        ..Timers::default()
    };
    failed.revisions = Arc::default();
    failed.trace = Some(TraceIds {
        trace_id: [0xab; 16],
        span_id: [1; 8],
    });
    let first = record(r#"{"parsed_path":["a"],"n":1e400}"#);
    let ids = [first.id, failed.id];
    let (events, stats) = logged(vec![first, failed], None);
    let [event, failed] = events.try_into().expect("two events");
    let labels = json!({"app": "ed\"ge", "id": event["labels"]["id"],
        "version": env!("CARGO_PKG_VERSION")});
    assert_eq!(event["labels"]["id"].as_str().map(str::len), Some(36));
    let input: serde_json::Value =
        serde_json::from_str(r#"{"parsed_path":["a"],"n":1e400}"#).expect("json");
    assert_eq!(
        event,
        json!({"level": "info", "msg": "Decision Log", "time": event["time"],
            "type": "openpolicyagent.org/decision_logs", "labels": labels,
            "path": "envoy/authz/allow", "decision_id": ids[0].as_str(),
            "bundles": {"b": {"revision": "r-42"}}, "timestamp": "2020-09-13T12:26:40.123456789Z",
            "metrics": {"timer_server_handler_ns": 70, "timer_rego_input_parse_ns": 10,
                "timer_rego_query_eval_ns": 50},
            "result": true, "input": input})
    );
    assert_eq!(
        failed,
        json!({"level": "info", "msg": "Decision Log", "time": failed["time"],
            "type": "openpolicyagent.org/decision_logs", "labels": labels,
            "path": "envoy/authz/allow", "decision_id": ids[1].as_str(),
            "timestamp": "2020-09-13T12:26:40.123456789Z",
            "trace_id": "ab".repeat(16), "span_id": "01".repeat(8),
            "metrics": {"timer_server_handler_ns": 7},
            "error": "invalid URL escape \"%\"", "input": null})
    );
    assert_eq!(
        (stats.written(), stats.queue_records(), stats.queue_bytes()),
        (2, 0, 0)
    );
}

#[test]
fn records_of_all_threads_are_flushed() {
    let sink = Sink::default();
    let log = Log::spawn(config(), parts(sink.clone(), None)).expect("a thread");
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let producer = log.intake().producer();
            thread::spawn(move || (0..200).for_each(|_| push(&producer, record("1"))))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    let late = log.intake().producer();
    let stats = log.counters();
    flush(log, Duration::from_mins(1)).expect("all written");
    assert_eq!((sink.events().len(), stats.written()), (800, 800));
    push(&late, record("1"));
    assert_eq!(stats.lost(Loss::Closed), 1);
}

/// A sink that tells when it is written to, and blocks until it may go on.
struct Stuck(SyncSender<()>, Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.try_send(());
        // An error is the test's end.
        let _ = self.1.recv();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_blocks_costs_records_but_never_time() {
    let (reached, is_reached) = sync_channel(1);
    let (go, goes) = sync_channel(0);
    let config = Config {
        queue_records: 10,
        queue_bytes: 16 << 10,
        ..config()
    };
    let log = Log::spawn(config, parts(Stuck(reached, goes), None)).expect("a thread");
    let (producer, stats) = (log.intake().producer(), log.counters());
    push(&producer, record("1"));
    is_reached.recv().expect("the sink is reached");
    // From here on the thread hangs in its write.
    push(&producer, record(&"x".repeat(16_100)));
    push(&producer, record(&"x".repeat(16_100)));
    assert_eq!(
        (stats.queue_records(), stats.lost(Loss::QueueBytes)),
        (1, 1)
    );
    (0..3).for_each(|_| push(&producer, record("1")));
    assert_eq!(
        stats.lost(Loss::QueueBytes),
        4,
        "16,100 bytes leave no room for a record's own"
    );
    drop(go);
    flush(log, Duration::from_mins(1)).expect("all written");
    assert_eq!((stats.written(), stats.queue_bytes()), (2, 0));
}

#[test]
fn a_flush_ends_when_its_time_is_up() {
    let (reached, is_reached) = sync_channel(1);
    let (_go, goes) = sync_channel(0);
    let config = Config {
        queue_records: 10,
        ..config()
    };
    let log = Log::spawn(config, parts(Stuck(reached, goes), None)).expect("a thread");
    let (producer, stats) = (log.intake().producer(), log.counters());
    push(&producer, record("1"));
    is_reached.recv().expect("the sink is reached");
    (0..12).for_each(|_| push(&producer, record("1")));
    assert_eq!(stats.lost(Loss::QueueRecords), 2);
    assert_eq!(
        flush(log, Duration::from_millis(1)),
        Err(FlushError { left: 10 })
    );
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_the_sink_refuses_is_counted() {
    let log = Log::spawn(config(), parts(Broken, None)).expect("a thread");
    let (producer, stats) = (log.intake().producer(), log.counters());
    (0..5).for_each(|_| push(&producer, record("1")));
    flush(log, Duration::from_mins(1)).expect("no record waits");
    assert_eq!((stats.lost(Loss::Sink), stats.written()), (5, 0));
    assert!(stats.write_errors() > 0);
}

#[test]
fn an_input_that_panics_costs_the_input_alone() {
    let (events, stats) = logged(vec![record("panic"), record("1")], None);
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["input"], &events[1]["input"]),
        (&json!(null), &json!(1))
    );
    assert_eq!(events[0]["erased"], json!(["/input", "/result"]));
    assert_eq!((stats.event_errors(), stats.written()), (1, 2));
}

#[test]
fn masks_change_the_event() {
    let input = r#"{"rules":["/input/secret",{"op":"upsert","path":"/result","value":"x"}],
        "secret":1,"open":2}"#;
    let (event, stats) = judged(BOTH, input);
    let event = event.expect("an event");
    assert_eq!(event["input"].get("secret"), None);
    assert_eq!(
        (&event["input"]["open"], &event["result"]),
        (&json!(2), &json!("x"))
    );
    assert_eq!(
        (&event["erased"], &event["masked"]),
        (&json!(["/input/secret"]), &json!(["/result"]))
    );
    assert_eq!(stats.mask_errors(), 0);
}

#[test]
fn a_mask_that_fails_hides_all_and_loses_nothing() {
    for (rules, told) in [
        (r#"["/nope"]"#, true),
        (r#""an error""#, true),
        (r#""panic""#, true),
    ] {
        let (event, stats) = judged(BOTH, &format!(r#"{{"rules":{rules},"secret":1}}"#));
        let event = event.expect("an event");
        assert_eq!(
            (event.get("input"), event.get("result")),
            (None, None),
            "{rules}"
        );
        assert_eq!(event["erased"], json!(["/input", "/result"]));
        assert_eq!(event["log_error"].is_string(), told);
        assert_eq!(stats.mask_errors() + stats.event_errors(), 1);
    }
}

#[test]
fn only_true_drops() {
    for (drop, shown) in [
        ("true", false),
        ("false", true),
        ("1", true),
        (r#""an error""#, true),
        ("{}", true),
    ] {
        let (event, stats) = judged(BOTH, &format!(r#"{{"drop":{drop}}}"#));
        assert_eq!(event.is_some(), shown, "{drop}");
        assert_eq!(stats.filtered(), u64::from(!shown));
        assert_eq!(stats.drop_errors(), u64::from(drop.starts_with('"')));
        assert_eq!(event.and_then(|event| event.get("erased").cloned()), None);
    }
}

#[test]
fn rules_see_neither_error_nor_metrics() {
    let seen = Arc::default();
    let rules = Box::new(FromInput(BOTH, Arc::clone(&seen)));
    let record = record(r#"{"a":1}"#);
    let id = record.id;
    let (events, _) = logged(vec![record], Some(rules));
    let seen = seen.lock().expect("event").take().expect("an event");
    let seen: serde_json::Value = serde_json::from_str(&seen.to_string()).expect("json");
    assert_eq!(
        seen,
        json!({"labels": events[0]["labels"], "decision_id": id.as_str(),
            "path": "envoy/authz/allow", "input": {"a": 1}, "result": true,
            "bundles": {"b": {"revision": "r-42"}}, "timestamp": "2020-09-13T12:26:40.123456789Z"})
    );
}

#[test]
fn undefined_decisions_are_not_asked() {
    let (event, _) = judged(Defined::default(), r#"{"rules":"an error","drop":true}"#);
    assert_eq!(event.expect("an event")["input"]["drop"], json!(true));
}

/// A log whose thread hangs in the write of its first event, with room for three more.
fn stuck(on_full: OnFull) -> (Log, Producer, SyncSender<()>, Sink) {
    let (reached, is_reached) = sync_channel(1);
    let (go, goes) = sync_channel(0);
    let config = Config {
        queue_records: 3,
        on_full,
        ..config()
    };
    let sink = Sink::default();
    let log = Log::spawn(config, parts(Tee(Stuck(reached, goes), sink.clone()), None));
    let log = log.expect("a thread");
    let producer = log.intake().producer();
    push(&producer, record("0"));
    is_reached.recv().expect("the sink is reached");
    (log, producer, go, sink)
}

/// Writes to the second what the first lets through.
struct Tee(Stuck, Sink);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn inputs(events: &[serde_json::Value]) -> Vec<u64> {
    let inputs = events.iter().map(|event| event["input"].as_u64());
    inputs.map(|input| input.expect("a number")).collect()
}

#[test]
fn what_is_lost_of_a_full_queue_is_a_matter_of_choice() {
    for (on_full, kept) in [
        (OnFull::DropOldest, [0, 3, 4, 5]),
        (OnFull::DropNewest, [0, 1, 2, 3]),
    ] {
        let (log, producer, go, sink) = stuck(on_full);
        (1..6).for_each(|number| push(&producer, record(&number.to_string())));
        let counters = log.counters();
        assert_eq!(counters.lost(Loss::QueueRecords), 2);
        drop(go);
        flush(log, Duration::from_mins(1)).expect("all written");
        assert_eq!(inputs(&sink.events()), kept, "{on_full:?}");
    }
}

#[test]
fn a_record_without_room_comes_back_where_its_check_shall_know() {
    for (on_full, may_wait) in [(OnFull::Block, true), (OnFull::Deny, false)] {
        let (log, producer, go, sink) = stuck(on_full);
        (1..4).for_each(|number| push(&producer, record(&number.to_string())));
        let full = producer.push(record("4")).expect_err("no room");
        assert_eq!(full.may_wait, may_wait);
        // One more for a denied Check, and no other.
        producer.push_denied(record("5"));
        producer.push_denied(record("6"));
        let counters = log.counters();
        assert_eq!(counters.lost(Loss::QueueRecords), 1);
        drop(go);
        while producer.push(record("7")).is_err() {
            thread::yield_now();
        }
        flush(log, Duration::from_mins(1)).expect("all written");
        assert_eq!(inputs(&sink.events()), [0, 1, 2, 3, 5, 7], "{on_full:?}");
    }
}

#[test]
fn a_log_that_has_ended_takes_nothing_and_lets_pass_what_may_pass_unrecorded() {
    for (on_full, passes) in [
        (OnFull::DropOldest, true),
        (OnFull::DropNewest, true),
        (OnFull::Block, false),
        (OnFull::Deny, false),
    ] {
        let config = Config {
            on_full,
            ..config()
        };
        let log = Log::spawn(config, parts(Sink::default(), None)).expect("a thread");
        let producer = log.intake().producer();
        flush(log, Duration::from_mins(1)).expect("all written");
        let pushed = producer.push(record("1"));
        assert_eq!(pushed.is_ok(), passes, "{on_full:?}");
        // Nobody takes anything any more, so that there is nothing to wait for.
        assert!(pushed.is_err_and(|full| !full.may_wait) || passes);
    }
}

#[test]
fn without_a_sink_nothing_is_taken_until_there_is_one() {
    let sink = Sink::default();
    let none = Config {
        console: false,
        ..config()
    };
    let log = Log::spawn(none, parts(sink.clone(), None)).expect("a thread");
    let producer = log.intake().producer();
    push(&producer, record("1"));
    assert_eq!(log.counters().queue_records(), 0);
    log.reconfigure(config(), None);
    // The thread obeys before it is done, and this one cannot see when.
    while log.counters().queue_records() == 0 && log.counters().written() == 0 {
        push(&producer, record("2"));
    }
    flush(log, Duration::from_mins(1)).expect("all written");
    let events = inputs(&sink.events());
    assert!(!events.is_empty() && events.iter().all(|input| *input == 2));
}

#[test]
fn a_file_that_takes_nothing_costs_no_other_sink() {
    let sink = Sink::default();
    let both = Config {
        file: Some("/dev/full".into()),
        ..config()
    };
    let log = Log::spawn(both, parts(sink.clone(), None)).expect("a thread");
    let producer = log.intake().producer();
    (0..5).for_each(|_| push(&producer, record("1")));
    let counters = log.counters();
    flush(log, Duration::from_mins(1)).expect("no record waits");
    assert_eq!((counters.lost(Loss::File), sink.events().len()), (5, 5));
}
