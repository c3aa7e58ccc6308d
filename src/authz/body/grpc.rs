//! gRPC bodies: the first message of the stream, read by the descriptor that the operator gave and
//! shown as proto3 JSON.
//!
//! Here is the frame and the look-up of the method; `decode` reads the message's bytes and
//! `message_json` shows it.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::{ParsedBody, Source};

mod decode;
mod message_json;

/// The services whose messages can be read: a `FileDescriptorSet`.
#[derive(Debug, Clone)]
pub struct Descriptor {
    pool: DescriptorPool,
}

/// Why a descriptor cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// The bytes are no set of descriptors, or one that refers to files it does not hold.
    #[error(
        "`proto-descriptor` is not a complete serialized FileDescriptorSet: {0}; write it with \
         `protoc --include_imports --descriptor_set_out=FILE`"
    )]
    Set(#[from] prost_reflect::DescriptorError),
}

/// Why a gRPC body cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrpcError {
    /// The path is not `/service/method`.
    #[error("invalid parsed path")]
    Path,
    /// The body ends inside the frame's head.
    #[error("less than 5 bytes")]
    ShortFrame,
    /// The message's bytes are no protobuf message.
    #[error("proto: cannot parse invalid wire-format data")]
    Wire,
    /// Messages are nested too deep.
    #[error("proto: exceeded maximum recursion depth")]
    Depth,
    /// A text is not UTF-8.
    #[error("proto: field {0} contains invalid UTF-8")]
    Utf8(String),
    /// A field that must be set is not.
    #[error("proto: required field {0} not set")]
    Required(String),
    /// A well-known type holds what it may not; the fields say which and what.
    #[error("proto: {0}: {1}")]
    WellKnown(&'static str, String),
}

// === impl Descriptor ===

impl Descriptor {
    /// Reads a serialized `FileDescriptorSet`, which must hold what its files import.
    pub fn load(bytes: &[u8]) -> Result<Self, DescriptorError> {
        Ok(Self {
            pool: DescriptorPool::decode(bytes)?,
        })
    }

    /// What the method takes; nothing if it is not known, or takes a stream.
    fn request_of(&self, service: &str, method: &str) -> Option<MessageDescriptor> {
        let service = self.pool.get_service_by_name(service)?;
        let method = service.methods().find(|known| known.name() == method)?;
        (!method.is_client_streaming()).then(|| method.input())
    }
}

/// Parses the first message of a gRPC stream.
pub(super) fn parse<'a>(
    source: &Source<'_, 'a>,
    descriptor: &Descriptor,
) -> Result<ParsedBody<'a>, GrpcError> {
    if source.raw_body.is_empty() {
        return Ok(ParsedBody::NONE);
    }
    let [service, method] = source.parsed_path else {
        return Err(GrpcError::Path);
    };
    let message = match frame(source.raw_body)? {
        Frame::Message(message) => message,
        Frame::Compressed => return Ok(ParsedBody::NONE),
        Frame::Truncated => return Ok(ParsedBody::TRUNCATED),
    };
    let request = service.as_str().zip(method.as_str());
    let Some(kind) = request.and_then(|(service, method)| descriptor.request_of(service, method))
    else {
        return Ok(ParsedBody::NONE);
    };
    let message = decode::decode(kind, message, 0)?;
    let doc = message_json::message(&message, 0)?;
    Ok(ParsedBody {
        doc,
        truncated: false,
    })
}

/// The first frame of a stream.
enum Frame<'a> {
    Message(&'a [u8]),
    Compressed,
    Truncated,
}

fn frame(body: &[u8]) -> Result<Frame<'_>, GrpcError> {
    let [flag, a, b, c, d, rest @ ..] = body else {
        return Err(GrpcError::ShortFrame);
    };
    if *flag != 0 {
        return Ok(Frame::Compressed);
    }
    let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
    Ok(rest.get(..length).map_or(Frame::Truncated, Frame::Message))
}

#[cfg(test)]
mod tests;
