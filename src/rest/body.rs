//! Bodies of requests: read within limits, unpacked, and made documents of.

use std::borrow::Cow;
use std::io::{self, Read as _};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::DecodingConfig;
use super::answer::Refusal;
use crate::data::{Value, read};

/// How long a body may take to come.
const TIME: Duration = Duration::from_mins(1);

/// A body as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Payload {
    bytes: Bytes,
    gzip: bool,
    yaml: bool,
}

/// What a body asks to be evaluated with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    /// The input, if there is one.
    pub(super) value: Option<Value>,
    /// Whether the body has no `input` where one was expected.
    pub(super) missing: bool,
}

/// Reads a body whole, no more of it than is allowed.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    config: &DecodingConfig,
) -> Result<Payload, Refusal> {
    let limit = config.max_length;
    let too_large = |shown: String| {
        Refusal::invalid(format!(
            "request body too large: {shown} of {limit} bytes (server.decoding.max_length)"
        ))
    };
    let said = body.size_hint().exact();
    if let Some(said) = said.filter(|said| *said > limit) {
        return Err(too_large(format!("{said} bytes exceeds limit")));
    }
    let limit_here = usize::try_from(limit).unwrap_or(usize::MAX);
    let limited = http_body_util::Limited::new(body, limit_here);
    let Ok(collected) = timeout(TIME, limited.collect()).await else {
        let text = "the body did not come in time";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "timeout", text));
    };
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(too_large("exceeds limit".to_owned()));
        }
        Err(error) => {
            return Err(Refusal::invalid(format!(
                "the body cannot be read: {error}"
            )));
        }
    };
    let names = |name: header::HeaderName, part: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains(part))
    };
    Ok(Payload {
        bytes,
        gzip: names(header::CONTENT_ENCODING, "gzip"),
        yaml: names(header::CONTENT_TYPE, "yaml"),
    })
}

// === impl Payload ===

impl Payload {
    /// The bytes as they came.
    pub(super) fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that were meant.
    pub(super) fn unpacked(&self, config: &DecodingConfig) -> Result<Cow<'_, [u8]>, Refusal> {
        if !self.gzip || self.bytes.is_empty() {
            return Ok(Cow::Borrowed(&self.bytes));
        }
        let limit = config.gzip_max_length;
        let mut unpacked = Vec::new();
        let mut decoder = MultiGzDecoder::new(&*self.bytes).take(limit.saturating_add(1));
        decoder.read_to_end(&mut unpacked).map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
                _ => error.to_string(),
            };
            Refusal::invalid(format!("could not decompress the body: {reason}"))
        })?;
        if u64::try_from(unpacked.len()).is_ok_and(|length| length > limit) {
            return Err(Refusal::invalid(format!(
                "request body too large: decompressed size exceeds limit of {limit} bytes \
                 (server.decoding.gzip.max_length)"
            )));
        }
        Ok(Cow::Owned(unpacked))
    }

    /// The document that the body is; `None` for an empty one.
    pub(super) fn document(&self, config: &DecodingConfig) -> Result<Option<Value>, Refusal> {
        let bytes = self.unpacked(config)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let read = if self.yaml {
            read::yaml_value(&bytes)
        } else {
            read::first_json_value(&bytes)
        };
        read.map(Some).map_err(|error| {
            Refusal::invalid(format!("body contains malformed input document: {error}"))
        })
    }
}

// === impl Input ===

impl Input {
    /// None was asked for.
    pub(super) fn none() -> Self {
        Self {
            value: None,
            missing: false,
        }
    }

    /// The member `input` of a body.
    pub(super) fn member(body: Option<&Value>) -> Result<Self, Refusal> {
        match body {
            None | Some(Value::Null) => Ok(Self {
                value: None,
                missing: true,
            }),
            Some(body @ Value::Object(_)) => {
                let value = member(body, "input").filter(|value| **value != Value::Null);
                let value = value.cloned();
                Ok(Self {
                    missing: value.is_none(),
                    value,
                })
            }
            Some(_) => Err(Refusal::invalid(
                "body contains malformed input document: expected an object with the member `input`",
            )),
        }
    }

    /// The parameter `input`.
    pub(super) fn parameter(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self::none());
        };
        let value = read::json_value(text.as_bytes()).map_err(|error| {
            Refusal::invalid(format!(
                "parameter contains malformed input document: {error}"
            ))
        })?;
        Ok(Self {
            value: Some(value),
            missing: false,
        })
    }
}

/// A member of a body, in whatever case its name is written: OPA reads them so.
pub(super) fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Object(members) = body else {
        return None;
    };
    let alike = |key: &Value| {
        key.as_str()
            .is_some_and(|key| key.eq_ignore_ascii_case(name))
    };
    let mut members = members.iter();
    body.get_str(name)
        .or_else(|| members.find(|(key, _)| alike(key)).map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: DecodingConfig = DecodingConfig {
        max_length: 100,
        gzip_max_length: 50,
    };

    fn payload(bytes: &[u8], gzip: bool) -> Payload {
        Payload {
            bytes: Bytes::copy_from_slice(bytes),
            gzip,
            yaml: false,
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write as _;

        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("packed")
    }

    #[test]
    fn gzip_is_undone_within_its_limit() {
        let document = |bytes: &[u8]| payload(bytes, true).document(&CONFIG);
        assert_eq!(document(&gzip(b"[true] and more")).expect("JSON"), {
            Some(Value::from(vec![Value::from(true)]))
        });
        let shown = |bytes: &[u8]| document(bytes).expect_err("refused").told();
        assert!(shown(&gzip(&[b' '; 51])).contains("exceeds limit of 50 bytes"));
        assert!(shown(&gzip(b"[1]")[..12]).contains("could not decompress"));
        assert!(shown(b"not gzip at all").contains("could not decompress"));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let read = async |length: usize| {
            let body = Body::from(vec![b' '; length]);
            receive(&HeaderMap::new(), body, &CONFIG).await
        };
        assert_eq!(read(100).await.expect("small enough").raw().len(), 100);
        let refused = read(101).await.expect_err("too large").told();
        assert!(
            refused.contains("101 bytes exceeds limit of 100 bytes"),
            "{refused}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, io::Error>>();
        let body = Body::from_stream(never);
        let refused = receive(&HeaderMap::new(), body, &CONFIG).await;
        let refused = refused.expect_err("too late");
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn an_input_is_a_member_or_missing() {
        let body = |text: &str| read::json_value(text.as_bytes()).expect("JSON");
        let member = |text: &str| Input::member(Some(&body(text)));
        let missing = Input {
            value: None,
            missing: true,
        };
        assert_eq!(Input::member(None), Ok(missing.clone()));
        assert_eq!(member("null"), Ok(missing.clone()));
        assert_eq!(member(r#"{"user": 1}"#), Ok(missing.clone()));
        assert_eq!(member(r#"{"input": null}"#), Ok(missing));
        let found = member(r#"{"Input": true}"#).expect("an input");
        assert_eq!(
            (found.value, found.missing),
            (Some(Value::from(true)), false)
        );
        assert!(member("[1]").is_err());
    }
}
