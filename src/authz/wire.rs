//! A `CheckRequest` as it came over the wire: read in place, nothing copied, everything checked.
//!
//! The rules are those of Go's protobuf, which opa-envoy-plugin reads with: a field of the wrong
//! wire type is an unknown field, unknown fields are passed over, submessages merge, the last
//! scalar, map entry and oneof member win. Whatever is malformed, wherever it stands, refuses the
//! whole message: a request that is understood in part could be allowed by mistake.

use thiserror::Error;

use crate::decision::ApiVersion;

mod decode;
mod scan;
pub mod schema;
pub mod tree;

use schema::number;
use tree::{NodeId, Payload, Tree};

/// A `CheckRequest`, borrowed from the bytes of its message.
#[derive(Debug)]
pub struct Request<'a> {
    version: ApiVersion,
    tree: Tree<'a>,
    http: Option<NodeId>,
}

/// Why bytes are not a `CheckRequest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// A `string` field holds something else.
    #[error("string field contains invalid UTF-8")]
    InvalidUtf8,
    /// The bytes are cut off, or never were protobuf, or nest deeper than 10,000 messages.
    #[error("proto: cannot parse invalid wire-format data")]
    Malformed,
}

/// Reads a `CheckRequest` of the given version.
pub fn scan(version: ApiVersion, message: &[u8]) -> Result<Request<'_>, WireError> {
    let tree = scan::scan(root(version), message)?;
    let mut request = Request {
        version,
        tree,
        http: None,
    };
    request.http = request.find(&[number::ATTRIBUTES, number::REQUEST, number::HTTP]);
    Ok(request)
}

/// The table of the `CheckRequest` of a version.
#[must_use]
pub fn root(version: ApiVersion) -> &'static schema::Message {
    match version {
        ApiVersion::V2 => &schema::CHECK_V2,
        ApiVersion::V3 => &schema::CHECK_V3,
    }
}

// === impl Request ===

impl<'a> Request<'a> {
    /// Which version of the API the message speaks.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// `attributes.request.http.method`; empty when absent, as the other texts.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.http_text(number::METHOD)
    }

    /// `attributes.request.http.path`, with the query.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.http_text(number::PATH)
    }

    /// `attributes.request.http.host`.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.http_text(number::HOST)
    }

    /// `attributes.request.http.scheme`.
    #[must_use]
    pub fn scheme(&self) -> &'a str {
        self.http_text(number::SCHEME)
    }

    /// `attributes.request.http.body`.
    #[must_use]
    pub fn body(&self) -> &'a str {
        self.http_text(number::BODY)
    }

    /// `attributes.request.http.raw_body`; always empty in v2, which has none.
    #[must_use]
    pub fn raw_body(&self) -> &'a [u8] {
        let node = self
            .http
            .and_then(|http| self.tree.field(http, number::RAW_BODY));
        match node
            .and_then(|node| self.tree.get(node))
            .map(|node| node.payload)
        {
            Some(Payload::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The value of the entry `name` of `attributes.request.http.headers`, letter case and all.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let headers = self.tree.field(self.http?, number::HEADERS)?;
        let Payload::Items(items) = self.tree.get(headers)?.payload else {
            return None;
        };
        let entry = self
            .tree
            .chain(items)
            .filter(|node| node.key == name)
            .last()?;
        match entry.payload {
            Payload::Text(value) => Some(value),
            _ => None,
        }
    }

    /// `attributes.source.principal`.
    #[must_use]
    pub fn source_principal(&self) -> &'a str {
        let path = [number::ATTRIBUTES, number::SOURCE, number::PRINCIPAL];
        self.find(&path).map_or("", |node| self.text(node))
    }

    /// All that was found.
    #[must_use]
    pub fn tree(&self) -> &Tree<'a> {
        &self.tree
    }

    /// The node at the end of a path of field numbers.
    pub(super) fn find(&self, path: &[u8]) -> Option<NodeId> {
        path.iter()
            .try_fold(0, |node, &number| self.tree.field(node, number))
    }

    fn http_text(&self, number: u8) -> &'a str {
        let node = self.http.and_then(|http| self.tree.field(http, number));
        node.map_or("", |node| self.text(node))
    }

    fn text(&self, node: NodeId) -> &'a str {
        match self.tree.get(node).map(|node| node.payload) {
            Some(Payload::Text(text)) => text,
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests;
