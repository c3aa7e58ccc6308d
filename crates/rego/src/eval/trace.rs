//! What happens during an evaluation, as events with OPA's names, for programs that were planned with
//! [instruments](crate::plan::Options::instruments).
//!
//! How a tool uses it:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use regate_rego::eval::trace::{Lines, Op, Recorder, picked, shared};
//! use regate_rego::{CompileOptions, EvalOptions, Evaluator, Source, compile, plan};
//!
//! let text = "package a\n\np if trace(\"here\")\n";
//! let source = Source { name: "a.rego", text, version: Default::default() };
//! let plan = plan::Options { instruments: true, ..Default::default() };
//! let compiled = compile(&[source], CompileOptions { plan, ..Default::default() }).map_err(|e| e[0].clone())?;
//! let query = compiled.prepare("data.a.p").map_err(|e| e[0].clone())?;
//! let (recorder, tracer) = shared(Recorder::default());
//! let mut options = EvalOptions { tracer: Some(tracer), ..Default::default() };
//! query.rows(&mut Evaluator::new(), compiled.policy(), None, &mut options)?;
//! let events = std::mem::take(&mut *recorder.lock().map_err(|_| "poisoned")?).events;
//! let notes = picked(&events, &[Op::Note]);
//! let lines = Lines::new(&query.plan().files).text(&notes);
//! assert!(lines.ends_with("a.rego:3     | | Note \"here\"\n"), "{lines}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - `--explain full|debug`: all events; `notes`, `fails`: those [`picked`]. [`Lines`] shows them.
//! - `--var-values`: [`Recorder::locals`], [`Lines::locals`] and [`Lines::failed`].
//! - `--profile`: [`Profile`](super::profile::Profile); `--coverage`: [`Cover`](super::cover::Cover). Both are
//!   tracers; a `Vec<Box<dyn Tracer>>` is one that tells several.
//!
//! An event is about a literal as written, where OPA's is about what its compiler made of it; the parts that OPA
//! evaluates as literals of their own are told before it ([`Watched::parts`]), rules that they call after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::error::Halt;
use super::exec::Sink;
use super::machine::{Flow, Machine};
use super::reg::Reg;
use crate::hir::Place;
use crate::plan::ir::{Mark, Scope, Stmt, Unit, Watched};
use crate::plan::marks::name;
use crate::value::{Str, Value};

mod lines;
mod stack;

pub use lines::Lines;

/// Is told what happens during an evaluation.
pub trait Tracer: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// Whether [`Event::locals`] is wanted: values are copied for it.
    fn wants_locals(&self) -> bool {
        false
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub op: Op,
    /// To what.
    pub node: Node,
    /// Where: see [`ir::Query::files`](crate::plan::ir::Query::files).
    pub place: Place,
    /// The number of the body's evaluation, from 0, which is the query's.
    pub query: u64,
    /// The number of the one that it serves.
    pub parent: u64,
    /// The number of the literal in its body; 0 of anything else.
    pub index: u32,
    /// Of [`Op::Note`] the note, of [`Op::Index`] what was found, of [`Op::Exit`] whether it was early.
    pub message: String,
    /// The variables in the literal that have values.
    pub locals: Vec<(Str, Value)>,
}

/// What happened, by OPA's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// A body begins.
    Enter,
    /// A body has an answer.
    Exit,
    /// A literal begins.
    Eval,
    /// A literal has no solution.
    Fail,
    /// A literal or body is asked for another solution.
    Redo,
    /// `trace` was called.
    Note,
    /// Rules were selected.
    Index,
}

/// What something happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A rule, by name.
    Rule(Str),
    /// A body, by its literals and whether they begin with `not`.
    Body(Arc<[(Place, bool)]>),
    /// A literal, or a part of one.
    Literal(Place),
    /// A literal that begins with `not`; what follows that word is a literal of a body of its own.
    Not(Place),
    /// All rules of a name.
    Unit(Str),
    /// Nothing but the place.
    Nothing,
}

/// Keeps all events.
#[derive(Debug, Default, Clone)]
pub struct Recorder {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Whether the values of variables are kept too.
    pub locals: bool,
}

