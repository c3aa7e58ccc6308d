//! Spans reach a collector, over both of OTLP's transports, with and without TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::post;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use regate::telemetry::metrics::Outcome;
use regate::telemetry::trace::{Connector, Finished, Parent, Sent, Stage, Tracer};
use regate::telemetry::{BatchConfig, Encryption, OtlpProtocol, TracingConfig};
use tokio::sync::mpsc;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Received = mpsc::UnboundedReceiver<ExportTraceServiceRequest>;

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.0.send(request.into_inner()).expect("the test listens");
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

fn grpc_collector(tls: Option<ServerTlsConfig>) -> (SocketAddr, Received) {
    let (sender, received) = mpsc::unbounded_channel();
    let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let address = incoming.local_addr().expect("an address");
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).expect("TLS");
    }
    let service = TraceServiceServer::new(Collector(sender));
    tokio::spawn(server.add_service(service).serve_with_incoming(incoming));
    (address, received)
}

async fn http_collector() -> (SocketAddr, Received) {
    let (sender, received) = mpsc::unbounded_channel();
    let take = move |body: axum::body::Bytes| async move {
        let request = ExportTraceServiceRequest::decode(body).expect("a request");
        sender.send(request).expect("the test listens");
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, received)
}

fn config(protocol: OtlpProtocol, address: &str, encryption: Encryption) -> TracingConfig {
    TracingConfig {
        protocol,
        address: address.to_string(),
        service_name: "edge".into(),
        sample_percentage: 0.0,
        encryption,
        allow_insecure_tls: false,
        resource: vec![("service.version".into(), "7".into())],
        batch: BatchConfig {
            max_export_batch_size: 512,
            max_queue_size: 2048,
            batch_timeout: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        },
    }
}

/// Traces one Check that its caller samples and one that it does not, and flushes.
async fn trace(config: TracingConfig, connector: impl Connector) {
    let (tracer, exporting) = Tracer::new(&config, connector).expect("a tracer");
    let tracer = Arc::new(tracer);
    let sent = Sent {
        method: "GET",
        host: "server.test",
        status: Some(200),
    };
    let stage = |begin, length| {
        Some(Stage {
            begin: Duration::from_micros(begin),
            length: Duration::from_micros(length),
        })
    };
    let check = Finished {
        name: "envoy.service.auth.v3.Authorization/Check",
        decision_id: "id-1",
        outcome: Outcome::Error("envoyauth_eval_error"),
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1000),
        total: Duration::from_micros(40),
        input: stage(1, 2),
        eval: stage(10, 20),
        response: None,
    };
    let span = tracer.start_check(|name| (name == "traceparent").then_some(TRACEPARENT));
    assert_eq!(span.ids().0[..2], [0x0a, 0xf7]);
    Parent::new(&tracer, &span).begin().finish(&sent);
    tracer.finish(&span, &check);
    // 0 % of those that come without a decision.
    let span = tracer.start_check(|_| None);
    assert_ne!(span.ids().0, [0; 16]);
    Parent::new(&tracer, &span).begin().finish(&sent);
    tracer.finish(&span, &check);
    let flush = move || exporting.flush(Duration::from_secs(30));
    tokio::task::spawn_blocking(flush)
        .await
        .expect("no panic")
        .expect("all exported");
}

