//! What a plain scalar means to the built-ins: numbers in the forms of YAML 1.1, booleans in those of 1.2.

use crate::value::{Value, yaml};

/// The value of a plain scalar without a tag; `None` for infinities and what is no number, which JSON cannot show.
pub(super) fn resolve(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ if yaml::is_infinite(text) => return None,
        _ => yaml::number(text).map_or_else(|| text.into(), Value::from),
    })
}

/// The value of a scalar with a core tag such as `!!int`; `None` where it is not of that type.
pub(super) fn resolve_as(tag: &str, text: &str) -> Option<Value> {
    match tag {
        "null" => resolve(text).filter(|value| matches!(value, Value::Null)),
        "bool" => resolve(text).filter(|value| matches!(value, Value::Bool(_))),
        "int" | "float" => yaml::number(text).map(Value::from),
        "binary" => {
            let text: String = text.split_ascii_whitespace().collect();
            let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned().into())
        }
        _ => Some(text.into()),
    }
}

/// Whether a string would be read as something else if it stood there without quotes.
pub(super) fn needs_quotes(text: &str) -> bool {
    const OLD_BOOLEANS: &[&str] = &["y", "n", "yes", "no", "on", "off"];
    let lower = text.to_ascii_lowercase();
    OLD_BOOLEANS.contains(&lower.as_str())
        || !matches!(resolve(text), Some(Value::String(_)))
        || is_sexagesimal(text)
        || is_date(text)
}

/// `190:20:30`, which YAML 1.1 reads as a number in base 60.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let digits = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'_' || b == b'.')
    };
    text.contains(':') && parts.all(digits)
}

/// `2001-01-01`, which would be a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, len: usize| {
        part.is_some_and(|part| {
            part.len() >= len && part.bytes().take(len).all(|b| b.is_ascii_digit())
        })
    };
    digits(parts.next().filter(|year| year.len() == 4), 4)
        && digits(parts.next(), 1)
        && digits(parts.next(), 1)
}
