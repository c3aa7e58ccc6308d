//! Text to syntax tree, in linear time and bounded depth.
//!
//! The tree says what was written, no more: names are not resolved, nothing is rewritten except where Rego's
//! own grammar does it (a chained body is a further rule, an infix operator is a call).

mod annotations;
pub mod ast;
pub mod json;
mod lexer;
mod parser;
mod print;
mod token;

use std::sync::Arc;

use crate::source::{Diagnostic, File};
use ast::{Body, Module, Ref, RegoVersion, Term, TermKind};
use parser::Parser;
pub use parser::Rules;

/// How deep a tree may be: what recurses over one needs at most this many steps.
pub const MAX_DEPTH: u32 = 300;

/// How text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The version of the language that the text is in.
    pub version: RegoVersion,
    /// Whether all of `future.keywords` hold without an import, in queries.
    pub future_keywords: bool,
    /// Whether METADATA blocks are read.
    pub process_annotations: bool,
    /// What may be used of the language.
    pub features: Features,
}

/// What may be used of the language: less than all of it in a policy that another engine shall run too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Version 1 at all.
    pub rego_v1: bool,
    /// Template strings.
    pub template_strings: bool,
    /// Keywords behind a dot.
    pub keywords_in_refs: bool,
    /// `future.keywords.not`.
    pub not: bool,
    /// `future.keywords.and`.
    pub and: bool,
    /// `future.keywords.or`.
    pub or: bool,
}

/// Reads a module.
pub fn parse_module(file: &Arc<File>, options: &Options) -> Result<Module, Vec<Diagnostic>> {
    Parser::new(file, *options)?.module()
}

/// Reads a module without keeping the rules' bodies and values: what is wrong with it is found, and what the rules are
/// called. [`rules`] reads them again, one after the other, so that a large module's tree is never whole in memory.
pub fn parse_outline(file: &Arc<File>, options: &Options) -> Result<Module, Vec<Diagnostic>> {
    Parser::new(file, *options)?.outline().module()
}

/// Reads the rules of a module that [`parse_outline`] has read.
#[must_use]
pub fn rules<'a>(file: &'a Arc<File>, options: &Options) -> Rules<'a> {
    Rules::new(file, *options)
}

/// Reads a query: literals that `;` or a new line separates.
pub fn parse_query(file: &Arc<File>, options: &Options) -> Result<Body, Vec<Diagnostic>> {
    Parser::new(file, *options)?.query()
}

/// Reads one term.
pub fn parse_term(file: &Arc<File>, options: &Options) -> Result<Term, Vec<Diagnostic>> {
    Parser::new(file, *options)?.single_term()
}

/// Reads a reference; a variable alone is one without keys.
pub fn parse_ref(file: &Arc<File>, options: &Options) -> Result<Ref, Vec<Diagnostic>> {
    let term = parse_term(file, options)?;
    let span = term.span;
    match term.kind {
        TermKind::Ref(reference) => Ok(reference),
        TermKind::Var(_) => Ok(Ref {
            span,
            head: Box::new(term),
            path: Vec::new(),
        }),
        _ => Err(vec![file.diagnostic(
            crate::source::Code::Parse,
            span,
            "expected a reference like data.a.b",
        )]),
    }
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            version: RegoVersion::V1,
            future_keywords: false,
            process_annotations: true,
            features: Features::default(),
        }
    }
}

// === impl Features ===

impl Default for Features {
    /// All of it.
    fn default() -> Self {
        Self {
            rego_v1: true,
            template_strings: true,
            keywords_in_refs: true,
            not: true,
            and: true,
            or: true,
        }
    }
}
