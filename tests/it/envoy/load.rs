//! While requests keep coming: a sidecar is drained, a bundle is replaced. No request may fail.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::Request;
use serde_json::json;
use tokio::task::JoinSet;

use super::mesh;
use crate::support::bundles::BundleServer;
use crate::support::client::{Answer, Client};
use crate::support::mesh::{Mesh, MeshBuilder};
use crate::support::process::until;

const CLIENTS: usize = 8;

#[tokio::test]
async fn a_sidecar_is_drained_without_a_failed_request() {
    // The wait period is how long Envoy has to learn from the health checks that it is going.
    let two = mesh()
        .sidecars(2)
        .arg("--shutdown-wait-period=2")
        .envoy(|e| e.health_checks = true);
    let Some(mut mesh) = two.start().await else {
        return;
    };
    let load = Load::start(&mesh, "/open");
    load.answers(200).await;
    // Both take part, or the test would prove nothing.
    for sidecar in &mesh.sidecars {
        sidecar.decision(|event| event["result"] == true).await;
    }

    let leaving = mesh.sidecars[0].process();
    leaving.terminate();
    let status = leaving.end().await;
    load.answers(200).await;

    assert_eq!(load.stop().await, Vec::<String>::new(), "requests failed");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_bundle_is_replaced_without_a_failed_request() {
    let server = BundleServer::start("1", &revision_policy(1)).await;
    let Some(mesh) = bundled(&server).start().await else {
        return;
    };
    let load = Load::start(&mesh, "/");
    load.revision("1").await;

    for next in 2..=3 {
        server.publish(&next.to_string(), &revision_policy(next));
        load.revision(&next.to_string()).await;
    }

    assert_eq!(load.stop().await, Vec::<String>::new(), "requests failed");
    let named = |event: &serde_json::Value| event["bundles"]["authz"]["revision"] == "3";
    let event = mesh.sidecars[0].decision(named).await;
    assert_eq!(
        event["result"]["headers"]["x-revision"], "3",
        "the log names the bundle that decided"
    );
}

/// A bundle that does not compile leaves the one in force where it is.
#[tokio::test]
async fn a_broken_bundle_changes_nothing() {
    let server = BundleServer::start("1", &revision_policy(1)).await;
    let Some(mesh) = bundled(&server).start().await else {
        return;
    };
    let load = Load::start(&mesh, "/");
    load.revision("1").await;

    server.publish("2", "package envoy.authz\nallow if {");
    // Its failure is reported, in whatever words.
    let report = |line: &str| (line.contains("authz") && line.contains("error")).then_some(());
    mesh.sidecars[0]
        .output()
        .find("the report of the failed activation", report)
        .await;
    load.answers(50).await;
    server.publish("3", &revision_policy(3));
    load.revision("3").await;

    assert_eq!(load.stop().await, Vec::<String>::new(), "requests failed");
}

/// A mesh whose sidecar asks this server for its bundle every second.
fn bundled(server: &BundleServer) -> MeshBuilder {
    Mesh::builder().config(&json!({
        "services": {"test": {"url": format!("http://{}", server.addr)}},
        "bundles": {"authz": {
            "service": "test", "resource": "authz.tar.gz",
            "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1},
        }},
    }))
}

/// Allows everything and names itself.
fn revision_policy(revision: u32) -> String {
    format!(
        "package envoy.authz\nallow := {{\"allowed\": true, \"headers\": {{\"x-revision\": \"{revision}\"}}}}\n"
    )
}

/// Clients that ask one after the other, each over a connection of its own, until they are stopped.
struct Load {
    tasks: JoinSet<()>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    answered: AtomicUsize,
    revision: Mutex<String>,
    failures: Mutex<Vec<String>>,
}

impl Load {
    fn start(mesh: &Mesh, path: &str) -> Self {
        let state = Arc::<State>::default();
        let mut tasks = JoinSet::new();
        for _ in 0..CLIENTS {
            let (client, url, state) = (Client::new(), mesh.url(path), Arc::clone(&state));
            tasks.spawn(async move {
                while !state.stop.load(Ordering::Relaxed) {
                    let request = Request::get(&url).body(Full::default()).unwrap();
                    state.count(client.send(request).await.as_ref());
                }
            });
        }
        Self { tasks, state }
    }

    /// Waits for that many more answers.
    async fn answers(&self, more: usize) {
        let goal = self.state.answered.load(Ordering::Relaxed) + more;
        let reached = async || (self.state.answered.load(Ordering::Relaxed) >= goal).then_some(());
        until("there are answers enough", reached).await;
    }

    /// Waits until requests are let through by this revision.
    async fn revision(&self, wanted: &str) {
        let reached = async || (*self.state.revision.lock().unwrap() == wanted).then_some(());
        until("the revision decides", reached).await;
    }

    /// Stops the clients; what did not answer 200 comes back.
    async fn stop(mut self) -> Vec<String> {
        self.state.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.state.failures.lock().unwrap().clone()
    }
}

impl State {
    fn count(&self, answer: Option<&Answer>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        match answer {
            Some(answer) if answer.status == 200 => {
                if let Some(revision) = answer.all("x-revision").first() {
                    (*revision).clone_into(&mut self.revision.lock().unwrap());
                }
            }
            other => self.failures.lock().unwrap().push(format!("{other:?}")),
        }
    }
}
