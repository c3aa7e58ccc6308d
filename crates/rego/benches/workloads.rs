//! One workload in a process of its own, for `make bench-engine`: loads what it is told to, asks, and prints one line
//! of JSON. The process is what its caller measures memory by.
//!
//! ```text
//! workloads eval QUERY MODULE... [--data FILE] [--input FILE]... [--cold]
//! workloads load QUERY MODULE... [--data FILE]
//! workloads check MODULE...
//! ```
//!
//! Not a comparison: `bench/engine/run.py` runs this beside the peer on the same files.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot begin has nothing to measure, and prints what it has measured"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regate_rego::builtins::{Budget, TokenCache, TokenLimits};
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::value::{Data, Value, json};
use regate_rego::{
    CompileOptions, Compiled, EvalOptions, Evaluator, PreparedQuery, Source, compile_with,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long one batch of evaluations runs.
const BATCH: Duration = Duration::from_millis(20);

/// So many batches; the fastest counts, since nothing but other work on the machine makes one slower.
const BATCHES: usize = 15;

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    mode: String,
    query: String,
    modules: Vec<String>,
    data: Option<String>,
    inputs: Vec<String>,
    /// Whether each token is verified anew.
    cold: bool,
}

fn main() {
    let Some(asked) = Asked::read(std::env::args().skip(1)) else {
        return println!("nothing is asked: see bench/engine/run.py");
    };
    let begin = Instant::now();
    let files: Vec<(String, String)> = asked.modules.iter().map(|name| file(name)).collect();
    let modules: Vec<Source<'_>> = files.iter().map(source).collect();
    let data = asked.data.as_deref().map(document);
    let data = data.map(Data::new).unwrap_or_default();
    let options = CompileOptions {
        prints: true,
        ..CompileOptions::default()
    };
    let compiled = match compile_with(&modules, options, data) {
        Ok(compiled) => compiled,
        Err(errors) => return refused(begin, errors.first().map(ToString::to_string).as_deref()),
    };
    if asked.mode == "check" {
        return println!("{{\"load_ns\": {}}}", begin.elapsed().as_nanos());
    }
    if asked.cold {
        let limits = TokenLimits {
            tokens: 0,
            ..TokenLimits::default()
        };
        let tokens = Arc::new(TokenCache::new(limits));
        compiled.policy().caches().share_tokens(tokens);
    }
    compiled.policy().compile_constants();
    let query = compiled.prepare(&asked.query).expect("a query");
    let load = begin.elapsed().as_nanos();
    let answers: Vec<String> = asked
        .inputs
        .iter()
        .map(|name| measure(&compiled, &query, name))
        .collect();
    println!(
        "{{\"load_ns\": {load}, \"answers\": [{}]}}",
        answers.join(", ")
    );
}

// === impl Asked ===

impl Asked {
    fn read(args: impl Iterator<Item = String>) -> Option<Self> {
        let mut asked = Self::default();
        // `cargo bench` says that this is one; `cargo test` runs it without arguments.
        let mut args = args.filter(|arg| arg != "--bench");
        asked.mode = args.next()?;
        if asked.mode != "check" {
            asked.query = args.next().expect("a query");
        }
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--data" => asked.data = args.next(),
                "--cold" => asked.cold = true,
                "--input" => asked.inputs.extend(args.next()),
                _ => asked.modules.push(arg),
            }
        }
        Some(asked)
    }
}

// === helpers ===

fn refused(begin: Instant, error: Option<&str>) {
    let text = error.unwrap_or_default();
    let first = text.lines().next().unwrap_or_default().replace('"', "'");
    let spent = begin.elapsed().as_nanos();
    println!("{{\"load_ns\": {spent}, \"refused\": \"{first}\"}}");
}

/// Time and answer for one input.
fn measure(compiled: &Compiled, query: &PreparedQuery, name: &str) -> String {
    let input = document(name);
    let mut evaluator = Evaluator::new();
    let answer = ask(&mut evaluator, compiled, query, &input);
    let answer = answer.map_or_else(|| "null".to_owned(), |answer| answer.to_string());
    let mut batch = |times: u32| {
        let begin = Instant::now();
        for _ in 0..times {
            black_box(ask(&mut evaluator, compiled, query, black_box(&input)));
        }
        begin.elapsed()
    };
    let mut times = 1;
    while batch(times) < BATCH {
        times = times.saturating_mul(2);
    }
    let fastest = (0..BATCHES).map(|_| batch(times)).min().unwrap_or_default();
    let ns = fastest.as_secs_f64() * 1e9 / f64::from(times);
    format!("{{\"ns\": {ns:.1}, \"answer\": {answer}}}")
}

/// As a host asks on each request: limits set, everything else as it is.
fn ask(
    evaluator: &mut Evaluator,
    compiled: &Compiled,
    query: &PreparedQuery,
    input: &Value,
) -> Option<Value> {
    let mut budget = Budget::default();
    budget.steps = 1 << 40;
    budget.memory = 256 << 20;
    let mut options = EvalOptions {
        budget,
        now_ns: 1,
        seed: 1,
        ..EvalOptions::default()
    };
    query
        .value(evaluator, compiled.policy(), Some(input), &mut options)
        .expect("an answer")
}

fn file(name: &str) -> (String, String) {
    let text = std::fs::read_to_string(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    (name.to_owned(), text)
}

fn source((name, text): &(String, String)) -> Source<'_> {
    Source {
        name,
        text,
        version: RegoVersion::default(),
    }
}

fn document(name: &str) -> Value {
    let (_, text) = file(name);
    json::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
