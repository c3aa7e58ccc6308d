//! `regate-oracle`: runs ours and `opa` on the same programs and reports where they differ.
#![expect(clippy::print_stdout, reason = "it reports to people")]

use regate_oracle::{answer::Outcome, generate, ours, peer, shrink};

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let from = args.next().unwrap_or(0);
    let to = args.next().unwrap_or(10);
    let opa = peer::find().unwrap();
    let mut v1 = peer::Peer::start(&opa, Default::default()).unwrap();
    let mut v0 = peer::Peer::start(&opa, regate_rego::syntax::ast::RegoVersion::V0).unwrap();
    let (mut refused, mut n, mut ok) = (0, 0, 0);
    for seed in from..to {
        let size = 1 + (seed % 8) as usize;
        let program = generate::program(seed, size);
        let mut run = |p: &regate_oracle::program::Program| {
            let text = p.text();
            let peer = match text.version {
                regate_rego::syntax::ast::RegoVersion::V1 => &mut v1,
                _ => &mut v0,
            };
            let theirs = peer.outcome(&text).unwrap();
            let ours = ours::outcome(&text, Default::default());
            let d = Outcome::differences(&theirs, &ours, &text.queries);
            (theirs, d)
        };
        let (theirs, d) = run(&program);
        n += 1;
        match &theirs {
            Outcome::Refused { messages, .. } => {
                refused += 1;
                if std::env::var("SHOW").is_ok() { println!("REFUSED {seed} {messages:?}"); if std::env::var("SHOW").as_deref() == Ok("2") { for m in program.text().modules { println!("{m}"); } } }
            }
            Outcome::Answers(a) => ok += a.len(),
            Outcome::Failed(f) => println!("FAILED {seed} {f}"),
        }
        if let Some(first) = d.first() {
            let kind = first.kind.clone();
            let small = shrink::shrink(&program, |p| run(p).1.iter().any(|d| d.kind == kind));
            let d = run(&small).1;
            println!("=== seed {seed}: {kind}");
            let t = small.text();
            for m in &t.modules { println!("{m}"); }
            println!("data {} input {:?}", t.data, t.input);
            for d in d { println!("  {:?}\n   opa  {}\n   ours {}", d.query, d.opa, d.ours); }
        }
    }
    println!("{n} programs, {refused} refused, {ok} answers");
}
