//! What REST requests do beyond their answers: records, metrics, questions to the outside, changes that stay.

use serde_json::{Value, json};

use super::peer::{Server, program};
use crate::support::bundles::BundleServer;
use crate::support::client::get;
use crate::support::process::until;
use crate::support::skip;
use crate::support::upstream::Upstream;

const POLICY: &str = "package p

x := 1

clash := 1 if input.c

clash := 2 if input.c
";

/// Requests, and what the decision log has of each: the same of both programs.
fn logged() -> Vec<(Value, Value)> {
    let conflict = "policy.rego:7: eval_conflict_error: rule data.p.clash produced conflicting values:\n  1 at policy.rego:5\n  2 at policy.rego:7";
    vec![
        (
            json!({"ask": "POST /v1/data/p/x", "body": {"input": {"u": 1}}}),
            json!({"path": "p/x", "input": {"u": 1}, "result": 1}),
        ),
        (
            json!({"ask": "POST /v1/data/p/x", "body": {"u": 1}}),
            json!({"path": "p/x", "result": 1}),
        ),
        (
            json!({"ask": "GET /v1/data/p/nope"}),
            json!({"path": "p/nope"}),
        ),
        (
            json!({"ask": "POST /v0/data/p/nope", "body": {"u": 1}}),
            json!({"path": "p/nope", "input": {"u": 1}, "error": "undefined_document: document missing: data.p.nope"}),
        ),
        (
            json!({"ask": "POST /", "body": {"u": 1}}),
            json!({"path": "p/x", "input": {"u": 1}, "result": 1}),
        ),
        (
            json!({"ask": "GET /v1/query?q=data.p.x%20%3D%20x"}),
            json!({"query": "data.p.x = x", "result": [{"x": 1}]}),
        ),
        (
            json!({"ask": "POST /v1/data/p/clash", "body": {"input": {"c": 1, "secret": 2}}}),
            json!({"path": "p/clash", "input": {"c": 1}, "error": conflict, "erased": ["/input/secret"]}),
        ),
    ]
}

#[tokio::test]
async fn decisions_are_logged() {
    log_of(&program()).await;
}

#[tokio::test]
async fn opa_logs_them_so() {
    match regate_oracle::peer::find() {
        Some(opa) => log_of(&opa).await,
        None => skip("opa is not installed; `make opa` builds it, REGATE_OPA names it"),
    }
}

async fn log_of(program: &std::path::Path) {
    let mask = "package system.log\n\nmask contains \"/input/secret\"\n";
    let server = Server::start(
        program,
        &json!({
            "files": {"policy.rego": POLICY, "mask.rego": mask},
            "args": ["policy.rego", "mask.rego"],
            "config": {"decision_logs": {"console": true}, "default_decision": "p/x"},
        }),
    )
    .await;
    for (request, want) in logged() {
        let answer = server.ask(&request).await;
        let event = event_of(&server, &answer.body, &want).await;
        assert_eq!(event, want, "{request}");
    }
}

/// The event of an answer, or where that has no id the next one that is like `want`.
async fn event_of(server: &Server, body: &[u8], want: &Value) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = body.get("decision_id").cloned();
    let output = server.process.output();
    let found = output.find("the event", |line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let same = id.as_ref().is_none_or(|id| event["decision_id"] == *id);
        let alike = event["path"] == want["path"] && event["query"] == want["query"];
        let whole = event["input"] == want["input"] && event["error"] == want["error"];
        (event["msg"] == "Decision Log" && same && alike && (id.is_some() || whole))
            .then_some(event)
    });
    let event = found.await;
    assert!(
        event["req_id"].is_u64() && event["metrics"].is_object(),
        "{event}"
    );
    let names = ["path", "query", "input", "result", "error", "erased"];
    let members = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), event.get(name)?.clone())));
    Value::Object(members.collect())
}

