//! `multipart/form-data`: a strict reader for a body that is whole in memory.
//!
//! A part is found by its boundary at the start of a line, as Go's reader finds it; this decides
//! which bytes the policy takes for a field, so it must not be cleverer than what it replaces.

use std::borrow::Cow;

use crate::authz::url::{self, Text, hex_pair};
use crate::data::json::{self, JsonError};
use crate::data::{Doc, quote};

use super::media::{Media, MediaError};

/// Lines around the parts may not be longer, and a part may not have more header lines.
const MAX_LINE: usize = 4096;
const MAX_HEADERS: usize = 10_000;

/// Why a multipart body does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The content type does not parse.
    #[error(transparent)]
    ContentType(#[from] MediaError),
    /// The boundary is the empty text.
    #[error("multipart: boundary is empty")]
    EmptyBoundary,
    /// The body ends where a boundary should stand.
    #[error("multipart: NextPart: EOF")]
    NoPart,
    /// A line outside the parts is too long.
    #[error("multipart: NextPart: bufio: buffer full")]
    LongLine,
    /// Something else than a boundary follows a part; the field shows it, quoted.
    #[error("multipart: expecting a new Part; got line {0}")]
    AfterPart(String),
    /// The body ends inside a part.
    #[error("unexpected EOF")]
    CutOff,
    /// A header line of a part has no colon.
    #[error("malformed MIME header: missing colon: {0}")]
    NoColon(String),
    /// A header line of a part is malformed in another way.
    #[error("malformed MIME header line: {0}")]
    Header(String),
    /// A part has too many header lines.
    #[error("multipart: message too large")]
    TooManyHeaders,
    /// A quoted-printable part has a byte that must be escaped, or a broken escape.
    #[error("quotedprintable: invalid bytes")]
    QuotedPrintable,
    /// A part says it is JSON and is not.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// Parses a multipart body into an object of arrays; nothing if the type names no boundary.
pub(super) fn parse<'a>(
    content_type: &str,
    body: &'a [u8],
) -> Result<Option<Doc<'a>>, MultipartError> {
    let Some(boundary) = Media::parse(content_type.as_bytes())?.parameter("boundary") else {
        return Ok(None);
    };
    if boundary.is_empty() {
        return Err(MultipartError::EmptyBoundary);
    }
    let mut reader = Reader {
        rest: body,
        delimiter: [b"\r\n--", boundary.as_slice()].concat(),
        line_end: b"\r\n",
        any_part: false,
    };
    let mut fields = Vec::new();
    while reader.seek_part()? {
        // A body that ends within a part's headers has had its last part.
        let Some(headers) = reader.headers()? else {
            break;
        };
        let content = reader.content();
        // A nameless part is passed over; one that is cut off fails at the boundary it lacks.
        let Some(name) = headers.form_name() else {
            continue;
        };
        fields.push((name, headers.value(content.ok_or(MultipartError::CutOff)?)?));
    }
    let fields = url::group(fields).into_iter();
    Ok(Some(Doc::Object(
        fields
            .map(|(name, values)| (name, Doc::Array(values)))
            .collect(),
    )))
}

struct Reader<'a> {
    rest: &'a [u8],
    /// `\r\n--boundary`.
    delimiter: Vec<u8>,
    /// What ends a boundary line; the first of them settles it.
    line_end: &'static [u8],
    any_part: bool,
}

/// What a part's headers say.
#[derive(Default)]
struct Headers<'a> {
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

// === impl Reader ===

impl<'a> Reader<'a> {
    /// Goes to the start of the next part; false after the last.
    fn seek_part(&mut self) -> Result<bool, MultipartError> {
        let mut expect_part = false;
        loop {
            let (line, complete) = self.line();
            if line.len() > MAX_LINE {
                return Err(MultipartError::LongLine);
            }
            if self.is_last(line) {
                return Ok(false);
            }
            if !complete {
                return Err(MultipartError::NoPart);
            }
            if self.is_start(line) {
                self.any_part = true;
                return Ok(true);
            }
            if self.any_part {
                if expect_part || line != self.line_end {
                    return Err(MultipartError::AfterPart(quote::quote(line)));
                }
                expect_part = true;
            }
        }
    }

    /// Takes a line with its end; tells whether it has one.
    fn line(&mut self) -> (&'a [u8], bool) {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = self
            .rest
            .split_at(end.map_or(self.rest.len(), |end| end + 1));
        self.rest = rest;
        (line, end.is_some())
    }

    fn dash_boundary(&self) -> &[u8] {
        self.delimiter.get(2..).unwrap_or_default()
    }

    fn is_start(&mut self, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(self.dash_boundary()) else {
            return false;
        };
        let rest = skip_blanks(rest);
        if !self.any_part && rest == b"\n" {
            self.line_end = b"\n";
            return true;
        }
        rest == self.line_end
    }

    fn is_last(&self, line: &[u8]) -> bool {
        let rest = line
            .strip_prefix(self.dash_boundary())
            .and_then(|rest| rest.strip_prefix(b"--"));
        rest.map(skip_blanks)
            .is_some_and(|rest| rest.is_empty() || rest == self.line_end)
    }

