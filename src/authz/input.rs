//! The input document: attributes as Envoy sent them, and what is parsed out of path, query and
//! body.
//!
//! The policy gets what it reads of it, as a [`Value`]; the decision log gets all of it, as a
//! [`Doc`], later and elsewhere. Both come from the same [`Parsed`] request, so that they agree.

use std::borrow::Cow;
use std::sync::Arc;

use thiserror::Error;

use crate::authz::attributes::{self, AttributesError};
use crate::authz::body::{self, BodyError, Descriptor, ParsedBody};
use crate::authz::url::{self, Target, UrlError};
use crate::authz::wire::Request;
use crate::authz::{InputEncoding, ParsedBodyErrors};
use crate::data::{self, Doc, Value};
use crate::decision::{ApiVersion, CheckError, Stage};
use crate::engine::Demand;

/// How inputs are made.
#[derive(Debug, Clone, Default)]
pub struct InputBuilder {
    /// `skip-request-body-parse`.
    pub skip_body: bool,
    /// `parsed-body-errors`.
    pub body_errors: ParsedBodyErrors,
    /// `input-encoding`.
    pub encoding: InputEncoding,
    /// `proto-descriptor`.
    pub descriptor: Option<Arc<Descriptor>>,
}

/// A request whose path, query and body were understood.
#[derive(Debug)]
pub struct Parsed<'a, 'r> {
    request: &'r Request<'a>,
    target: Target<'a>,
    /// Absent when bodies are not parsed at all.
    body: Option<Body<'a>>,
}

#[derive(Debug)]
struct Body<'a> {
    parsed: ParsedBody<'a>,
    error: Option<String>,
}

/// Why no input can be made from a request.
#[derive(Debug, Error)]
pub enum InputError {
    /// The path or the query.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// An attribute that has no form in the input.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
}

// === impl InputBuilder ===

impl InputBuilder {
    /// Understands a request, or says why it is refused.
    pub fn parse<'a, 'r>(&self, request: &'r Request<'a>) -> Result<Parsed<'a, 'r>, InputError> {
        let target = url::parse(request.path())?;
        let body = if self.skip_body { None } else { Some(self.body(request, &target)?) };
        Ok(Parsed { request, target, body })
    }

    /// The part of the input that the policy reads.
    pub fn value(&self, parsed: &Parsed<'_, '_>, demand: &Demand) -> Result<Value, InputError> {
        let mut members = Vec::with_capacity(7);
        let mut add = |key: &'static str, value: &mut dyn FnMut(&Demand) -> Option<Value>| {
            if let Some(value) = demand.member(key).and_then(value) {
                members.push((data::key(key), value));
            }
        };
        let mut failed = None;
        add("attributes", &mut |demand| {
            attributes::value(parsed.request, self.encoding, demand).unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        add("parsed_path", &mut |_| Some(parsed.target.path_value()));
        add("parsed_query", &mut |_| Some(parsed.target.query_value()));
        if let Some(body) = &parsed.body {
            add("parsed_body", &mut |_| Some(body.parsed.doc.to_value()));
            add("truncated_body", &mut |_| Some(Value::Bool(body.parsed.truncated)));
            add("parsed_body_error", &mut |_| body.error.as_deref().map(Value::from));
        }
        add("source_principal", &mut |_| {
            let principal = parsed.request.source_principal();
            (!principal.is_empty()).then(|| Value::from(principal))
        });
        add("version", &mut |_| Some(version(parsed.request.version()).to_value()));
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(data::object(members)),
        }
    }

    /// The whole input.
    pub fn doc<'a>(&self, parsed: Parsed<'a, '_>) -> Result<Doc<'a>, InputError> {
        let mut members: Vec<(Cow<'a, str>, Doc<'a>)> = Vec::with_capacity(8);
        if let Some(attributes) = attributes::doc(parsed.request, self.encoding)? {
            members.push(("attributes".into(), attributes));
        }
        members.push(("parsed_path".into(), parsed.target.path_doc()));
        members.push(("parsed_query".into(), parsed.target.query_doc()));
        if let Some(body) = parsed.body {
            members.push(("parsed_body".into(), body.parsed.doc));
            members.push(("truncated_body".into(), Doc::Bool(body.parsed.truncated)));
            if let Some(error) = body.error {
                members.push(("parsed_body_error".into(), Doc::String(error.into())));
            }
        }
        let principal = parsed.request.source_principal();
        if !principal.is_empty() {
            members.push(("source_principal".into(), Doc::String(principal.into())));
        }
        members.push(("version".into(), version(parsed.request.version())));
        Ok(Doc::Object(members))
    }

    fn body<'a>(
        &self,
        request: &Request<'a>,
        target: &Target<'a>,
    ) -> Result<Body<'a>, InputError> {
        let source = body::Source {
            headers: &|name| request.header(name),
            body: request.body(),
            raw_body: request.raw_body(),
            parsed_path: target.segments(),
        };
        match body::parse(&source, self.descriptor.as_deref()) {
            Ok(parsed) => Ok(Body { parsed, error: None }),
            Err(error) if self.body_errors == ParsedBodyErrors::Policy => Ok(Body {
                parsed: ParsedBody { doc: Doc::Null, truncated: false },
                error: Some(error.to_string()),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

// === impl InputError ===

impl From<InputError> for CheckError {
    fn from(error: InputError) -> Self {
        Self {
            stage: Stage::Request,
            code: "request_parse_error",
            message: error.to_string(),
            location: None,
        }
    }
}

fn version(version: ApiVersion) -> Doc<'static> {
    let (api, encoding) = match version {
        ApiVersion::V2 => ("v2", "encoding/json"),
        // The plugin says so although its encoding is not protojson any more.
        ApiVersion::V3 => ("v3", "protojson"),
    };
    Doc::Object(vec![
        ("encoding".into(), Doc::String(encoding.into())),
        ("ext_authz".into(), Doc::String(api.into())),
    ])
}
