//! `and`, `or` and `not { … }`, behind their imports.

use crate::source::Span;

use super::super::ast::Literal;
use super::{Parsed, Parser};

// === impl Parser ===

impl Parser<'_> {
    /// Whether a literal here is one that only the imports give.
    pub(super) fn at_logic(&self) -> bool {
        false
    }

    pub(super) fn logic(&mut self, _start: Span) -> Parsed<Literal> {
        Err(self.unexpected(""))
    }
}
