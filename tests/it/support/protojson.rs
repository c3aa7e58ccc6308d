//! proto JSON of a `CheckRequest`, as the conformance cases have it, to the message's bytes. It is
//! driven by the same tables as the scan, and understands what the cases use, not all of proto JSON.

use data_encoding::BASE64;
use jiff::civil::DateTime;
use regate::authz::wire;
use regate::authz::wire::schema::{self, Field, Kind, Label, Message, Shape};
use regate::decision::ApiVersion;
use serde_json::Value;

/// The bytes of a `CheckRequest`.
pub(crate) fn encode_check_request(version: ApiVersion, request: &Value) -> Vec<u8> {
    message(wire::root(version), request)
}

fn message(table: &'static Message, json: &Value) -> Vec<u8> {
    match table.shape {
        Shape::Timestamp => timestamp(json.as_str().expect("a timestamp is a string")),
        Shape::Struct => structure(table, json),
        Shape::Value => value(table, json),
        Shape::ListValue => list(table, json),
        Shape::Any => any(json),
        Shape::Plain => plain(table, json),
    }
}

fn plain(table: &'static Message, json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, json) in json.as_object().expect("a message is an object") {
        let field = table
            .fields
            .iter()
            .flatten()
            .find(|field| field.proto == key || camel(field.proto) == *key)
            .unwrap_or_else(|| panic!("no field `{key}`"));
        match field.label {
            Label::Singular => single(&mut out, field, json),
            Label::Repeated => {
                json.as_array()
                    .expect("a list")
                    .iter()
                    .for_each(|i| single(&mut out, field, i));
            }
            Label::Map => {
                for (key, json) in json.as_object().expect("a map") {
                    entry(&mut out, field, key, json);
                }
            }
        }
    }
    out
}

fn entry(out: &mut Vec<u8>, field: &Field, key: &str, json: &Value) {
    let mut inner = Vec::new();
    bytes(&mut inner, 1, key.as_bytes());
    match field.kind {
        Kind::Message(table) => bytes(&mut inner, 2, &message(table, json)),
        _ => bytes(&mut inner, 2, json.as_str().expect("a string").as_bytes()),
    }
    bytes(out, field.number, &inner);
}

fn single(out: &mut Vec<u8>, field: &Field, json: &Value) {
    match field.kind {
        Kind::String => bytes(
            out,
            field.number,
            json.as_str().expect("a string").as_bytes(),
        ),
        Kind::Bytes => {
            let text = json.as_str().expect("base64");
            bytes(
                out,
                field.number,
                &BASE64.decode(text.as_bytes()).expect("base64"),
            );
        }
        Kind::Message(table) => bytes(out, field.number, &message(table, json)),
        Kind::Bool => varint_field(out, field.number, json.as_bool().expect("a bool")),
        Kind::Double => double(out, field.number, json.as_f64().expect("a number")),
        Kind::Enum(names) => {
            let name = json.as_str().expect("a name");
            let index = names.iter().position(|n| *n == name).expect("a known name");
            varint_field(out, field.number, index as u64);
        }
        Kind::Int32 | Kind::Int64 | Kind::Uint32 => {
            let text = json
                .as_str()
                .map_or_else(|| json.to_string(), ToOwned::to_owned);
            let number: i64 = text.parse().expect("an integer");
            varint_field(out, field.number, number.cast_unsigned());
        }
    }
}

fn structure(table: &'static Message, json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let fields = table.field(1).expect("Struct.fields");
    for (key, json) in json.as_object().expect("a struct") {
        entry(&mut out, fields, key, json);
    }
    out
}

fn list(table: &'static Message, json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let values = table.field(1).expect("ListValue.values");
    json.as_array()
        .expect("a list")
        .iter()
        .for_each(|json| single(&mut out, values, json));
    out
}

fn value(table: &'static Message, json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let number = match json {
        Value::Null => {
            varint_field(&mut out, 1, false);
            return out;
        }
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Bool(_) => 4,
        Value::Object(_) => 5,
        Value::Array(_) => 6,
    };
    single(&mut out, table.field(number).expect("Value.kind"), json);
    out
}

fn timestamp(text: &str) -> Vec<u8> {
    let at: DateTime = text.trim_end_matches('Z').parse().expect("RFC 3339 in UTC");
    let nanos = at.duration_since(DateTime::new(1970, 1, 1, 0, 0, 0, 0).expect("the epoch"));
    // Nanoseconds count forward from the second before.
    let seconds = nanos.as_nanos().div_euclid(1_000_000_000);
    let nanos = nanos.as_nanos().rem_euclid(1_000_000_000);
    let mut out = Vec::new();
    for (number, part) in [(1, seconds), (2, nanos)] {
        if part != 0 {
            varint_field(
                &mut out,
                number,
                i64::try_from(part).expect("fits").cast_unsigned(),
            );
        }
    }
    out
}

/// The types that the cases have in an `Any`.
fn any(json: &Value) -> Vec<u8> {
    let url = json["@type"].as_str().expect("a type");
    let inner = &json["value"];
    let mut body = Vec::new();
    match url.rsplit('/').next().expect("a name") {
        "google.protobuf.Struct" => body = message(&schema::STRUCT, inner),
        "google.protobuf.BoolValue" => varint_field(&mut body, 1, inner == &Value::Bool(true)),
        "google.protobuf.StringValue" => match inner.as_str() {
            Some("") | None => {}
            Some(text) => bytes(&mut body, 1, text.as_bytes()),
        },
        "google.protobuf.Duration" => {
            let text = inner
                .as_str()
                .and_then(|text| text.strip_suffix('s'))
                .expect("seconds");
            let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
            varint_field(&mut body, 1, seconds.parse::<u64>().expect("seconds"));
            varint_field(
                &mut body,
                2,
                format!("{fraction:0<9}").parse::<u64>().expect("nanos"),
            );
        }
        "envoy.config.core.v3.Address" => {
            let mut fields = json.clone();
            fields.as_object_mut().expect("an object").remove("@type");
            body = message(&schema::ADDRESS_V3, &fields);
        }
        other => panic!("no encoder for an Any of `{other}`"),
    }
    let mut out = Vec::new();
    bytes(&mut out, 1, url.as_bytes());
    if !body.is_empty() {
        bytes(&mut out, 2, &body);
    }
    out
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    out
}

fn bytes(out: &mut Vec<u8>, number: u8, value: &[u8]) {
    varint(out, u64::from(number) << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn double(out: &mut Vec<u8>, number: u8, value: f64) {
    varint(out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn varint_field(out: &mut Vec<u8>, number: u8, value: impl Into<u64>) {
    varint(out, u64::from(number) << 3);
    varint(out, value.into());
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
