//! Requests through a real Envoy to the real binary: what a client and an upstream see of a
//! decision. Without an Envoy each test says aloud that it is skipped.

use serde_json::json;

use crate::support::envoy::Api;
use crate::support::mesh::{Mesh, MeshBuilder};

/// Sidecars that come and go, policies that change, while requests keep coming.
mod load;
/// How the sidecar is reached: sockets, TLS, HTTP, not at all.
mod transport;

const POLICY: &str = include_str!("envoy/policy.rego");

/// A mesh with the tests' policy.
fn mesh() -> MeshBuilder {
    Mesh::builder().policy(POLICY)
}

#[tokio::test]
async fn an_allowed_request_reaches_the_upstream_and_is_logged() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    let answer = mesh.get("/open/17?q=1", &[]).await;

    assert_eq!((answer.status, answer.body.as_str()), (200, "upstream\n"));
    assert_eq!(mesh.upstream.take()[0].path, "/open/17?q=1");
    let event = mesh.sidecars[0]
        .decision(|event| event["result"] == true)
        .await;
    assert_eq!(event["path"], "envoy/authz/allow");
    assert_eq!(
        event["input"]["attributes"]["request"]["http"]["path"],
        "/open/17?q=1"
    );
    assert_eq!(event["input"]["parsed_path"], json!(["open", "17"]));
}

#[tokio::test]
async fn a_denied_request_goes_no_further() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    let answer = mesh.get("/nowhere", &[]).await;

    assert_eq!((answer.status, answer.body.as_str()), (403, ""));
    assert!(mesh.upstream.take().is_empty());
    mesh.sidecars[0]
        .decision(|event| event["result"] == false)
        .await;
}

#[tokio::test]
async fn a_denial_carries_status_headers_and_body() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    let answer = mesh.get("/login", &[]).await;

    assert_eq!(
        (answer.status, answer.body.as_str()),
        (401, "log in first\n")
    );
    assert_eq!(answer.all("content-type"), ["text/plain"]);
    assert_eq!(
        answer.all("set-cookie"),
        ["a=1", "b=2"],
        "two cookies stay two"
    );
    assert!(mesh.upstream.take().is_empty());
}

#[tokio::test]
async fn an_injected_header_replaces_what_the_client_sent() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    mesh.get("/identify", &[("x-user", "root"), ("x-user", "admin")])
        .await;
    mesh.get("/identify", &[]).await;

    for seen in mesh.upstream.take() {
        assert_eq!(seen.all("x-user"), ["alice"]);
    }
}

#[tokio::test]
async fn a_removed_header_does_not_reach_the_upstream() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    mesh.get("/strip", &[("x-secret", "s3cret"), ("x-other", "stays")])
        .await;

    let seen = &mesh.upstream.take()[0];
    assert_eq!(seen.all("x-secret"), [""; 0]);
    assert_eq!(seen.all("x-other"), ["stays"]);
}

/// Envoy applies overwrites one after the other: of several values of one name the last one stays.
#[tokio::test]
async fn of_several_values_for_the_upstream_the_last_one_stays() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    mesh.get("/roles", &[("x-role", "admin")]).await;

    assert_eq!(mesh.upstream.take()[0].all("x-role"), ["writer"]);
}

#[tokio::test]
async fn headers_for_the_client_are_added_not_merged() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    let answer = mesh.get("/cookies", &[]).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("set-cookie"), ["a=1", "b=2"]);
}

#[tokio::test]
async fn query_parameters_are_set_and_removed() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    mesh.get("/query?debug=1&tenant=other&page=2", &[]).await;

    let path = mesh.upstream.take()[0].path.clone();
    let mut query: Vec<&str> = path.strip_prefix("/query?").unwrap().split('&').collect();
    query.sort_unstable();
    assert_eq!(query, ["page=2", "tenant=acme"]);
}

#[tokio::test]
async fn dynamic_metadata_is_in_the_access_log() {
    let Some(mesh) = mesh().start().await else {
        return;
    };

    mesh.get("/metadata", &[]).await;

    let entry = |line: &str| line.starts_with("/metadata 200 ").then(|| line.to_owned());
    let line = mesh
        .envoy
        .process()
        .output()
        .find("the access log entry", entry)
        .await;
    let metadata: serde_json::Value =
        serde_json::from_str(line.split_once("metadata=").unwrap().1).unwrap();
    assert_eq!(metadata["tenant"], "acme");
    let logged = mesh.sidecars[0]
        .decision(|event| event["result"]["allowed"] == true)
        .await;
    assert_eq!(
        metadata["decision_id"], logged["decision_id"],
        "both logs can be joined"
    );
}

#[tokio::test]
async fn a_body_reaches_the_policy_and_the_upstream() {
    for as_bytes in [true, false] {
        let with_body = mesh().body(1024, as_bytes);
        let Some(mesh) = with_body.start().await else {
            return;
        };

        mesh.post("/body", r#"{"amount":  12}"#).await;

        let seen = &mesh.upstream.take()[0];
        assert_eq!(seen.all("x-seen-body"), [r#"{"amount":12}"#]);
        assert_eq!(seen.all("x-seen-truncated"), ["false"]);
        assert_eq!(seen.body, r#"{"amount":  12}"#);
    }
}

#[tokio::test]
async fn a_longer_body_is_truncated_for_the_policy_only() {
    let with_body = mesh().body(8, true);
    let Some(mesh) = with_body.start().await else {
        return;
    };

    mesh.post("/body", r#"{"a":1}"#).await;
    mesh.post("/body", r#"{"amount":12}"#).await;

    let seen = mesh.upstream.take();
    assert_eq!(seen[0].all("x-seen-truncated"), ["false"]);
    assert_eq!(seen[1].all("x-seen-body"), ["null"]);
    assert_eq!(seen[1].all("x-seen-truncated"), ["true"]);
    assert_eq!(seen[1].body, r#"{"amount":12}"#);
}

#[tokio::test]
async fn a_body_that_does_not_parse_is_refused_with_400() {
    let with_body = mesh().body(1024, true);
    let Some(mesh) = with_body.start().await else {
        return;
    };

    let answer = mesh.post("/body", r#"{"amount":"#).await;

    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(mesh.upstream.take().is_empty());
}

/// Over HTTP a decision is a status and headers; Envoy's own configuration says which pass on.
#[tokio::test]
async fn http_ext_authz_gives_the_same_decisions() {
    let over_http = mesh()
        .plugin(&json!({"http_addr": "127.0.0.1:0"}))
        .envoy(|e| e.api = Api::Http);
    let Some(mesh) = over_http.start().await else {
        return;
    };

    assert_eq!(mesh.get("/open/17", &[]).await.status, 200);
    assert_eq!(
        mesh.get("/identify", &[("x-user", "root")]).await.status,
        200
    );
    assert_eq!(mesh.get("/nowhere", &[]).await.status, 403);
    let denied = mesh.get("/login", &[]).await;

    assert_eq!(
        (denied.status, denied.body.as_str()),
        (401, "log in first\n")
    );
    assert_eq!(denied.all("set-cookie"), ["a=1", "b=2"]);
    let seen = mesh.upstream.take();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].all("x-user"), ["alice"]);
}
