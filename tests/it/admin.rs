//! `/health` and `/metrics` of the running program, and `docs/METRICS.md` against what is shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use regate::app::{self, Running, Sinks};
use regate::config::{Config, Flags};
use regate::grpc::BoundAddress;
use regate::telemetry::logs::Logs;
use regate::telemetry::{LogConfig, LogFormat, LogLevel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::archive;
use crate::support::process::{in_time, until};

/// Everything that brings metrics of its own; one bundle arrives, the other never does.
const CONFIG: &str = r#"
plugins:
  envoy_ext_authz_grpc:
    addr: "127.0.0.1:0"
    http_addr: "127.0.0.1:0"
    enable-performance-metrics: true
decision_logs: {console: true}
status: {prometheus: true}
distributed_tracing: {type: grpc, address: "127.0.0.1:1"}
bundles:
  here: {resource: "file://HERE/bundle.tar.gz"}
  away: {resource: "file://HERE/nothing.tar.gz"}
"#;

/// Asks a server that is not there.
const POLICY: &str = r#"package envoy.authz

allow if http.send({"method": "get", "url": "http://127.0.0.1:1/", "raise_error": false}).status_code == 0
"#;

/// The name, type and labels of each metric.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let addresses = running.addresses();
    let (api, http_authz) = (tcp(&addresses.api), tcp(&addresses.http_authz));
    // A decision that is an error brings the error counters, and the answer of `/health` its own.
    let (head, _) = ask(http_authz, "GET", "/%zz").await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    ask(api, "GET", "/health").await;
    let mut status = running.instance().status();
    let asked = status.wait_for(|status| status.bundles.iter().all(|b| b.last_request.is_some()));
    let asked = in_time("both bundles' first request", asked).await;
    drop(asked.expect("an instance"));
    let followed = [
        "bundle_loaded_counter",
        "bundle_failed_load_counter",
        "last_success_bundle_activation",
    ];
    // What follows the status is a task of its own, a moment behind.
    until("the metrics follow", async || {
        let (head, body) = ask(api, "GET", "/metrics").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(
            head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
            "{head}"
        );
        let follows = followed.iter().all(|name| body.contains(name));
        follows.then_some(())
    })
    .await;
    ask(http_authz, "GET", "/").await;
    let (_, text) = ask(api, "GET", "/metrics").await;
    let (shown, listed) = (shown(&text), listed());
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        listed.keys().collect::<Vec<_>>(),
        "left: shown, right: docs/METRICS.md"
    );
    assert_eq!(shown, listed, "left: shown, right: docs/METRICS.md");
    in_time("the end", running.stop()).await;
}

#[tokio::test]
async fn health_over_a_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let api = tcp(&running.addresses().api);
    let (head, body) = ask(api, "GET", "/health").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, "{}");
    let (head, body) = ask(api, "GET", "/health?bundles").await;
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert!(body.contains("bundles are not activated"), "{body}");
    let (head, _) = ask(api, "GET", "/health?plugins&exclude-plugin=bundle").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (head, _) = ask(api, "HEAD", "/health").await;
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    in_time("the end", running.stop()).await;
}

async fn start(folder: &Path) -> Running {
    let files: &[(&str, &[u8])] = &[
        (".manifest", br#"{"revision": "r1"}"#),
        ("policy.rego", POLICY.as_bytes()),
    ];
    std::fs::write(folder.join("bundle.tar.gz"), archive::bundle(files)).expect("written");
    let flags = Flags {
        addrs: vec!["127.0.0.1:0".to_owned()],
        ..Flags::default()
    };
    let text = CONFIG.replace("HERE", &folder.to_string_lossy());
    let loaded = Config::from_text(&text, &flags, &HashMap::<String, String>::new());
    let log = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Json,
        timestamp_format: None,
    };
    let logs = Logs::to_writer(&log, io::sink()).expect("a log");
    let sinks = Sinks {
        decisions: Box::new(io::sink()),
        status: Box::new(io::sink()),
        logs: Some(Arc::new(logs.into_subscriber().1)),
    };
    let started = app::start(loaded.expect("a configuration"), sinks).await;
    started.expect("a start")
}

fn tcp(addresses: &[BoundAddress]) -> SocketAddr {
    match addresses.first() {
        Some(BoundAddress::Tcp(address)) => *address,
        other => panic!("no TCP address: {other:?}"),
    }
}

/// The head and the body of the answer.
async fn ask(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    in_time("an answer", read).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

fn shown(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').expect("a type");
            name.clone_into(&mut current);
            metrics.insert(current.clone(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some((_, labels)) = line.split_once('{') {
            let (_, known) = metrics.get_mut(&current).expect("a family");
            let names = labels
                .split(',')
                .filter_map(|label| Some(label.split_once('=')?.0));
            known.extend(names.filter(|name| *name != "le").map(str::to_owned));
        }
    }
    metrics
}

fn listed() -> Metrics {
    include_str!("../../docs/METRICS.md")
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let name = cells.next()?.trim_end_matches('`').to_owned();
            let kind = cells.next()?.to_owned();
            let labels = cells
                .next()?
                .split(", ")
                .map(|l| l.trim_matches(['`', ' ']));
            Some((
                name,
                (
                    kind,
                    labels
                        .filter(|l| !l.is_empty())
                        .map(str::to_owned)
                        .collect(),
                ),
            ))
        })
        .collect()
}
