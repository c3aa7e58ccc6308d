//! Requests made up by a generator, to this program and to `opa` with the same files, in the same order: writes too.

use serde_json::{Value, json};

use super::peer::{Server, program};
use crate::support::skip;

const REQUESTS: u64 = 600;

const POLICY: &str = "package p

allow if input.a

x := 1

s contains v if some v in [\"a\", \"b\"]

clash := 1 if input.a == 1

clash := 2 if input.b == 1

f(a) := a

deep := {\"k\": [1, {\"l\": null}]}
";

/// Draws numbers; the same ones for the same seed.
struct Draws(u64);

#[tokio::test]
async fn made_up_requests_are_answered_alike() {
    let Some(opa) = regate_oracle::peer::find() else {
        skip("opa is not installed; `make opa` builds it, REGATE_OPA names it");
        return;
    };
    let suite = json!({
        "files": {"policy.rego": POLICY, "data.json": {"d": {"l": [1, {"m": 2.50}], "t": "x", "o": {}}}},
        "args": ["policy.rego", "data.json"],
    });
    let (theirs, ours) = (
        Server::start(&opa, &suite).await,
        Server::start(&program(), &suite).await,
    );
    let mut wrong = Vec::new();
    for seed in 1..=REQUESTS {
        let request = request(&mut Draws(seed));
        let (want, got) = (shown(&theirs, &request).await, shown(&ours, &request).await);
        if want != got {
            wrong.push(format!(
                "seed {seed}: {request}\n  opa:  {want}\n  ours: {got}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What of an answer must agree: of an error its code, of a page nothing, of anything else all.
async fn shown(server: &Server, request: &Value) -> Value {
    let answer = server.ask(request).await;
    let header = |name: &str| {
        let value = answer.headers.get(name);
        value.map(|it| it.to_str().expect("text").to_owned())
    };
    let kind = header("content-type");
    // OPA's forgets to encode it.
    let location = header("location").map(|it| it.replace("%20", " ").replace("%2F", "/"));
    let mut body: Value = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer.body)));
    // The tree of a policy is the one that was written here, and the compiled one there.
    if let Some(result) = body.get_mut("result").and_then(Value::as_object_mut) {
        result.remove("ast");
    }
    if kind.as_ref().is_some_and(|kind| kind.contains("html")) {
        body = Value::Null;
    }
    if let Some(code) = body.get("code") {
        body = code.clone();
    }
    json!([
        answer.status,
        kind,
        location,
        header("content-encoding"),
        body
    ])
}

fn request(draws: &mut Draws) -> Value {
    // Neighbouring seeds begin alike.
    draws.below(2);
    let method = draws.one(&[
        "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS",
    ]);
    let (path, body) = match draws.below(10) {
        0..=5 => (
            format!("/v1/data{}", place(draws)),
            data_body(draws, method),
        ),
        6 => (
            format!("/v0/data{}", place(draws)),
            document(draws, 2).to_string(),
        ),
        7 => (format!("/v1/policies/m{}", draws.below(3)), module(draws)),
        8 => {
            let query = draws.one(&[
                "x = 1",
                "data.p.x = x",
                "data.d.l[_] = x",
                "input.a = x",
                "x = data.d",
                "true",
                "1 / 0",
            ]);
            (
                format!("/v1/query?q={}", query.replace(' ', "%20")),
                json!({"query": query, "input": document(draws, 2)}).to_string(),
            )
        }
        _ => (
            draws
                .one(&[
                    "/",
                    "/v1",
                    "/health",
                    "/v1/nothing",
                    "/v1//data",
                    "/v1/query/",
                    "/v1/status",
                ])
                .to_owned(),
            document(draws, 2).to_string(),
        ),
    };
    let joint = if path.contains('?') { '&' } else { '?' };
    let params = draws.one(&[
        "",
        "",
        "",
        "pretty",
        "pretty=true",
        "pretty=false",
        "strict-builtin-errors",
        "x=%zz&y",
        "explain=nothing",
    ]);
    let path = if params.is_empty() {
        path
    } else {
        format!("{path}{joint}{params}")
    };
    let mut request = json!({"ask": format!("{method} {path}"), "body": body, "headers": {}});
    if draws.below(8) == 0 {
        request["headers"]["if-none-match"] = json!(draws.one(&["*", "\"x\""]));
    }
    if draws.below(8) == 0 {
        request["headers"]["accept-encoding"] = json!("gzip");
    }
    // Nothing is known to be packed of what is not there.
    request["gzip"] = json!(draws.below(12) == 0);
    request
}

fn data_body(draws: &mut Draws, method: &str) -> String {
    match (method, draws.below(10)) {
        (_, 0) => draws
            .one(&["", "{", "[1,", "nul", "{\"input\": }", "\"", "1 2"])
            .to_owned(),
        ("POST", _) => json!({"input": document(draws, 2)}).to_string(),
        ("PATCH", _) => {
            let steps: Vec<Value> = (0..=draws.below(2))
                .map(|_| {
                    let op = draws.one(&["add", "add", "remove", "replace", "test"]);
                    json!({"op": op, "path": place(draws), "value": document(draws, 1)})
                })
                .collect();
            Value::from(steps).to_string()
        }
        _ => document(draws, 2).to_string(),
    }
}

fn place(draws: &mut Draws) -> String {
    let names = [
        "p", "d", "l", "o", "t", "x", "s", "a", "0", "1", "-", "k", "allow", "clash", "f", "deep",
        "a%20b", "c%2Fd",
    ];
    let names: Vec<&str> = (0..draws.below(4)).map(|_| draws.one(&names)).collect();
    let slash = if draws.below(20) == 0 { "/" } else { "" };
    names
        .iter()
        .fold(String::new(), |path, name| path + "/" + name)
        + slash
}

fn module(draws: &mut Draws) -> String {
    let package = draws.one(&["m.a", "m.b", "d.o", "p.more", "m"]);
    let rule = draws.one(&[
        "y := 1",
        "y := data.m.a.y",
        "z if input.a",
        "y := q",
        "o := 2",
        "y := data.p.f(1)",
        "",
        "y :=",
    ]);
    format!("package {package}\n\n{rule}\n")
}

fn document(draws: &mut Draws, depth: u64) -> Value {
    match draws.below(if depth == 0 { 5 } else { 7 }) {
        0 => json!(1),
        1 => json!("text"),
        2 => json!(null),
        3 => json!(draws.below(2) == 0),
        4 => json!([]),
        5 => (0..draws.below(3))
            .map(|_| document(draws, depth - 1))
            .collect(),
        _ => {
            let names = ["a", "b", "x", "0"];
            let members = (0..draws.below(3))
                .map(|_| (draws.one(&names).to_owned(), document(draws, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

// === impl Draws ===

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(u64::try_from(of.len()).expect("few"));
        of[usize::try_from(at).expect("few")]
    }
}
