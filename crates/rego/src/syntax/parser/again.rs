//! The rules of a module that has been read before, one after the other: what a large policy is lowered from, whose
//! tree would take more memory than all that comes after it.

use std::sync::Arc;

use crate::source::File;

use super::super::Options;
use super::super::ast::{Body, HeadKind, Rule};
use super::Parser;

/// The rules of a module in order. It has been read without errors, so there are none to tell of.
#[derive(Debug)]
pub struct Rules<'a> {
    parser: Option<Parser<'a>>,
    /// Those of one head that have been read.
    read: std::vec::IntoIter<Rule>,
}

// === impl Rules ===

impl<'a> Rules<'a> {
    pub(in super::super) fn new(file: &'a Arc<File>, options: Options) -> Self {
        let parser = Parser::new(file, options).ok().and_then(|mut parser| {
            parser.package().ok()?;
            Some(parser)
        });
        let read = Vec::new().into_iter();
        Self { parser, read }
    }
}

impl Iterator for Rules<'_> {
    type Item = Rule;

    fn next(&mut self) -> Option<Rule> {
        loop {
            if let Some(rule) = self.read.next() {
                return Some(rule);
            }
            let parser = self.parser.as_mut().filter(|parser| !parser.at_end())?;
            parser.lexer.get_mut().comments();
            let mut rules = Vec::new();
            if parser.item(&mut Vec::new(), &mut rules).is_err() {
                self.parser = None;
            }
            self.read = rules.into_iter();
        }
    }
}

// === impl Rule ===

impl Rule {
    /// Forgets all but what it is called.
    pub(super) fn outline(&mut self) {
        self.body = Body::default();
        self.else_ = Vec::new();
        if let HeadKind::Value { value, .. } = &mut self.head.kind {
            *value = None;
        }
    }
}
