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
use crate::data::{Doc, NumberError, Object, Value, dismantle, into_value};
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

/// The members of the input.
#[derive(Debug, Clone, Copy)]
enum Member {
    Attributes,
    ParsedPath,
    ParsedQuery,
    ParsedBody,
    TruncatedBody,
    ParsedBodyError,
    SourcePrincipal,
    Version,
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
    /// A number that the engine cannot hold.
    #[error(transparent)]
    Number(#[from] NumberError),
}

// === impl InputBuilder ===

impl InputBuilder {
    /// Understands a request, or says why it is refused.
    pub fn parse<'a, 'r>(&self, request: &'r Request<'a>) -> Result<Parsed<'a, 'r>, InputError> {
        let target = url::parse(request.path())?;
        let body = if self.skip_body {
            None
        } else {
            Some(self.body(request, &target)?)
        };
        Ok(Parsed {
            request,
            target,
            body,
        })
    }

    /// The part of the input that the policy reads.
    pub fn value(&self, parsed: Parsed<'_, '_>, demand: &Demand) -> Result<Value, InputError> {
        let Parsed {
            request,
            target,
            body,
        } = parsed;
        let mut input = Vec::with_capacity(8);
        let asks = |member: Member| demand.member(member.name());
        // Attributes that have no form in the input refuse the request, asked for or not.
        let nothing = Demand::nothing();
        let demand = asks(Member::Attributes);
        let attributes = attributes::value(request, self.encoding, demand.unwrap_or(&nothing))?;
        if let (Some(_), Some(attributes)) = (demand, attributes) {
            input.push((Member::Attributes.key(), attributes));
        }
        if asks(Member::ParsedPath).is_some() {
            input.push((Member::ParsedPath.key(), target.path_value()));
        }
        if asks(Member::ParsedQuery).is_some() {
            input.push((Member::ParsedQuery.key(), target.query_value()));
        }
        if let Some(body) = body {
            body.insert(&mut input, &asks)?;
        }
        let principal = request.source_principal();
        if !principal.is_empty() && asks(Member::SourcePrincipal).is_some() {
            input.push((Member::SourcePrincipal.key(), principal.into()));
        }
        if asks(Member::Version).is_some() {
            input.push((
                Member::Version.key(),
                into_value(version(request.version()))?,
            ));
        }
        Ok(Value::Object(Object::from(input)))
    }

    /// The whole input.
    pub fn doc<'a>(&self, parsed: Parsed<'a, '_>) -> Result<Doc<'a>, InputError> {
        let mut members: Vec<(Cow<'a, str>, Doc<'a>)> = Vec::with_capacity(8);
        if let Some(attributes) = attributes::doc(parsed.request, self.encoding)? {
            members.push((Member::Attributes.name().into(), attributes));
        }
        members.push((Member::ParsedPath.name().into(), parsed.target.path_doc()));
        members.push((Member::ParsedQuery.name().into(), parsed.target.query_doc()));
        if let Some(body) = parsed.body {
            members.push((Member::ParsedBody.name().into(), body.parsed.doc));
            members.push((
                Member::TruncatedBody.name().into(),
                Doc::Bool(body.parsed.truncated),
            ));
            if let Some(error) = body.error {
                members.push((
                    Member::ParsedBodyError.name().into(),
                    Doc::String(error.into()),
                ));
            }
        }
        let principal = parsed.request.source_principal();
        if !principal.is_empty() {
            members.push((
                Member::SourcePrincipal.name().into(),
                Doc::String(principal.into()),
            ));
        }
        members.push((
            Member::Version.name().into(),
            version(parsed.request.version()),
        ));
        Ok(Doc::Object(members))
    }

    fn body<'a>(&self, request: &Request<'a>, target: &Target<'_>) -> Result<Body<'a>, InputError> {
        let source = body::Source {
            headers: &|name| request.header(name),
            body: request.body(),
            raw_body: request.raw_body(),
            parsed_path: &target.path,
        };
        match body::parse(&source, self.descriptor.as_deref()) {
            Ok(parsed) => Ok(Body {
                parsed,
                error: None,
            }),
            Err(error) if self.body_errors == ParsedBodyErrors::Policy => Ok(Body {
                parsed: ParsedBody {
                    doc: Doc::Null,
                    truncated: false,
                },
                error: Some(error.to_string()),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

// === impl Body ===

impl Body<'_> {
    fn insert<'d>(
        self,
        input: &mut Vec<(Value, Value)>,
        asks: &impl Fn(Member) -> Option<&'d Demand>,
    ) -> Result<(), InputError> {
        if asks(Member::ParsedBody).is_some() {
            input.push((Member::ParsedBody.key(), into_value(self.parsed.doc)?));
        } else {
            // A body may nest deeper than the stack is high.
            dismantle(self.parsed.doc);
        }
        if asks(Member::TruncatedBody).is_some() {
            input.push((Member::TruncatedBody.key(), self.parsed.truncated.into()));
        }
        if let (Some(error), Some(_)) = (self.error, asks(Member::ParsedBodyError)) {
            input.push((Member::ParsedBodyError.key(), error.into()));
        }
        Ok(())
    }
}

// === impl Member ===

impl Member {
    const NAMES: [&str; 8] = [
        "attributes",
        "parsed_path",
        "parsed_query",
        "parsed_body",
        "truncated_body",
        "parsed_body_error",
        "source_principal",
        "version",
    ];

    fn name(self) -> &'static str {
        Self::NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// The name as a key of the input.
    fn key(self) -> Value {
        Value::from(self.name())
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
