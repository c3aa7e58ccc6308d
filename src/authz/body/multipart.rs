//! `multipart/form-data`: a strict reader for a body that is whole in memory.
//!
//! A part is found by its boundary at the start of a line, as Go's reader finds it; this decides
//! which bytes the policy takes for a field, so it must not be cleverer than what it replaces.

use std::borrow::Cow;

use crate::authz::url;
use crate::data::json::JsonError;
use crate::data::{Doc, quote};

use super::media::{Media, MediaError};

mod part;

use part::Headers;

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
            return Err(MultipartError::Header(quote::quote(
                self.line().0.trim_ascii_end(),
            )));
        }
        for _ in 0..MAX_HEADERS {
            let (line, complete) = self.line();
            let line = line.trim_ascii_end();
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

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, String> {
        let doc = parse("multipart/form-data; boundary=b", body.as_bytes());
        doc.map(|doc| format!("{doc:?}"))
            .map_err(|error| error.to_string())
    }

    fn field(name: &str, value: &str) -> String {
        let value = Doc::Array(vec![Doc::String(value.into())]);
        format!("{:?}", Some(Doc::Object(vec![(name.into(), value)])))
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
                Ok(field("a", want)),
                "{content:?}"
            );
        }
        let folded = "--b\r\nContent-Disposition: form-data;\r\n\tname=a\r\n\r\n1\r\n--b--";
        assert_eq!(read(folded), Ok(field("a", "1")));
        let bare = "x\n--b\nContent-Disposition: form-data; name=a\n\n1\r\n--b--\n";
        assert_eq!(read(bare), Ok(field("a", "1\r")));
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
}
