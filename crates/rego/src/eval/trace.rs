//! What happened during an evaluation, event by event, made from the marks of a program with instruments.
//!
//! The marks say where evaluation comes by. What failed and what was tried again follows from their order: a
//! literal that is come to again is so because one before it had another answer.

use super::Tracer;
use crate::hir::Place;
use crate::plan::ir::Mark;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A rule or query begins.
    Enter,
    /// A literal is looked at.
    Eval,
    /// Another answer of a literal is looked for.
    Redo,
    /// A literal has no answer.
    Fail,
    /// A rule or query has an answer.
    Exit,
    /// The policy said something.
    Note,
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub op: Op,
    /// To what: a rule, one of its branches, a literal.
    pub place: Place,
    /// How many rules and queries are open around it.
    pub depth: usize,
    /// The number of the rule's evaluation that it belongs to.
    pub id: usize,
    /// The number of the evaluation that began this one.
    pub parent: usize,
    /// Of a note the number of its text in [`Trace::notes`].
    pub note: Option<usize>,
}

/// Keeps the events of an evaluation.
#[derive(Debug, Default)]
pub struct Trace {
    events: Vec<Event>,
    open: Vec<Frame>,
    begun: usize,
    notes: Vec<String>,
}

/// A rule or query under way.
#[derive(Debug)]
struct Frame {
    id: usize,
    parent: usize,
    /// The literals that hold so far, and the one that is looked at.
    path: Vec<Place>,
    /// Whether there was an answer since the last literal.
    answered: bool,
}

/// Evaluations are cut off in a trace after this many events: memory is finite.
const MAX_EVENTS: usize = 1_000_000;

// === impl Trace ===

impl Trace {
    /// The events so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What the policy said.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Takes in what the policy says at the literal that is looked at.
    pub fn note(&mut self, text: impl Into<String>) {
        let place = self.open.last().and_then(|frame| frame.path.last());
        let before = self.events.len();
        self.push(
            Op::Note,
            place.copied().unwrap_or_default(),
            self.open.len(),
        );
        if self.events.len() > before
            && let Some(event) = self.events.last_mut()
        {
            event.note = Some(self.notes.len());
            self.notes.push(text.into());
        }
    }

    fn push(&mut self, op: Op, place: Place, depth: usize) {
        let (id, parent) = match self.open.last() {
            Some(frame) => (frame.id, frame.parent),
            None => (0, 0),
        };
        if self.events.len() < MAX_EVENTS {
            self.events.push(Event {
                op,
                place,
                depth,
                id,
                parent,
                note: None,
            });
        }
    }

    fn enter(&mut self, place: Place) {
        let depth = self.open.len();
        let parent = self.open.last().map_or(0, |frame| frame.id);
        self.open.push(Frame {
            id: self.begun,
            parent,
            path: Vec::new(),
            answered: false,
        });
        self.begun += 1;
        self.push(Op::Enter, place, depth);
    }

    fn literal(&mut self, place: Place) {
        let depth = self.open.len();
        if let Some(frame) = self.open.last()
            && let Some(at) = frame.path.iter().position(|other| *other == place)
        {
            // The one before it has another answer.
            self.back_to(at.saturating_sub(1));
        }
        if let Some(frame) = self.open.last_mut() {
            if let Some(at) = frame.path.iter().position(|other| *other == place) {
                frame.path.truncate(at);
            }
            frame.path.push(place);
            frame.answered = false;
        }
        self.push(Op::Eval, place, depth);
    }

    fn exit(&mut self, place: Place) {
        let depth = self.open.len();
        if let Some(frame) = self.open.last_mut() {
            frame.answered = true;
        }
        self.push(Op::Exit, place, depth);
    }

    fn leave(&mut self) {
        if self.open.last().is_some_and(|frame| !frame.answered) {
            self.back_to(0);
        }
        self.open.pop();
    }

    /// The last literal failed, unless there was an answer; those before it are tried again.
    fn back_to(&mut self, first: usize) {
        let depth = self.open.len();
        let Some(frame) = self.open.last_mut() else {
            return;
        };
        let mut back = frame.path.split_off(first.min(frame.path.len()));
        let answered = frame.answered;
        frame.path.extend(back.first().copied());
        if !answered && let Some(failed) = back.pop() {
            self.push(Op::Fail, failed, depth);
        }
        for place in back.into_iter().rev() {
            self.push(Op::Redo, place, depth);
        }
    }
}

impl Tracer for Trace {
    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Enter(place) => self.enter(*place),
            Mark::Literal(place) => self.literal(*place),
            Mark::Exit(place) => self.exit(*place),
            Mark::Leave(_) => self.leave(),
        }
    }
}
