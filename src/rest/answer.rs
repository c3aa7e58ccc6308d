//! What is answered: JSON in OPA's form, on one line or for people, as it is or compressed.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::EncodingConfig;
use crate::tool::json::Json;
use crate::tool::problem::Problem;

/// An error in OPA's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    errors: Vec<Problem>,
}

/// How a body is to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// On many lines.
    pub(super) pretty: bool,
    /// The client reads gzip.
    pub(super) gzip: bool,
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
        }
    }

    /// The request is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", message)
    }

    /// Something failed here.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// There is no room for it now.
    pub(super) fn overloaded() -> Self {
        let text = "too many requests wait for an evaluation; ask again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", text)
    }

    /// This program has no such thing.
    pub(super) fn not_built(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", message)
    }

    /// The same with what went wrong in detail.
    pub(super) fn because(mut self, errors: Vec<Problem>) -> Self {
        self.errors = errors;
        self
    }

    /// The same with words before its own.
    pub(super) fn prefixed(mut self, prefix: &str) -> Self {
        self.message.insert_str(0, prefix);
        self
    }

    /// The same without words before its own.
    pub(super) fn without_prefix(mut self, prefix: &str) -> Self {
        if let Some(rest) = self.message.strip_prefix(prefix) {
            self.message = rest.to_owned();
        }
        self
    }

    /// `code: message`, as decision logs have it.
    pub(super) fn told(&self) -> String {
        match self.errors.as_slice() {
            [one] => one.to_string(),
            _ => format!("{}: {}", self.code, self.message),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn to_json(&self) -> Json {
        let errors = self.errors.iter().map(Problem::to_json).collect::<Json>();
        Json::object()
            .with("code", self.code)
            .with("message", self.message.as_str())
            .with_some("errors", (!self.errors.is_empty()).then_some(errors))
    }

    /// Errors are for people, whatever was asked for.
    pub(super) fn into_response(self) -> Response {
        json_text(self.status, self.to_json().to_text())
    }
}

// === impl Look ===

impl Look {
    /// Writes a body.
    pub(super) fn json(self, status: StatusCode, body: &Json, config: &EncodingConfig) -> Response {
        let text = if self.pretty {
            body.to_text()
        } else {
            body.to_line()
        };
        if self.gzip
            && text.len() >= config.min_length
            && let Some(packed) = packed(text.as_bytes(), config.compression_level)
        {
            let mut response = json_body(status, Body::from(packed));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return response;
        }
        json_text(status, text)
    }
}

/// Whether a client reads gzip.
pub(super) fn reads_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter();
    let named = values.filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0))
    })
}

/// A JSON body that is text already.
pub(super) fn json_text(status: StatusCode, text: String) -> Response {
    json_body(status, Body::from(text))
}

/// Only a status.
pub(super) fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A line of text, as Go's server answers by itself.
pub(super) fn line(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn json_body(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Says that the answer depends on what the client reads.
pub(super) fn varying(mut response: Response) -> Response {
    let accept = HeaderValue::from_static("Accept-Encoding");
    response.headers_mut().insert(header::VARY, accept);
    response
}

fn packed(bytes: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_read_where_it_is_named_and_not_refused() {
        for (value, reads) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(reads_gzip(&headers), reads, "{value}");
        }
    }
}