/// Takes the one request that must be there, and checks what it says.
fn check_request(received: &mut Received) {
    let request = received.try_recv().expect("a request");
    received.try_recv().expect_err("one batch");
    let [resource] = &request.resource_spans[..] else {
        panic!("{request:?}")
    };
    let attributes = &resource.resource.as_ref().expect("a resource").attributes;
    for (key, want) in [("service.name", "edge"), ("service.version", "7")] {
        let found = attributes.iter().find(|a| a.key == key).expect(key);
        let value = found.value.clone().and_then(|value| value.value);
        assert_eq!(value, Some(Value::StringValue(want.into())), "{key}");
    }
    let spans: Vec<&Span> = resource
        .scope_spans
        .iter()
        .flat_map(|scope| &scope.spans)
        .collect();
    let find = |name: &str| *spans.iter().find(|span| span.name == name).expect(name);
    assert_eq!(spans.len(), 4);
    let root = find("envoy.service.auth.v3.Authorization/Check");
    assert!(spans.iter().all(|span| span.trace_id == root.trace_id));
    assert_eq!(root.trace_id[..2], [0x0a, 0xf7]);
    assert_eq!(root.parent_span_id[..2], [0xb7, 0xad]);
    // 2 is SERVER, and 2 is ERROR.
    assert_eq!(
        (root.kind, root.status.as_ref().map(|status| status.code)),
        (2, Some(2))
    );
    assert_eq!(root.end_time_unix_nano - root.start_time_unix_nano, 40_000);
    let eval = find("eval");
    assert_eq!(eval.parent_span_id, root.span_id);
    assert_eq!(
        eval.start_time_unix_nano - root.start_time_unix_nano,
        10_000
    );
    assert_eq!(eval.end_time_unix_nano - eval.start_time_unix_nano, 20_000);
    assert_eq!(find("input").parent_span_id, root.span_id);
    let sent = find("HTTP GET");
    // 3 is CLIENT.
    assert_eq!((sent.kind, &sent.parent_span_id), (3, &root.span_id));
    let keys: Vec<&str> = sent.attributes.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "http.request.method",
            "server.address",
            "http.response.status_code"
        ]
    );
}

#[tokio::test]
async fn spans_go_out_over_grpc() {
    let (address, mut received) = grpc_collector(None);
    let config = config(OtlpProtocol::Grpc, &address.to_string(), Encryption::Off);
    trace(config, HttpConnector::new()).await;
    check_request(&mut received);
}

#[tokio::test]
async fn spans_go_out_over_http() {
    let (address, mut received) = http_collector().await;
    let config = config(OtlpProtocol::Http, &address.to_string(), Encryption::Off);
    trace(config, HttpConnector::new()).await;
    check_request(&mut received);
}

#[tokio::test]
async fn spans_go_out_over_grpc_with_tls_and_a_client_certificate() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(&cert, &key))
        .client_ca_root(Certificate::from_pem(&cert));
    let (address, mut received) = grpc_collector(Some(tls));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(own.cert.der().clone()).expect("a root");
    let private = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![own.cert.der().clone()], private.expect("a key"))
        .expect("a client");
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(client)
        .https_only()
        .enable_http2()
        .build();

    let address = format!("localhost:{}", address.port());
    let encryption = Encryption::Tls { ca_cert_file: None };
    trace(config(OtlpProtocol::Grpc, &address, encryption), connector).await;
    check_request(&mut received);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for address in ["", "a b:4317", "http://x:4317", "x:4317/v1"] {
        let config = config(OtlpProtocol::Http, address, Encryption::Off);
        let error = Tracer::new(&config, HttpConnector::new()).expect_err(address);
        assert!(
            error.to_string().contains("distributed_tracing.address"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_says_so() {
    // A port that was free a moment ago, and that nobody listens on.
    let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let mut config = config(
        OtlpProtocol::Http,
        &address.expect("a port").to_string(),
        Encryption::Off,
    );
    config.sample_percentage = 100.0;
    config.batch.max_queue_size = 1;
    let (tracer, exporting) = Tracer::new(&config, HttpConnector::new()).expect("a tracer");
    let check = Finished {
        name: "s/m",
        decision_id: "",
        outcome: Outcome::Allowed,
        started: SystemTime::now(),
        total: Duration::ZERO,
        input: None,
        eval: None,
        response: None,
    };
    for _ in 0..3 {
        tracer.finish(&tracer.start_check(|_| None), &check);
    }
    let flush = move || exporting.flush(Duration::from_mins(1));
    tokio::task::spawn_blocking(flush)
        .await
        .expect("no panic")
        .expect("the thread ends");
    let registry = regate::telemetry::metrics::Registry::default();
    registry.collect(move |out| tracer.collect(out));
    let shown = registry.render();
    for line in [
        r#"{result="dropped"} 2"#,
        r#"{result="failed"} 1"#,
        r#"{result="exported"} 0"#,
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
}
