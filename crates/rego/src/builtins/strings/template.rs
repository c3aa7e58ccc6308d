//! Texts in the syntax of Go's text/template: fields, variables, literals, `if`, `range`, `with` and the functions
//! `and`, `eq`, `index`, `len`, `ne`, `not`, `or`. Pipelines of several commands, parentheses, `define` and
//! `template` are refused.

use crate::builtins::{Budget, Context, Error, operand};
use crate::value::Value;

mod parse;
mod render;

pub(super) fn render_template(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let template = operand::string(args, 0)?;
    let vars = operand::object(args, 1)?;
    context.budget.build(template.len() as u64)?;
    let nodes = parse::parse(template)?;
    let vars = vars.clone().into();
    json_can_show(&vars, context.budget)?;
    Ok(render::render(&nodes, &vars, context.budget)?.into())
}

/// Variables reach the template as JSON, which has neither sets nor keys that are no strings.
fn json_can_show(vars: &Value, budget: &mut Budget) -> Result<(), Error> {
    let mut todo = vec![vars];
    while let Some(value) = todo.pop() {
        budget.step(1)?;
        match value {
            Value::Array(items) => todo.extend(items.iter()),
            Value::Object(members) => {
                if members.keys().any(|key| key.as_str().is_none()) {
                    return Err(failed("a key is no string"));
                }
                todo.extend(members.iter().map(|(_, value)| value));
            }
            Value::Set(_) => return Err(failed("a set is no JSON")),
            _ => {}
        }
    }
    Ok(())
}

fn failed(message: &str) -> Error {
    Error::Failed(format!("template: template: {message}"))
}

#[cfg(test)]
mod tests;