/// What the machine is in the middle of while it is traced.
#[derive(Debug, Default)]
pub(super) struct Trace<'a> {
    literals: Vec<(&'a Watched, bool)>,
    scopes: Vec<Open<'a>>,
    next: u64,
    /// The rule that had an answer last, and its literal then.
    answered: Option<(u64, &'a Watched)>,
}

/// A body that began and has not ended.
#[derive(Debug)]
struct Open<'a> {
    query: u64,
    scope: &'a Scope,
    /// How many literals were begun before it.
    literals: usize,
}

/// A tracer that is told and one's own handle to it.
pub fn shared<T: Tracer + 'static>(tracer: T) -> (Arc<Mutex<T>>, Box<dyn Tracer>) {
    let kept = Arc::new(Mutex::new(tracer));
    let told = Box::new(Arc::clone(&kept));
    (kept, told)
}

/// The events of these kinds, before each the bodies entered (or asked again) last on the way to it, unless they were
/// given for the one before.
#[must_use]
pub fn picked(events: &[Event], ops: &[Op]) -> Vec<Event> {
    let mut picked = Vec::new();
    let mut entered = HashMap::<u64, &Event>::new();
    for event in events {
        if ops.contains(&event.op) {
            let mut way = vec![event];
            let mut next = entered.get(&event.query).copied();
            while let Some(body) = next {
                way.push(body);
                next = entered.get(&body.parent).copied();
                // The query serves itself.
                next = next.filter(|_| body.parent != body.query);
            }
            picked.extend(way.into_iter().rev().cloned());
            entered.clear();
        }
        let body = matches!(event.node, Node::Rule(_) | Node::Body(_));
        if body && matches!(event.op, Op::Enter | Op::Redo) {
            entered.insert(event.query, event);
        }
    }
    picked
}

// === impl Tracer ===

impl Tracer for Recorder {
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn wants_locals(&self) -> bool {
        self.locals
    }
}

impl<T: Tracer> Tracer for Arc<Mutex<T>> {
    fn event(&mut self, event: &Event) {
        if let Ok(mut tracer) = self.lock() {
            tracer.event(event);
        }
    }

    fn wants_locals(&self) -> bool {
        self.lock().is_ok_and(|tracer| tracer.wants_locals())
    }
}

impl Tracer for Vec<Box<dyn Tracer>> {
    fn event(&mut self, event: &Event) {
        for tracer in self {
            tracer.event(event);
        }
    }

    fn wants_locals(&self) -> bool {
        self.iter().any(|tracer| tracer.wants_locals())
    }
}

// === impl Event ===

impl Event {
    fn new(op: Op, node: Node, place: Place) -> Self {
        Self {
            op,
            node,
            place,
            query: 0,
            parent: 0,
            index: 0,
            message: String::new(),
            locals: Vec::new(),
        }
    }
}

// === impl Op ===

