//! The body of the checked request: `parsed_body` and `truncated_body`.
//!
//! Which bodies are parsed, in which order the headers are looked at, and what is an error are
//! opa-envoy-plugin's; a policy that reads `input.parsed_body` must see the same here.

use std::num::IntErrorKind;

use crate::authz::url::{Text, UrlError};
use crate::data::json::{self, JsonError};
use crate::data::{Doc, quote};

mod form;
mod grpc;
mod media;
mod multipart;

pub use grpc::{Descriptor, DescriptorError, GrpcError};
pub use media::MediaError;
pub use multipart::MultipartError;

/// What a body is parsed from.
#[derive(Clone, Copy)]
pub struct Source<'s, 'a> {
    /// Looks up a request header by its lower-case name.
    pub headers: &'s dyn Fn(&str) -> Option<&'a str>,
    /// `body`: the body as text.
    pub body: &'a str,
    /// `raw_body`: the body as bytes, looked at when `body` is empty.
    pub raw_body: &'a [u8],
    /// The path's segments, which name a gRPC method.
    pub parsed_path: &'s [Text<'s>],
}

/// A body as the policy sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedBody<'a> {
    /// `parsed_body`; `null` when the body was not parsed.
    pub doc: Doc<'a>,
    /// `truncated_body`: Envoy sent less than the client did.
    pub truncated: bool,
}

/// Why a body that should parse does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// `content-length` is no 64-bit integer; the field says why.
    #[error("strconv.ParseInt: parsing {value}: {reason}")]
    ContentLength {
        /// The header's value, quoted.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The body is not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The body is not a form.
    #[error(transparent)]
    Form(#[from] UrlError),
    /// The body is not multipart.
    #[error(transparent)]
    Multipart(#[from] MultipartError),
    /// The body is not the gRPC message that its method takes.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
}

/// Parses a request's body, as far as its headers say what it is.
pub fn parse<'a>(
    source: &Source<'_, 'a>,
    descriptor: Option<&Descriptor>,
) -> Result<ParsedBody<'a>, BodyError> {
    if (source.headers)("x-envoy-auth-partial-body") == Some("true") {
        return Ok(ParsedBody::TRUNCATED);
    }
    let Some(content_type) = (source.headers)("content-type") else {
        return Ok(ParsedBody::NONE);
    };
    let kind = match Kind::of(content_type) {
        None => return Ok(ParsedBody::NONE),
        Some(Kind::Grpc) => {
            return Ok(match descriptor {
                Some(descriptor) => grpc::parse(source, descriptor)?,
                None => ParsedBody::NONE,
            });
        }
        Some(kind) => kind,
    };
    let body = if source.body.is_empty() {
        source.raw_body
    } else {
        source.body.as_bytes()
    };
    if body.is_empty() {
        return Ok(ParsedBody::NONE);
    }
    if let Some(length) = (source.headers)("content-length")
        && content_length(length)? > i64::try_from(body.len()).unwrap_or(i64::MAX)
    {
        return Ok(ParsedBody::TRUNCATED);
    }
    let doc = match kind {
        Kind::Json => json::parse_body(body)?,
        Kind::Form => form::parse(body)?,
        Kind::Multipart => multipart::parse(content_type, body)?.unwrap_or(Doc::Null),
        Kind::Grpc => Doc::Null,
    };
    Ok(ParsedBody {
        doc,
        truncated: false,
    })
}

/// The kinds of bodies that are parsed.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Grpc,
    Form,
    Multipart,
}

// === impl Source ===

impl std::fmt::Debug for Source<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("body", &self.body)
            .field("raw_body", &self.raw_body)
            .field("parsed_path", &self.parsed_path)
            .finish_non_exhaustive()
    }
}

// === impl ParsedBody ===

impl ParsedBody<'_> {
    const NONE: Self = Self {
        doc: Doc::Null,
        truncated: false,
    };
    const TRUNCATED: Self = Self {
        doc: Doc::Null,
        truncated: true,
    };
}

// === impl Kind ===

impl Kind {
    // Anywhere in the header and by its exact letters: `text/html, application/json` is JSON,
    // `Application/JSON` is not.
    fn of(content_type: &str) -> Option<Self> {
        [
            ("application/json", Kind::Json),
            ("application/grpc", Kind::Grpc),
            ("application/x-www-form-urlencoded", Kind::Form),
            ("multipart/form-data", Kind::Multipart),
        ]
        .into_iter()
        .find_map(|(text, kind)| content_type.contains(text).then_some(kind))
    }
}

// A sign is allowed, and a negative length is simply less than the body.
fn content_length(value: &str) -> Result<i64, BodyError> {
    value
        .parse()
        .map_err(|error: std::num::ParseIntError| BodyError::ContentLength {
            value: quote::quote(value.as_bytes()),
            reason: match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
                _ => "invalid syntax",
            },
        })
}

#[cfg(test)]
mod tests;
