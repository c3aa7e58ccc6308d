//! What compiled policies call and no policy names: membership, the text of a template string, what the host knows.

use super::declare::{takes, unnamed};
use super::text::Style;
use super::{Builtin, Context, Error, Question, operand, outside, text};
use crate::types::Type;
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("internal.member_2", "", member_2)
        .declared(|| takes([unnamed(Type::any()), unnamed(Type::any())]).gives(Type::Boolean))
        .infix("in"),
    Builtin::new("internal.member_3", "", member_3)
        .declared(|| {
            let any = || unnamed(Type::any());
            takes([any(), any(), any()]).gives(Type::Boolean)
        })
        .infix("in"),
    Builtin::new("internal.template_string", "", template_string)
        .declared(|| takes([unnamed(Type::array(Type::any()))]).gives(Type::String)),
    Builtin::new("internal.host", "", host)
        .declared(|| takes([unnamed(Type::String)]).gives(Type::any()))
        .nondeterministic()
        .hosts(),
];

fn host(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let name = operand::string(args, 0)?.clone();
    outside::ask(context, &Question::Host(name))
}

fn member_2(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let wanted = operand::value(args, 0)?;
    let found = match operand::value(args, 1)? {
        Value::Array(array) => {
            context.budget.step(array.len() as u64)?;
            array.contains(wanted)
        }
        Value::Object(object) => {
            context.budget.step(object.len() as u64)?;
            object.values().any(|value| value == wanted)
        }
        Value::Set(set) => set.contains(wanted),
        _ => false,
    };
    Ok(found.into())
}

fn member_3(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let key = operand::value(args, 0)?;
    let wanted = operand::value(args, 1)?;
    let found = operand::value(args, 2)?.get(key);
    Ok((found == Some(wanted)).into())
}

/// Joins the parts: text as it is, an expression as a set of its one value, or of none.
fn template_string(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut output = String::new();
    for part in operand::array(args, 0)? {
        let value = match part {
            Value::Set(set) if set.is_empty() => &Value::from("<undefined>"),
            Value::Set(set) => set.at(0).unwrap_or(part),
            other => other,
        };
        match value {
            Value::String(part) => {
                context.budget.build(part.len() as u64)?;
                output.push_str(part);
            }
            other => text::append(&mut output, other, Style::Term, context.budget)?,
        }
    }
    Ok(output.into())
}

#[cfg(test)]
mod tests;
