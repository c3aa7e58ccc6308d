//! Checks that wait for a server, beside others: told by the order in which they end, never by a clock.

use serde_json::{Value, json};
use tonic::Code;

use super::server::Server;
use crate::heavy::{begin, client, code, head, is_error, metric, request};
use crate::support::process::{Sidecar, SidecarSpec, until};

async fn sidecar(server: &Server, config: Value, args: &[&str]) -> Sidecar {
    let policy = include_str!("policy.rego");
    Sidecar::start(SidecarSpec {
        policy: format!("{policy}\nserver := \"{}\"\n", server.url("")),
        config,
        args: args.iter().map(ToString::to_string).collect(),
    })
    .await
}

fn plain() -> Value {
    json!({
        "decision_logs": {"console": true},
        "plugins": {"envoy_ext_authz_grpc": {"max-eval-time": "100s"}},
    })
}

/// Waits until so many requests have come to the server.
async fn held(server: &Server, count: usize) {
    until("the server is asked", async || {
        (server.count("/held") >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn others_on_the_same_connection_are_answered_while_200_wait() {
    let server = Server::start().await;
    let sidecar = sidecar(&server, plain(), &[]).await;
    let mut client = client(&sidecar).await;
    let mut waiting = Vec::new();
    for number in 0..200 {
        waiting.push(begin(&mut client, head(), &format!("/held{number}")).await);
    }
    held(&server, waiting.len()).await;

    for _ in 0..50 {
        let answer = client.post(head(), request("/light")).await;
        assert_eq!(code(&answer), 0);
    }
    assert!(waiting.iter().all(|check| !check.is_finished()));

    server.open();
    for check in waiting {
        assert_eq!(code(&check.await.unwrap()), 0);
    }
    assert_eq!(server.count("/held"), 200, "each is sent once");
}

#[tokio::test]
async fn a_check_that_waits_keeps_its_deadline() {
    let server = Server::start().await;
    let sidecar = sidecar(&server, plain(), &[]).await;
    let mut client = client(&sidecar).await;

    let head = head().header("grpc-timeout", "500m");
    let answer = client.post(head, request("/held")).await;

    assert_eq!(answer.status().code(), Code::DeadlineExceeded, "{answer:?}");
    let event = sidecar.decision(|_| true).await;
    assert!(is_error(&event, "deadline"), "{event}");
    let failures = "regate_http_send_failures_total{host=\"127.0.0.1\"}";
    assert_eq!(metric(&sidecar, failures).await, 1);
}

#[tokio::test]
async fn the_end_waits_for_what_waits() {
    let server = Server::start().await;
    let mut sidecar = sidecar(&server, plain(), &["--shutdown-grace-period=100"]).await;
    let mut client = client(&sidecar).await;
    let waiting = begin(&mut client, head(), "/held").await;
    held(&server, 1).await;

    sidecar.process().terminate();
    server.open();

    assert_eq!(code(&waiting.await.unwrap()), 0);
    drop(client);
    assert!(sidecar.process().end().await.success());
    sidecar
        .decision(|event| event["input"]["parsed_path"][0] == "held")
        .await;
}

#[tokio::test]
async fn what_is_kept_is_told_without_waiting() {
    let server = Server::start().await;
    let sidecar = sidecar(&server, plain(), &[]).await;
    let mut client = client(&sidecar).await;

    for _ in 0..5 {
        let answer = client.post(head(), request("/cached")).await;
        assert_eq!(code(&answer), 0);
    }

    assert_eq!(server.count("/cached"), 1);
    let count = async |name: &str| metric(&sidecar, name).await;
    assert_eq!(count("regate_http_send_duration_seconds_count").await, 1);
    assert_eq!(count("regate_http_send_cache_hits_total").await, 4);
    assert_eq!(count("regate_http_send_cache_misses_total").await, 1);
    assert_eq!(count("regate_http_send_cache_entries").await, 1);
}

#[tokio::test]
async fn a_check_that_waits_counts_as_in_flight() {
    let server = Server::start().await;
    let mut config = plain();
    config["plugins"]["envoy_ext_authz_grpc"]["max-concurrent-checks"] = json!(1);
    let sidecar = sidecar(&server, config, &[]).await;
    let mut client = client(&sidecar).await;
    let waiting = begin(&mut client, head(), "/held").await;
    held(&server, 1).await;

    let refused = client.post(head(), request("/light")).await;

    assert_eq!(refused.status().code(), Code::ResourceExhausted);
    server.open();
    assert_eq!(code(&waiting.await.unwrap()), 0);
}

#[tokio::test]
async fn a_server_is_told_of_the_trace() {
    let server = Server::start().await;
    let mut config = plain();
    // Nobody is there.
    config["distributed_tracing"] = json!({"type": "grpc", "address": "127.0.0.1:1"});
    let sidecar = sidecar(&server, config, &[]).await;
    let mut client = client(&sidecar).await;

    let trace = "0af7651916cd43dd8448eb211c80319c";
    let head = head().header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    let answer = client.post(head, request("/traced")).await;

    assert_eq!(code(&answer), 0);
    let event = sidecar.decision(|_| true).await;
    let told = event["result"]["headers"]["x-told"].as_str().unwrap();
    assert!(told.starts_with(&format!("00-{trace}-")), "{told}");
    assert!(
        told.ends_with("-01") && !told.contains("b7ad6b7169203331"),
        "{told}"
    );
}
