//! Texts in the syntax of Go's text/template: fields, variables, literals, `if`, `range`, `with` and the functions
//! `and`, `eq`, `index`, `len`, `ne`, `not`, `or`. Pipelines of several commands, parentheses, `define` and
//! `template` are refused.

use crate::builtins::text::{self, Style};
use crate::builtins::{Context, Error, operand};
use crate::value::{Value, json};

mod parse;
mod render;

pub(super) fn render_template(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let template = operand::string(args, 0)?;
    let vars = operand::object(args, 1)?;
    context.budget.build(template.len() as u64)?;
    let nodes = parse::parse(template)?;
    // OPA reads them from their text in Rego, which is JSON only where they are JSON.
    let vars = text::write(&vars.clone().into(), Style::Term, context.budget)?;
    context
        .budget
        .build((vars.len() * size_of::<Value>() / 2) as u64)?;
    let vars = json::parse(&vars).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(render::render(&nodes, &vars, context.budget)?.into())
}

fn failed(message: &str) -> Error {
    Error::Failed(format!("template: template: {message}"))
}

#[cfg(test)]
mod tests;
