//! Properties of generated programs that need no peer, on fixed seeds.

use regate_oracle::{generate, metamorphic};

#[test]
fn changes_that_mean_nothing_change_no_answer() {
    let mut wrong = Vec::new();
    for seed in 0..300 {
        let program = generate::program(seed, 1 + usize::try_from(seed % 8).unwrap());
        for violation in metamorphic::violations(&program, seed) {
            wrong.push(format!("seed {seed}: {violation}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