impl Op {
    /// OPA's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "Enter",
            Self::Exit => "Exit",
            Self::Eval => "Eval",
            Self::Fail => "Fail",
            Self::Redo => "Redo",
            Self::Note => "Note",
            Self::Index => "Index",
        }
    }
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// Runs the rest of a block inside what a mark begins, and tells of both ends.
    #[cold]
    #[inline(never)]
    pub(super) fn marked(
        &mut self,
        mark: &'a Mark,
        rest: &'a [Stmt],
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        if self.options.tracer.is_none() {
            return self.exec(rest, out);
        }
        self.check_stack()?;
        match mark {
            Mark::Enter(scope) => {
                self.trace.scopes.push(Open {
                    query: self.trace.next,
                    scope,
                    literals: self.trace.literals.len(),
                });
                self.trace.next += 1;
                self.trace_scope(Op::Enter, "");
                let flow = self.exec(rest, out)?;
                self.trace.scopes.pop();
                Ok(flow)
            }
            Mark::Literal(literal) => self.marked_literal(literal, rest, out),
            Mark::Holds => {
                let literal = self.trace.literals.last_mut().map(|(literal, held)| {
                    *held = true;
                    *literal
                });
                let flow = self.exec(rest, out)?;
                if let Some(literal) = literal.filter(|literal| !literal.negated) {
                    self.trace_literal(Op::Redo, literal);
                }
                Ok(flow)
            }
            Mark::Exit => {
                let scope = self.trace.scopes.last();
                let early = match out {
                    Sink::First(_) => true,
                    Sink::Found(_) => scope.is_some_and(|open| open.scope.early),
                    _ => false,
                };
                self.trace_scope(Op::Exit, if early { "early" } else { "" });
                self.trace.answer();
                let flow = self.exec(rest, out)?;
                self.trace_scope(Op::Redo, "");
                Ok(flow)
            }
        }
    }

    fn marked_literal(
        &mut self,
        literal: &'a Watched,
        rest: &'a [Stmt],
        out: &mut Sink<'a>,
    ) -> Result<Flow, Halt> {
        self.trace.literals.push((literal, false));
        let first = literal.index.saturating_sub(count(literal.parts.len()));
        for (part, index) in literal.parts.iter().zip(first..) {
            self.trace_part(Op::Eval, *part, index);
        }
        self.trace_literal(Op::Eval, literal);
        let flow = self.exec(rest, out)?;
        if self.trace.literals.pop().is_some_and(|(_, held)| !held) {
            self.trace_literal(Op::Fail, literal);
        }
        for (part, index) in literal.parts.iter().rev().zip((first..literal.index).rev()) {
            self.trace_part(Op::Redo, *part, index);
        }
        Ok(flow)
    }

    /// Tells which rules the index selected.
    #[inline]
    pub(super) fn trace_index(&mut self, unit: &Unit, matched: usize) {
        if self.options.tracer.is_some() {
            self.tell_index(unit, matched);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_index(&mut self, unit: &Unit, matched: usize) {
        // A program without instruments tells nothing, and that not half.
        let Some((literal, _)) = self.trace.literals.last() else {
            return;
        };
        let place = literal.place;
        let rules = if matched == 1 { "rule" } else { "rules" };
        let early = if unit.first { ", early exit" } else { "" };
        let message = format!("(matched {matched} {rules}{early})");
        let node = Node::Unit(name(&unit.path).into());
        self.tell(Event {
            message,
            ..Event::new(Op::Index, node, place)
        });
    }

    /// Tells what `trace` was called with.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_note(&mut self, args: &[Reg<'a>], place: Place) {
        if let Some(Value::String(note)) = args.first().map(|arg| &**arg) {
            let message = note.to_string();
            self.tell(Event {
                message,
                ..Event::new(Op::Note, Node::Nothing, place)
            });
        }
    }

    fn trace_scope(&mut self, op: Op, message: &str) {
        let Some(Open { scope, .. }) = self.trace.scopes.last() else {
            return;
        };
        let node = match &scope.name {
            Some(name) => Node::Rule(name.clone()),
            None => Node::Body(Arc::clone(&scope.literals)),
        };
        let message = message.to_owned();
        self.tell(Event {
            message,
            ..Event::new(op, node, scope.place)
        });
    }

    fn trace_part(&mut self, op: Op, part: Place, index: u32) {
        self.tell(Event {
            index,
            ..Event::new(op, Node::Literal(part), part)
        });
    }

    fn trace_literal(&mut self, op: Op, literal: &'a Watched) {
        let tracer = self.options.tracer.as_ref();
        let mut locals = Vec::new();
        if tracer.is_some_and(|tracer| tracer.wants_locals()) {
            let values = literal.locals.iter();
            locals.extend(values.map(|(name, slot)| (name.clone(), self.slot(*slot).into_value())));
        }
        let place = literal.place;
        let node = if literal.negated {
            Node::Not(place)
        } else {
            Node::Literal(place)
        };
        self.tell(Event {
            index: literal.index,
            locals,
            ..Event::new(op, node, place)
        });
    }

    /// Hands an event on, with the numbers of the body at hand and the one around it.
    fn tell(&mut self, mut event: Event) {
        let mut scopes = self.trace.scopes.iter().rev().map(|open| open.query);
        event.query = scopes.next().unwrap_or(0);
        event.parent = scopes.next().unwrap_or(event.query);
        if let Some(tracer) = &mut self.options.tracer {
            tracer.event(&event);
        }
    }
}

// === helpers ===

fn count(parts: usize) -> u32 {
    u32::try_from(parts).unwrap_or(0)
}

#[cfg(test)]
mod tests;
