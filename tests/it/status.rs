//! Status reports: to a service, to the console; and a service that is away or hangs, which nothing else notices.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::bundles::BundleServer;
use crate::support::opa;
use crate::support::process::{Process, Sidecar, SidecarSpec, until};
use crate::support::upstream::Upstream;

const POLICY: &str = "package envoy.authz\nallow := true\n";

/// A configuration with one bundle, which is asked for often.
fn config(bundles: SocketAddr, reports: SocketAddr, status: &Value) -> Value {
    json!({
        "labels": {"app": "shop"},
        "services": {
            "bundles": {"url": format!("http://{bundles}")},
            "reports": {"url": format!("http://{reports}/base")},
        },
        "bundles": {"authz": {
            "service": "bundles",
            "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1},
        }},
        "status": status,
    })
}

fn sidecar(config: Value) -> SidecarSpec {
    SidecarSpec {
        policy: String::new(),
        config,
        args: Vec::new(),
    }
}

/// The first report that `wanted` accepts.
async fn report(reports: &Upstream, wanted: impl Fn(&Value) -> bool) -> Value {
    until("a report", async || {
        reports.take().into_iter().find_map(|seen| {
            let report = serde_json::from_slice(&seen.body).expect("a report is JSON");
            wanted(&report).then_some(report)
        })
    })
    .await
}

/// A report's structure: the names of members, without what only runs tell.
fn shape(report: &Value) -> Value {
    let names = |value: &Value| -> Vec<String> {
        let members = value.as_object().expect("an object");
        let known = |name: &&String| !matches!(name.as_str(), "metrics" | "size" | "type");
        members.keys().filter(known).cloned().collect()
    };
    json!({
        "report": names(report),
        "labels": names(&report["labels"]),
        "bundle": names(&report["bundles"]["authz"]),
        "state": report["plugins"]["bundle"],
    })
}

fn is_active(report: &Value, revision: &str) -> bool {
    report["bundles"]["authz"]["active_revision"] == revision
        && report["plugins"]["bundle"]["state"] == "OK"
}

#[tokio::test]
async fn each_change_is_posted() {
    let (bundles, reports) = (
        BundleServer::start("r1", POLICY).await,
        Upstream::start().await,
    );
    let status = json!({"service": "reports", "partition_name": "team"});
    let _sidecar = Sidecar::start(sidecar(config(bundles.addr, reports.addr, &status))).await;
    let first = until("a post", async || reports.take().into_iter().next()).await;
    assert_eq!(first.path, "/base/status/team");
    assert_eq!(first.headers["content-type"], "application/json");

    let wanted = |report: &Value| is_active(report, "r1");
    bundles.publish("r2", "package envoy.authz\nallow := false\n");
    let second = report(&reports, |report| is_active(report, "r2")).await;
    assert_eq!(second["labels"]["app"], "shop");
    assert_eq!(second["labels"]["id"].as_str().map(str::len), Some(36));
    assert!(!wanted(&second));

    bundles.publish("r3", "package envoy.authz\nallow if nowhere\n");
    let third = report(&reports, |report| {
        report["bundles"]["authz"]["code"] == "bundle_error"
    })
    .await;
    assert!(is_active(&third, "r2"), "{third}");
    let message = third["bundles"]["authz"]["message"].as_str().unwrap();
    assert!(message.contains("nowhere"), "{message}");
}

#[tokio::test]
async fn reports_have_opas_shape() {
    let (bundles, reports) = (
        BundleServer::start("r1", POLICY).await,
        Upstream::start().await,
    );
    let status = json!({"service": "reports"});
    let config = config(bundles.addr, reports.addr, &status);
    let ours = {
        let _sidecar = Sidecar::start(sidecar(config.clone())).await;
        shape(&report(&reports, |report| is_active(report, "r1")).await)
    };
    assert_eq!(ours["labels"], json!(["app", "id", "version"]));
    let Some(opa) = opa::find() else {
        return;
    };
    let _opa = start_opa(opa, &config);
    let theirs = report(&reports, |report| is_active(report, "r1")).await;
    assert_eq!(shape(&theirs)["bundle"], ours["bundle"]);
    assert_eq!(shape(&theirs)["labels"], ours["labels"]);
    assert_eq!(shape(&theirs)["state"], ours["state"]);
}

fn start_opa(opa: PathBuf, config: &Value) -> (Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yaml"), config.to_string()).unwrap();
    let mut command = Command::new(opa);
    command
        .current_dir(folder.path())
        .args(["run", "--server", "--addr=127.0.0.1:0"])
        .args(["--config-file=config.yaml", "--disable-telemetry"]);
    (Process::start(command), folder)
}

#[tokio::test]
async fn metrics_are_reported_where_prometheus_is_on() {
    let (bundles, reports) = (
        BundleServer::start("r1", POLICY).await,
        Upstream::start().await,
    );
    let status = json!({"service": "reports", "prometheus": true});
    let _sidecar = Sidecar::start(sidecar(config(bundles.addr, reports.addr, &status))).await;
    let report = report(&reports, |report| is_active(report, "r1")).await;
    let loaded = &report["metrics"]["prometheus"]["bundle_loaded_counter"];
    assert_eq!(loaded["type"], "COUNTER");
    let label = json!([{"name": "name", "value": "authz"}]);
    assert_eq!(
        loaded["metric"],
        json!([{"label": label, "counter": {"value": 1}}])
    );
}

#[tokio::test]
async fn the_console_has_reports_whatever_its_level() {
    let bundles = BundleServer::start("r1", POLICY).await;
    let mut spec = sidecar(config(
        bundles.addr,
        bundles.addr,
        &json!({"console": true}),
    ));
    spec.args = vec!["--log-level=error".to_owned()];
    let mut sidecar = Sidecar::launch(&crate::support::process::binary(), spec);
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["msg"] == "Status Log" && is_active(&line, "r1")).then_some(line)
    };
    let line = sidecar.output().find("a status line", line).await;
    assert_eq!(line["type"], "openpolicyagent.org/status");
    assert_eq!(line["level"], "info");
    assert!(sidecar.process().ended().is_none());
}

#[tokio::test]
async fn a_service_that_never_answers_holds_up_nothing() {
    let bundles = BundleServer::start("r1", POLICY).await;
    // It takes connections, and nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let status = json!({"service": "reports"});
    let config = config(bundles.addr, silent.local_addr().unwrap(), &status);
    let sidecar = Sidecar::start(sidecar(config)).await;
    bundles.publish("r2", POLICY);
    let url = format!("http://127.0.0.1:{}/metrics", sidecar.diagnostic);
    until("the second revision is in force", async || {
        let answer = crate::support::client::get(&url).await?;
        answer.body.contains("\"r2\"").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_posted_is_posted_when_the_service_is_back() {
    let bundles = BundleServer::start("r1", POLICY).await;
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = away.local_addr().unwrap();
    drop(away);
    let status = json!({"service": "reports"});
    let sidecar = Sidecar::start(sidecar(config(bundles.addr, addr, &status))).await;
    let told = |line: &str| line.contains("could not be posted").then_some(());
    sidecar.output().find("that it is away", told).await;
    let reports = Upstream::start_at(addr).await;
    report(&reports, |report| is_active(report, "r1")).await;
    let told = |line: &str| line.contains("are taken again").then_some(());
    sidecar.output().find("that it is back", told).await;
}
