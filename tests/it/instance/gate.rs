//! What a new policy must pass before it comes into force.

use regate::instance::GateConfig;

use super::*;

async fn gated(gate: GateConfig) -> Running {
    let activation = ActivationConfig {
        gate,
        ..ActivationConfig::default()
    };
    running_with(&[], &["one"], false, activation)
        .await
        .expect("it starts")
}

/// A policy that answers as its first argument says, and whose test wants what the second says.
fn tested(answer: &str, wanted: &str) -> String {
    format!(
        "package authz\nallow := {answer}\ntest_answer if allow == {wanted}\ntodo_test_later if false"
    )
}

#[tokio::test]
async fn a_policy_whose_tests_fail_does_not_come_into_force() {
    let gate = GateConfig {
        tests: true,
        samples: None,
    };
    let running = gated(gate).await;
    let good = bundle("one", "authz", "r1", &tested("1", "1"));
    running.send(good).await.expect("activated");
    let bad = bundle("one", "authz", "r2", &tested("2", "1"));
    let reason = running.send(bad).await.expect_err("refused");
    assert!(reason.contains("activation.tests"), "{reason}");
    assert!(reason.contains("data.authz.test_answer: FAIL"), "{reason}");
    assert_eq!(running.decide(), "1");
    let status = running.instance.status().borrow().clone();
    assert_eq!(status.bundles[0].active_revision.as_deref(), Some("r1"));
    assert_eq!(status.failures, 1);
}

#[tokio::test]
async fn without_the_gate_nobody_runs_tests() {
    let running = gated(GateConfig::default()).await;
    let bad = bundle("one", "authz", "r1", &tested("2", "1"));
    running.send(bad).await.expect("activated");
}

/// A gate of these samples.
fn sampled(text: &str) -> (GateConfig, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("samples.json");
    std::fs::write(&path, text).expect("written");
    let gate = GateConfig {
        tests: false,
        samples: Some(path),
    };
    (gate, folder)
}

const OVER: &str = "package authz\nallow := input.n > 1";

#[tokio::test]
async fn recorded_inputs_are_answered_as_before() {
    for text in [
        "{\"input\": {\"n\": 1}, \"result\": false}\n\n{\"input\": {\"n\": 2}}\n",
        "[{\"input\": {\"n\": 1}}, {\"input\": {\"n\": 2}}]",
    ] {
        let (gate, _folder) = sampled(text);
        let running = gated(gate).await;
        // As long as a bundle was awaited, answers had to change.
        running
            .send(bundle("one", "authz", "r1", OVER))
            .await
            .expect("activated");
        let same = "package authz\nallow := input.n >= 2";
        running
            .send(bundle("one", "authz", "r2", same))
            .await
            .expect("activated");
        let other = "package authz\nallow := input.n > 2";
        let reason = running.send(bundle("one", "authz", "r3", other)).await;
        let reason = reason.expect_err("refused");
        assert!(
            reason.contains("1 of 2 answers would change: sample 2: true became false"),
            "{reason}"
        );
        let mut meant = bundle("one", "authz", "r4", other);
        meant.metadata = json(r#"{"activation": {"answers_change": true}}"#);
        running.send(meant).await.expect("activated");
    }
}

#[tokio::test]
async fn samples_that_cannot_be_read_let_nothing_pass() {
    for (text, expected) in [
        (
            "{\"input\": 1}\n{\"result\": 1}",
            "line 2: expected a decision-log event with an `input`",
        ),
        ("{\"input\"", "line 1: "),
        ("[{\"result\": 1}]", "an event has no `input`"),
    ] {
        let (gate, _folder) = sampled(text);
        let running = gated(gate).await;
        running
            .send(bundle("one", "authz", "r1", OVER))
            .await
            .expect("activated");
        let reason = running.send(bundle("one", "authz", "r2", OVER)).await;
        let reason = reason.expect_err("refused");
        assert!(reason.contains(expected), "{reason}");
    }
}

fn json(text: &str) -> regate::data::Value {
    regate::data::read::json_value(text.as_bytes()).expect("JSON")
}
