//! Bundles that cannot be kept up to date for too long.

use regate::instance::StaleConfig;

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
