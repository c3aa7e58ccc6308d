//! What `calls.txt` says of functions: good arguments, and which cannot be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use regate_rego::value::Data;
use regate_rego::{CompileOptions, Compiled, EvalOptions, Evaluator, Value, compile_with};

/// What is known of functions.
#[derive(Debug, Default)]
pub struct Seeds {
    good: BTreeMap<String, Vec<Vec<Value>>>,
    skipped: BTreeSet<String>,
    small: BTreeSet<String>,
}

// === impl Seeds ===

impl Seeds {
    /// Reads the file beside this crate. A line is a function and an array of arguments in Rego; `skip NAME` leaves
    /// one out, `small NAME` keeps numbers small where large ones take OPA forever.
    pub fn read() -> io::Result<Self> {
        let compiled = compile_with(&[], CompileOptions::default(), Data::default());
        let compiled = compiled.map_err(|_| io::Error::other("no modules do not compile"))?;
        let mut seeds = Self::default();
        for line in include_str!("../../calls.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            match name {
                "skip" => drop(seeds.skipped.insert(rest.to_owned())),
                "small" => drop(seeds.small.insert(rest.to_owned())),
                _ => {
                    let wrong = || io::Error::other(format!("calls.txt: {line}"));
                    let args = read(&compiled, rest).ok_or_else(wrong)?;
                    seeds.good.entry(name.to_owned()).or_default().push(args);
                }
            }
        }
        Ok(seeds)
    }

    /// Arguments that a function takes well.
    #[must_use]
    pub fn good(&self, name: &str) -> &[Vec<Value>] {
        self.good.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a function's answers cannot be compared.
    #[must_use]
    pub fn is_skipped(&self, name: &str) -> bool {
        self.skipped.contains(name) || name.starts_with("internal.")
    }

    /// Whether a function gets small numbers only.
    #[must_use]
    pub fn is_small(&self, name: &str) -> bool {
        self.small.contains(name)
    }
}

fn read(compiled: &Compiled, array: &str) -> Option<Vec<Value>> {
    let query = compiled.prepare(array).ok()?;
    let (mut evaluator, mut options) = (Evaluator::new(), EvalOptions::default());
    let value = query.value(&mut evaluator, compiled.policy(), None, &mut options);
    match value.ok()?? {
        Value::Array(args) => Some(args.iter().cloned().collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use regate_rego::builtins;

    use super::Seeds;

    #[test]
    fn every_line_is_of_a_known_function_and_has_as_many_arguments() {
        let seeds = Seeds::read().expect("a file that can be read");
        for (name, lists) in &seeds.good {
            // What is not there yet may stand there already.
            let Some(builtin) = builtins::get(name) else {
                continue;
            };
            let declared = (builtin.declaration)().args.len();
            for args in lists {
                assert_eq!(args.len(), declared, "{name}{args:?}");
            }
        }
    }
}
