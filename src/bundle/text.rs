//! The one place where the text of a bundle's files becomes values.

use crate::data::Value;

/// JSON text as a value.
pub(super) fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// YAML text as a value.
pub(super) fn yaml(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    Value::from_yaml_str(text).map_err(|error| error.to_string())
}
