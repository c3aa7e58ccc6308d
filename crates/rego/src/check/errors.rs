//! What the passes found wrong, by pass.

use std::sync::Arc;

use crate::source::{Code, Diagnostic, File, Location, Span};

/// The passes in the order of their errors: only those of the first one with errors are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Imports, declarations, shadowing.
    Names,
    Sugar,
    Conflicts,
    Functions,
    Heads,
    Safety,
    Recursion,
    Builtins,
}

/// The errors so far.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<(Stage, Location, Diagnostic)>);

impl Errors {
    pub(super) fn add(&mut self, stage: Stage, diagnostic: Diagnostic) {
        let order = diagnostic.location.clone();
        self.0.push((stage, order, diagnostic));
    }

    /// Adds one that is to stand with those of the place `order`, by its text.
    pub(super) fn add_of(&mut self, stage: Stage, order: Location, diagnostic: Diagnostic) {
        self.0.push((stage, order, diagnostic));
    }

    pub(super) fn at(
        &mut self,
        stage: Stage,
        file: &Arc<File>,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) {
        self.add(stage, file.diagnostic(code, span, message));
    }

    /// The errors to report, at most `max` where that is not 0.
    pub(super) fn finish(self, max: usize) -> Result<(), Vec<Diagnostic>> {
        let Some(first) = self.0.iter().map(|(stage, ..)| *stage).min() else {
            return Ok(());
        };
        let mut found = self.0;
        found.retain(|(stage, ..)| *stage == first);
        found.sort_by(|(_, a, one), (_, b, other)| {
            let places = || one.location.cmp(&other.location);
            a.cmp(b)
                .then_with(|| one.message.cmp(&other.message))
                .then_with(places)
        });
        let mut found: Vec<Diagnostic> = found.into_iter().map(|(.., error)| error).collect();
        found.dedup_by(|a, b| a.location == b.location && a.message == b.message);
        if max > 0 {
            found.truncate(max);
        }
        Err(found)
    }
}
