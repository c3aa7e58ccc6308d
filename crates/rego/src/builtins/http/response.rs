//! A response as policies see it.

use super::Request;
use crate::builtins::{Budget, yaml};
use crate::value::{Object, Value, json};

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status with its words: `200 OK`.
    pub status: String,
    /// The status alone.
    pub code: u16,
    /// The headers in the order they came; names may repeat.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

// === impl Response ===

impl Response {
    /// The answer to `request`: status, headers, the body's text, and its value where it is JSON or YAML.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Value {
        let member = |key: &str, value: Value| (Value::from(key), value);
        let raw = String::from_utf8_lossy(&self.body);
        let members = [
            member("body", self.value(request, &raw).unwrap_or(Value::Null)),
            member("headers", self.headers().into()),
            member("raw_body", (&*raw).into()),
            member("status", self.status.as_str().into()),
            member("status_code", i64::from(self.code).into()),
        ];
        Value::Object(members.into_iter().collect())
    }

    /// The values of a header.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter();
        let named = named.filter(move |(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn value(&self, request: &Request, raw: &str) -> Option<Value> {
        let kind = self.header("content-type").next().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if request.force_json || is_json(&kind) {
            return json::parse(raw).ok();
        }
        if request.force_yaml || matches!(&*kind, "application/yaml" | "application/x-yaml") {
            return yaml::read(raw, &mut Budget::default()).ok();
        }
        None
    }

    fn headers(&self) -> Object {
        let mut names: Vec<String> = self.headers.iter().map(|(n, _)| n.to_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        let values = |name: &String| {
            let values: Vec<Value> = self.header(name).map(Value::from).collect();
            (Value::from(name.as_str()), values.into())
        };
        names.iter().map(values).collect()
    }
}

/// `application/json`, and what is built on it.
fn is_json(kind: &str) -> bool {
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
