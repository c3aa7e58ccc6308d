//! Tokens that the sidecar remembers: counted, kept over activations, and never a way past a claim or another key.

use serde_json::{Value, json};

use crate::heavy::{client, code, head, metric, request};
use crate::support::call::Client;
use crate::support::process::{Sidecar, SidecarSpec, until};

/// Seconds at which the token holds, and at which it has expired.
const THEN: u64 = 1_700_000_000;
const LATE: u64 = 32_503_680_000;

const HITS: &str = r#"regate_io_jwt_cache_hits_total{kept="tokens"}"#;
const MISSES: &str = r#"regate_io_jwt_cache_misses_total{kept="tokens"}"#;
const ENTRIES: &str = r#"regate_io_jwt_cache_entries{kept="tokens"}"#;
const BYTES: &str = r#"regate_io_jwt_cache_bytes{kept="tokens"}"#;

/// The benchmark's tokens: what was signed, and with what it is verified.
fn token(algorithm: &str) -> Value {
    let tokens: Value =
        serde_json::from_str(include_str!("../../bench/engine/tokens.json")).unwrap();
    tokens[algorithm].clone()
}

/// A policy that allows who has the token; its clock is the request's.
fn policy(constraints: &Value) -> String {
    let mut constraints = constraints.clone();
    constraints.as_object_mut().unwrap().remove("time");
    format!(
        "package envoy.authz
default allow := false
asked := input.parsed_query
allow if {{
	now := to_number(asked.now[0]) * 1000000000
	constraints := object.union({constraints}, {{\"time\": now}})
	io.jwt.decode_verify(asked.token[0], constraints)[0]
}}
"
    )
}

async fn sidecar(policy: String, io_jwt: Value) -> Sidecar {
    let cache = json!({"named": {"io_jwt": io_jwt}});
    Sidecar::start(SidecarSpec {
        policy,
        config: json!({"caching": {"inter_query_builtin_value_cache": cache}}),
        args: vec!["--watch".to_owned()],
    })
    .await
}

async fn allows(client: &mut Client, token: &Value, now: u64) -> bool {
    let token = token["token"].as_str().unwrap();
    let path = format!("/?now={now}&token={token}");
    code(&client.post(head(), request(&path)).await) == 0
}

#[tokio::test]
async fn a_token_is_verified_once_and_its_times_each_time() {
    let token = token("RS256");
    let sidecar = sidecar(policy(&token["constraints"]), json!({})).await;
    let mut client = client(&sidecar).await;

    for (now, holds) in [(THEN, true), (THEN, true), (LATE, false), (THEN, true)] {
        assert_eq!(allows(&mut client, &token, now).await, holds, "at {now}");
    }

    let count = async |name: &str| metric(&sidecar, name).await;
    assert_eq!((count(MISSES).await, count(HITS).await), (1, 3));
    assert_eq!(count(ENTRIES).await, 1);
    assert!((200..2000).contains(&count(BYTES).await));
    let keys = |name: &str| name.replace("tokens", "keys");
    assert_eq!(count(&keys(MISSES)).await, 1);
    assert_eq!(count(&keys(HITS)).await, 3);
}

#[tokio::test]
async fn a_new_policy_finds_what_the_old_one_verified_and_only_with_its_key() {
    let token = token("HS256");
    let before = policy(&token["constraints"]);
    let other = policy(&json!({"secret": "another", "aud": "web"}));
    let sidecar = sidecar(before.clone(), json!({})).await;
    let mut client = client(&sidecar).await;
    assert!(allows(&mut client, &token, THEN).await);
    let file = sidecar.folder.path().join("policy.rego");

    std::fs::write(&file, other).unwrap();
    until("the policy with another secret denies", async || {
        (!allows(&mut client, &token, THEN).await).then_some(())
    })
    .await;
    let hits = metric(&sidecar, HITS).await;
    std::fs::write(&file, before).unwrap();
    until("the first policy allows again", async || {
        allows(&mut client, &token, THEN).await.then_some(())
    })
    .await;

    // What the other policy refused it looked for in vain; the first one's token is still there.
    assert!(metric(&sidecar, HITS).await > hits);
    assert_eq!(metric(&sidecar, ENTRIES).await, 1);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let token = token("HS256");
    let sidecar = sidecar(policy(&token["constraints"]), json!({"disabled": true})).await;
    let mut client = client(&sidecar).await;

    for (now, holds) in [(THEN, true), (THEN, true), (LATE, false)] {
        assert_eq!(allows(&mut client, &token, now).await, holds, "at {now}");
    }

    for name in [HITS, MISSES, ENTRIES, BYTES] {
        assert_eq!(metric(&sidecar, name).await, 0, "{name}");
    }
}
