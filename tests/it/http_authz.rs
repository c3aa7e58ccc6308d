//! HTTP ext_authz through its socket: what is asked over HTTP is decided, answered and recorded.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::process::{PATIENCE, Sidecar, SidecarSpec};

const POLICY: &str = include_str!("http_authz/policy.rego");

/// A sidecar that serves HTTP ext_authz, with these keys of the plugin.
async fn sidecar(keys: Value) -> Sidecar {
    let mut plugin = json!({"http_addr": "127.0.0.1:0"});
    for (key, value) in keys.as_object().unwrap() {
        plugin[key] = value.clone();
    }
    Sidecar::start(SidecarSpec {
        policy: POLICY.to_owned(),
        config: json!({
            "decision_logs": {"console": true},
            "plugins": {"envoy_ext_authz_grpc": plugin},
        }),
        args: Vec::new(),
    })
    .await
}

/// Sends the bytes as they are, and gives all that comes back until the connection is closed.
async fn send(sidecar: &Sidecar, request: &str) -> (u16, String) {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", sidecar.http))
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = timeout(PATIENCE, exchange).await.expect("an answer");
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// The status that a request of this head gets; the connection is closed after it.
async fn status(sidecar: &Sidecar, head: &str) -> u16 {
    let request = format!("{head}\r\nconnection: close\r\n\r\n");
    send(sidecar, &request).await.0
}

#[tokio::test]
async fn the_policy_and_the_record_see_the_request() {
    let sidecar = sidecar(json!({})).await;
    let body = r#"{"user":"alice"}"#;
    let request = format!(
        "POST /body?q=1 HTTP/1.1\r\nhost: example.org\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );

    let (status, answer) = send(&sidecar, &request).await;

    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\r\nx-user: alice\r\n"), "{answer}");
    let event = sidecar.decision(|_| true).await;
    let input = &event["input"];
    assert_eq!(input["parsed_body"], json!({"user": "alice"}));
    assert_eq!(input["parsed_query"], json!({"q": ["1"]}));
    let http = &input["attributes"]["request"]["http"];
    for (member, want) in [
        ("method", json!("POST")),
        ("path", json!("/body?q=1")),
        ("host", json!("example.org")),
        ("scheme", json!("http")),
        ("body", json!(body)),
        ("protocol", json!("HTTP/1.1")),
    ] {
        assert_eq!(http[member], want, "{member}");
    }
    assert_eq!(http["headers"][":path"], "/body?q=1");
    assert_eq!(http["headers"]["content-type"], "application/json");
    assert_eq!(http["headers"].get("connection"), None);
}

#[tokio::test]
async fn only_a_decision_to_allow_is_a_success() {
    let sidecar = sidecar(json!({"grpc-max-recv-msg-size": 64})).await;
    let host = "HTTP/1.1\r\nhost: a";
    let large = format!("POST /open {host}\r\ncontent-length: 65");
    let table = [
        (format!("GET /open {host}"), 200),
        (format!("HEAD /open {host}"), 200),
        (format!("OPTIONS /open {host}"), 200),
        (format!("HEAD /closed {host}"), 403),
        (format!("GET /closed {host}"), 403),
        // What names another request than this one is not believed.
        (format!("GET /closed {host}\r\nx-forwarded-uri: /open"), 403),
        (format!("GET /closed {host}\r\nx-original-uri: /open"), 403),
        (format!("GET /closed {host}\r\nx-original-url: /open"), 403),
        // The path is the one that was sent.
        (format!("GET /closed/../open {host}"), 403),
        (format!("GET //open {host}"), 200),
        (format!("GET /status?100 {host}"), 403),
        (format!("GET /status?200 {host}"), 403),
        (format!("GET /status?204 {host}"), 403),
        (format!("GET /status?401 {host}"), 401),
        (format!("GET /status?503 {host}"), 403),
        (format!("GET /newline {host}"), 500),
        (format!("GET /framing {host}"), 500),
        (format!("GET /parameters {host}"), 500),
        (format!("GET /odd {host}"), 500),
        (format!("GET /undefined {host}"), 500),
        (format!("GET /open?%zz {host}"), 400),
        (format!("GET http://b/open {host}"), 400),
        (format!("GET /open {host}\r\nhost: b"), 400),
        ("CONNECT a:1 HTTP/1.1\r\nhost: a:1".to_owned(), 400),
        (large, 413),
    ];
    for (head, want) in table {
        let want_body = if want == 413 {
            "x".repeat(65)
        } else {
            String::new()
        };
        let request = format!("{head}\r\nconnection: close\r\n\r\n{want_body}");
        assert_eq!(send(&sidecar, &request).await.0, want, "{head}");
    }
}

#[tokio::test]
async fn behind_a_proxy_that_names_the_request_only_that_counts() {
    let sidecar = sidecar(json!({"http-forwarded-headers": true})).await;
    let verify = "GET /open HTTP/1.1\r\nhost: regate";
    let post = "x-forwarded-method: GET";
    let table = [
        (format!("{verify}\r\n{post}\r\nx-forwarded-uri: /open"), 200),
        (
            format!("{verify}\r\n{post}\r\nx-forwarded-uri: /closed"),
            403,
        ),
        (
            format!("{verify}\r\nx-original-method: GET\r\nx-original-uri: /closed"),
            403,
        ),
        (verify.to_owned(), 400),
        (format!("{verify}\r\nx-forwarded-uri: /open"), 400),
        // nginx says `/closed`, the client `/open`.
        (
            format!(
                "{verify}\r\n{post}\r\nx-forwarded-uri: /open\r\n\
                 x-original-method: GET\r\nx-original-uri: /closed"
            ),
            400,
        ),
    ];
    for (head, want) in table {
        assert_eq!(status(&sidecar, &head).await, want, "{head}");
    }
}

#[tokio::test]
async fn the_decision_id_reaches_the_client_and_a_dry_run_passes() {
    let sidecar = sidecar(json!({"decision-id-header": "x-decision-id", "dry-run": true})).await;
    let request = "GET /closed HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    let (status, answer) = send(&sidecar, request).await;

    assert_eq!(status, 200, "{answer}");
    let event = sidecar.decision(|_| true).await;
    assert_eq!(event["result"], false);
    let id = event["decision_id"].as_str().unwrap();
    assert!(
        answer.contains(&format!("\r\nx-decision-id: {id}\r\n")),
        "{answer}"
    );
}

#[tokio::test]
async fn the_callers_patience_ends_an_evaluation() {
    let sidecar = sidecar(json!({"max-eval-time": "60s"})).await;
    let head = "GET /endless HTTP/1.1\r\nhost: a\r\nx-envoy-expected-rq-timeout-ms: 50";
    assert_eq!(status(&sidecar, head).await, 504);
}
