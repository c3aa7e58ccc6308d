//! What single shapes cost: `cargo bench -p regate-rego --bench engine`. Beside the peer, and on the large workloads,
//! `make bench-engine` measures.
//!
//! To compare a change: run it on the commit before, keep the output, run it again; only fastest times of the same
//! sitting on the same machine say anything. The allocations are exact.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot begin has nothing to measure"
)]

use std::hint::black_box;

use divan::{AllocProfiler, Bencher};
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Data, Value, json};
use regate_rego::{
    CompileOptions, Compiled, EvalOptions, Evaluator, PreparedQuery, Source, compile_with,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler<mimalloc::MiMalloc> = AllocProfiler::new(mimalloc::MiMalloc);

/// Shapes of policies: a name, the rules of package `p`, the data. Asked is `data.p.allow`, with [`INPUT`].
const SHAPES: &[(&str, &str, &str)] = &[
    ("constant", "allow := true", "{}"),
    ("compare", r#"allow if input.user == "ann""#, "{}"),
    (
        "four_refs",
        r#"allow if { input.user == "ann"; input.method == "GET"; input.path[0] == "api"; input.age > 17 }"#,
        "{}",
    ),
    (
        "rule_calls",
        "allow if { a; b }\na if input.user\nb if input.method",
        "{}",
    ),
    (
        "function",
        "allow if f(input.user) == \"ann\"\nf(x) := x",
        "{}",
    ),
    (
        "set_member",
        r#"allow if "b" in roles
roles contains r if some r in input.roles"#,
        "{}",
    ),
    (
        "join",
        r"allow if { some r in input.roles; some p in data.grants[r]; p.method == input.method; startswith(input.path[1], p.prefix) }",
        r#"{"grants": {"a": [{"method": "POST", "prefix": "w"}], "b": [{"method": "PUT", "prefix": "v"}, {"method": "GET", "prefix": "v"}]}}"#,
    ),
    (
        "comprehension",
        "allow if count([x | some x in input.numbers; x > 2]) == 3",
        "{}",
    ),
    (
        "every",
        "allow if every x in input.numbers { x < 10 }",
        "{}",
    ),
    (
        "regex",
        r#"allow if regex.match("^a(pi|dmin)$", input.path[0])"#,
        "{}",
    ),
    (
        "glob",
        r#"allow if glob.match("a*", ["/"], input.path[0])"#,
        "{}",
    ),
    (
        "sprintf",
        r#"allow if sprintf("%s:%d", [input.user, input.age]) == "ann:30""#,
        "{}",
    ),
    (
        "with",
        r#"allow if b with input.user as "bob"
b if input.user == "bob""#,
        "{}",
    ),
];

/// The input of all shapes.
const INPUT: &str = r#"{"user": "ann", "method": "GET", "path": ["api", "v1", "orders"], "age": 30,
    "roles": ["a", "b"], "numbers": [1, 2, 3, 4, 5]}"#;

/// A policy that is ready to be asked.
struct Ready {
    compiled: Compiled,
    query: PreparedQuery,
    input: Value,
}

fn main() {
    divan::main();
}

#[divan::bench(args = SHAPES.iter().map(|shape| shape.0))]
fn eval(bencher: Bencher<'_, '_>, shape: &str) {
    let ready = Ready::new(shape);
    let mut evaluator = Evaluator::new();
    assert_eq!(
        ready.ask(&mut evaluator),
        Some(Value::Bool(true)),
        "{shape}"
    );
    bencher.bench_local(|| ready.ask(black_box(&mut evaluator)));
}

#[divan::bench(args = [1_000, 10_000])]
fn load_rules(bencher: Bencher<'_, '_>, rules: usize) {
    let rules = (0..rules).map(|i| {
        format!("allow if {{ input.user == \"u{i}\"; input.path == [\"api\", \"res{i}\"] }}\n")
    });
    let text = format!("package p\n\n{}", rules.collect::<String>());
    bencher.bench_local(|| load(black_box(&text), "{}"));
}

// === impl Ready ===

impl Ready {
    fn new(name: &str) -> Self {
        let shape = SHAPES.iter().find(|shape| shape.0 == name);
        let (_, rules, data) = shape.expect("a shape of that name");
        let compiled = load(&format!("package p\n\n{rules}\n"), data);
        let query = compiled.prepare("data.p.allow").expect("a query");
        let input = json::parse(INPUT).expect("JSON");
        Self {
            compiled,
            query,
            input,
        }
    }

    fn ask(&self, evaluator: &mut Evaluator) -> Option<Value> {
        let policy = self.compiled.policy();
        let mut options = EvalOptions::default();
        self.query
            .value(evaluator, policy, Some(&self.input), &mut options)
            .expect("an answer")
    }
}

// === helpers ===

fn load(text: &str, data: &str) -> Compiled {
    let source = Source {
        name: "p.rego",
        text,
        version: RegoVersion::V1,
    };
    let data = Data::new(json::parse(data).expect("JSON"));
    compile_with(&[source], CompileOptions::default(), data)
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}
