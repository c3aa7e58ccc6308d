//! What `opa.runtime()` gives: what this process is, and what it was told.

use crate::data::{Object, Value};

/// The document of a process with this environment and, where it has one, this configuration.
#[must_use]
pub fn runtime(environment: Vec<(String, String)>, config: Option<Value>) -> Object {
    let environment = environment.into_iter();
    let environment: Object = environment
        .map(|(name, value)| (Value::from(name), Value::from(value)))
        .collect();
    let commit = option_env!("REGATE_BUILD_COMMIT").unwrap_or("");
    let members = [
        ("authorization_enabled", Some(Value::Bool(false))),
        ("commit", Some(Value::from(commit))),
        ("config", config),
        ("env", Some(Value::Object(environment))),
        ("skip_known_schema_check", Some(Value::Bool(false))),
        ("version", Some(Value::from(env!("CARGO_PKG_VERSION")))),
    ];
    let members = members.into_iter();
    let members = members.filter_map(|(name, value)| Some((Value::from(name), value?)));
    members.collect()
}
