//! What a plain YAML 1.1 scalar means. Pure functions of its text.

use regate_rego::value::{Number, yaml};

/// A scalar's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    /// An infinity or what is no number, which JSON cannot show.
    Infinite,
    String(String),
}

/// The value of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        _ if yaml::is_infinite(text) => return Scalar::Infinite,
        _ => {}
    }
    boolean(text)
        .or_else(|| yaml::number(text).map(Scalar::Number))
        .unwrap_or_else(|| Scalar::String(text.to_owned()))
}

/// The value of a scalar with a core tag such as `!!int`; `None` when it is not of that type.
pub(super) fn resolve_as(tag: &str, text: &str) -> Option<Scalar> {
    match (tag, resolve(text)) {
        ("null", Scalar::Null) => Some(Scalar::Null),
        ("bool", Scalar::Bool(value)) => Some(Scalar::Bool(value)),
        ("int", Scalar::Number(value)) if value.is_integer() => Some(Scalar::Number(value)),
        ("float", value @ (Scalar::Number(_) | Scalar::Infinite)) => Some(value),
        ("null" | "bool" | "int" | "float", _) => None,
        ("binary", _) => {
            let text: String = text.split_ascii_whitespace().collect();
            let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
            Some(Scalar::String(String::from_utf8_lossy(&bytes).into_owned()))
        }
        _ => Some(Scalar::String(text.to_owned())),
    }
}

fn boolean(text: &str) -> Option<Scalar> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Scalar::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        _ => None,
    }
}
