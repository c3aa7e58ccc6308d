//! How much memory values take, roughly: for what is bounded in bytes.

use super::Value;

/// About how many bytes a value takes. How deep it is does not matter.
#[must_use]
pub fn footprint(value: &Value) -> u64 {
    let mut bytes = 0;
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        bytes += 32;
        match value {
            Value::Null | Value::Bool(_) => {}
            // One of many digits is kept as its text.
            Value::Number(number) => bytes += length(&number.to_string()),
            Value::String(text) => bytes += length(text),
            Value::Array(items) => left.extend(items.iter()),
            Value::Set(items) => left.extend(items.iter()),
            Value::Object(members) => {
                for (key, value) in members.iter() {
                    left.extend([key, value]);
                }
            }
        }
    }
    bytes
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
