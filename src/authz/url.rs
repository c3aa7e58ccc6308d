//! The target of the checked request: `parsed_path` and `parsed_query`.
//!
//! Splitting and unescaping only: no `.` or `..` is resolved and no slash is merged inside a path,
//! since that is Envoy's to do before it asks.

use std::borrow::Cow;

use crate::data::{Doc, Value, octets, quote};

/// More parameters than this in one query or form are refused.
const MAX_PARAMETERS: usize = 10_000;

/// A piece of a path, query or form after unescaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes that are not UTF-8, as `%FF` gives.
    Octets(Vec<u8>),
}

/// Parameters by name, sorted; each with its values in their order.
///
/// Names are always text: their bytes outside UTF-8 are replaced, and names that become equal so
/// share their values.
pub type Parameters<'a> = Vec<(Cow<'a, str>, Vec<Text<'a>>)>;

/// The parsed target of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path's segments; never empty, since the path `/` is one empty segment.
    pub path: Vec<Text<'a>>,
    /// The query's parameters.
    pub query: Parameters<'a>,
}

/// Why a target or a form does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A `%` without two hexadecimal digits; the field shows the place, quoted.
    #[error("invalid URL escape {0}")]
    Escape(String),
    /// A `;` in a query, which some servers take for a separator and some for text.
    #[error("invalid semicolon separator in query")]
    Semicolon,
    /// Too many parameters to look at.
    #[error("number of URL query parameters exceeded limit")]
    TooMany,
}

/// Parses a request's path with its query.
pub fn parse(target: &str) -> Result<Target<'_>, UrlError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Target {
        path: parse_path(path)?,
        query: parse_query(query.as_bytes())?,
    })
}

/// Parses a query, or a form's body.
pub fn parse_query(query: &[u8]) -> Result<Parameters<'_>, UrlError> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    // A semicolon anywhere is the error to report, whatever else is wrong.
    if query.contains(&b';') {
        return Err(UrlError::Semicolon);
    }
    let mut pairs = Vec::new();
    for (index, pair) in query.split(|byte| *byte == b'&').enumerate() {
        if index >= MAX_PARAMETERS {
            return Err(UrlError::TooMany);
        }
        if pair.is_empty() {
            continue;
        }
        let middle = pair
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(pair.len());
        let (name, value) = pair.split_at(middle);
        let name = Text::from(unescape(name, Plus::IsSpace)?).into_name();
        let value = unescape(value.get(1..).unwrap_or_default(), Plus::IsSpace)?;
        pairs.push((name, value.into()));
    }
    Ok(group(pairs))
}

/// Collects the values of equal names, in order; the names come out sorted.
pub(super) fn group<'a, T>(mut pairs: Vec<(Cow<'a, str>, T)>) -> Vec<(Cow<'a, str>, Vec<T>)> {
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let mut groups: Vec<(Cow<'a, str>, Vec<T>)> = Vec::new();
    for (name, value) in pairs {
        match groups.last_mut() {
            Some((last, values)) if *last == name => values.push(value),
            _ => groups.push((name, vec![value])),
        }
    }
    groups
}

/// Shows parameters as the object of arrays that policies see.
pub(super) fn parameters_doc<'a>(parameters: Parameters<'a>) -> Doc<'a> {
    let show = |(name, texts): (_, Vec<Text<'a>>)| {
        (name, Doc::Array(texts.into_iter().map(Doc::from).collect()))
    };
    Doc::Object(parameters.into_iter().map(show).collect())
}

// === impl Target ===

impl<'a> Target<'a> {
    /// `parsed_path` as a document.
    pub fn path_doc(&self) -> Doc<'a> {
        Doc::Array(self.path.iter().cloned().map(Doc::from).collect())
    }

    /// `parsed_query` as a document.
    pub fn query_doc(&self) -> Doc<'a> {
        parameters_doc(self.query.clone())
    }

    /// `parsed_path` as the engine's value.
    pub fn path_value(&self) -> Value {
        self.path.iter().map(Text::value).collect::<Vec<_>>().into()
    }

    /// `parsed_query` as the engine's value.
    pub fn query_value(&self) -> Value {
        let values = |texts: &[Text<'_>]| texts.iter().map(Text::value).collect::<Vec<_>>().into();
        let fields = self.query.iter();
        let map = fields.map(|(name, texts)| (Value::from(name.as_ref()), values(texts)));
        Value::Object(map.collect())
    }
}

