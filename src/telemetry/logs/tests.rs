//! Lines as a reader of the log gets them.

use std::sync::{Arc, Mutex};

use super::*;
use crate::telemetry::LogFormat;

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

fn logged(level: LogLevel, format: LogFormat, layout: Option<&str>, act: fn()) -> String {
    let sink = Sink::default();
    let config = LogConfig {
        level,
        format,
        timestamp_format: layout.map(str::to_owned),
    };
    let logs = Logs::to_writer(&config, sink.clone()).expect("a log");
    let (subscriber, guard) = logs.into_subscriber();
    tracing::subscriber::with_default(subscriber, act);
    drop(guard);
    let bytes = sink.0.lock().expect("sink").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn a_line_is_a_flat_json_object() {
    let line = logged(LogLevel::Info, LogFormat::Json, None, || {
        tracing::info!("decision-id" = "x\"y", n = 3, b = true, f = 1.5, d = ?Some(1), msg = "own",
            "Said.");
    });
    let line: serde_json::Value = serde_json::from_str(&line).expect("one object");
    let time = line["time"].as_str().expect("time");
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    let want = serde_json::json!({"level": "info", "msg": "Said.", "time": time, "decision-id": "x\"y",
        "n": 3, "b": true, "f": 1.5, "d": "Some(1)", "fields.msg": "own"});
    assert_eq!(line, want);
}

#[test]
fn levels_decide_what_is_shown() {
    fn act() {
        tracing::error!("e");
        tracing::warn!("w");
        tracing::info!("i");
        tracing::debug!("d");
        tracing::warn!(target: "h2::proto", "foreign w");
        tracing::info!(target: "h2::proto", "foreign i");
        tracing::info!(target: "regately", "foreign i");
    }
    for (level, want) in [
        (LogLevel::Error, vec!["error e"]),
        (
            LogLevel::Info,
            vec!["error e", "warning w", "info i", "warning foreign w"],
        ),
        (
            LogLevel::Debug,
            vec![
                "error e",
                "warning w",
                "info i",
                "debug d",
                "warning foreign w",
            ],
        ),
    ] {
        let text = logged(level, LogFormat::Json, None, act);
        let got: Vec<_> = text
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).expect("json");
                format!("{} {}", line["level"], line["msg"]).replace('"', "")
            })
            .collect();
        assert_eq!(got, want, "{level:?}");
    }
}

#[test]
fn text_and_layout() {
    assert_eq!(
        logged(LogLevel::Info, LogFormat::Text, None, || tracing::info!(
            addr = ":9191",
            "Up."
        )),
        "[INFO] Up.\n  addr = \":9191\"\n"
    );
    let line = logged(LogLevel::Info, LogFormat::Json, Some("2006"), || {
        tracing::info!("x");
    });
    let line: serde_json::Value = serde_json::from_str(&line).expect("json");
    assert_eq!(line["time"].as_str().map(str::len), Some(4));
}
