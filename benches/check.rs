//! What the stages of a Check cost, one by one. `cargo bench --bench check`; the whole, with its
//! transport and beside its peers, is measured by `make bench`.
//!
//! To compare a change: run it on the commit before, keep the output, run it again; only medians of
//! the same sitting on the same machine say anything.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot begin has nothing to measure"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use divan::Bencher;
use regate::authz::input::InputBuilder;
use regate::authz::response::{Context, Responder};
use regate::authz::verdict::Verdict;
use regate::authz::wire;
use regate::data::{Object, read, write};
use regate::decision::{ApiVersion, DecisionId};
use regate::engine::{Budget, Demand, Engine, Entrypoint, Module, Policy, RegoVersion, Source};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// The `CheckRequest` of `make bench`, without its frame.
fn request() -> Vec<u8> {
    let framed = file("bench/check_request.bin");
    framed.get(5..).unwrap_or_default().to_vec()
}

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rbac() -> Policy {
    let source = String::from_utf8(file("policies/rbac/policy.rego")).expect("text");
    let policy = Policy::compile(Source {
        modules: vec![Module {
            name: "policy.rego".to_owned(),
            source: source.into(),
            version: RegoVersion::V1,
        }],
        data: read::json_value(&file("policies/rbac/data.json")).expect("JSON"),
        entrypoints: vec![Entrypoint::Path("envoy/authz/allow".to_owned())],
        engine: Engine::default(),
        runtime: Object::default(),
        max_errors: 1,
    });
    policy.expect("a policy")
}

#[divan::bench]
fn scan(bencher: Bencher<'_, '_>) {
    let message = request();
    bencher.bench_local(|| wire::scan(ApiVersion::V3, black_box(&message)).is_ok());
}

#[divan::bench]
fn parse_path_query_body(bencher: Bencher<'_, '_>) {
    let (message, builder) = (request(), InputBuilder::default());
    let request = wire::scan(ApiVersion::V3, &message).expect("a request");
    bencher.bench_local(|| builder.parse(black_box(&request)).is_ok());
}

#[divan::bench(args = ["whole", "rbac"])]
fn input(bencher: Bencher<'_, '_>, demand: &str) {
    let (message, builder, policy) = (request(), InputBuilder::default(), rbac());
    let request = wire::scan(ApiVersion::V3, &message).expect("a request");
    let demand = match demand {
        "whole" => &Demand::All,
        _ => policy.demand(0),
    };
    bencher.bench_local(|| {
        let parsed = builder.parse(&request).expect("a path");
        builder.value(parsed, black_box(demand)).is_ok()
    });
}

#[divan::bench]
fn evaluate_rbac(bencher: Bencher<'_, '_>) {
    let (message, builder, policy) = (request(), InputBuilder::default(), rbac());
    let request = wire::scan(ApiVersion::V3, &message).expect("a request");
    let parsed = builder.parse(&request).expect("a path");
    let input = builder.value(parsed, policy.demand(0)).expect("an input");
    let mut evaluator = policy.evaluator();
    bencher.bench_local(|| {
        let budget = Budget {
            deadline: Instant::now() + Duration::from_secs(1),
            steps: None,
        };
        evaluator.eval(0, black_box(&input), budget)
    });
}

#[divan::bench(args = ["true", r#"{"allowed": true, "headers": {"x-user": "ann"}}"#])]
fn answer(bencher: Bencher<'_, '_>, decision: &str) {
    let value = read::json_value(decision.as_bytes()).expect("JSON");
    let (responder, id) = (Responder::default(), DecisionId::random().expect("an id"));
    let context = Context {
        version: ApiVersion::V3,
        id: &id,
        request_header: &|_| None,
    };
    bencher.bench_local(|| {
        let verdict = Verdict::read(black_box(&value)).expect("a verdict");
        responder.verdict(&verdict, context).is_ok()
    });
}

#[divan::bench]
fn decision_id(bencher: Bencher<'_, '_>) {
    bencher.bench_local(DecisionId::random);
}

#[divan::bench]
fn logged_input(bencher: Bencher<'_, '_>) {
    let (message, builder) = (request(), InputBuilder::default());
    bencher.bench_local(|| {
        let request = wire::scan(ApiVersion::V3, black_box(&message)).expect("a request");
        let parsed = builder.parse(&request).expect("a path");
        let mut out = Vec::with_capacity(2048);
        write::doc(&mut out, &builder.doc(parsed).expect("a document"));
        out
    });
}
