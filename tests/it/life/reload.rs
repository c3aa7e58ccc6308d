//! Policies that change while they are served.

use super::*;
use crate::support::bundles::BundleServer;
use crate::support::client::Client as Http;
use crate::support::process::{free_address, until};

#[tokio::test]
async fn a_file_that_changes_is_served_and_a_broken_one_is_not() {
    let mut sidecar = Sidecar::start(spec(ALLOW, json!({}), &["--watch"])).await;
    let mut client = client(sidecar.grpc).await;
    assert_eq!(allows(&check(&mut client).await), Ok(true));
    let file = sidecar.folder.path().join("policy.rego");

    std::fs::write(&file, DENY).unwrap();
    until("the new policy denies", async || {
        (allows(&check(&mut client).await) == Ok(false)).then_some(())
    })
    .await;

    std::fs::write(&file, "package envoy.authz\nallow if nowhere == 1\n").unwrap();
    let refused = |line: &str| line.contains("policy.rego:2:10: ").then_some(());
    sidecar.output().find("the compiler's error", refused).await;
    assert_eq!(allows(&check(&mut client).await), Ok(false));

    std::fs::write(&file, ALLOW).unwrap();
    until("the mended policy allows", async || {
        (allows(&check(&mut client).await) == Ok(true)).then_some(())
    })
    .await;
    assert!(sidecar.process().ended().is_none());
}

#[tokio::test]
async fn a_hangup_reads_the_files_again() {
    let sidecar = Sidecar::start(spec(ALLOW, json!({}), &[])).await;
    let mut client = client(sidecar.grpc).await;
    assert_eq!(allows(&check(&mut client).await), Ok(true));
    std::fs::write(sidecar.folder.path().join("policy.rego"), DENY).unwrap();
    let id = sidecar.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-HUP", &id])
        .status();
    assert!(sent.unwrap().success());
    until("the new policy denies", async || {
        (allows(&check(&mut client).await) == Ok(false)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_bundle_comes_when_somebody_asks_for_it() {
    let server = BundleServer::start("r1", ALLOW).await;
    let config = json!({
        "services": {"s": {"url": format!("http://{}", server.addr)}},
        "bundles": {"policy": {"service": "s", "trigger": "manual"}},
    });
    let api = free_address();
    let addr = format!("--addr={api}");
    let mut sidecar = Sidecar::launch(&binary(), spec("", config, &[&addr]));
    sidecar.listens().await;
    let poll = async |name: &str| {
        let url = format!("http://{api}/v1/bundles/{name}/poll");
        let request = Request::post(url)
            .body(http_body_util::Full::default())
            .unwrap();
        Http::new().send(request).await.unwrap().status
    };
    let mut client = client(sidecar.grpc).await;
    assert!(allows(&check(&mut client).await).is_err());
    assert_eq!(poll("policy").await, 204);
    assert_eq!(allows(&check(&mut client).await), Ok(true));
    server.publish("r2", DENY);
    assert_eq!(poll("policy").await, 204);
    assert_eq!(allows(&check(&mut client).await), Ok(false));
    server.publish("r3", "package envoy.authz\nallow if nowhere == 1\n");
    assert_eq!(poll("policy").await, 502, "it does not compile");
    assert_eq!(poll("other").await, 404);
}

#[tokio::test]
async fn a_bundle_that_does_not_come_is_not_waited_for_for_ever() {
    let config = json!({
        "services": {"gone": {"url": "http://127.0.0.1:9"}},
        "bundles": {"policy": {"service": "gone"}},
    });
    let mut sidecar = Sidecar::launch(&binary(), spec("", config, &["--ready-timeout=1"]));
    sidecar.listens().await;
    let late = |line: &str| line.contains("--ready-timeout").then_some(());
    sidecar.output().find("that it serves without", late).await;
    // Nothing is allowed as long as there is no policy.
    let answer = check(&mut client(sidecar.grpc).await).await;
    assert!(allows(&answer).is_err(), "{answer:?}");
}

#[tokio::test]
async fn pages_that_only_the_start_needed_are_given_back() {
    let mut sidecar = Sidecar::start(spec(ALLOW, json!({}), &["--log-level=debug"])).await;
    let told = |line: &str| {
        line.contains("Pages of the start were given back.")
            .then_some(())
    };
    sidecar
        .output()
        .find("that pages were given back", told)
        .await;

    let status = std::fs::read_to_string(format!("/proc/{}/status", sidecar.id())).unwrap();
    let kilobytes = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (most, now) = (kilobytes("VmHWM:"), kilobytes("VmRSS:"));
    assert!(now + 1024 < most, "{now} kB of {most} kB are still there");
    assert_eq!(
        allows(&check(&mut client(sidecar.grpc).await).await),
        Ok(true)
    );
    assert!(sidecar.process().ended().is_none());
}

#[tokio::test]
async fn a_stale_policy_denies_where_it_is_told_to() {
    let config = json!({
        "services": {"gone": {"url": "http://127.0.0.1:9"}},
        "bundles": {"more": {"service": "gone"}},
        "activation": {"stale_after": "10ms", "stale_policy": "deny"},
    });
    let mut sidecar = Sidecar::launch(&binary(), spec(ALLOW, config, &[]));
    sidecar.listens().await;
    let told = |line: &str| line.contains("Bundles are stale").then_some(());
    sidecar.output().find("that bundles are stale", told).await;
    let answer = check(&mut client(sidecar.grpc).await).await;
    assert_eq!(allows(&answer), Ok(false));
}
