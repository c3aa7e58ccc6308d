//! One part of a multipart body: what its headers say, and its content by them.

use std::borrow::Cow;

use crate::authz::body::media::Media;
use crate::authz::url::{Text, hex_pair};
use crate::data::{Doc, json, quote};

use super::{MultipartError, find};

/// What a part's headers say.
#[derive(Default)]
pub(super) struct Headers<'a> {
    disposition: Option<&'a [u8]>,
    content_type: Option<&'a [u8]>,
    transfer_encoding: Option<&'a [u8]>,
    /// Header values of folded lines, which stand nowhere in the body as they are.
    folded: Vec<(Name, Vec<u8>)>,
}

/// The headers that matter.
#[derive(Clone, Copy, PartialEq)]
enum Name {
    Disposition,
    ContentType,
    TransferEncoding,
    Other,
}

// === impl Headers ===

impl<'a> Headers<'a> {
    /// Adds a header line; of several with one name the first counts.
    pub(super) fn add(&mut self, line: Cow<'a, [u8]>) -> Result<(), MultipartError> {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Err(MultipartError::NoColon(quote::quote(&line)));
        };
        let (name, value) = line.split_at(colon);
        let good_name = name.iter().all(|byte| is_name_byte(*byte) || *byte == b' ');
        let good_value = value
            .iter()
            .all(|byte| *byte == b'\t' || !byte.is_ascii_control());
        if !good_name || !good_value {
            return Err(MultipartError::Header(quote::quote(&line)));
        }
        let name = Name::of(name);
        if name == Name::Other || self.get(name).is_some() {
            return Ok(());
        }
        match line {
            Cow::Borrowed(line) => {
                let value = line.get(colon + 1..).map(<[u8]>::trim_ascii_start);
                match name {
                    Name::Disposition => self.disposition = value,
                    Name::ContentType => self.content_type = value,
                    Name::TransferEncoding => self.transfer_encoding = value,
                    Name::Other => {}
                }
            }
            Cow::Owned(line) => {
                let value = line.get(colon + 1..).unwrap_or_default().trim_ascii_start();
                self.folded.push((name, value.to_vec()));
            }
        }
        Ok(())
    }

    fn get(&self, name: Name) -> Option<&[u8]> {
        let plain = match name {
            Name::Disposition => self.disposition,
            Name::ContentType => self.content_type,
            Name::TransferEncoding => self.transfer_encoding,
            Name::Other => None,
        };
        plain.or_else(|| {
            let folded = self.folded.iter().find(|(known, _)| *known == name);
            folded.map(|(_, value)| value.as_slice())
        })
    }

    /// The field's name; nothing if the part is no field of a form.
    pub(super) fn form_name(&self) -> Option<Cow<'static, str>> {
        let media = Media::parse(self.get(Name::Disposition)?).ok()?;
        let name = media.parameter("name").filter(|name| !name.is_empty())?;
        (media.kind == "form-data").then(|| Text::from(Cow::<[u8]>::Owned(name)).into_name())
    }

    /// The field's value: a document if the part is JSON, else text.
    pub(super) fn value(&self, content: &'a [u8]) -> Result<Doc<'a>, MultipartError> {
        let content = match self.get(Name::TransferEncoding) {
            Some(encoding) if encoding.eq_ignore_ascii_case(b"quoted-printable") => {
                Cow::Owned(quoted_printable(content)?)
            }
            _ => Cow::Borrowed(content),
        };
        let is_json = |kind: &[u8]| find(kind, b"application/json").is_some();
        if !self.get(Name::ContentType).is_some_and(is_json) {
            let mut text = Text::from(content);
            text.replace_octets();
            return Ok(text.into());
        }
        Ok(match content {
            Cow::Borrowed(content) => json::parse_body(content)?,
            Cow::Owned(content) => json::parse_body_owned(&content)?,
        })
    }
}

// === impl Name ===

impl Name {
    fn of(name: &[u8]) -> Self {
        match name {
            _ if name.eq_ignore_ascii_case(b"content-disposition") => Name::Disposition,
            _ if name.eq_ignore_ascii_case(b"content-type") => Name::ContentType,
            _ if name.eq_ignore_ascii_case(b"content-transfer-encoding") => Name::TransferEncoding,
            _ => Name::Other,
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn quoted_printable(content: &[u8]) -> Result<Vec<u8>, MultipartError> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (whole, tail) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        let line = whole.trim_ascii_end();
        let stripped = whole.split_at(line.len()).1;
        if let Some(soft) = line.strip_suffix(b"=") {
            quoted_printable_line(soft, &mut out)?;
            let at_end = stripped.is_empty() && !soft.is_empty() && tail.is_empty();
            if !(stripped.starts_with(b"\n") || stripped.starts_with(b"\r\n") || at_end) {
                return Err(MultipartError::QuotedPrintable);
            }
        } else {
            quoted_printable_line(line, &mut out)?;
            if whole.ends_with(b"\n") {
                let line_end: &[u8] = if whole.ends_with(b"\r\n") {
                    b"\r\n"
                } else {
                    b"\n"
                };
                out.extend_from_slice(line_end);
            }
        }
        rest = tail;
    }
    Ok(out)
}

fn quoted_printable_line(mut line: &[u8], out: &mut Vec<u8>) -> Result<(), MultipartError> {
    while let [byte, rest @ ..] = line {
        line = rest;
        match byte {
            b'=' => match (hex_pair(rest), rest) {
                (Some((byte, rest)), _) => {
                    out.push(byte);
                    line = rest;
                }
                // A lone `=` inside a line is common enough to be taken as it stands.
                (None, [next, ..]) if *next != b'\r' => out.push(b'='),
                _ => return Err(MultipartError::QuotedPrintable),
            },
            b'\t' | b' '..=b'~' | 0x80.. => out.push(*byte),
            _ => return Err(MultipartError::QuotedPrintable),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_strict() {
        for (text, want) in [
            ("a=\n", Some("a")),
            ("a=", Some("a")),
            ("=", None),
            ("a= x", Some("a= x")),
            ("tail \t\r\n", Some("tail\r\n")),
            ("\u{1}", None),
        ] {
            let got = quoted_printable(text.as_bytes()).ok();
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{text:?}");
        }
    }
}
