//! Texts in the syntax of Go's text/template: fields, variables, literals, `if`, `range`, `with` and the functions
//! `and`, `eq`, `index`, `len`, `ne`, `not`, `or`. Pipelines of several commands, parentheses, `define` and
//! `template` are refused.

use crate::builtins::{Context, Error, operand};
use crate::value::Value;

mod parse;
mod render;

pub(super) fn render_template(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let template = operand::string(args, 0)?;
    let vars = operand::object(args, 1)?;
    context.budget.build(template.len() as u64)?;
    let nodes = parse::parse(template)?;
    let vars = vars.clone().into();
    Ok(render::render(&nodes, &vars, context.budget)?.into())
}

fn failed(message: &str) -> Error {
    Error::Failed(format!("template: template: {message}"))
}

#[cfg(test)]
mod tests;
