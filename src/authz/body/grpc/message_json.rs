//! A dynamic message as proto3 JSON: 64-bit integers as text, enums by name, the well-known types
//! in their own forms, unset fields absent.

use data_encoding::BASE64;
use jiff::Timestamp;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage,
    Value,
};

use crate::data::Doc;

use super::GrpcError;
use super::decode::{self, MAX_DEPTH};

/// Fields of an object that is being shown.
type Fields = Vec<(std::borrow::Cow<'static, str>, Doc<'static>)>;

/// Shows a message.
pub(super) fn message(message: &DynamicMessage, depth: usize) -> Result<Doc<'static>, GrpcError> {
    match well_known(message, depth)? {
        Some(doc) => Ok(doc),
        None => Ok(Doc::Object(plain(message, depth)?)),
    }
}

fn plain(message: &DynamicMessage, depth: usize) -> Result<Fields, GrpcError> {
    let mut fields = Vec::new();
    for field in message.descriptor().fields() {
        if message.has_field(&field) || is_minus_zero(message, &field) {
            let doc = show(&message.get_field(&field), &field.kind(), depth)?;
            fields.push((field.json_name().to_owned().into(), doc));
        } else if field.cardinality() == Cardinality::Required {
            return Err(GrpcError::Required(field.full_name().to_owned()));
        }
    }
    Ok(fields)
}

// prost-reflect takes a zero with a sign for unset; on the wire it is there.
fn is_minus_zero(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    if field.is_list() || !matches!(field.kind(), Kind::Float | Kind::Double) {
        return false;
    }
    match message.get_field(field).as_ref() {
        Value::F32(value) => *value == 0.0 && value.is_sign_negative(),
        Value::F64(value) => *value == 0.0 && value.is_sign_negative(),
        _ => false,
    }
}

fn show(value: &Value, kind: &Kind, depth: usize) -> Result<Doc<'static>, GrpcError> {
    Ok(match value {
        Value::Bool(value) => Doc::Bool(*value),
        Value::I32(value) => Doc::Number(value.to_string().into()),
        Value::U32(value) => Doc::Number(value.to_string().into()),
        Value::I64(value) => Doc::String(value.to_string().into()),
        Value::U64(value) => Doc::String(value.to_string().into()),
        // An f32 is written with its own shortest digits, not with those of the f64 it fits in.
        Value::F32(value) => float(f64::from(*value), value.to_string(), format!("{value:e}")),
        Value::F64(value) => float(*value, value.to_string(), format!("{value:e}")),
        Value::String(value) => Doc::String(value.clone().into()),
        Value::Bytes(value) => Doc::String(BASE64.encode(value).into()),
        Value::EnumNumber(number) => enumerator(*number, kind),
        Value::Message(value) => message(value, depth + 1)?,
        Value::List(values) => {
            let show = |value| show(value, kind, depth);
            Doc::Array(values.iter().map(show).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let Kind::Message(entry) = kind else {
                return Ok(Doc::Null);
            };
            let kind = entry.map_entry_value_field().kind();
            let show = |(key, value)| Ok((map_key(key).into(), show(value, &kind, depth)?));
            Doc::Object(map.iter().map(show).collect::<Result<_, _>>()?)
        }
    })
}

fn map_key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

fn enumerator(number: i32, kind: &Kind) -> Doc<'static> {
    let Kind::Enum(names) = kind else {
        return Doc::Null;
    };
    if names.full_name() == "google.protobuf.NullValue" {
        return Doc::Null;
    }
    match names.get_value(number) {
        Some(value) => Doc::String(value.name().to_owned().into()),
        None => Doc::Number(number.to_string().into()),
    }
}

fn float(value: f64, plain: String, exponent: String) -> Doc<'static> {
    if value.is_nan() {
        return Doc::String("NaN".into());
    }
    if value.is_infinite() {
        return Doc::String(if value > 0.0 { "Infinity" } else { "-Infinity" }.into());
    }
    if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
        return Doc::Number(plain.into());
    }
    // JSON allows `1e21`; the text that policies know is `1e+21`.
    let exponent = match exponent.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        _ => exponent,
    };
    Doc::Number(exponent.into())
}

