//! `capabilities`: what the engine can do, in the form of OPA's files.

use regate_rego::Value;
use regate_rego::capabilities::Capabilities;

use super::json::Json;
use crate::data::read;

/// The version of OPA whose language this is: the only one that is known.
pub const VERSION: &str = "v1.22.0";

/// What this engine can do.
pub fn current() -> Value {
    Capabilities::current().to_json()
}

/// What a version of OPA can do.
pub fn version(name: &str) -> Result<Value, String> {
    if name.trim_start_matches('v') == VERSION.trim_start_matches('v') {
        return Ok(current());
    }
    Err(format!(
        "no capabilities of version `{name}` are known, and there is no file of that name; \
         expected {VERSION}, or a file that `opa capabilities --version {name}` writes"
    ))
}

/// What a file says, read and written again.
pub fn file(text: &[u8]) -> Result<String, String> {
    let json = read::json_value(text).map_err(|error| error.to_string())?;
    let read = Capabilities::from_json(&json).map_err(|error| error.to_string())?;
    Ok(self::text(&read.to_json()))
}

/// A document as it is printed.
pub fn text(json: &Value) -> String {
    Json::from(json.clone()).to_text()
}
