//! Snapshots that make way for the ones before them: pinned by somebody, or rolled back for what they decided.

use regate::instance::{PastState, ReturnError, RollbackConfig};

use super::*;

/// An instance with one bundle, of which `revisions` came into force one after the other.
async fn with_revisions(activation: ActivationConfig, revisions: &[&str]) -> Running {
    let running = running_with(&[], &["one"], false, activation).await;
    let running = running.expect("it starts");
    for revision in revisions {
        running.send(of(revision)).await.expect("activated");
    }
    running
}

/// A bundle that answers its revision.
fn of(revision: &str) -> Box<Bundle> {
    let text = format!("package authz\nallow := \"{revision}\"");
    bundle("one", "authz", revision, &text)
}

fn history(keep: usize) -> ActivationConfig {
    ActivationConfig {
        history: keep,
        ..ActivationConfig::default()
    }
}

/// Rolls back when more than half of ten or more decisions are denials or errors.
fn rollback(window: Duration) -> ActivationConfig {
    ActivationConfig {
        rollback: Some(RollbackConfig {
            window,
            min_decisions: 10,
            max_error_rate: Some(0.5),
            max_denial_rate: Some(0.5),
        }),
        ..ActivationConfig::default()
    }
}

fn only_errors() -> Outcomes {
    Outcomes {
        errors: 100,
        ..Outcomes::default()
    }
}

/// Each snapshot's first revision, state, and whether it is kept; the newest first.
fn snapshots(running: &Running) -> Vec<(String, PastState, bool)> {
    let status = running.instance.status().borrow().clone();
    let snapshots = status.snapshots.into_iter();
    snapshots
        .map(|past| {
            let revision = past.revisions.0.first().map(|(_, it)| it.clone());
            (revision.unwrap_or_default(), past.state, past.kept)
        })
        .collect()
}

fn told(revision: &str, state: PastState, kept: bool) -> (String, PastState, bool) {
    (revision.to_owned(), state, kept)
}

#[tokio::test]
async fn so_many_earlier_snapshots_are_kept() {
    let running = with_revisions(history(1), &["r1", "r2", "r3"]).await;
    let expected = [
        told("r3", PastState::InForce, true),
        told("r2", PastState::Replaced, true),
        told("r1", PastState::Replaced, false),
        told("", PastState::Replaced, false),
    ];
    assert_eq!(snapshots(&running), expected);
}

#[tokio::test]
async fn a_pinned_snapshot_stays_until_it_is_unpinned() {
    let running = with_revisions(history(2), &["r1", "r2", "r3"]).await;
    let control = running.instance.control();
    control.pin("r1".to_owned()).await.expect("it is kept");
    assert_eq!(running.decide(), "\"r1\"");
    let status = running.instance.status().borrow().clone();
    assert_eq!(status.pinned, Some(status.generation));
    assert_eq!(status.bundles[0].active_revision.as_deref(), Some("r1"));

    let refused = running.send(of("r4")).await.expect_err("refused");
    assert!(refused.contains("pinned"), "{refused}");
    let refused = control.reload().await.expect_err("refused");
    assert!(refused.contains("pinned"), "{refused}");
    assert_eq!(running.decide(), "\"r1\"");

    control.unpin().await;
    running.send(of("r4")).await.expect("activated");
    assert_eq!(running.decide(), "\"r4\"");
    assert_eq!(running.instance.status().borrow().pinned, None);
}

#[tokio::test]
async fn a_snapshot_can_be_named_by_its_generation() {
    let running = with_revisions(history(2), &["r1", "r2"]).await;
    // The first one had no bundle yet.
    running
        .instance
        .control()
        .pin("2".to_owned())
        .await
        .expect("it is kept");
    assert_eq!(running.decide(), "\"r1\"");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_pinned() {
    let running = with_revisions(history(1), &["r1", "r2", "r3"]).await;
    let control = running.instance.control();
    let unknown = ReturnError::Unknown("r9".to_owned());
    assert_eq!(control.pin("r9".to_owned()).await, Err(unknown));
    let gone = ReturnError::Gone("r1".to_owned(), 1);
    assert_eq!(control.pin("r1".to_owned()).await, Err(gone));
    assert_eq!(running.decide(), "\"r3\"");
    // The one in force can, and then nothing takes its place.
    control.pin("r3".to_owned()).await.expect("it is in force");
    running.send(of("r4")).await.expect_err("refused");
}

#[tokio::test]
async fn a_snapshot_that_denies_too_much_is_rolled_back() {
    let running = with_revisions(rollback(Duration::from_mins(1)), &["r1"]).await;
    *running.outcomes.lock().unwrap() = Outcomes {
        allowed: 50,
        denied: 50,
        errors: 0,
    };
    running.send(of("r2")).await.expect("activated");
    assert_eq!(running.decide(), "\"r2\"");
    *running.outcomes.lock().unwrap() = Outcomes {
        allowed: 52,
        denied: 58,
        errors: 0,
    };
    let status = running.until(|status| status.rollbacks == 1).await;
    assert_eq!(running.decide(), "\"r1\"");
    let bundle = running
        .until(|status| status.bundles[0].error.is_some())
        .await
        .bundles[0]
        .clone();
    assert_eq!(bundle.active_revision.as_deref(), Some("r1"));
    let message = bundle.error.expect("an error").message;
    assert!(
        message.contains("8 of 10 decisions were denials"),
        "{message}"
    );
    assert_eq!(status.snapshots[1].state, PastState::RolledBack);

    // The same content stays out; another one may come.
    let refused = running.send(of("r2")).await.expect_err("refused");
    assert!(refused.contains("rolled back"), "{refused}");
    running.send(of("r3")).await.expect("activated");
    assert_eq!(running.decide(), "\"r3\"");
}

#[tokio::test]
async fn several_new_snapshots_make_way_for_the_last_that_proved_itself() {
    let running = with_revisions(rollback(Duration::from_mins(1)), &["r1", "r2", "r3"]).await;
    *running.outcomes.lock().unwrap() = only_errors();
    running.until(|status| status.rollbacks == 1).await;
    assert_eq!(running.decide(), "\"r1\"");
    running.send(of("r3")).await.expect_err("refused");
}

#[tokio::test]
async fn nothing_returns_to_where_bundles_were_awaited() {
    let running = with_revisions(rollback(Duration::from_mins(1)), &["r1"]).await;
    assert!(!running.instance.status().borrow().on_trial);
}

#[tokio::test]
async fn a_snapshot_that_proved_itself_stays() {
    let running = with_revisions(rollback(Duration::from_millis(200)), &["r1", "r2"]).await;
    running.until(|status| !status.on_trial).await;
    *running.outcomes.lock().unwrap() = only_errors();
    running.send(of("r3")).await.expect("activated");
    running.until(|status| !status.on_trial).await;
    assert_eq!(running.decide(), "\"r3\"");
}
