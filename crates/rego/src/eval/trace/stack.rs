//! Which bodies are being evaluated, and which literal each has come to: what an error says of its way.

use super::super::error::{EvalError, Frame, Halt, Kind};
use super::super::machine::Machine;
use super::{Open, Trace};
use crate::hir::Place;
use crate::plan::ir::Watched;

// === impl Machine ===

impl Machine<'_> {
    /// The error with the bodies that were being evaluated, the innermost first; none without instruments.
    #[cold]
    #[inline(never)]
    pub(in crate::eval) fn explained(&self, halt: Halt) -> EvalError {
        let mut error = EvalError::from(halt);
        let mut end = self.trace.literals.len();
        let stack = &mut error.stack;
        let innermost = self.trace.scopes.last().map_or(0, |open| open.query);
        // Of a conflict the rule has ended whose answer is one too many.
        let ended = self.trace.answered.filter(|(query, _)| *query > innermost);
        if let Some((query, literal)) = ended.filter(|_| error.kind == Kind::Conflict) {
            stack.extend(self.frame_at(query, literal));
        }
        for Open {
            query, literals, ..
        } in self.trace.scopes.iter().rev()
        {
            let begun = self.trace.literals.get(*literals..end);
            end = *literals;
            let last = begun.and_then(<[_]>::last);
            stack.extend(last.and_then(|(literal, _)| self.frame_at(*query, literal)));
        }
        error
    }

    fn frame_at(&self, query: u64, literal: &Watched) -> Option<Frame> {
        let file = self.query.files.get(literal.place.file as usize);
        let file = file.or_else(|| self.program.files.get(literal.place.file as usize))?;
        let place = begun(literal, file.slice(literal.place.span));
        Some(Frame {
            query,
            location: file.location(place.span),
            text: file.slice(place.span).to_owned(),
        })
    }
}

// === impl Trace ===

impl Trace<'_> {
    /// The body at hand has an answer.
    pub(super) fn answer(&mut self) {
        let rule = self.scopes.last().filter(|open| open.scope.name.is_some());
        let last = self.literals.last();
        if let (Some(open), Some((literal, _))) = (rule, last) {
            self.answered = Some((open.query, literal));
        }
    }
}

// === helpers ===

/// The expression that OPA has come to: of a literal with one part it is that part, since a comparison of its value
/// does not fail; of several it is not known which.
fn begun(literal: &Watched, text: &str) -> Place {
    match literal.parts.as_slice() {
        [part] if !literal.negated && !text.starts_with("some ") => *part,
        _ => literal.place,
    }
}
