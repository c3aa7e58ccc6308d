//! `json.match_schema` and `json.verify_schema`: JSON Schema of the drafts 4, 6 and 7, and the mixture of them that
//! counts where a schema does not say its draft.
//!
//! A validator of our own, because scripts read the list of errors (`desc`, `error`, `field`, `type`), and the reason
//! why a schema is none, and no crate gives OPA's: which errors of the branches of an `anyOf` are told, in which words,
//! is the better half of what is here. The crates (boon, jsonschema) would add 2.2 and 4.0 MB and still need that half, know no mixture of drafts,
//! take patterns that RE2 refuses, and charge nobody for their work.
//!
//! A reference to another document is refused: nothing is fetched here.

mod format;
mod node;
mod problem;
mod read;
mod reference;
mod validate;

use std::borrow::Cow;
use std::sync::Arc;

pub(in crate::builtins) use self::node::Schema;
use self::problem::Problem;
pub(crate) use self::reference::part;
use crate::builtins::text::{self, Style};
use crate::builtins::{Context, Error, operand};
use crate::value::{Object, Value, json};

/// Gives whether a document is as its schema says, and what is wrong with it.
pub(super) fn matches(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let document = document(context, operand::value(args, 0)?)?;
    let schema = compiled(context, operand::value(args, 1)?)?;
    let problems = validate::problems(context, &schema, &document)?;
    let valid = Value::from(problems.is_empty());
    let problems: Vec<Value> = problems.iter().map(told).collect();
    Ok(Value::from(vec![valid, Value::from(problems)]))
}

/// Gives whether a schema is one, and why not.
pub(super) fn verify(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let told = match compiled(context, operand::value(args, 0)?) {
        Ok(_) => Value::Null,
        Err(Error::Failed(reason)) => Value::from(format!("jsonschema: {reason}")),
        Err(error) => return Err(error),
    };
    let valid = Value::from(told == Value::Null);
    Ok(Value::from(vec![valid, told]))
}

/// The schema, read now or before.
fn compiled(context: &mut Context<'_>, value: &Value) -> Result<Arc<Schema>, Error> {
    let key = match value {
        Value::String(text) => Cow::Borrowed(&**text),
        Value::Array(_) | Value::Object(_) => {
            Cow::Owned(text::write(value, Style::Json, context.budget)?)
        }
        _ => return wrong_type(),
    };
    let caches = context.caches;
    caches.schema(&key, || {
        let document = document(context, value)?;
        read::schema(context, &document).map(Arc::new)
    })
}

/// What an argument stands for: the JSON in a text, or the value as JSON has it, without sets and with texts for keys.
fn document<'v>(context: &mut Context<'_>, value: &'v Value) -> Result<Cow<'v, Value>, Error> {
    let text = match value {
        Value::String(text) => {
            super::charge(context, text)?;
            let document = json::parse(&**text);
            return document
                .map(Cow::Owned)
                .map_err(|_| Error::Failed("invalid JSON string".to_owned()));
        }
        Value::Array(_) | Value::Object(_) if is_json(context, value)? => {
            return Ok(Cow::Borrowed(value));
        }
        Value::Array(_) | Value::Object(_) => text::write(value, Style::Json, context.budget)?,
        _ => return wrong_type(),
    };
    super::charge(context, &text)?;
    let document = json::parse(&text).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Cow::Owned(document))
}

/// Whether JSON can say the same.
fn is_json(context: &mut Context<'_>, value: &Value) -> Result<bool, Error> {
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        context.budget.step(1)?;
        match value {
            Value::Set(_) => return Ok(false),
            Value::Array(items) => todo.extend(items.iter()),
            Value::Object(members) => {
                if members.keys().any(|key| key.as_str().is_none()) {
                    return Ok(false);
                }
                todo.extend(members.values());
            }
            _ => {}
        }
    }
    Ok(true)
}

#[cold]
fn wrong_type<T>() -> Result<T, Error> {
    let what = "wrong type, expected string or object".to_owned();
    Err(Error::Failed(what))
}

fn told(problem: &Problem) -> Value {
    let members = [
        ("desc", problem.description.clone()),
        (
            "error",
            format!("{}: {}", problem.field, problem.description),
        ),
        ("field", problem.field.clone()),
        ("type", problem.kind.to_owned()),
    ];
    let members = members.map(|(key, text)| (Value::from(key), Value::from(text)));
    Value::Object(members.into_iter().collect::<Object>())
}

#[cfg(test)]
mod tests;
