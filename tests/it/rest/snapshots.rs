//! Snapshots over REST: they are listed, one is pinned, and let go of.

use serde_json::{Value, json};

use super::peer::{Server, program};
use crate::support::bundles::BundleServer;
use crate::support::process::until;

fn policy(answer: u8) -> String {
    format!("package p\nx := {answer}\n")
}

async fn answer(server: &Server) -> Value {
    let answer = server.ask(&json!({"ask": "GET /v1/data/p/x"})).await;
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    body["result"].clone()
}

async fn post(server: &Server, path: &str) -> u16 {
    server
        .ask(&json!({"ask": format!("POST {path}")}))
        .await
        .status
}

#[tokio::test]
async fn a_snapshot_is_pinned_and_let_go_of() {
    let bundles = BundleServer::start("r1", &policy(1)).await;
    let config = json!({
        "services": {"s": {"url": format!("http://{}", bundles.addr)}},
        "bundles": {"authz": {"service": "s"}},
        "activation": {"history": 3},
        "status": {"console": true},
    });
    let server = Server::start(&program(), &json!({ "config": config })).await;
    until("the first bundle", async || {
        (answer(&server).await == 1).then_some(())
    })
    .await;
    bundles.publish("r2", &policy(2));
    assert_eq!(post(&server, "/v1/bundles/authz/poll").await, 204);
    assert_eq!(answer(&server).await, 2);

    assert_eq!(post(&server, "/v1/snapshots/r1/activate").await, 204);
    assert_eq!(answer(&server).await, 1);
    bundles.publish("r3", &policy(3));
    assert_eq!(post(&server, "/v1/bundles/authz/poll").await, 502);
    let listed = server.ask(&json!({"ask": "GET /v1/snapshots"})).await;
    let listed: Value = serde_json::from_slice(&listed.body).expect("JSON");
    let shown = listed["result"]["snapshots"].as_array().expect("a list");
    let states = shown
        .iter()
        .map(|it| (&it["revisions"]["authz"], &it["state"]));
    let expected = [
        (&json!("r1"), &json!("in_force")),
        (&json!("r2"), &json!("replaced")),
        (&json!("r1"), &json!("replaced")),
    ];
    assert_eq!(states.take(3).collect::<Vec<_>>(), expected);
    assert_eq!(listed["result"]["pinned"], shown[0]["generation"]);

    assert_eq!(post(&server, "/v1/snapshots/r9/activate").await, 404);
    assert_eq!(post(&server, "/v1/snapshots/unpin").await, 204);
    assert_eq!(post(&server, "/v1/bundles/authz/poll").await, 204);
    assert_eq!(answer(&server).await, 3);
}

#[tokio::test]
async fn status_is_shown_where_it_is_configured() {
    let bundles = BundleServer::start("r1", &policy(1)).await;
    let config = json!({
        "services": {"s": {"url": format!("http://{}", bundles.addr)}},
        "bundles": {"authz": {"service": "s"}},
        "status": {"console": true},
    });
    let server = Server::start(&program(), &json!({ "config": config })).await;
    until("the bundle is in force", async || {
        let answer = server.ask(&json!({"ask": "GET /v1/status"})).await;
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        (body["result"]["bundles"]["authz"]["active_revision"] == "r1").then_some(())
    })
    .await;
    let server = Server::start(&program(), &json!({})).await;
    let answer = server.ask(&json!({"ask": "GET /v1/status"})).await;
    assert_eq!(answer.status, 500);
}
