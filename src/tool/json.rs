//! JSON whose members stand in the order of a format, around values of the engine. Only written, never read.

use std::borrow::Cow;
use std::fmt::Write as _;

use regate_rego::Value;
use regate_rego::value::{JsonStyle, write_json_with};

/// A document of a report.
#[derive(Debug, Clone)]
pub enum Json {
    /// A value of the engine.
    Value(Value),
    /// An array.
    Array(Vec<Json>),
    /// An object, whose members stand in this order.
    Object(Vec<(Cow<'static, str>, Json)>),
}

// === impl Json ===

impl Json {
    /// An object without members.
    #[must_use]
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// The same with one more member; of an array or value nothing is changed.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Self>) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((key.into(), value.into()));
        }
        self
    }

    /// The same with one more member, where there is something to say.
    #[must_use]
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Self>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Indented by two spaces, as `opa` writes, with a line's end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    /// On one line, with its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut out = String::new();
        self.write_line(&mut out);
        out.push('\n');
        out
    }

    fn write_line(&self, out: &mut String) {
        match self {
            Self::Value(value) => out.push_str(&compact(value)),
            Self::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    item.write_line(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (at, (key, value)) in members.iter().enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    out.push_str(&compact(&Value::from(&**key)));
                    out.push(':');
                    value.write_line(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    fn write(&self, out: &mut String, level: usize) {
        match self {
            Self::Value(value) => out.push_str(&indented(value, level)),
            Self::Array(items) => {
                let items = items.iter().map(|item| (None, item));
                write_members(out, level, ('[', ']'), items);
            }
            Self::Object(members) => {
                let members = members.iter().map(|(key, value)| (Some(&**key), value));
                write_members(out, level, ('{', '}'), members);
            }
        }
    }
}

impl<T: Into<Value>> From<T> for Json {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl FromIterator<Json> for Json {
    fn from_iter<I: IntoIterator<Item = Json>>(items: I) -> Self {
        Self::Array(items.into_iter().collect())
    }
}

// === helpers ===

/// A value on one line, as `opa` writes it.
pub fn compact(value: &Value) -> String {
    styled(value, JsonStyle::COMPACT)
}

fn indented(value: &Value, level: usize) -> String {
    // Strings have no line ends of their own in JSON.
    styled(value, JsonStyle::PRETTY).replace('\n', &format!("\n{}", pad(level)))
}

fn styled(value: &Value, style: JsonStyle) -> String {
    let mut text = String::new();
    if write_json_with(value, style, &mut text).is_err() {
        // Keys nest too deep in keys: there is no JSON of it.
        "null".clone_into(&mut text);
    }
    text
}

fn write_members<'a>(
    out: &mut String,
    level: usize,
    (open, close): (char, char),
    members: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Json)>,
) {
    out.push(open);
    let count = members.len();
    for (at, (key, value)) in members.enumerate() {
        let _ = write!(
            out,
            "{}\n{}",
            if at == 0 { "" } else { "," },
            pad(level + 1)
        );
        if let Some(key) = key {
            let _ = write!(out, "{}: ", compact(&Value::from(key)));
        }
        value.write(out, level + 1);
    }
    if count > 0 {
        let _ = write!(out, "\n{}", pad(level));
    }
    out.push(close);
}

fn pad(level: usize) -> String {
    "  ".repeat(level)
}
