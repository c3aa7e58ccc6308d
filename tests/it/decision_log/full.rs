//! `on_full` seen from outside: Checks that wait for room for their records, or are denied.

use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use hyper::body::Frame;
use prost::Message as _;
use serde_json::{Value as Json, json};
use tonic::Code;

use crate::heavy::{head, request};
use crate::support::in_process::Served;
use crate::support::process::until;

/// A log whose collector is away, with room for very little; a Check may take this long.
async fn serve(on_full: &str, time: &str) -> Served {
    let case = json!({
        "events": "upload",
        "files": {"policy.rego": "package envoy.authz\nallow := true\n"},
        "config": {
            "decision_logs": {
                "on_full": on_full,
                "queue_size_limit_events": 4,
                "reporting": {
                    "buffer_size_limit_bytes": 1, "upload_size_limit_bytes": 90,
                    "min_delay_seconds": 0.01, "max_delay_seconds": 0.02,
                },
            },
            "plugins": {"envoy_ext_authz_grpc": {"max-eval-time": time}},
        },
    });
    let served = Served::start(&case).await.expect("a start");
    served.collector().set_answer(503, None);
    served
}

/// The code in the answer's status; there must be an answer, for Envoy may let failures pass.
async fn check(served: &mut Served) -> i32 {
    let answer = served.client.post(head(), request("/")).await;
    assert_eq!(answer.status().code(), Code::Ok);
    let response = CheckResponse::decode(answer.message().unwrap()).unwrap();
    response.status.expect("a status").code
}

/// The events that the collector took, by whether there is a decision.
async fn events(served: Served) -> (Vec<Json>, Vec<Json>) {
    let collector = served.collector().clone();
    collector.set_answer(200, None);
    let events = served.stop().await;
    let mut ids: Vec<&str> = events
        .iter()
        .filter_map(|event| event["decision_id"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "each once");
    events
        .into_iter()
        .partition(|event| event["result"] == json!(true))
}

#[tokio::test]
async fn checks_without_room_for_their_records_are_denied_and_that_is_recorded() {
    for (on_full, time) in [("deny", "10s"), ("block", "50ms")] {
        let mut served = serve(on_full, time).await;
        let (mut allowed, mut denied) = (0, 0);
        while denied < 3 {
            if check(&mut served).await == 0 {
                allowed += 1;
            } else {
                denied += 1;
            }
            assert!(allowed < 1_000, "there is room without end");
        }
        assert_eq!(
            served
                .metric("regate_decision_log_denied_checks_total")
                .await,
            3
        );
        let waited = served
            .metric("regate_decision_log_delayed_checks_total")
            .await;
        assert_eq!(waited > 0, on_full == "block");
        let (decided, refused) = Box::pin(events(served)).await;
        assert_eq!(decided.len(), allowed, "{on_full}");
        // There is room for one such record; the others are counted.
        assert!((1..=3).contains(&refused.len()), "{refused:?}");
        assert!(
            refused[0]["error"]["message"]
                .as_str()
                .unwrap()
                .contains("no room")
        );
    }
}

#[tokio::test]
async fn checks_that_wait_for_room_are_answered_when_there_is_some() {
    const CHECKS: usize = 60;
    let mut served = serve("block", "10s").await;
    let mut checks = Vec::new();
    for _ in 0..CHECKS {
        let (frames, answer) = served.client.begin(head());
        frames.send(Frame::data(request("/"))).await.unwrap();
        checks.push(answer);
    }
    until("some wait", async || {
        let waited = served
            .metric("regate_decision_log_delayed_checks_total")
            .await;
        (waited > 0).then_some(())
    })
    .await;
    served.collector().set_answer(200, None);
    for check in checks {
        assert_eq!(check.await.unwrap().status().code(), Code::Ok);
    }
    let (decided, refused) = Box::pin(events(served)).await;
    assert_eq!((decided.len(), refused.len()), (CHECKS, 0));
}
