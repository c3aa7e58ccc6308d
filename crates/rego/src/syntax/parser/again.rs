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
            parser.start().ok()?;
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

#[cfg(test)]
mod tests {
    use super::super::super::{parse_module, parse_outline, rules};
    use super::*;

    const TEXTS: [&str; 5] = [
        "package a\n",
        "package a.b\n\nimport data.x\n\n# METADATA\n# title: t\nf(y, [z]) := y if {\n\ty == z\n} else := x\n\ndefault r := 1\n",
        "package a\nimport future.keywords\n\np contains q if some q in input { q }\n\np[\"k\"].l := 2 # c\n\nimport data.y as w\n\nq { not w } { w }\n",
        "package a\n\np contains 1\n\nimport rego.v1\n",
        "package a\n\nt := $\"{input.x} and {data.y}\"\n\nu if { every k in [1, 2] { k > 0 } }\n",
    ];

    #[test]
    fn a_module_is_read_again_as_it_was_read() {
        for text in TEXTS {
            for version in [
                crate::syntax::ast::RegoVersion::V0,
                crate::syntax::ast::RegoVersion::V1,
            ] {
                let file = File::new("t.rego", text);
                let options = Options {
                    version,
                    ..Options::default()
                };
                let Ok(whole) = parse_module(&file, &options) else {
                    assert!(parse_outline(&file, &options).is_err(), "{text}");
                    continue;
                };
                let outline = parse_outline(&file, &options).expect("the same");
                let again: Vec<Rule> = rules(&file, &options).collect();
                assert_eq!(again, whole.rules, "{text}");
                assert_eq!(outline.annotations, whole.annotations, "{text}");
                assert_eq!(outline.imports, whole.imports, "{text}");
                assert_eq!(outline.comments, whole.comments, "{text}");
                let names = |rules: &[Rule]| -> Vec<_> {
                    let name = |rule: &Rule| (rule.head.reference.clone(), rule.head.args.clone());
                    rules.iter().map(name).collect()
                };
                assert_eq!(names(&outline.rules), names(&whole.rules), "{text}");
                assert!(
                    outline
                        .rules
                        .iter()
                        .all(|rule| rule.body == Body::default())
                );
            }
        }
    }
}
