//! What non-deterministic built-ins gave in an evaluation, for those who must see afterwards why it went as it did.
//!
//! Calls that are replaced by `with`, or that gave nothing, are not among them.

use std::collections::BTreeMap;

use crate::builtins::{Budget, Error};
use crate::value::{Object, Value, write_json};

/// What an entry costs beside its values, in bytes.
const ENTRY: u64 = 128;

/// Results by the built-ins' names and arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<&'static str, BTreeMap<Value, Value>>);

// === impl Calls ===

impl Calls {
    /// As OPA's decision log shows them: by name, and by the JSON text of the arguments.
    #[must_use]
    pub fn into_value(self) -> Value {
        let calls = self.0.into_iter();
        let calls = calls.map(|(name, results)| {
            let results = results.into_iter();
            let results: Object = results.map(|(args, it)| (json(&args), it)).collect();
            (Value::from(name), Value::Object(results))
        });
        Value::Object(calls.collect())
    }

    pub(super) fn keep(
        &mut self,
        name: &'static str,
        args: &[&Value],
        result: &Value,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        budget.build(ENTRY)?;
        let args: Vec<Value> = args.iter().map(|arg| (*arg).clone()).collect();
        let results = self.0.entry(name).or_default();
        results.insert(Value::from(args), result.clone());
        Ok(())
    }
}

/// A key of an object in JSON is a text.
fn json(args: &Value) -> Value {
    let mut text = String::new();
    // Keys that nest absurdly in keys end the text early; the entry stays.
    let _ = write_json(args, &mut text);
    Value::from(text)
}
