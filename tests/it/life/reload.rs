//! Policies that change while they are served.

use super::*;
use crate::support::process::until;

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
