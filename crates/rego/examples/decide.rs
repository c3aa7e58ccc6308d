//! Decides again and again and says how long one decision takes:
//! `decide POLICY.rego QUERY [INPUT.json [DATA.json]]`.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::time::{Duration, Instant};

use regate_rego::value::{Data, json};
use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, Value, compile_with};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [policy, query, files @ ..] = args.as_slice() else {
        return Err("usage: decide POLICY.rego QUERY [INPUT.json [DATA.json]]".into());
    };
    let read = |at: usize| -> Result<Option<Value>, Box<dyn std::error::Error>> {
        let Some(path) = files.get(at) else {
            return Ok(None);
        };
        Ok(Some(json::parse(std::fs::read(path)?)?))
    };
    let (input, data) = (read(0)?, read(1)?);
    let text = std::fs::read_to_string(policy)?;
    let source = Source {
        name: policy,
        text: &text,
        version: regate_rego::syntax::ast::RegoVersion::V1,
    };
    let start = Instant::now();
    let data = data.map_or_else(Data::default, Data::new);
    let compiled =
        compile_with(&[source], CompileOptions::default(), data).map_err(|e| first(&e))?;
    let prepared = compiled.prepare(query).map_err(|e| first(&e))?;
    println!("compiled in {:?}", start.elapsed());

    let mut evaluator = Evaluator::new();
    let mut options = EvalOptions::default();
    let mut rounds = 0_u32;
    let start = Instant::now();
    let mut answer = None;
    while start.elapsed() < Duration::from_secs(1) {
        for _ in 0..16 {
            answer = prepared.value(
                &mut evaluator,
                compiled.policy(),
                input.as_ref(),
                &mut options,
            )?;
        }
        rounds += 16;
    }
    println!("{answer:?}: {:?} a decision", start.elapsed() / rounds);
    Ok(())
}

fn first(errors: &[regate_rego::source::Diagnostic]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}