// === impl Text ===

impl<'a> Text<'a> {
    /// Puts U+FFFD in the place of each byte that is not UTF-8.
    pub(super) fn replace_octets(&mut self) {
        if let Text::Octets(bytes) = self {
            *self = Text::Text(quote::lossy(bytes).into());
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Text::Text(text) => Some(text),
            Text::Octets(_) => None,
        }
    }

    /// The text as a key, which is always text.
    pub(super) fn into_name(self) -> Cow<'a, str> {
        match self {
            Text::Text(text) => text,
            Text::Octets(bytes) => Cow::Owned(quote::lossy(&bytes)),
        }
    }

    // The engine's strings are text, so there each byte outside UTF-8 has a stand-in.
    fn value(&self) -> Value {
        match self {
            Text::Text(text) => Value::from(text.as_ref()),
            Text::Octets(bytes) => Value::from(octets::to_text(bytes).as_ref()),
        }
    }
}

impl<'a> From<Cow<'a, [u8]>> for Text<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Text::Text(Cow::Borrowed(text)),
                Err(_) => Text::Octets(bytes.to_vec()),
            },
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Text::Text(Cow::Owned(text)),
                Err(error) => Text::Octets(error.into_bytes()),
            },
        }
    }
}

impl<'a> From<Text<'a>> for Doc<'a> {
    fn from(text: Text<'a>) -> Self {
        match text {
            Text::Text(text) => Doc::String(text),
            Text::Octets(bytes) => Doc::Octets(bytes),
        }
    }
}

/// What a `+` means.
#[derive(Clone, Copy, PartialEq)]
enum Plus {
    IsPlus,
    IsSpace,
}

// Unescaping comes before splitting, so that `%2F` separates and `//x` cannot hide a segment.
fn parse_path(path: &str) -> Result<Vec<Text<'_>>, UrlError> {
    Ok(match unescape(path.as_bytes(), Plus::IsPlus)? {
        Cow::Borrowed(_) => {
            let segments = path.trim_start_matches('/').split('/');
            segments
                .map(|segment| Text::Text(Cow::Borrowed(segment)))
                .collect()
        }
        Cow::Owned(bytes) => {
            let start = bytes
                .iter()
                .position(|byte| *byte != b'/')
                .unwrap_or(bytes.len());
            let segments = bytes.split_at(start).1.split(|byte| *byte == b'/');
            segments
                .map(|segment| Cow::<[u8]>::Owned(segment.to_vec()).into())
                .collect()
        }
    })
}

fn unescape(text: &[u8], plus: Plus) -> Result<Cow<'_, [u8]>, UrlError> {
    let special = |byte: &u8| *byte == b'%' || (*byte == b'+' && plus == Plus::IsSpace);
    let Some(first) = text.iter().position(special) else {
        return Ok(Cow::Borrowed(text));
    };
    let (plain, mut rest) = text.split_at(first);
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(plain);
    loop {
        rest = match rest {
            [] => return Ok(Cow::Owned(out)),
            [b'%', tail @ ..] => {
                let Some((byte, tail)) = hex_pair(tail) else {
                    let place = rest.get(..3).unwrap_or(rest);
                    return Err(UrlError::Escape(quote::quote(place)));
                };
                out.push(byte);
                tail
            }
            [b'+', tail @ ..] if plus == Plus::IsSpace => {
                out.push(b' ');
                tail
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                tail
            }
        };
    }
}

/// Reads two hexadecimal digits; gives their byte and what follows.
pub(super) fn hex_pair(text: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, tail @ ..] = text else {
        return None;
    };
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some((digit(*high)? << 4 | digit(*low)?, tail))
}

#[cfg(test)]
mod tests;
