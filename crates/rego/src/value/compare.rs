//! Comparing and hashing, without recursion: by a stack of composite values that are under way.
//!
//! Arrays and sets compare member by member and then by length. Objects do so too, with each key followed by its value.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::Value;

const STRING: u8 = 3;

/// The values inside a composite one, in order.
#[derive(Clone, Copy)]
enum Children<'a> {
    Items(&'a [Value]),
    Members(&'a [(Value, Value)]),
}

struct Frame<'a> {
    left: Children<'a>,
    right: Children<'a>,
    at: usize,
}

/// A step of comparing two values.
enum Step<'a> {
    Done(Ordering),
    Into(Frame<'a>),
}

// === impl Children ===

impl<'a> Children<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(array) => Some(Self::Items(array)),
            Value::Set(set) => Some(Self::Items(set.as_slice())),
            Value::Object(object) => Some(Self::Members(object.as_slice())),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Members(members) => members.len() * 2,
        }
    }

    fn get(&self, at: usize) -> Option<&'a Value> {
        match self {
            Self::Items(items) => items.get(at),
            Self::Members(members) => {
                let member = members.get(at / 2)?;
                Some(if at.is_multiple_of(2) {
                    &member.0
                } else {
                    &member.1
                })
            }
        }
    }
}

/// Rego's order.
#[inline]
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => run(left, right, false),
    }
}

/// Whether the values are equal; stops at lengths that differ.
#[inline]
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(a), Value::String(b)) => a.as_bytes() == b.as_bytes(),
        (Value::String(_), _) | (_, Value::String(_)) => false,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => run(left, right, true) == Ordering::Equal,
    }
}

/// Equal values hash alike.
pub(super) fn hash<H: Hasher>(value: &Value, state: &mut H) {
    let mut stack: SmallVec<[(Children<'_>, usize); 8]> = SmallVec::new();
    stack.extend(hash_node(value, state));
    while let Some((children, at)) = stack.last_mut() {
        let Some(child) = children.get(*at) else {
            stack.pop();
            continue;
        };
        *at += 1;
        stack.extend(hash_node(child, state));
    }
}

/// What [`hash`] does for the string value `text`.
pub(super) fn hash_str<H: Hasher>(text: &str, state: &mut H) {
    state.write_u8(STRING);
    text.hash(state);
}

fn hash_node<'a, H: Hasher>(value: &'a Value, state: &mut H) -> Option<(Children<'a>, usize)> {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(v) => state.write_u8(if *v { 8 } else { 1 }),
        Value::Number(v) => {
            state.write_u8(2);
            v.hash(state);
        }
        Value::String(v) => hash_str(v, state),
        composite => {
            let children = Children::of(composite)?;
            state.write_u8(rank(composite));
            state.write_usize(children.len());
            return Some((children, 0));
        }
    }
    None
}

fn run(left: &Value, right: &Value, equality: bool) -> Ordering {
    let frame = match step(left, right, equality) {
        Step::Done(ordering) => return ordering,
        Step::Into(frame) => frame,
    };
    let mut stack: SmallVec<[Frame<'_>; 4]> = SmallVec::new();
    stack.push(frame);
    while let Some(frame) = stack.last_mut() {
        let (Some(left), Some(right)) = (frame.left.get(frame.at), frame.right.get(frame.at))
        else {
            match frame.left.len().cmp(&frame.right.len()) {
                Ordering::Equal => drop(stack.pop()),
                unequal => return unequal,
            }
            continue;
        };
        frame.at += 1;
        match step(left, right, equality) {
            Step::Done(Ordering::Equal) => {}
            Step::Done(unequal) => return unequal,
            Step::Into(frame) => stack.push(frame),
        }
    }
    Ordering::Equal
}

fn step<'a>(left: &'a Value, right: &'a Value, equality: bool) -> Step<'a> {
    let (same, left, right) = match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => return Step::Done(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => return Step::Done(a.cmp(b)),
        (Value::String(a), Value::String(b)) => return Step::Done(a.as_bytes().cmp(b.as_bytes())),
        (Value::Array(a), Value::Array(b)) => (a.ptr_eq(b), Children::Items(a), Children::Items(b)),
        (Value::Set(a), Value::Set(b)) => (
            a.ptr_eq(b),
            Children::Items(a.as_slice()),
            Children::Items(b.as_slice()),
        ),
        (Value::Object(a), Value::Object(b)) => (
            a.ptr_eq(b),
            Children::Members(a.as_slice()),
            Children::Members(b.as_slice()),
        ),
        _ => return Step::Done(rank(left).cmp(&rank(right))),
    };
    if same {
        return Step::Done(Ordering::Equal);
    }
    if equality && left.len() != right.len() {
        return Step::Done(Ordering::Less);
    }
    Step::Into(Frame { left, right, at: 0 })
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => STRING,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
        Value::Set(_) => 6,
    }
}
