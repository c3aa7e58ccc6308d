//! A built-in called the way an evaluation calls it: with a budget, and nothing lent of the world.

use std::collections::HashMap;

use regate_rego::Value;
use regate_rego::builtins::{self, Budget, Caches, Context, Error};

/// A call may cost so much; one that costs more ends with an error, which is an answer too.
const STEPS: u64 = 10_000_000;
const MEMORY: u64 = 64 << 20;

/// The time of the query, in January 2027: the kept certificates are valid then.
const NOW_NS: i64 = 1_800_000_000_000_000_000;

/// What `name` answers.
pub(crate) fn call(caches: &Caches, name: &str, args: &[&Value]) -> Result<Value, Error> {
    let mut budget = Budget::default();
    budget.steps = STEPS;
    budget.memory = MEMORY;
    let mut context = Context {
        budget: &mut budget,
        now_ns: NOW_NS,
        seed: 0,
        runtime: &Value::Null,
        caches,
        outside: None,
        memo: &mut HashMap::new(),
    };
    let Some(builtin) = builtins::get(name) else {
        panic!("{name} is missing")
    };
    let answer = builtin.call(&mut context, args);
    if let Err(error) = &answer {
        assert!(!error.to_string().is_empty(), "an error says something");
    }
    answer
}

/// Calls each with the same arguments, for nothing but that they answer.
pub(crate) fn call_all(caches: &Caches, names: &[&str], args: &[&Value]) {
    for name in names {
        drop(call(caches, name, args));
    }
}

/// `name`'s answer to a text, if it has one.
pub(crate) fn text_of(name: &str, text: &str) -> Option<Value> {
    call(&Caches::default(), name, &[&text.into()]).ok()
}

/// `back` reads what `there` writes of a text as that text.
pub(crate) fn returns(there: &str, back: &str, text: &str) {
    let Some(written) = text_of(there, text) else {
        return;
    };
    if let Ok(read) = call(&Caches::default(), back, &[&written]) {
        assert_eq!(read, text.into(), "{back} undoes {there}");
    }
}

/// The texts of an input, parted by zeros; those that it lacks are empty.
pub(crate) fn texts<const N: usize>(data: &[u8]) -> [String; N] {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(N, '\0');
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}
