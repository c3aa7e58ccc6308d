//! Delta bundles: when they are asked for, what they change, and what is asked for when they do not
//! fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use regate::bundle::persist::Store;
use regate::bundle::{Bundle, Key, Signing, Verification};
use regate::data::write;
use serde_json::json;

use super::server::{Answer, Server};
use super::{Fetcher, service, source};
use crate::support::archive::bundle;
use crate::support::signature::signatures;

const SNAPSHOT_ONLY: &str = "modes=snapshot";
const ANY: &str = "modes=snapshot,delta";

fn whole(revision: &str, data: &str) -> Vec<u8> {
    let manifest = json!({"revision": revision, "roots": ["a"]}).to_string();
    let files = [
        (".manifest", manifest.as_bytes()),
        ("a/data.json", data.as_bytes()),
        ("a/p.rego", b"package a.p\n\nz := 1\n"),
    ];
    bundle(&files)
}

fn delta(revision: &str, operations: &serde_json::Value) -> Vec<u8> {
    let manifest = json!({"revision": revision, "roots": ["a"]}).to_string();
    let patch = json!({"data": operations}).to_string();
    bundle(&[
        (".manifest", manifest.as_bytes()),
        ("patch.json", patch.as_bytes()),
    ])
}

fn upsert(path: &str, value: u32) -> serde_json::Value {
    json!([{"op": "upsert", "path": path, "value": value}])
}

/// Its revision and data.
fn told(bundle: &Bundle) -> (&str, String) {
    let mut text = Vec::new();
    write::value(&mut text, &bundle.data);
    (&bundle.revision, String::from_utf8(text).unwrap())
}

/// What each request preferred, and compared with.
fn asked(server: &Server) -> Vec<(String, Option<String>)> {
    let requests = server.requests();
    let text = |text: Option<&str>| text.map(str::to_owned);
    let asked = requests.iter().map(|it| {
        let prefer = text(it.header("prefer")).unwrap();
        (prefer, text(it.header("if-none-match")))
    });
    asked.collect()
}

fn expected(asked: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    let asked = asked.iter();
    let asked = asked.map(|(prefer, etag)| ((*prefer).to_owned(), etag.map(str::to_owned)));
    asked.collect()
}

