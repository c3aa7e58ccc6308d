//! The `attributes` part of the input document, made from a scanned `CheckRequest`: as a document
//! for the decision log, or as the engine's value with only the members that the policy reads.
//!
//! Three ways to show a request, each with rules of its own, which are part of the contract with
//! policies: v3 as opa-envoy-plugin shows it, v2 as Go's `encoding/json` shows it, and proto3 JSON.

use thiserror::Error;

use crate::authz::InputEncoding;
use crate::authz::wire::Request;
use crate::authz::wire::schema::{Kind, Message, number};
use crate::authz::wire::tree::{Children, Payload};
use crate::data::{Doc, Value};
use crate::decision::ApiVersion;
use crate::engine::Demand;

mod build;
mod metadata;
mod walk;

use build::{Build, IntoDoc, IntoValue};
use walk::Walk;

/// Why attributes cannot be shown; the request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AttributesError {
    /// JSON has no NaN and no infinity. (v3's usual form writes them as strings.)
    #[error("metadata holds a number that JSON cannot express: expected a finite number")]
    NotFinite,
    /// A `google.protobuf.Value` without a kind. (v3's usual form shows `null`.)
    #[error(
        "metadata holds a value without a kind: expected null, a number, a string, a bool, a struct or a list"
    )]
    NoKind,
    /// A timestamp outside the years 1 to 9999, or with nanoseconds outside a second.
    #[error("`attributes.request.time` is out of range: expected a time in the years 1 to 9999")]
    TimeRange,
}

/// How a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// v3 as opa-envoy-plugin shows it.
    Protomap,
    /// v2 as Go's `encoding/json` shows it.
    GoJson,
    /// proto3 JSON.
    Protojson,
}

/// The whole `attributes` document; `None` when the request has none.
pub fn doc<'a>(
    request: &Request<'a>,
    encoding: InputEncoding,
) -> Result<Option<Doc<'a>>, AttributesError> {
    build::<IntoDoc>(
        request,
        Style::of(request.version(), encoding),
        &Demand::All,
    )
}

/// What `demand` asks of `attributes`, as the engine's value; `None` when the request has none.
pub fn value(
    request: &Request<'_>,
    encoding: InputEncoding,
    demand: &Demand,
) -> Result<Option<Value>, AttributesError> {
    let style = Style::of(request.version(), encoding);
    if style != Style::Protomap && *demand != Demand::All && may_fail(request) {
        // What nobody asks for refuses the request all the same.
        build::<IntoDoc>(request, style, &Demand::All)?;
    }
    build::<IntoValue>(request, style, demand)
}

fn build<'a, B: Build<'a>>(
    request: &Request<'a>,
    style: Style,
    demand: &Demand,
) -> Result<Option<B::Out>, AttributesError> {
    let Some((children, message)) = attributes(request) else {
        return Ok(None);
    };
    Walk::<B>::new(request.tree(), style)
        .message(children, message, demand)
        .map(Some)
}

/// The node of the attributes, and their table.
fn attributes(request: &Request<'_>) -> Option<(Children, &'static Message)> {
    let node = request.find(&[number::ATTRIBUTES])?;
    let Payload::Message(children) = request.tree().get(node)?.payload else {
        return None;
    };
    let field = super::wire::root(request.version()).field(number::ATTRIBUTES.into())?;
    match field.kind {
        Kind::Message(message) => Some((children, message)),
        _ => None,
    }
}

/// Whether the request has anything that could fail to be shown: metadata or a time.
fn may_fail(request: &Request<'_>) -> bool {
    [
        &[number::ATTRIBUTES, number::METADATA_CONTEXT][..],
        &[number::ATTRIBUTES, number::ROUTE_METADATA_CONTEXT],
        &[number::ATTRIBUTES, number::REQUEST, number::TIME],
    ]
    .iter()
    .any(|path| request.find(path).is_some())
}

// === impl Style ===

impl Style {
    fn of(version: ApiVersion, encoding: InputEncoding) -> Self {
        match (encoding, version) {
            (InputEncoding::Protojson, _) => Self::Protojson,
            (InputEncoding::Protomap, ApiVersion::V3) => Self::Protomap,
            (InputEncoding::Protomap, ApiVersion::V2) => Self::GoJson,
        }
    }
}

#[cfg(test)]
mod tests;
