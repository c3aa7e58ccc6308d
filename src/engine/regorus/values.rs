//! Our values as the engine's, and back. Not the reading of text.

use regorus::Value as Theirs;

use crate::data::Value;

/// How many digits an integer may have. The engine keeps integers exactly, so without a bound a
/// few bytes (`1e999999`) could cost any amount of memory.
const MAX_DIGITS: usize = 1_000;

/// The engine's form of a value; the error is a number that it cannot hold. The depth of values is bounded where
/// they are read.
pub(super) fn to_engine(value: &Value) -> Result<Theirs, String> {
    Ok(match value {
        Value::Null => Theirs::Null,
        Value::Bool(value) => Theirs::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Theirs::from(number),
            None => of_number(&number.to_string())?,
        },
        Value::String(text) => Theirs::from(&**text),
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(to_engine).collect();
            Theirs::from(items?)
        }
        Value::Set(items) => {
            let items: Result<std::collections::BTreeSet<_>, _> =
                items.iter().map(to_engine).collect();
            Theirs::from(items?)
        }
        Value::Object(members) => {
            let members: Result<std::collections::BTreeMap<_, _>, String> = members
                .iter()
                .map(|(key, value)| Ok((to_engine(key)?, to_engine(value)?)))
                .collect();
            Theirs::from(members?)
        }
    })
}

/// Our form of a value; "undefined" is none.
pub(super) fn from_engine(value: &Theirs) -> Option<Value> {
    Some(match value {
        Theirs::Undefined => return None,
        Theirs::Null => Value::Null,
        Theirs::Bool(value) => Value::Bool(*value),
        Theirs::Number(number) => Value::Number(crate::data::Number::parse(&number_text(
            &number.format_decimal(),
        ))?),
        Theirs::String(text) => Value::from(&**text),
        Theirs::Array(items) => {
            Value::from(items.iter().map(from_engine).collect::<Option<Vec<_>>>()?)
        }
        Theirs::Set(items) => Value::Set(items.iter().map(from_engine).collect::<Option<_>>()?),
        Theirs::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| Some((from_engine(key)?, from_engine(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// The text of a number by its plain decimal text. A fraction is a float, which has a shorter text when it is
/// small; the text of an integer is exact and stays. What JSON does not have (NaN) is no number.
fn number_text(plain: &str) -> String {
    match plain.parse::<f64>() {
        Ok(value) if plain.contains('.') && value.is_finite() => {
            crate::data::float::json_text(value)
        }
        _ => plain.to_owned(),
    }
}

/// The value of a JSON number.
fn of_number(text: &str) -> Result<Theirs, String> {
    let error = || {
        let start: String = text.chars().take(32).collect();
        format!(
            "number `{start}` is too large: expected at most {MAX_DIGITS} digits before the point"
        )
    };
    if digits_before_point(text) > MAX_DIGITS {
        return Err(error());
    }
    if text.len() > MAX_DIGITS + 8 {
        // Only a fraction can be so long; its digits are beyond any float.
        let value = text.parse::<f64>().map_err(|_| error())?;
        return if value.is_finite() {
            Ok(Theirs::from(value))
        } else {
            Err(error())
        };
    }
    Theirs::from_numeric_string(text).map_err(|_| error())
}

/// How many digits a number has before its point once the exponent is applied; a number too small
/// to have any counts as 0.
fn digits_before_point(text: &str) -> usize {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let whole = mantissa.split('.').next().unwrap_or_default().len();
    match exponent.parse::<i64>() {
        Ok(exponent) => {
            let shift = isize::try_from(exponent).unwrap_or(isize::MAX);
            whole.saturating_add_signed(shift)
        }
        Err(_) if exponent.starts_with('-') => 0,
        Err(_) => usize::MAX,
    }
}
