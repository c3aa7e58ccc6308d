//! What the passes found wrong, by pass.

use std::sync::Arc;

use crate::source::{Code, Diagnostic, File, Location, Span};

/// The passes in the order of their errors: only those of the first one with errors are reported, and with them
/// those that stand aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Parameters.
    Arguments,
    /// Declarations.
    Names,
    /// What template strings have in them.
    Templates,
    Sugar,
    Conflicts,
    Functions,
    Heads,
    Safety,
    Recursion,
    /// Names that hide others or that nothing uses: no reason not to look further.
    Aside,
    /// Deprecated built-ins: no reason either, once all else is right.
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

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the errors of stages behind `last` among those that came after the first `before` ones.
    pub(super) fn keep_up_to(&mut self, last: Stage, before: usize) {
        let mut at = 0;
        self.0.retain(|(stage, ..)| {
            at += 1;
            at <= before || *stage <= last
        });
    }

    /// The errors to report, at most `max` where that is not 0; without any, those that do not keep types from
    /// being checked.
    pub(super) fn finish(self, max: usize) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let first = self.0.iter().map(|(stage, ..)| *stage).min();
        let Some(first) = first.filter(|first| *first < Stage::Aside) else {
            return Ok(self.0.into_iter().map(|(.., d)| d).collect());
        };
        let aside = first != Stage::Arguments;
        let mut found = self.0;
        found.retain(|(stage, ..)| *stage == first || aside && *stage == Stage::Aside);
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

/// Errors by place, each once, at most `max` where that is not 0.
pub(super) fn ordered(mut found: Vec<Diagnostic>, max: usize) -> Vec<Diagnostic> {
    found.sort_by(|a, b| {
        a.location
            .cmp(&b.location)
            .then_with(|| a.message.cmp(&b.message))
    });
    found.dedup_by(|a, b| a.location == b.location && a.message == b.message);
    if max > 0 {
        found.truncate(max);
    }
    found
}
