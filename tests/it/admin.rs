//! `/health` and `/metrics` on a real socket, and `docs/METRICS.md` against what is shown there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper_util::client::legacy::connect::HttpConnector;
use regate::admin::{Admin, Health, Plugin, diagnostic};
use regate::data::Value;
use regate::decision::Record;
use regate::decision_log::{self, Inputs, Log, Parts, Subject};
use regate::telemetry::logs::Logs;
use regate::telemetry::metrics::{
    Activations, BundleMetrics, Check, CheckMetrics, HttpMetrics, Outcome, Registry, SnapshotView,
};
use regate::telemetry::trace::Tracer;
use regate::telemetry::{
    BatchConfig, Encryption, LineFormat, LogConfig, LogFormat, LogLevel, OtlpProtocol,
    TracingConfig,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

struct NoInputs;

impl Inputs for NoInputs {
    fn write(&mut self, _: &Record, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }
    fn value(&mut self, _: &Record) -> Value {
        Value::Null
    }
}

/// The name, type and labels of each metric.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let registry = Arc::new(Registry::new());
    let http = Arc::new(HttpMetrics::default());
    register_all(&registry, &http);
    let address = serve(Arc::new(Admin {
        health: healthy(),
        registry,
        http,
    }))
    .await;
    ask(address, "GET", "/health").await;
    let (head, body) = ask(address, "GET", "/metrics").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{head}"
    );
    let (shown, listed) = (shown(&body), listed());
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        listed.keys().collect::<Vec<_>>(),
        "left: shown, right: docs/METRICS.md"
    );
    assert_eq!(shown, listed, "left: shown, right: docs/METRICS.md");
}

#[tokio::test]
async fn health_over_a_socket() {
    let registry = Arc::new(Registry::new());
    let http = Arc::new(HttpMetrics::default());
    let address = serve(Arc::new(Admin {
        health: healthy(),
        registry,
        http,
    }))
    .await;
    let (head, body) = ask(address, "GET", "/health?plugins&bundles").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, "{}");
    let (head, _) = ask(address, "HEAD", "/health").await;
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
}

fn healthy() -> Health {
    Health {
        evaluable: Box::new(|| true),
        bundles_active: Box::new(|| true),
        plugins: Box::new(|| {
            vec![Plugin {
                name: "bundle".into(),
                ok: true,
            }]
        }),
        stopping: Box::new(|| false),
    }
}

/// Registers what the program registers, with everything counted once.
fn register_all(registry: &Registry, http: &Arc<HttpMetrics>) {
    let checks = CheckMetrics::new(Some(&[0.1]));
    let (total, outcome) = (
        Duration::from_micros(1),
        Outcome::Error("request_parse_error"),
    );
    checks.recorder().end(&Check {
        outcome,
        total,
        input: None,
        eval: None,
    });
    registry.collect(move |out| checks.collect(out));

    let http = Arc::clone(http);
    registry.collect(move |out| http.collect(out));

    SnapshotView::register(registry, || SnapshotView {
        generation: 1,
        age: Some(Duration::from_secs(1)),
        bundles: vec![("authz".into(), "r1".into())],
    });
    let activations = Activations::new();
    registry.collect(move |out| activations.collect(out));

    let bundles = BundleMetrics::default();
    let now = SystemTime::now();
    bundles.requested("authz", now);
    bundles.answered("authz", true, now);
    bundles.activated("authz", "r1", now);
    bundles.failed("authz", "bundle_error");
    registry.collect(move |out| bundles.collect(out));

    let config = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Json,
        timestamp_format: None,
    };
    let (_, guard) = Logs::to_writer(&config, io::sink())
        .expect("a log")
        .into_subscriber();
    guard.register(registry);

    let stats = decision_log(&config).stats();
    registry.collect(move |out| stats.collect(out));

    let (tracer, _) = Tracer::new(&tracing(), HttpConnector::new()).expect("a tracer");
    registry.collect(move |out| tracer.collect(out));
}

fn decision_log(line: &LogConfig) -> Log {
    let config = decision_log::Config {
        console: true,
        mask_decision: String::new(),
        drop_decision: String::new(),
        nd_builtin_cache: false,
        queue_records: 1,
        queue_bytes: 1,
        labels: Vec::new(),
    };
    let parts = Parts {
        sink: Box::new(io::sink()),
        line: LineFormat::new(line).expect("a format"),
        subject: Subject::Path("a".into()),
        inputs: Box::new(NoInputs),
        rules: None,
    };
    Log::spawn(&config, parts).expect("a thread")
}

fn tracing() -> TracingConfig {
    TracingConfig {
        protocol: OtlpProtocol::Http,
        address: "localhost:4318".into(),
        service_name: "x".into(),
        sample_percentage: 0.0,
        encryption: Encryption::Off,
        allow_insecure_tls: false,
        resource: Vec::new(),
        batch: BatchConfig {
            max_export_batch_size: 1,
            max_queue_size: 1,
            batch_timeout: Duration::from_secs(1),
            export_timeout: Duration::from_secs(1),
        },
    }
}

async fn serve(admin: Arc<Admin>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, diagnostic(admin)).await });
    address
}

/// The head and the body of the answer.
async fn ask(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
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
