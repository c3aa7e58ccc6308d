//! The end: health says no, calls in flight are answered, records are written.

use http_body::Frame;
use tokio::net::TcpStream;
use tonic::Streaming;
use tonic::transport::Endpoint;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::*;
use crate::support::process::until;

/// What the health service says, as it changes.
async fn health(port: u16) -> Streaming<HealthCheckResponse> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let mut client = HealthClient::new(endpoint.connect().await.unwrap());
    let watch = client.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.unwrap().into_inner();
    says(&mut watch, ServingStatus::Serving).await;
    watch
}

async fn says(watch: &mut Streaming<HealthCheckResponse>, status: ServingStatus) {
    let said = watch.message().await.unwrap().expect("an answer");
    assert_eq!(said.status(), status);
}

fn logged() -> Value {
    json!({"decision_logs": {"console": true}})
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    let mut sidecar = Sidecar::start(spec(ALLOW, logged(), &["--shutdown-wait-period=1"])).await;
    let mut health = health(sidecar.grpc).await;
    let mut client = client(sidecar.grpc).await;
    let (message, answer) = client.begin(head());
    // Calls of a connection are taken in their order: the one that is open has arrived.
    for _ in 0..5 {
        assert_eq!(allows(&check(&mut client).await), Ok(true));
    }

    sidecar.process().terminate();

    says(&mut health, ServingStatus::NotServing).await;
    let address = ("127.0.0.1", sidecar.grpc);
    until("no connection is taken", async || {
        TcpStream::connect(address).await.err()
    })
    .await;
    message
        .send(Frame::data(Bytes::from_static(CHECK)))
        .await
        .unwrap();
    drop(message);
    assert_eq!(allows(&answer.await.unwrap()), Ok(true));
    drop((client, health));
    assert_eq!(sidecar.process().end().await.code(), Some(0));
    let last = |line: &str| line.contains("Server shutdown.").then_some(());
    sidecar.output().find("the last word", last).await;
    let records = sidecar
        .output()
        .count(|line| line.contains("\"Decision Log\""));
    assert_eq!(records, 6, "{}", sidecar.output().all());
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let args = ["--shutdown-grace-period=3600"];
    let mut sidecar = Sidecar::start(spec(ALLOW, json!({}), &args)).await;
    let mut health = health(sidecar.grpc).await;
    let mut client = client(sidecar.grpc).await;
    let (_message, _answer) = client.begin(head());
    assert_eq!(allows(&check(&mut client).await), Ok(true));

    sidecar.process().terminate();
    says(&mut health, ServingStatus::NotServing).await;
    sidecar.process().terminate();

    // Otherwise it would wait an hour for the open call.
    sidecar.process().end().await;
    let at_once = |line: &str| line.contains("ending at once").then_some(());
    sidecar.output().find("that it ends at once", at_once).await;
}
