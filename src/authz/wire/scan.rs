//! The walk over a message's bytes, driven by the tables: it validates all of them and builds
//! nodes for the fields that are present. It keeps a stack of its own, so that nesting costs memory
//! in proportion to the message and never the thread's stack.

use super::WireError;
use super::decode::{Cursor, WireType};
use super::schema::{Field, Kind, Label, Message, number};
use super::tree::{Children, NodeId, Payload, Tree};

/// How deep messages may nest: as deep as Go's protobuf lets them.
const MAX_DEPTH: usize = 10_000;

/// What is being read: the rest of a message, or of an entry of a map.
#[derive(Debug)]
struct Frame<'a> {
    rest: Cursor<'a>,
    node: NodeId,
    what: What<'a>,
}

/// What a frame's bytes are.
#[derive(Debug)]
enum What<'a> {
    /// The fields of a message.
    Message(&'static Message),
    /// Key and value of a map's entry; the values are messages of this type.
    Entry(&'static Message, &'a str),
}

// === impl Frame ===

impl Frame<'_> {
    /// How much deeper the frame is: entries of maps do not count.
    fn depth(&self) -> usize {
        usize::from(matches!(self.what, What::Message(_)))
    }
}

/// Reads `bytes` as a message of type `message`.
pub(super) fn scan<'a>(message: &'static Message, bytes: &'a [u8]) -> Result<Tree<'a>, WireError> {
    let mut tree = Tree::sized(bytes.len());
    let mut stack = Vec::with_capacity(8);
    let mut frame = Frame {
        rest: Cursor::new(bytes),
        node: 0,
        what: What::Message(message),
    };
    let mut depth = 1;
    loop {
        let Frame { rest, node, what } = &mut frame;
        let inner = match what {
            What::Message(message) => message_fields(&mut tree, rest, *node, message)?,
            What::Entry(value, key) => entry_fields(&mut tree, rest, *node, value, key)?,
        };
        if let Some(inner) = inner {
            depth += inner.depth();
            if depth > MAX_DEPTH {
                return Err(WireError::Malformed);
            }
            stack.push(std::mem::replace(&mut frame, inner));
        } else {
            depth -= frame.depth();
            match stack.pop() {
                Some(outer) => frame = outer,
                None => return Ok(tree),
            }
        }
    }
}

/// Reads fields until the message ends or a submessage begins; that one is returned.
fn message_fields<'a>(
    tree: &mut Tree<'a>,
    rest: &mut Cursor<'a>,
    node: NodeId,
    message: &'static Message,
) -> Result<Option<Frame<'a>>, WireError> {
    while !rest.is_empty() {
        let (number, wire) = rest.tag()?;
        match message.field(number) {
            Some(field) if wire == wire_type(field) => {
                if let Some(inner) = known_field(tree, rest, node, message, field)? {
                    return Ok(Some(inner));
                }
            }
            // A known number with another wire type is an unknown field, as it is to Go.
            _ => rest.skip(number, wire)?,
        }
    }
    Ok(None)
}

/// Reads one field; a submessage is returned as a frame, everything else is done afterwards.
fn known_field<'a>(
    tree: &mut Tree<'a>,
    rest: &mut Cursor<'a>,
    node: NodeId,
    message: &'static Message,
    field: &'static Field,
) -> Result<Option<Frame<'a>>, WireError> {
    match (field.label, field.kind) {
        (Label::Map, Kind::Message(value)) => {
            let rest = Cursor::new(rest.length_delimited()?);
            let node = tree.push(node, field, "", Payload::Message(Children::EMPTY));
            return Ok(Some(Frame {
                rest,
                node,
                what: What::Entry(value, ""),
            }));
        }
        (Label::Map, _) => {
            let (key, value) = text_entry(rest.length_delimited()?)?;
            tree.push(node, field, key, Payload::Text(value));
        }
        (label, Kind::Message(inner)) => {
            let rest = Cursor::new(rest.length_delimited()?);
            let node = match label {
                Label::Repeated => tree.push(node, field, "", Payload::Message(Children::EMPTY)),
                _ => tree.enter(node, message, field),
            };
            return Ok(Some(Frame {
                rest,
                node,
                what: What::Message(inner),
            }));
        }
        (_, kind) => {
            let value = scalar(rest, kind)?;
            tree.set(node, message, field, value);
        }
    }
    Ok(None)
}

/// Reads key and value of an entry whose value is a message, in whatever order they come.
fn entry_fields<'a>(
    tree: &mut Tree<'a>,
    rest: &mut Cursor<'a>,
    node: NodeId,
    value: &'static Message,
    key: &mut &'a str,
) -> Result<Option<Frame<'a>>, WireError> {
    while !rest.is_empty() {
        match rest.tag()? {
            (n, WireType::Length) if n == u32::from(number::KEY) => *key = rest.text()?,
            (n, WireType::Length) if n == u32::from(number::ENTRY_VALUE) => {
                let rest = Cursor::new(rest.length_delimited()?);
                return Ok(Some(Frame {
                    rest,
                    node,
                    what: What::Message(value),
                }));
            }
            (n, wire) => rest.skip(n, wire)?,
        }
    }
    tree.set_key(node, key);
    Ok(None)
}

/// Key and value of an entry of a `map<string, string>`; what is not there is empty.
fn text_entry(bytes: &[u8]) -> Result<(&str, &str), WireError> {
    let mut rest = Cursor::new(bytes);
    let (mut key, mut value) = ("", "");
    while !rest.is_empty() {
        match rest.tag()? {
            (n, WireType::Length) if n == u32::from(number::KEY) => key = rest.text()?,
            (n, WireType::Length) if n == u32::from(number::ENTRY_VALUE) => value = rest.text()?,
            (n, wire) => rest.skip(n, wire)?,
        }
    }
    Ok((key, value))
}

/// The value of a field that is neither message nor map.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "protobuf defines narrower integers as the low bits of the varint"
)]
fn scalar<'a>(rest: &mut Cursor<'a>, kind: Kind) -> Result<Payload<'a>, WireError> {
    Ok(match kind {
        Kind::String => Payload::Text(rest.text()?),
        Kind::Bytes | Kind::Message(_) => Payload::Bytes(rest.length_delimited()?),
        Kind::Bool => Payload::Integer(i64::from(rest.varint()? != 0)),
        Kind::Int64 => Payload::Integer(rest.varint()? as i64),
        Kind::Int32 | Kind::Enum(_) => Payload::Integer(i64::from(rest.varint()? as i32)),
        Kind::Uint32 => Payload::Integer(i64::from(rest.varint()? as u32)),
        Kind::Double => Payload::Double(f64::from_bits(rest.fixed64()?)),
    })
}

/// The wire type that a field's values have.
#[inline]
fn wire_type(field: &Field) -> WireType {
    match field.kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => WireType::Length,
        Kind::Double => WireType::Fixed64,
        _ => WireType::Varint,
    }
}
