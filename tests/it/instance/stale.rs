//! Bundles that cannot be kept up to date for too long.

use regate::engine::World;
use regate::instance::StaleConfig;
use regate::outside::Outside;

use super::*;

async fn with_policy(deny: bool) -> Running {
    let activation = ActivationConfig {
        stale: Some(StaleConfig {
            after: Duration::from_millis(100),
            deny,
        }),
        ..ActivationConfig::default()
    };
    running_with(&[], &["one"], false, activation)
        .await
        .expect("it starts")
}

#[tokio::test]
async fn a_bundle_is_stale_until_its_server_answers() {
    let running = with_policy(true).await;
    running.until(|status| status.stale == ["one"]).await;
    assert!(running.instance.cell().is_stale());
    let unchanged = Update::Unchanged {
        name: "one".to_owned(),
    };
    running
        .updates
        .send(unchanged)
        .await
        .expect("the writer takes it");
    running.until(|status| status.stale.is_empty()).await;
    assert!(!running.instance.cell().is_stale());
}

#[tokio::test]
async fn a_stale_policy_decides_unless_it_must_not() {
    let running = with_policy(false).await;
    running.until(|status| status.stale == ["one"]).await;
    assert!(!running.instance.cell().is_stale());
}

/// What the policy of `running` sees of the bundle's freshness.
fn seen(running: &Running) -> serde_json::Value {
    let freshness = running.instance.freshness();
    let facts = Box::new(move |name: &str| freshness.fact(name));
    let mut world = World::open(Outside::default().known_beside(facts));
    let snapshot = running.instance.cell().load_full().expect("a snapshot");
    let budget = values::within(Duration::from_secs(10));
    let input = Object::default().into();
    let mut evaluator = snapshot.policy.evaluator();
    let evaluation = evaluator.eval_in(&mut world, 0, &input, budget);
    let value = evaluation.result.expect("a decision");
    serde_json::from_str(&value.to_string()).expect("JSON")
}

#[tokio::test]
async fn policies_see_how_fresh_bundles_are() {
    let running = running(&[], &["o'ne", "two"], false)
        .await
        .expect("it starts");
    let text = "package authz\nallow := data.system.sync";
    running
        .send(bundle("o'ne", "authz", "r1", text))
        .await
        .expect("activated");
    let first = seen(&running);
    assert_eq!(first["o'ne"]["revision"], "r1");
    assert_eq!(first["o'ne"]["connected"], true);
    assert!(first["o'ne"]["age_s"].is_u64(), "{first}");
    let times = ["activated_at", "last_ok"].map(|name| first["o'ne"][name].as_str().map(str::len));
    assert!(
        times
            .iter()
            .all(|length| length.is_some_and(|length| length >= 20)),
        "{first}"
    );
    // Nothing was heard of the other one yet.
    assert_eq!(
        first["two"],
        serde_json::json!({"age_s": 0, "connected": false})
    );

    let failed = Update::Failed {
        name: "o'ne".to_owned(),
        code: "bundle_error".to_owned(),
        message: "gone".to_owned(),
        http_status: None,
    };
    running
        .updates
        .send(failed)
        .await
        .expect("the writer takes it");
    running
        .until(|status| status.bundles[0].error.is_some())
        .await;
    assert_eq!(seen(&running)["o'ne"]["connected"], false);
}