fn well_known(message: &DynamicMessage, depth: usize) -> Result<Option<Doc<'static>>, GrpcError> {
    let descriptor = message.descriptor();
    let Some(name) = descriptor.full_name().strip_prefix("google.protobuf.") else {
        return Ok(None);
    };
    Ok(Some(match name {
        "Any" => any(message, depth)?,
        "Timestamp" => timestamp(message)?,
        "Duration" => duration(message)?,
        "FieldMask" => field_mask(message)?,
        "Struct" | "ListValue" => match message.fields().next() {
            Some((field, value)) => show(value, &field.kind(), depth)?,
            None if name == "Struct" => Doc::Object(Vec::new()),
            None => Doc::Array(Vec::new()),
        },
        "Value" => value(message, depth)?,
        "BoolValue" | "BytesValue" | "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value"
        | "StringValue" | "UInt32Value" | "UInt64Value" => match descriptor.get_field(1) {
            Some(field) => show(&message.get_field(&field), &field.kind(), depth)?,
            None => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

// Of an `Any` only the well-known types are read, and never those of the operator's descriptor:
// what a peer refuses is not to be let in here.
fn any(any: &DynamicMessage, depth: usize) -> Result<Doc<'static>, GrpcError> {
    let fail = |text: &str| Err(GrpcError::WellKnown("google.protobuf.Any", text.to_owned()));
    let url = text(any, 1);
    let bytes = any
        .get_field_by_number(2)
        .and_then(|bytes| bytes.as_bytes().cloned());
    let bytes = bytes.unwrap_or_default();
    if url.is_empty() {
        if bytes.is_empty() {
            return Ok(Doc::Object(Vec::new()));
        }
        return fail("type_url is not set");
    }
    if depth > MAX_DEPTH {
        return Err(GrpcError::Depth);
    }
    let name = url.rsplit_once('/').map_or(url.as_str(), |(_, name)| name);
    let Some(kind) = DescriptorPool::global().get_message_by_name(name) else {
        return fail("unable to resolve its type");
    };
    let inner = decode::decode(kind, &bytes, depth + 1)?;
    let mut fields: Fields = vec![("@type".into(), Doc::String(url.clone().into()))];
    match well_known(&inner, depth + 1)? {
        Some(doc) => fields.push(("value".into(), doc)),
        None if name == "google.protobuf.Empty" => {
            fields.push(("value".into(), Doc::Object(Vec::new())));
        }
        None => fields.extend(plain(&inner, depth + 1)?),
    }
    Ok(Doc::Object(fields))
}

fn timestamp(message: &DynamicMessage) -> Result<Doc<'static>, GrpcError> {
    let (seconds, nanos) = seconds_and_nanos(message);
    let in_range = (-62_135_596_800..=253_402_300_799).contains(&seconds)
        && (0..1_000_000_000).contains(&nanos);
    let time = in_range
        .then(|| Timestamp::from_second(seconds).ok())
        .flatten()
        .ok_or_else(|| {
            GrpcError::WellKnown("google.protobuf.Timestamp", "out of range".to_owned())
        })?;
    let day = time.strftime("%Y-%m-%dT%H:%M:%S");
    Ok(Doc::String(format!("{day}{}Z", fraction(nanos)).into()))
}

fn duration(message: &DynamicMessage) -> Result<Doc<'static>, GrpcError> {
    let (seconds, nanos) = seconds_and_nanos(message);
    let in_range = seconds.abs() <= 315_576_000_000 && nanos.abs() < 1_000_000_000;
    let one_sign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
    if !in_range || !one_sign {
        let text = "out of range".to_owned();
        return Err(GrpcError::WellKnown("google.protobuf.Duration", text));
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let text = format!("{sign}{}{}s", seconds.abs(), fraction(nanos.abs()));
    Ok(Doc::String(text.into()))
}

fn seconds_and_nanos(message: &DynamicMessage) -> (i64, i64) {
    let seconds = message
        .get_field_by_number(1)
        .and_then(|value| value.as_i64());
    let nanos = message
        .get_field_by_number(2)
        .and_then(|value| value.as_i32());
    (
        seconds.unwrap_or_default(),
        i64::from(nanos.unwrap_or_default()),
    )
}

/// The digits after the seconds: none, three, six or nine.
fn fraction(nanos: i64) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

fn field_mask(message: &DynamicMessage) -> Result<Doc<'static>, GrpcError> {
    let paths = message.get_field_by_number(1);
    let paths = paths
        .as_ref()
        .and_then(|paths| paths.as_list())
        .unwrap_or_default();
    let mut names = Vec::with_capacity(paths.len());
    for path in paths.iter().filter_map(Value::as_str) {
        names.push(camel_case(path).ok_or_else(|| {
            GrpcError::WellKnown(
                "google.protobuf.FieldMask",
                format!("irreversible path {path:?}"),
            )
        })?);
    }
    Ok(Doc::String(names.join(",").into()))
}

/// `snake_case` as `snakeCase`; nothing if there is no way back.
fn camel_case(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(char) = chars.next() {
        match char {
            '_' => out.push(
                chars
                    .next()
                    .filter(char::is_ascii_lowercase)?
                    .to_ascii_uppercase(),
            ),
            'a'..='z' | '0'..='9' | '.' => out.push(char),
            _ => return None,
        }
    }
    (!out.is_empty()).then_some(out)
}

fn value(message: &DynamicMessage, depth: usize) -> Result<Doc<'static>, GrpcError> {
    let fail = |text: &str| {
        Err(GrpcError::WellKnown(
            "google.protobuf.Value",
            text.to_owned(),
        ))
    };
    match message.fields().next() {
        None => fail("none of the oneof fields is set"),
        Some((_, Value::F64(number))) if !number.is_finite() => fail("number is not finite"),
        Some((field, value)) => show(value, &field.kind(), depth),
    }
}

fn text(message: &DynamicMessage, number: u32) -> String {
    let value = message.get_field_by_number(number);
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
