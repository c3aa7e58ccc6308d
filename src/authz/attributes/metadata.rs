//! `google.protobuf.Struct` as the plain JSON it stands for. It nests as deep as the caller likes,
//! so this part of the walk keeps a stack of its own.

use crate::authz::wire::schema::Shape;
use crate::authz::wire::tree::{Children, NodeId, Payload};
use crate::engine::Demand;

use super::build::{Build, Key};
use super::walk::Walk;
use super::{AttributesError, Style};

/// A document, or one that has to be filled first.
enum Part<'a, 'd, B: Build<'a>> {
    Done(B::Out),
    Open(Open<'a, 'd, B>),
}

/// An object or array that is being filled.
enum Open<'a, 'd, B: Build<'a>> {
    Object {
        object: B::Object,
        key: &'a str,
        next: NodeId,
        demand: &'d Demand,
    },
    Array {
        items: Vec<B::Out>,
        next: NodeId,
    },
}

/// The document that a `Struct`, `Value` or `ListValue` stands for.
pub(super) fn build<'a, B: Build<'a>>(
    walk: &Walk<'_, 'a, B>,
    children: Children,
    shape: Shape,
    demand: &Demand,
) -> Result<B::Out, AttributesError> {
    let mut stack: Vec<Open<'a, '_, B>> = Vec::new();
    let mut part = open(walk, children, shape, demand)?;
    loop {
        part = match part {
            Part::Open(mut top) => match step(walk, &mut top)? {
                Some(inner) => {
                    stack.push(top);
                    inner
                }
                None => Part::Done(top.finish()),
            },
            Part::Done(out) => match stack.pop() {
                Some(mut outer) => {
                    outer.put(out);
                    Part::Open(outer)
                }
                None => return Ok(out),
            },
        };
    }
}

/// The next document of one that is being filled; `None` when there is none.
fn step<'a, 'd, B: Build<'a>>(
    walk: &Walk<'_, 'a, B>,
    top: &mut Open<'a, 'd, B>,
) -> Result<Option<Part<'a, 'd, B>>, AttributesError> {
    loop {
        let next = match top {
            Open::Object { next, .. } | Open::Array { next, .. } => next,
        };
        let Some(node) = walk.tree.get(*next) else {
            return Ok(None);
        };
        *next = node.next;
        let asked = match top {
            Open::Array { .. } => Some(&Demand::All),
            Open::Object { key, demand, .. } => {
                *key = node.key;
                demand.member(node.key)
            }
        };
        if let (Some(demand), Payload::Message(children)) = (asked, node.payload) {
            return open(walk, children, Shape::Value, demand).map(Some);
        }
    }
}

/// Begins a message of the given shape.
fn open<'a, 'd, B: Build<'a>>(
    walk: &Walk<'_, 'a, B>,
    children: Children,
    shape: Shape,
    demand: &'d Demand,
) -> Result<Part<'a, 'd, B>, AttributesError> {
    let first = walk.tree.chain(children).next();
    let payload = first.map(|node| node.payload);
    match shape {
        Shape::Value => value(walk, first.map_or(0, |node| node.number), payload, demand),
        Shape::ListValue => Ok(Part::Open(Open::Array {
            items: Vec::new(),
            next: items(payload),
        })),
        _ => {
            let next = items(payload);
            Ok(Part::Open(Open::Object {
                object: B::object(),
                key: "",
                next,
                demand,
            }))
        }
    }
}

/// Begins a `google.protobuf.Value`, whose kind is the field `number`.
fn value<'a, 'd, B: Build<'a>>(
    walk: &Walk<'_, 'a, B>,
    number: u8,
    payload: Option<Payload<'a>>,
    demand: &'d Demand,
) -> Result<Part<'a, 'd, B>, AttributesError> {
    Ok(Part::Done(match (number, payload) {
        (BOOL_VALUE, Some(Payload::Integer(value))) => B::bool(value != 0),
        (_, Some(Payload::Double(value))) if value.is_finite() => B::double(value, walk.style),
        (_, Some(Payload::Double(value))) => B::text(not_finite(walk.style, value)?),
        (_, Some(Payload::Text(text))) => B::text(text),
        (STRUCT_VALUE, Some(Payload::Message(children))) => {
            return open(walk, children, Shape::Struct, demand);
        }
        (LIST_VALUE, Some(Payload::Message(children))) => {
            return open(walk, children, Shape::ListValue, demand);
        }
        (_, None) if walk.style != Style::Protomap => return Err(AttributesError::NoKind),
        _ => B::null(),
    }))
}

/// `Value.bool_value`.
const BOOL_VALUE: u8 = 4;
/// `Value.struct_value`.
const STRUCT_VALUE: u8 = 5;
/// `Value.list_value`.
const LIST_VALUE: u8 = 6;

// === impl Open ===

impl<'a, B: Build<'a>> Open<'a, '_, B> {
    fn put(&mut self, out: B::Out) {
        match self {
            Self::Object { object, key, .. } => B::put(object, Key::Text(key), out),
            Self::Array { items, .. } => items.push(out),
        }
    }

    fn finish(self) -> B::Out {
        match self {
            Self::Object { object, .. } => B::finish(object),
            Self::Array { items, .. } => B::array(items),
        }
    }
}

/// The first item of a list or map field.
fn items(payload: Option<Payload<'_>>) -> NodeId {
    match payload {
        Some(Payload::Items(children)) => children.first,
        _ => crate::authz::wire::tree::NONE,
    }
}

fn not_finite(style: Style, value: f64) -> Result<&'static str, AttributesError> {
    match style {
        Style::Protomap if value.is_nan() => Ok("NaN"),
        Style::Protomap if value > 0.0 => Ok("Infinity"),
        Style::Protomap => Ok("-Infinity"),
        _ => Err(AttributesError::NotFinite),
    }
}