    /// Takes the headers of a part; nothing if the body ends first.
    fn headers(&mut self) -> Result<Option<Headers<'a>>, MultipartError> {
        let mut headers = Headers::default();
        if let [b' ' | b'\t', ..] = self.rest {
            return Err(MultipartError::Header(quote::quote(trim_end(
                self.line().0,
            ))));
        }
        for _ in 0..MAX_HEADERS {
            let (line, complete) = self.line();
            let line = trim_end(line);
            if line.is_empty() {
                return Ok(complete.then_some(headers));
            }
            let mut line = Cow::Borrowed(line);
            while let [b' ' | b'\t', ..] = self.rest {
                line.to_mut().push(b' ');
                let more = self.line().0.trim_ascii();
                line.to_mut().extend_from_slice(more);
            }
            headers.add(line)?;
        }
        Err(MultipartError::TooManyHeaders)
    }

    /// Takes the bytes of a part, up to its boundary; if there is none, takes all and gives nothing.
    fn content(&mut self) -> Option<&'a [u8]> {
        let content = self.find_content();
        if content.is_none() {
            self.rest = &[];
        }
        content
    }

    fn find_content(&mut self) -> Option<&'a [u8]> {
        let dash_boundary = self.dash_boundary();
        if let Some(after) = self.rest.strip_prefix(dash_boundary)
            && ends_boundary(after)
        {
            return Some(&[]);
        }
        let skip = usize::from(self.line_end == b"\n");
        let delimiter = self.delimiter.get(skip..)?;
        let mut from = 0;
        loop {
            let start = from + find(self.rest.get(from..)?, delimiter)?;
            let (content, rest) = self.rest.split_at(start);
            if ends_boundary(rest.get(delimiter.len()..)?) {
                self.rest = rest;
                return Some(content);
            }
            from = start + delimiter.len();
        }
    }
}

// === impl Headers ===

impl<'a> Headers<'a> {
    /// Adds a header line; of several with one name the first counts.
    fn add(&mut self, line: Cow<'a, [u8]>) -> Result<(), MultipartError> {
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
    fn form_name(&self) -> Option<Cow<'static, str>> {
        let media = Media::parse(self.get(Name::Disposition)?).ok()?;
        let name = media.parameter("name").filter(|name| !name.is_empty())?;
        (media.kind == "form-data").then(|| Text::from(Cow::<[u8]>::Owned(name)).into_name())
    }

    /// The field's value: a document if the part is JSON, else text.
    fn value(&self, content: &'a [u8]) -> Result<Doc<'a>, MultipartError> {
        let content = match self.get(Name::TransferEncoding) {
            Some(encoding) if encoding.eq_ignore_ascii_case(b"quoted-printable") => {
                Cow::Owned(quoted_printable(content)?)
            }
            _ => Cow::Borrowed(content),
        };
        let is_json = |kind: &[u8]| find(kind, b"application/json").is_some();
        if !self.get(Name::ContentType).is_some_and(is_json) {
            return Ok(Text::from(content).into());
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

/// Tells whether what follows a boundary's text makes it one: `--bound` is not in `--boundary`.
fn ends_boundary(after: &[u8]) -> bool {
    matches!(
        after,
        [] | [b' ' | b'\t' | b'\r' | b'\n', ..] | [b'-', b'-', ..]
    )
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    text.split_at(blanks).1
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len())
        .position(|window| window == needle)
}

fn quoted_printable(content: &[u8]) -> Result<Vec<u8>, MultipartError> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (whole, tail) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        let line = trim_end(whole);
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

    fn read(body: &str) -> Result<String, String> {
        let doc = parse("multipart/form-data; boundary=b", body.as_bytes());
        doc.map(|doc| format!("{doc:?}"))
            .map_err(|error| error.to_string())
    }

    fn field(name: &str, value: &str) -> Result<String, String> {
        let value = Doc::Array(vec![Doc::String(value.into())]);
        Ok(format!(
            "{:?}",
            Some(Doc::Object(vec![(name.into(), value)]))
        ))
    }

    const HEAD: &str = "--b\r\nContent-Disposition: form-data; name=a\r\n";

    #[test]
    fn fields_are_found() {
        for (content, want) in [
            ("\r\n1\r\n--b--", "1"),
            ("\r\n--b--", ""),
            ("\r\nx--b\r\n--bc\r\n\r\n--b--\r\n", "x--b\r\n--bc\r\n"),
            ("\r\n1\r\n--b\t \r\n\r\nnameless\r\n--b--", "1"),
            (
                "Content-Disposition: form-data; name=z\r\n\r\n1\r\n--b--",
                "1",
            ),
            (
                "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n=41=\r\n=4x \r\n--b--",
                "A=4x",
            ),
        ] {
            assert_eq!(
                read(&format!("{HEAD}{content}")),
                field("a", want),
                "{content:?}"
            );
        }
        let folded = "--b\r\nContent-Disposition: form-data;\r\n\tname=a\r\n\r\n1\r\n--b--";
        assert_eq!(read(folded), field("a", "1"));
        let bare = "x\n--b\nContent-Disposition: form-data; name=a\n\n1\r\n--b--\n";
        assert_eq!(read(bare), field("a", "1\r"));
    }

    #[test]
    fn errors_are_refused() {
        for (body, want) in [
            ("", "multipart: NextPart: EOF"),
            ("--b", "multipart: NextPart: EOF"),
            ("--b\r\n x: y\r\n", "malformed MIME header line: \" x: y\""),
            (
                "--b\r\nx\r\n",
                "malformed MIME header: missing colon: \"x\"",
            ),
            ("--b\r\nx(: y\r\n", "malformed MIME header line: \"x(: y\""),
            ("--b\r\n\r\nx", "multipart: NextPart: EOF"),
            (&format!("{HEAD}\r\n1\r\n"), "unexpected EOF"),
            (&format!("{HEAD}\r\n1\r\n--bx"), "unexpected EOF"),
            (
                &format!("{HEAD}Content-Type: application/json\r\n\r\n1 2\r\n--b--"),
                "error: invalid character '2' after top-level value",
            ),
            (
                &"x".repeat(MAX_LINE + 1),
                "multipart: NextPart: bufio: buffer full",
            ),
        ] {
            assert_eq!(read(body), Err(want.to_owned()), "{body:?}");
        }
    }

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
