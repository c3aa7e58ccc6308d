//! Text from a format and values, by the rules of Go's fmt.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::declare::{array, string, takes};
use super::text::{self, Style};
use super::{Budget, Builtin, Context, Error, operand};
use crate::value::{Number, Value};

mod float;
mod format;
mod integer;
mod quoted;

pub(super) use float::shortest;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[Builtin::new(
    "sprintf",
    "Puts values into a format, at verbs like `%d`, `%s` and `%v`.",
    sprintf,
)
.declared(|| {
    takes([
        string("format", "the text, with a verb for each value"),
        array("values", "what takes the verbs' places"),
    ])
    .gives(string("output", "the text with the values in it"))
})
.categories(&["strings"])];

fn sprintf(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let format = operand::string(args, 0)?;
    let values = operand::array(args, 1)?;
    context.budget.build(format.len() as u64)?;
    let values = values
        .iter()
        .map(|value| Arg::of(value, context.budget))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(format::format(format, &values, context.budget)?.into())
}

/// A value as Go's formatter sees it: what is neither a number nor a string is text already.
#[derive(Debug)]
enum Arg<'v> {
    Int(i64),
    Big(BigInt),
    Float(f64),
    Text(Cow<'v, str>),
}

// === impl Arg ===

impl<'v> Arg<'v> {
    fn of(value: &'v Value, budget: &mut Budget) -> Result<Self, Error> {
        Ok(match value {
            Value::Number(number) => Self::of_number(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            other => Self::Text(Cow::Owned(text::write(other, Style::Term, budget)?)),
        })
    }

    /// What counts is how a number is written: `10.0` is no integer.
    fn of_number(number: &Number) -> Self {
        number.with_text(|text| {
            if let Ok(int) = text.parse() {
                return Self::Int(int);
            }
            let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            if let Some(big) = number.to_bigint().filter(|_| plain) {
                return Self::Big(big);
            }
            match number.to_f64() {
                float if float.is_finite() => Self::Float(float),
                _ => Self::Text(Cow::Owned(text.to_owned())),
            }
        })
    }

    /// The name of its type, as messages and `%T` show it.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int64",
            Self::Big(_) => "*big.Int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
        }
    }
}

#[cfg(test)]
mod tests;
