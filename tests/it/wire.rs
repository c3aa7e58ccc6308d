//! Recorded requests: what is read of them and how their attributes are shown, as a document and
//! as the engine's value, against what opa-envoy-plugin logged.

use regate::authz::{InputEncoding, attributes, wire};
use regate::data::write;
use regate::engine::Demand;
use serde_json::Value;

use crate::support::recorded::{self, Recorded};

#[test]
fn recorded_requests_are_shown_as_recorded() {
    let Some(requests) = recorded::requests() else {
        return;
    };
    let mut compared = 0;
    let mut failed = Vec::new();
    for recorded in &requests {
        match check(recorded) {
            Ok(count) => compared += count,
            Err(why) => failed.push(format!("{}: {why}", recorded.name)),
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        requests.len(),
        failed.join("\n")
    );
    assert!(compared > 1_500, "only {compared} inputs were compared");
}

/// How many inputs were compared, or what differs.
fn check(recorded: &Recorded) -> Result<usize, String> {
    let message = recorded.want["grpc"]["message"]
        .as_str()
        .unwrap_or_default();
    let refused = message.strip_prefix("grpc: error unmarshalling request: ");
    let request = match (wire::scan(recorded.version, &recorded.message), refused) {
        (Ok(request), None) => request,
        (Err(error), Some(text)) if error.to_string() == text => return Ok(0),
        (result, _) => return Err(format!("{:?}, recorded {message}", result.map(drop))),
    };
    let input = &recorded.want["input"];
    // A mask policy changes the logged input afterwards.
    let masked = ["erased", "masked"]
        .iter()
        .any(|key| !recorded.want["log"][key].is_null());
    if input.is_null() || masked {
        return Ok(0);
    }
    let encoding = InputEncoding::Protomap;
    let doc = attributes::doc(&request, encoding).map_err(|e| e.to_string())?;
    let doc = doc.map(|doc| {
        let mut out = Vec::new();
        write::doc(&mut out, &doc);
        out
    });
    compare("document", doc.as_deref(), &input["attributes"])?;
    let value = attributes::value(&request, encoding, &Demand::All).map_err(|e| e.to_string())?;
    let value = value.map(|value| {
        let mut out = Vec::new();
        write::value(&mut out, &value);
        out
    });
    compare("value", value.as_deref(), &input["attributes"])?;
    if input["source_principal"].as_str().unwrap_or_default() != request.source_principal() {
        return Err(format!("principal {}", request.source_principal()));
    }
    Ok(1)
}

fn compare(what: &str, got: Option<&[u8]>, want: &Value) -> Result<(), String> {
    let got: Value = match got {
        Some(text) => serde_json::from_slice(text).map_err(|e| e.to_string())?,
        None => Value::Null,
    };
    if same(&got, want) {
        Ok(())
    } else {
        Err(format!("{what}\n  got  {got}\n  want {want}"))
    }
}

/// Whether two documents are the same, numbers by value.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.to_string(), other.to_string());
            let integers = (one.parse::<i128>(), other.parse::<i128>());
            if let (Ok(one), Ok(other)) = integers {
                return one == other;
            }
            one.parse::<f64>().ok() == other.parse::<f64>().ok()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(k, v)| other.get(k).is_some_and(|other| same(v, other)))
        }
        _ => one == other,
    }
}
