//! The walk from nodes to documents: which fields are shown, under which keys, in which form.

use std::marker::PhantomData;

use data_encoding::BASE64;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::authz::wire::schema::{self, Field, Kind, Message, Shape, number};
use crate::authz::wire::tree::{Children, Node, Payload, Tree};
use crate::engine::Demand;

use super::build::{Build, Key};
use super::{AttributesError, Style, metadata};

/// Makes documents of messages.
#[derive(Debug)]
pub(super) struct Walk<'t, 'a, B> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) style: Style,
    builder: PhantomData<B>,
}

// === impl Walk ===

impl<'t, 'a, B: Build<'a>> Walk<'t, 'a, B> {
    pub(super) fn new(tree: &'t Tree<'a>, style: Style) -> Self {
        Self {
            tree,
            style,
            builder: PhantomData,
        }
    }

    /// A message, with what is asked of it.
    pub(super) fn message(
        &self,
        children: Children,
        message: &'static Message,
        demand: &Demand,
    ) -> Result<B::Out, AttributesError> {
        match (message.shape, self.style) {
            (Shape::Struct | Shape::Value | Shape::ListValue, _) => {
                metadata::build(self, children, message.shape, demand)
            }
            (Shape::Timestamp, Style::Protojson) => self.rfc3339(children),
            (Shape::Any, Style::Protojson) => Ok(self.any(children, demand)),
            _ => self.plain(children, message, demand),
        }
    }

    fn plain(
        &self,
        children: Children,
        message: &'static Message,
        demand: &Demand,
    ) -> Result<B::Out, AttributesError> {
        let mut object = B::object();
        for (node, field) in self.fields(children, message) {
            if field.oneof && message.wrapper.is_some() {
                continue;
            }
            self.member(&mut object, node, field, demand)?;
        }
        if let Some(wrapper) = message.wrapper
            && let Some(demand) = demand.member(wrapper.as_str())
        {
            let set = self
                .fields(children, message)
                .find(|(_, field)| field.oneof);
            let out = match set {
                None => B::null(),
                Some((node, field)) => {
                    let mut inner = B::object();
                    self.member(&mut inner, node, field, demand)?;
                    B::finish(inner)
                }
            };
            B::put(&mut object, Key::Name(wrapper), out);
        }
        Ok(B::finish(object))
    }

    /// The nodes of a message with their fields.
    fn fields(
        &self,
        children: Children,
        message: &'static Message,
    ) -> impl Iterator<Item = (&'t Node<'a>, &'static Field)> {
        let tree = self.tree;
        tree.chain(children)
            .filter_map(|node| Some((node, message.field(u32::from(node.number))?)))
    }

    /// Adds a field to an object, if it is asked for and has something to show.
    fn member(
        &self,
        object: &mut B::Object,
        node: &Node<'a>,
        field: &'static Field,
        demand: &Demand,
    ) -> Result<(), AttributesError> {
        if let Some(demand) = demand.member(field.name.as_str())
            && let Some(out) = self.field(node.payload, field, demand)?
        {
            B::put(object, Key::Name(field.name), out);
        }
        Ok(())
    }

    /// A field's value; `None` for zero and empty, which outside a oneof are as good as absent.
    fn field(
        &self,
        payload: Payload<'a>,
        field: &'static Field,
        demand: &Demand,
    ) -> Result<Option<B::Out>, AttributesError> {
        Ok(match (payload, field.kind) {
            (Payload::Text("") | Payload::Bytes([]) | Payload::Integer(0), _) if !field.oneof => {
                None
            }
            (Payload::Message(children), Kind::Message(message)) => {
                Some(self.message(children, message, demand)?)
            }
            (Payload::Items(items), kind) if field.label == schema::Label::Map => {
                Some(self.map(items, kind, demand)?)
            }
            (Payload::Items(items), Kind::Message(message)) => Some(self.list(items, message)?),
            (payload, kind) => self.scalar(payload, kind),
        })
    }

    fn scalar(&self, payload: Payload<'a>, kind: Kind) -> Option<B::Out> {
        Some(match (payload, kind) {
            (Payload::Text(text), _) => B::text(text),
            (Payload::Bytes(bytes), _) => B::made(BASE64.encode(bytes)),
            (Payload::Integer(value), Kind::Bool) => B::bool(value != 0),
            (Payload::Integer(value), Kind::Int64) if self.style == Style::Protojson => {
                B::made(value.to_string())
            }
            (Payload::Integer(value), Kind::Enum(names)) if self.style == Style::Protojson => {
                let name = usize::try_from(value)
                    .ok()
                    .and_then(|index| names.get(index));
                name.map_or_else(|| B::integer(value), |name| B::made((*name).to_owned()))
            }
            (Payload::Integer(value), _) => B::integer(value),
            (Payload::Double(value), _) => B::double(value, self.style),
            (Payload::Message(_) | Payload::Items(_), _) => return None,
        })
    }

    fn map(&self, items: Children, kind: Kind, demand: &Demand) -> Result<B::Out, AttributesError> {
        let mut object = B::object();
        for node in self.tree.chain(items) {
            let Some(demand) = demand.member(node.key) else {
                continue;
            };
            let out = match (node.payload, kind) {
                (Payload::Text(text), _) => B::text(text),
                (Payload::Message(children), Kind::Message(message)) => {
                    self.message(children, message, demand)?
                }
                _ => continue,
            };
            B::put(&mut object, Key::Text(node.key), out);
        }
        Ok(B::finish(object))
    }

    /// A list is shown whole: a demand names the members of objects only.
    fn list(&self, items: Children, message: &'static Message) -> Result<B::Out, AttributesError> {
        let mut array = Vec::new();
        for node in self.tree.chain(items) {
            if let Payload::Message(children) = node.payload {
                array.push(self.message(children, message, &Demand::All)?);
            }
        }
        Ok(B::array(array))
    }

    /// A timestamp of proto3 JSON: RFC 3339 in UTC with no, 3, 6 or 9 digits of a second.
    fn rfc3339(&self, children: Children) -> Result<B::Out, AttributesError> {
        let part = |number| match self.scalar_of(children, number) {
            Some(Payload::Integer(value)) => value,
            _ => 0,
        };
        let (seconds, nanos) = (part(number::SECONDS), part(number::NANOS));
        if !(0..1_000_000_000).contains(&nanos) || !TIME_RANGE.contains(&seconds) {
            return Err(AttributesError::TimeRange);
        }
        let since = SignedDuration::from_secs(seconds);
        let at = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since);
        let whole = at.map_err(|_| AttributesError::TimeRange)?.to_string();
        Ok(B::made(match nanos {
            0 => format!("{whole}Z"),
            n if n % 1_000_000 == 0 => format!("{whole}.{:03}Z", n / 1_000_000),
            n if n % 1_000 == 0 => format!("{whole}.{:06}Z", n / 1_000),
            n => format!("{whole}.{n:09}Z"),
        }))
    }

    /// An `Any` of proto3 JSON. The types that could be resolved are not linked in, so each is
    /// shown like one that cannot: its type and its bytes.
    fn any(&self, children: Children, demand: &Demand) -> B::Out {
        let mut object = B::object();
        for (number, name) in [
            (number::TYPE_URL, schema::AT_TYPE),
            (number::ANY_VALUE, schema::VALUE),
        ] {
            let out = match self.scalar_of(children, number) {
                Some(Payload::Text(text)) if !text.is_empty() => B::text(text),
                Some(Payload::Bytes(bytes)) if !bytes.is_empty() => B::made(BASE64.encode(bytes)),
                _ => continue,
            };
            if demand.member(name.as_str()).is_some() {
                B::put(&mut object, Key::Name(name), out);
            }
        }
        B::finish(object)
    }

    fn scalar_of(&self, children: Children, number: u8) -> Option<Payload<'a>> {
        self.tree
            .chain(children)
            .find(|node| node.number == number)
            .map(|node| node.payload)
    }
}

/// The seconds from the year 1 to the year 9999, which is what proto3 JSON can express.
const TIME_RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
