//! What `opa.runtime()` gives: what this process is, and what it was told.

use crate::data::{Object, Value};

/// The document of a process with this environment and, where it has one, this configuration, which lets a policy
/// decide on requests to its API or not.
#[must_use]
pub fn runtime(
    environment: Vec<(String, String)>,
    config: Option<Value>,
    authorization_enabled: bool,
) -> Object {
    let environment = environment.into_iter();
    let environment: Object = environment
        .map(|(name, value)| (Value::from(name), Value::from(value)))
        .collect();
    let commit = option_env!("REGATE_BUILD_COMMIT").unwrap_or("");
    let members = [
        (
            "authorization_enabled",
            Some(Value::Bool(authorization_enabled)),
        ),
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
