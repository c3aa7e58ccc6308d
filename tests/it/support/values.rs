//! Values of the engine from JSON and back, and what an evaluation is given.

use std::time::{Duration, Instant};

use regate::data::{Value, read, write};
use regate::engine::{Budget, Engine};

/// The engines that decide by themselves.
pub(crate) const ENGINES: [Engine; 2] = [Engine::Native, Engine::Regorus];

/// The value of a JSON text.
pub(crate) fn parse(text: &str) -> Value {
    read::json_value(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The value of a document of the tests' own reader.
pub(crate) fn value(json: &serde_json::Value) -> Value {
    parse(&json.to_string())
}

/// A value's JSON text.
pub(crate) fn text(value: &Value) -> String {
    let mut text = Vec::new();
    write::value(&mut text, value);
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// A value as a document of the tests' own reader.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    serde_json::from_str(&text(value)).expect("what is written can be read")
}

/// So much time, and any number of steps.
pub(crate) fn within(time: Duration) -> Budget {
    Budget {
        deadline: Instant::now() + time,
        steps: None,
    }
}
