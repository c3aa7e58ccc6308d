//! What was seen of a request, in the form of the recorded cases: what differs from run to run is
//! replaced or dropped, then split into the facets that are counted.

use std::collections::BTreeMap;

use regate::data::json;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::corpus;

/// What is compared of a request, by the facet's name.
pub(crate) type Facets = BTreeMap<&'static str, Value>;

/// Built-ins whose results differ from run to run.
const UNSTABLE: [&str; 4] = ["time.now_ns", "uuid.rfc4122", "rand.intn", "opa.runtime"];

/// What was seen of a request, as a case's `want` has it.
pub(crate) fn observed(
    status: &tonic::Status,
    response: Option<Value>,
    event: Option<Value>,
    prints: &[String],
) -> Value {
    let mut seen = json!({"grpc": {"code": code(status)}, "response": response.map(response_of)});
    if !status.message().is_empty() {
        seen["grpc"]["message"] = json!(stable(status.message()));
    }
    seen["log"] = event.map_or(Value::Null, |event| {
        let (event, input) = event_of(event);
        if let Some(input) = input {
            seen["input"] = input;
        }
        event
    });
    if !prints.is_empty() {
        seen["prints"] = json!(prints);
    }
    seen
}

/// The facets of what was seen or recorded. `text` has the wording of errors; the others see only
/// that there is one.
pub(crate) fn facets(mut seen: Value) -> Facets {
    let mut text = Map::new();
    if let Some(message) = remove(&mut seen["grpc"], "message") {
        text.insert("grpc".to_owned(), message);
    }
    if let Some(status) = remove(&mut seen["response"]["status"], "message") {
        text.insert("status".to_owned(), status);
        if let Some(body) = seen.pointer_mut("/response/denied_response/body") {
            text.insert("body".to_owned(), body.take());
            *body = json!("<text>");
        }
    }
    if let Some(error) = seen.pointer_mut("/log/error").filter(|e| !e.is_null()) {
        text.insert("error".to_owned(), error.clone());
        *error = match error.get("code") {
            Some(code) => json!({"code": code}),
            None => json!("<error>"),
        };
    }
    let prints = remove(&mut seen, "prints").unwrap_or_else(|| json!([]));
    let mut facets = Facets::from([
        (
            "response",
            json!({"grpc": seen["grpc"], "response": seen["response"]}),
        ),
        ("log", json!({"log": seen["log"], "prints": prints})),
    ]);
    facets.extend(remove(&mut seen, "input").map(|input| ("input", input)));
    if !text.is_empty() {
        facets.insert("text", Value::Object(text));
    }
    facets
}

/// Tells whether two documents are equal, numbers by value.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    let (left, right) = (left.to_string(), right.to_string());
    let read = |text| json::parse(text).expect("JSON");
    left == right || corpus::equal(&read(left.as_bytes()), &read(right.as_bytes()))
}

/// The decision id of an answer.
pub(crate) fn decision_id(response: Option<&Value>) -> Option<&str> {
    response?.pointer("/dynamic_metadata/decision_id")?.as_str()
}

fn code(status: &tonic::Status) -> String {
    let mut name = String::new();
    for letter in format!("{:?}", status.code()).chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn response_of(mut response: Value) -> Value {
    if let Some(message) = response.pointer("/status/message").cloned() {
        let steady = stable_error(message.clone());
        if let Some(body) = response.pointer_mut("/denied_response/body")
            && *body == message
        {
            *body = steady.clone();
        }
        response["status"]["message"] = steady;
    }
    if let Some(id) = response.pointer_mut("/dynamic_metadata/decision_id") {
        anonymous(id);
    }
    // To Envoy these are what a header option without them says.
    if let Some(Value::Array(options)) = response.pointer_mut("/ok_response/headers") {
        for option in options.iter_mut().filter_map(Value::as_object_mut) {
            if option.get("append") == Some(&json!(false)) {
                option.remove("append");
            }
            if option.get("append_action") == Some(&json!("OVERWRITE_IF_EXISTS_OR_ADD")) {
                option.remove("append_action");
            }
        }
    }
    for part in ["ok_response", "denied_response"] {
        for field in [
            "headers",
            "response_headers_to_add",
            "query_parameters_to_set",
        ] {
            if let Some(Value::Array(options)) = response.pointer_mut(&format!("/{part}/{field}")) {
                options.sort_by_key(|option| option_key(option).to_owned());
            }
        }
    }
    response
}

fn option_key(option: &Value) -> &str {
    let named = option.get("header").unwrap_or(option);
    named["key"].as_str().unwrap_or_default()
}

/// The event without its input, and that.
fn event_of(mut event: Value) -> (Value, Option<Value>) {
    let input = remove(&mut event, "input");
    for name in ["time", "requested_by", "trace_id", "span_id"] {
        remove(&mut event, name);
    }
    let Value::Object(members) = &mut event else {
        return (event, input);
    };
    for (name, value) in members {
        match name.as_str() {
            "decision_id" => anonymous(value),
            "timestamp" => *value = json!("<time>"),
            "metrics" => *value = json!("<metrics>"),
            "error" => *value = stable_error(value.take()),
            "labels" => {
                for name in ["id", "version"] {
                    if let Some(label) = value.get_mut(name) {
                        *label = json!(format!("<{name}>"));
                    }
                }
            }
            "rule_labels" => {
                if let Value::Array(labels) = value {
                    labels.sort_by_key(Value::to_string);
                }
            }
            "nd_builtin_cache" => steady_cache(value),
            _ => {}
        }
    }
    (event, input)
}

fn steady_cache(cache: &mut Value) {
    for name in UNSTABLE {
        if let Some(Value::Object(calls)) = cache.get_mut(name) {
            for result in calls.values_mut() {
                *result = json!(format!("<{name}>"));
            }
        }
    }
}

fn anonymous(id: &mut Value) {
    let text = id.as_str().unwrap_or_default();
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    if lengths == [8, 4, 4, 4, 12] {
        *id = json!("<uuid>");
    }
}

/// Which of two conflicting rules is blamed differs from run to run.
fn stable_error(error: Value) -> Value {
    match error {
        Value::String(text) => json!(stable(&text)),
        Value::Object(mut members) => {
            if let Some(location) = members.get_mut("location") {
                *location = json!({"file": location["file"]});
            }
            Value::Object(members)
        }
        other => other,
    }
}

fn stable(text: &str) -> String {
    let line = Regex::new(r"(\.rego):\d+(: eval_)").expect("a pattern");
    line.replace(text, "$1$2").replace('\u{a0}', " ")
}

fn remove(value: &mut Value, name: &str) -> Option<Value> {
    value.as_object_mut()?.remove(name)
}
