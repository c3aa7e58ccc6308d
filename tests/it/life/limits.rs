//! What a decision and its record may take, and what happens to one that takes more.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::mpsc;

use regate::app::{self, Sinks};
use regate::config::{Config, Flags};

use super::*;
use crate::support::client::get;
use crate::support::process::in_time;

/// Takes nothing until the other end is dropped, as a terminal that nobody reads.
struct Stuck(mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An error means that the test has let go.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_evaluation_without_an_end_is_cut_off_and_allows_nothing() {
    let policy = "package envoy.authz\n\
        allow if count([1 | some i in numbers.range(1, 9999); some j in numbers.range(1, 9999); i != j]) > 0\n";
    let config = json!({"plugins": {"envoy_ext_authz_grpc": {"max-eval-time": "100ms"}}});
    let sidecar = Sidecar::start(spec(policy, config, &[])).await;
    let mut client = client(sidecar.grpc).await;
    for _ in 0..2 {
        let answer = check(&mut client).await;
        assert_eq!(allows(&answer), Err(Code::DeadlineExceeded), "{answer:?}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_no_check_and_its_losses_are_counted() {
    const CHECKS: usize = 64;
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.rego");
    std::fs::write(&policy, ALLOW).unwrap();
    let config = json!({
        "plugins": {"envoy_ext_authz_grpc": {"addr": "127.0.0.1:0"}},
        "decision_logs": {"console": true, "queue_size_limit_events": 8},
    });
    let flags = Flags {
        paths: vec![policy.display().to_string()],
        addrs: vec!["127.0.0.1:0".to_owned()],
        diagnostic_addrs: vec!["127.0.0.1:0".to_owned()],
        ..Flags::default()
    };
    let env = HashMap::<String, String>::new();
    let loaded = Config::from_text(&config.to_string(), &flags, &env).unwrap();
    let (let_go, stuck) = mpsc::channel();
    let sinks = Sinks {
        decisions: Box::new(Stuck(stuck)),
        status: Box::new(io::sink()),
        logs: None,
    };
    let running = app::start(loaded, sinks).await.unwrap();
    let mut client = Client::connect(&running.addresses().grpc[0]).await;

    for _ in 0..CHECKS {
        assert_eq!(allows(&check(&mut client).await), Ok(true));
    }

    let url = format!("http://{}/metrics", running.addresses().diagnostic[0]);
    let metrics = get(&url).await.unwrap().body;
    let line = "regate_decision_log_dropped_total{cause=\"queue_records\"} ";
    let dropped = metrics.lines().find_map(|l| l.strip_prefix(line));
    let dropped: usize = dropped.expect(&metrics).parse().unwrap();
    assert!((1..CHECKS).contains(&dropped), "{dropped}");
    drop(let_go);
    drop(client);
    in_time("the end", running.stop()).await;
}
