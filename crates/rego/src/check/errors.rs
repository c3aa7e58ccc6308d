//! What the passes found wrong, by pass.

use std::sync::Arc;

use crate::source::{Code, Diagnostic, File, Span};

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
pub(super) struct Errors(Vec<(Stage, Diagnostic)>);

impl Errors {
    pub(super) fn add(&mut self, stage: Stage, diagnostic: Diagnostic) {
        self.0.push((stage, diagnostic));
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
        let Some(first) = self.0.iter().map(|(stage, _)| *stage).min() else {
            return Ok(());
        };
        let mut found: Vec<Diagnostic> = self
            .0
            .into_iter()
            .filter(|(stage, _)| *stage == first)
            .map(|(_, d)| d)
            .collect();
        found.sort_by(|a, b| {
            a.location
                .cmp(&b.location)
                .then_with(|| a.message.cmp(&b.message))
        });
        found.dedup_by(|a, b| a.location == b.location && a.message == b.message);
        if max > 0 {
            found.truncate(max);
        }
        Err(found)
    }
}