#[tokio::test]
async fn deltas_change_what_is_in_force_one_after_the_other() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&whole("r1", r#"{"x":1,"y":[1]}"#), "e1"));
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    fetcher.ready(Ok(())).await;
    server.answer(Answer::bundle(&delta("r2", &upsert("/a/x", 2)), "e2"));
    fetcher.ask();
    let second = fetcher.ready(Ok(())).await;
    assert_eq!(told(&second), ("r2", r#"{"a":{"x":2,"y":[1]}}"#.to_owned()));
    assert_eq!(second.modules.len(), 1, "the policy is still there");
    server.answer(Answer::bundle(&delta("r3", &upsert("/a/y/-", 3)), "e3"));
    fetcher.ask();
    let third = fetcher.ready(Ok(())).await;
    assert_eq!(
        told(&third),
        ("r3", r#"{"a":{"x":2,"y":[1,3]}}"#.to_owned())
    );
    server.answer(Answer::status(304));
    fetcher.ask();
    fetcher.unchanged().await;
    let requests = [
        (ANY, None),
        (ANY, Some("e1")),
        (ANY, Some("e2")),
        (ANY, Some("e3")),
    ];
    assert_eq!(asked(&server), expected(&requests));
}

#[tokio::test]
async fn a_delta_that_does_not_fit_leads_to_a_snapshot() {
    let server = Server::start().await;
    // Nothing is in force that it could change.
    server.answer(Answer::bundle(&delta("r0", &upsert("/a/x", 0)), "e0"));
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    let (message, _) = fetcher.failed().await;
    assert!(message.contains("no bundle in force"), "{message}");
    server.answer(Answer::bundle(&whole("r1", r#"{"x":1}"#), "e1"));
    fetcher.ask();
    fetcher.ready_at_last(Ok(())).await;
    let before = server.requests().len();
    let bad = json!([{"op": "replace", "path": "/a/n", "value": 1}]);
    server.answer(Answer::bundle(&delta("r2", &bad), "e2"));
    fetcher.ask();
    fetcher
        .failed_with("`replace` at `a/n` names what is not there")
        .await;
    server.answer(Answer::bundle(&whole("r3", r#"{"x":3}"#), "e3"));
    fetcher.ask();
    let third = fetcher.ready_at_last(Ok(())).await;
    assert_eq!(told(&third), ("r3", r#"{"a":{"x":3}}"#.to_owned()));
    let asked = asked(&server);
    assert_eq!(asked[0], (ANY.to_owned(), None));
    assert_eq!(
        asked[1],
        (SNAPSHOT_ONLY.to_owned(), None),
        "after the first failure"
    );
    assert_eq!(asked[before], (ANY.to_owned(), Some("e1".to_owned())));
    assert_eq!(asked[before + 1], (SNAPSHOT_ONLY.to_owned(), None));
}

#[tokio::test]
async fn a_delta_that_is_not_activated_leads_to_a_snapshot() {
    let server = Server::start().await;
    server.answer(Answer::bundle(&whole("r1", r#"{"x":1}"#), "e1"));
    let mut fetcher = Fetcher::start(source(&service(&server.url(""))));
    fetcher.ready(Ok(())).await;
    server.answer(Answer::bundle(&delta("r2", &upsert("/a/p/z", 2)), "e2"));
    fetcher.ask();
    fetcher.ready(Err("conflicts with a rule".to_owned())).await;
    server.answer(Answer::bundle(&whole("r3", "{}"), "e3"));
    fetcher.ask();
    assert_eq!(told(&fetcher.ready_at_last(Ok(())).await).0, "r3");
    let last = asked(&server).pop().unwrap();
    assert_eq!(last, (SNAPSHOT_ONLY.to_owned(), None));
}

#[tokio::test]
async fn what_is_kept_is_what_was_in_force_deltas_included() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), "authz").unwrap();
    let server = Server::start().await;
    server.answer(Answer::bundle(&whole("r1", r#"{"x":1}"#), "e1"));
    let persisted = || {
        let mut source = source(&service(&server.url("")));
        source.store = Some(store.clone());
        source
    };
    let mut fetcher = Fetcher::start(persisted());
    fetcher.ready(Ok(())).await;
    for number in [2, 3] {
        let revision = format!("r{number}");
        let path = format!("/a/n{number}");
        server.answer(Answer::bundle(
            &delta(&revision, &upsert(&path, number)),
            &revision,
        ));
        fetcher.ask();
        fetcher.ready(Ok(())).await;
    }
    server.answer(Answer::status(503));
    fetcher.ask();
    fetcher.failed().await;
    let requests = [
        (SNAPSHOT_ONLY, None),
        (ANY, Some("e1")),
        (ANY, Some("r2")),
        (ANY, Some("r3")),
    ];
    assert_eq!(asked(&server)[..4], expected(&requests));

    let mut restarted = Fetcher::start(persisted());
    let kept = restarted.ready(Ok(())).await;
    assert_eq!(
        told(&kept),
        ("r3", r#"{"a":{"n2":2,"n3":3,"x":1}}"#.to_owned())
    );
    server.answer(Answer::bundle(&whole("r4", "{}"), "e4"));
    restarted.ask();
    restarted.ready_at_last(Ok(())).await;
    restarted.ask();
    restarted.ready_at_last(Ok(())).await;
    let kept = store.read(1 << 20).unwrap().unwrap();
    assert_eq!((kept.snapshot, kept.deltas.len()), (whole("r4", "{}"), 0));
}

#[tokio::test]
async fn a_delta_is_signed_as_bundles_are() {
    let key = Key {
        text: "secret".to_owned(),
        algorithm: "HS256".to_owned(),
        scope: String::new(),
    };
    let verification = Verification {
        keys: Arc::new(BTreeMap::from([("k".to_owned(), key)])),
        signing: Some(Signing {
            key_id: "k".to_owned(),
            ..Signing::default()
        }),
        skip: false,
    };
    let signed = |name: &str, bytes: &[u8]| {
        let manifest = br#"{"roots":["a"]}"#;
        let files = [(".manifest", &manifest[..]), (name, bytes)];
        let signatures = signatures(&files, &json!({}), "secret");
        bundle(&[
            files[0],
            files[1],
            (".signatures.json", signatures.as_bytes()),
        ])
    };
    let server = Server::start().await;
    server.answer(Answer::bundle(&signed("a/data.json", br#"{"x":1}"#), "e1"));
    let mut source = source(&service(&server.url("")));
    source.config.verification = verification;
    let mut fetcher = Fetcher::start(source);
    fetcher.ready(Ok(())).await;
    let patch = json!({"data": upsert("/a/x", 2)}).to_string();
    server.answer(Answer::bundle(
        &signed("patch.json", patch.as_bytes()),
        "e2",
    ));
    fetcher.ask();
    let second = fetcher.ready(Ok(())).await;
    assert_eq!(told(&second).1, r#"{"a":{"x":2}}"#);
    server.answer(Answer::bundle(&delta("r3", &upsert("/a/x", 3)), "e3"));
    fetcher.ask();
    fetcher.failed_with("missing its .signatures.json").await;
}
