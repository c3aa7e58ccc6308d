//! Media types and their parameters, as `Content-Type` and `Content-Disposition` carry them:
//! tokens, quoted strings, and RFC 2231 values in pieces and percent-encoded.

use crate::authz::url::hex_pair;

/// Why a media type does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// There is no type.
    #[error("mime: no media type")]
    NoType,
    /// Something else than a subtype follows the type.
    #[error("mime: expected slash after first token")]
    NoSlash,
    /// The subtype is missing.
    #[error("mime: expected token after slash")]
    NoSubtype,
    /// Something follows the subtype.
    #[error("mime: unexpected content after media subtype")]
    AfterSubtype,
    /// A parameter is not `name=value`.
    #[error("mime: invalid media parameter")]
    Parameter,
    /// A parameter is given twice with different values.
    #[error("mime: duplicate parameter name")]
    Duplicate,
}

/// A media type with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// The type in lower case, such as `form-data`.
    pub(super) kind: String,
    /// Names in lower case, as they stand (`name*`), and their values.
    parameters: Vec<(String, Vec<u8>)>,
}

// === impl Media ===

impl Media {
    /// Parses a header's value.
    pub(super) fn parse(value: &[u8]) -> Result<Self, MediaError> {
        let end = value
            .iter()
            .position(|byte| *byte == b';')
            .unwrap_or(value.len());
        let (kind, mut rest) = value.split_at(end);
        let kind = kind.trim_ascii().to_ascii_lowercase();
        check_kind(&kind)?;
        let mut parameters: Vec<(String, Vec<u8>)> = Vec::new();
        loop {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                break;
            }
            let Some((name, value, tail)) = parameter(rest) else {
                // One semicolon at the end is forgiven.
                if rest.trim_ascii() == b";" {
                    break;
                }
                return Err(MediaError::Parameter);
            };
            match parameters.iter().find(|(known, _)| *known == name) {
                Some((_, known)) if *known != value => return Err(MediaError::Duplicate),
                Some(_) => {}
                None => parameters.push((name, value)),
            }
            rest = tail;
        }
        Ok(Self {
            kind: String::from_utf8_lossy(&kind).into_owned(),
            parameters,
        })
    }

    /// The value of a parameter; one in RFC 2231 form wins over the plain one.
    pub(super) fn parameter(&self, name: &str) -> Option<Vec<u8>> {
        if let Some(value) = self.raw(&format!("{name}*")) {
            return decode(value).or_else(|| self.raw(name).map(<[u8]>::to_vec));
        }
        self.joined(name)
            .or_else(|| self.raw(name).map(<[u8]>::to_vec))
    }

    /// The pieces `name*0`, `name*1*`, … as one value.
    fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut index = 0;
        loop {
            if let Some(value) = self.raw(&format!("{name}*{index}")) {
                out.extend_from_slice(value);
            } else if let Some(value) = self.raw(&format!("{name}*{index}*")) {
                let piece = if index == 0 {
                    decode(value)
                } else {
                    unescape(value)
                };
                out.extend(piece.unwrap_or_default());
            } else {
                return (index > 0).then_some(out);
            }
            index += 1;
        }
    }

    fn raw(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }
}

fn check_kind(kind: &[u8]) -> Result<(), MediaError> {
    match token(kind) {
        ([], _) => Err(MediaError::NoType),
        (_, []) => Ok(()),
        (_, [b'/', subtype @ ..]) => match token(subtype) {
            ([], _) => Err(MediaError::NoSubtype),
            (_, []) => Ok(()),
            _ => Err(MediaError::AfterSubtype),
        },
        _ => Err(MediaError::NoSlash),
    }
}

/// Reads `; name = value`; gives name, value and what follows.
fn parameter(text: &[u8]) -> Option<(String, Vec<u8>, &[u8])> {
    let rest = text
        .trim_ascii_start()
        .strip_prefix(b";")?
        .trim_ascii_start();
    let (name, rest) = token(rest);
    if name.is_empty() {
        return None;
    }
    let rest = rest
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let (value, rest) = if let Some(quoted) = rest.strip_prefix(b"\"") {
        quoted_string(quoted)?
    } else {
        let (value, rest) = token(rest);
        if value.is_empty() {
            return None;
        }
        (value.to_vec(), rest)
    };
    Some((
        String::from_utf8_lossy(name).to_ascii_lowercase(),
        value,
        rest,
    ))
}

// A backslash escapes only what needs it: browsers once sent `filename="C:\dir\file"` unescaped.
fn quoted_string(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    loop {
        text = match text {
            [] | [b'\r' | b'\n', ..] => return None,
            [b'"', rest @ ..] => return Some((out, rest)),
            [b'\\', byte, rest @ ..] if is_special(*byte) => {
                out.push(*byte);
                rest
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_graphic() || is_special(*byte));
    text.split_at(end.unwrap_or(text.len()))
}

fn is_special(byte: u8) -> bool {
    b"()<>@,;:\\\"/[]?=".contains(&byte)
}

/// Decodes `charset'language'percent-encoded`.
fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    let charset = pieces.next()?.to_ascii_lowercase();
    let text = pieces.nth(1)?;
    matches!(charset.as_slice(), b"utf-8" | b"us-ascii").then(|| unescape(text))?
}

fn unescape(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    while let [byte, rest @ ..] = text {
        text = rest;
        if *byte == b'%' {
            let (byte, rest) = hex_pair(rest)?;
            out.push(byte);
            text = rest;
        } else {
            out.push(*byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read() {
        for (value, name, want) in [
            ("form-data; name=a", "name", Some("a")),
            ("form-data;NAME = \"a b\" ;", "name", Some("a b")),
            (r#"form-data; name="a\"b\c""#, "name", Some(r#"a"b\c"#)),
            ("form-data; name=\"\"", "name", Some("")),
            ("form-data; name=a; name=a", "name", Some("a")),
            ("form-data; name*=UTF-8''%C3%BC; name=u", "name", Some("ü")),
            ("form-data; name*=latin1''%FC; name=u", "name", Some("u")),
            (
                "form-data; name*0=a; name*1*=%62; name*2=c",
                "name",
                Some("abc"),
            ),
            (
                "form-data; name*0*=utf-8'en'%C3%BC; name*1=x",
                "name",
                Some("üx"),
            ),
            ("form-data; name*1=a", "name", None),
            ("form-data", "name", None),
        ] {
            let got = Media::parse(value.as_bytes()).unwrap().parameter(name);
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{value}");
        }
        assert_eq!(
            Media::parse(b" Multipart/Form-Data ").unwrap().kind,
            "multipart/form-data"
        );
    }

    #[test]
    fn errors_are_told_apart() {
        for (value, want) in [
            ("", MediaError::NoType),
            ("a b", MediaError::NoSlash),
            ("a/", MediaError::NoSubtype),
            ("a/b, c/d", MediaError::AfterSubtype),
            ("a/b; x=", MediaError::Parameter),
            ("a/b; x=\"y", MediaError::Parameter),
            ("a/b; =", MediaError::Parameter),
            ("a/b; x=y z", MediaError::Parameter),
            ("a/b; x=1; x=2", MediaError::Duplicate),
        ] {
            assert_eq!(Media::parse(value.as_bytes()), Err(want), "{value}");
        }
    }
}