#[tokio::test]
async fn requests_are_counted_by_what_took_them() {
    let server = Server::start(
        &program(),
        &json!({"files": {"policy.rego": POLICY}, "args": ["policy.rego"]}),
    )
    .await;
    for (ask, body) in [
        ("GET /v1/data/p/x", ""),
        ("POST /v0/data/p/x", "{}"),
        ("GET /v1/query?q=true", ""),
        ("GET /v1/policies", ""),
        ("POST /v1/compile", "{}"),
        ("GET /v1/config", ""),
        ("GET /v1/status", ""),
        ("GET /", ""),
        ("DELETE /v1/query", ""),
        ("GET /health", ""),
        ("GET /v1/nothing", ""),
    ] {
        server.ask(&json!({"ask": ask, "body": body})).await;
    }
    let metrics = server.ask(&json!({"ask": "GET /metrics"})).await;
    let text = String::from_utf8(metrics.body).expect("text");
    let name = "http_request_duration_seconds_count";
    for labels in [
        r#"code="200",handler="v1/data",method="get""#,
        r#"code="200",handler="v0/data",method="post""#,
        r#"code="200",handler="v1/query",method="get""#,
        r#"code="200",handler="v1/policies",method="get""#,
        r#"code="501",handler="v1/compile",method="post""#,
        r#"code="200",handler="v1/config",method="get""#,
        r#"code="500",handler="v1/status",method="get""#,
        r#"code="200",handler="index",method="get""#,
        r#"code="405",handler="catchall",method="delete""#,
        r#"code="200",handler="health",method="get""#,
    ] {
        assert!(
            text.contains(&format!("{name}{{{labels}}} 1")),
            "{labels}: {text}"
        );
    }
    assert!(!text.contains(r#"code="404""#), "{text}");
}

#[tokio::test]
async fn policies_ask_the_world_and_nothing_waits_for_it() {
    let upstream = Upstream::start().await;
    let policy = format!(
        "package p\n\nx := http.send({{\"method\": \"get\", \"url\": \"http://{}/asked\"}}).status_code\n\ny := 1\n",
        upstream.addr
    );
    let suite = json!({"files": {"policy.rego": policy}, "args": ["policy.rego"]});
    let server = Server::start(&program(), &suite).await;
    let (asked, beside) = (
        json!({"ask": "GET /v1/data/p/x"}),
        json!({"ask": "GET /v1/data/p/y"}),
    );
    let (asked, beside) = tokio::join!(server.ask(&asked), server.ask(&beside));
    assert_eq!(String::from_utf8_lossy(&asked.body), "{\"result\":200}\n");
    assert_eq!(String::from_utf8_lossy(&beside.body), "{\"result\":1}\n");
    assert_eq!(upstream.take().len(), 1, "asked once");
}

#[tokio::test]
async fn with_the_other_engine_queries_are_refused_and_authorization_with_them() {
    for (args, status) in [
        (json!(["policy.rego"]), 501),
        (json!(["policy.rego", "--authorization=basic"]), 501),
    ] {
        let files = json!({"policy.rego": "package system.authz\n\nallow := true\n"});
        let suite = json!({"files": files, "args": args, "config": {"engine": "regorus"}});
        let server = Server::start(&program(), &suite).await;
        for ask in ["GET /v1/data/system", "GET /v1/query?q=true"] {
            assert_eq!(
                server.ask(&json!({"ask": ask})).await.status,
                status,
                "{ask}"
            );
        }
    }
}

#[tokio::test]
async fn changes_stay_when_a_bundle_changes() {
    let bundles = BundleServer::start("r0", "package unused\n").await;
    let files = |x: &str| {
        [
            (".manifest", "{\"roots\": [\"b\"], \"revision\": \"r\"}"),
            ("b/data.json", x),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    let publish = |revision: &str, x: &str| {
        let files = files(x);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (&**name, &**text))
            .collect();
        bundles.publish_files(revision, &files);
    };
    publish("r1", "{\"x\": 1}");
    let suite = json!({
        "config": {
            "services": {"s": {"url": format!("http://{}", bundles.addr)}},
            "bundles": {"b": {"service": "s", "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1}}},
        },
    });
    let server = Server::start(&program(), &suite).await;
    let shows = async |path: &str, want: &str| {
        let ask = json!({"ask": format!("GET /v1/data/{path}")});
        until(want, async || {
            let answer = server.ask(&ask).await;
            (String::from_utf8_lossy(&answer.body).trim() == want).then_some(())
        })
        .await;
    };
    shows("b/x", "{\"result\":1}").await;
    let put = |ask: &str, body: &str| json!({"ask": ask, "body": body});
    let written = server.ask(&put("PUT /v1/data/mine", "7")).await.status;
    let module = "package rules\n\nboth := [data.mine, data.b.x]\n";
    let taught = server
        .ask(&put("PUT /v1/policies/rules", module))
        .await
        .status;
    let owned = server.ask(&put("PUT /v1/data/b/x", "3")).await.status;
    assert_eq!((written, taught, owned), (204, 200, 400));
    publish("r2", "{\"x\": 2}");
    shows("rules/both", "{\"result\":[7,2]}").await;
}

#[tokio::test]
async fn the_diagnostic_address_has_health_and_metrics_alone() {
    let suite = json!({
        "files": {"policy.rego": "package system.health\n\nlive := true\n"},
        "args": ["policy.rego", "--diagnostic-addr=127.0.0.1:0"],
    });
    let server = Server::start(&program(), &suite).await;
    let served = server.process.output().find("where it listens", |line| {
        let event: Value = serde_json::from_str(line).ok()?;
        Some(event["diagnostic-addrs"].as_str()?.to_owned())
    });
    let address = served.await;
    for (path, status) in [
        ("/health", 200),
        ("/health/live", 200),
        ("/metrics", 200),
        ("/", 404),
        ("/v1/data", 404),
        ("/v1/policies", 404),
    ] {
        let answer = get(&format!("http://{address}{path}"))
            .await
            .expect("an answer");
        assert_eq!(answer.status, status, "{path}");
    }
}
