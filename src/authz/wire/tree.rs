//! What a scan found: an arena of nodes, each a field that is present. Not the reading of bytes.
//!
//! A message's children are a chain with at most one node per field; lists and maps have their
//! items in a chain below that node. So looking for a field never passes over many items, and a
//! message that repeats a field endlessly costs no more than its bytes.

use super::schema::{Field, Label, Message};

/// A node's place in the arena.
pub type NodeId = u32;

/// No node: the end of a chain.
pub const NONE: NodeId = NodeId::MAX;

/// The nodes of one message; the first is the message itself.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

/// A field that is present, or one item of a list or map.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The field's number in its message.
    pub number: u8,
    /// The key, when this is an item of a map.
    pub key: &'a str,
    /// The next node of the same chain.
    pub next: NodeId,
    /// What the field holds.
    pub payload: Payload<'a>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// A `string`.
    Text(&'a str),
    /// Some `bytes`.
    Bytes(&'a [u8]),
    /// A number without fraction, an enum, or a bool as 0 or 1.
    Integer(i64),
    /// A `double`.
    Double(f64),
    /// A message.
    Message(Children),
    /// The items of a list or map, in the order of the bytes.
    Items(Children),
}

/// A chain of nodes.
#[derive(Debug, Clone, Copy)]
pub struct Children {
    /// The first node.
    pub first: NodeId,
    /// The last node.
    last: NodeId,
    /// A bit for each field number that the chain has.
    seen: u32,
}

/// The most nodes that there is room for from the start: long messages are mostly a body.
const MOST_ROOM: usize = 128;

// === impl Children ===

impl Children {
    /// A chain without nodes.
    pub const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
        seen: 0,
    };
}

// === impl Tree ===

impl<'a> Tree<'a> {
    /// A tree that holds just an empty message, with room for about as many fields as so many bytes have.
    #[must_use]
    pub fn sized(bytes: usize) -> Self {
        let mut nodes = Vec::with_capacity((16 + bytes / 10).min(MOST_ROOM));
        nodes.push(Node {
            number: 0,
            key: "",
            next: NONE,
            payload: Payload::Message(Children::EMPTY),
        });
        Self { nodes }
    }

    /// The node at `id`; `None` for [`NONE`].
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id as usize)
    }

    /// The nodes of a chain.
    pub fn chain(&self, children: Children) -> impl Iterator<Item = &Node<'a>> {
        let mut at = children.first;
        std::iter::from_fn(move || {
            let node = self.get(at)?;
            at = node.next;
            Some(node)
        })
    }

    /// The field `number` of the message at `id`.
    #[must_use]
    pub fn field(&self, id: NodeId, number: u8) -> Option<NodeId> {
        let Payload::Message(children) = self.get(id)?.payload else {
            return None;
        };
        if children.seen & bit(number) == 0 {
            return None;
        }
        let mut at = children.first;
        while let Some(node) = self.get(at) {
            if node.number == number {
                return Some(at);
            }
            at = node.next;
        }
        None
    }

    /// Sets a scalar field of the message at `id`; the last value counts.
    pub(super) fn set(&mut self, id: NodeId, message: &Message, field: &Field, to: Payload<'a>) {
        if field.oneof {
            self.clear_oneof(id, message, field.number);
        }
        let node = match self.field(id, field.number) {
            Some(node) => node,
            None => self.append(id, field.number, "", to),
        };
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.payload = to;
        }
    }

    /// Adds an item to a list or map of the message at `id`.
    pub(super) fn push(
        &mut self,
        id: NodeId,
        field: &Field,
        key: &'a str,
        item: Payload<'a>,
    ) -> NodeId {
        let list = match self.field(id, field.number) {
            Some(list) => list,
            None => self.append(id, field.number, "", Payload::Items(Children::EMPTY)),
        };
        self.append(list, field.number, key, item)
    }

    /// The node of a singular submessage, new or, since submessages merge, the one that is there.
    pub(super) fn enter(&mut self, id: NodeId, message: &Message, field: &Field) -> NodeId {
        debug_assert_eq!(field.label, Label::Singular);
        if field.oneof {
            self.clear_oneof(id, message, field.number);
        }
        match self.field(id, field.number) {
            Some(node) => node,
            None => self.append(id, field.number, "", Payload::Message(Children::EMPTY)),
        }
    }

    /// Sets the key of a map's item, which may follow its value.
    pub(super) fn set_key(&mut self, id: NodeId, key: &'a str) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.key = key;
        }
    }

    /// Unlinks the other members of the oneof that `keep` belongs to.
    fn clear_oneof(&mut self, id: NodeId, message: &Message, keep: u8) {
        // Mostly there is nothing else: each value of a `Struct` is a oneof.
        if let Some(Payload::Message(children)) = self.get(id).map(|node| node.payload)
            && children.seen & !bit(keep) == 0
        {
            return;
        }
        for other in message.fields.iter().flatten() {
            if other.oneof && other.number != keep {
                self.remove(id, other.number);
            }
        }
    }

    fn remove(&mut self, id: NodeId, number: u8) {
        let Some(gone) = self.field(id, number) else {
            return;
        };
        let Some(&Node { next, .. }) = self.get(gone) else {
            return;
        };
        let Some(Payload::Message(mut children)) = self.get(id).map(|node| node.payload) else {
            return;
        };
        let mut before = NONE;
        let mut at = children.first;
        while at != gone {
            before = at;
            at = self.get(at).map_or(gone, |node| node.next);
        }
        match self.nodes.get_mut(before as usize) {
            Some(node) => node.next = next,
            None => children.first = next,
        }
        if children.last == gone {
            children.last = before;
        }
        children.seen &= !bit(number);
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.payload = Payload::Message(children);
        }
    }

    fn append(&mut self, id: NodeId, number: u8, key: &'a str, payload: Payload<'a>) -> NodeId {
        // A message of 4 GiB would be needed to run out of ids; none is read.
        let new = NodeId::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(Node {
            number,
            key,
            next: NONE,
            payload,
        });
        let mut last = NONE;
        if let Some(Payload::Message(children) | Payload::Items(children)) = self
            .nodes
            .get_mut(id as usize)
            .map(|node| &mut node.payload)
        {
            last = children.last;
            children.last = new;
            children.seen |= bit(number);
            if last == NONE {
                children.first = new;
            }
        }
        if let Some(node) = self.nodes.get_mut(last as usize) {
            node.next = new;
        }
        new
    }
}

/// The bit of a field number; the tables have none above 31.
fn bit(number: u8) -> u32 {
    1u32.checked_shl(u32::from(number)).unwrap_or(0)
}
