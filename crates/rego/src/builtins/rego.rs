//! `rego.parse_module`. What asks for annotations (`rego.metadata.*`) is answered when a policy is checked.

use super::declare::{named, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::source::{Diagnostic, File};
use crate::syntax;
use crate::types::Type;
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[Builtin::new(
    "rego.parse_module",
    "Gives the syntax tree of a module.",
    parse_module,
)
.declared(|| {
    let tree = Type::object(Type::String, Type::any());
    takes([
        string("filename", "the name of the file in places"),
        string("rego", "the module's text"),
    ])
    .gives(named("output", tree, "the tree"))
})];

/// How many bytes of text are read in a step.
const BYTES_A_STEP: u64 = 16;

/// What a byte of text becomes in the tree, about.
const GROWTH: u64 = 64;

/// The module is read as version 1 whatever the policy's own version is, and its annotations are comments.
fn parse_module(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let name = operand::string(args, 0)?;
    let text = operand::string(args, 1)?;
    let size = text.len() as u64;
    context.budget.step(1 + size / BYTES_A_STEP)?;
    context.budget.build(size * GROWTH)?;
    let options = syntax::Options {
        process_annotations: false,
        ..syntax::Options::default()
    };
    let file = File::new(&**name, &**text);
    match syntax::parse_module(&file, &options) {
        Ok(module) => Ok(syntax::json::module(&module)),
        Err(errors) => Err(Error::Failed(told(&errors))),
    }
}

/// All errors as one text.
fn told(errors: &[Diagnostic]) -> String {
    let lines = errors.iter().map(|error| {
        let Diagnostic {
            location,
            code,
            message,
            ..
        } = error;
        format!("{location}: {code}: {message}")
    });
    let lines: Vec<String> = lines.collect();
    match lines.as_slice() {
        [line] => format!("1 error occurred: {line}"),
        lines => format!("{} errors occurred:\n{}", lines.len(), lines.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::holds;

    #[test]
    fn modules_become_trees() {
        holds(&[
            (
                "rego.parse_module",
                r#"["x.rego", "package a\np if x # c"]"#,
                concat!(
                    r#"{"comments": [{"Location": {"col": 8, "file": "x.rego", "row": 2}, "Text": "IGM="}], "#,
                    r#""package": {"path": [{"type": "var", "value": "data"}, {"type": "string", "value": "a"}]}, "#,
                    r#""rules": [{"body": [{"index": 0, "terms": {"type": "var", "value": "x"}}], "#,
                    r#""head": {"name": "p", "ref": [{"type": "var", "value": "p"}], "#,
                    r#""value": {"type": "boolean", "value": true}}}]}"#,
                ),
            ),
            (
                "rego.parse_module",
                r#"["x.rego", "package a\np if {"]"#,
                "error: rego.parse_module: 1 error occurred: x.rego:2: rego_parse_error: unexpected eof token: expected a term",
            ),
        ]);
    }
}
