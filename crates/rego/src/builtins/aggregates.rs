//! Collections in, one value out; and `sort`.

use super::declare::{self, any, any_object, array, array_or_set, named, takes, unnamed};
use super::{Builtin, Context, Error, operand};
use crate::types::Type;
use crate::value::{Number, NumberError, Value};

const AGGREGATES: &[&str] = &["aggregates"];
/// The order in which messages name the collections.
const SET_OR_ARRAY: &[&str] = &["set", "array"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("all", "", all_true)
        .declared(|| takes([unnamed(array_or_set(Type::any()))]).gives(Type::Boolean))
        .deprecated(),
    Builtin::new("any", "", any_true)
        .declared(|| takes([unnamed(array_or_set(Type::any()))]).gives(Type::Boolean))
        .deprecated(),
    Builtin::new(
        "count",
        "How many members a collection has, or characters a string.",
        count,
    )
    .declared(|| {
        let any_array = Type::array(Type::any());
        let any_set = Type::set(Type::any());
        let countable = Type::one_of([Type::String, any_array, any_object(), any_set]);
        takes([named("collection", countable, "what to count")])
            .gives(declare::number("n", "how many"))
    })
    .categories(AGGREGATES),
    Builtin::new("max", "The greatest member of a collection.", max)
        .declared(|| {
            takes([named(
                "collection",
                array_or_set(Type::any()),
                "the collection",
            )])
            .gives(any("n", "its greatest member"))
        })
        .categories(AGGREGATES),
    Builtin::new("min", "The least member of a collection.", min)
        .declared(|| {
            takes([named(
                "collection",
                array_or_set(Type::any()),
                "the collection",
            )])
            .gives(any("n", "its least member"))
        })
        .categories(AGGREGATES),
    Builtin::new("product", "What numbers make multiplied.", product)
        .declared(|| {
            takes([named(
                "collection",
                array_or_set(Type::Number),
                "the numbers",
            )])
            .gives(declare::number("n", "their product; 1 for none"))
        })
        .categories(AGGREGATES),
    Builtin::new("sort", "Puts members in order.", sort)
        .declared(|| {
            takes([named(
                "collection",
                array_or_set(Type::any()),
                "the collection",
            )])
            .gives(array("n", "its members in order"))
        })
        .categories(AGGREGATES),
    Builtin::new("sum", "What numbers make together.", sum)
        .declared(|| {
            takes([named(
                "collection",
                array_or_set(Type::Number),
                "the numbers",
            )])
            .gives(declare::number("n", "their sum; 0 for none"))
        })
        .categories(AGGREGATES),
];

fn all_true(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut members = operand::members(args, 0, &["array", "set"])?;
    Ok(members.all(is_true).into())
}

fn any_true(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let mut members = operand::members(args, 0, &["array", "set"])?;
    Ok(members.any(is_true).into())
}

fn count(_: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let count = match operand::value(args, 0)? {
        Value::String(text) => text.chars().count(),
        Value::Array(array) => array.len(),
        Value::Object(object) => object.len(),
        Value::Set(set) => set.len(),
        other => {
            let expected = ["array", "object", "set", "string"];
            return Err(operand::mismatch(0, other, &expected));
        }
    };
    Ok(count.into())
}

fn max(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let members = members(context, args)?;
    members.max().cloned().ok_or(Error::Undefined)
}

fn min(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let members = members(context, args)?;
    members.min().cloned().ok_or(Error::Undefined)
}

fn sort(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let members = members(context, args)?;
    let bytes = members.len().saturating_mul(size_of::<Value>());
    context.budget.build(bytes as u64)?;
    let mut sorted = members.cloned().collect::<Vec<_>>();
    sorted.sort();
    Ok(sorted.into())
}

fn sum(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    fold(context, args, 0, Number::add, Number::sum_of_floats)
}

fn product(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    fold(context, args, 1, Number::mul, Number::product_of_floats)
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
}

fn members<'v>(
    context: &mut Context<'_>,
    args: &[&'v Value],
) -> Result<operand::Members<'v>, Error> {
    let members = operand::members(args, 0, SET_OR_ARRAY)?;
    context.budget.step(members.len() as u64)?;
    Ok(members)
}

/// Integers are exact; one number that is none makes all of them floats.
fn fold(
    context: &mut Context<'_>,
    args: &[&Value],
    start: i64,
    next: fn(&Number, &Number) -> Result<Number, NumberError>,
    floats: fn(&[&Number]) -> Result<Number, NumberError>,
) -> Result<Value, Error> {
    let mut total = Number::from(start);
    let members = members(context, args)?;
    for member in members.clone() {
        let number = number(args, member)?;
        if !number.is_integer() {
            return in_floats(context, args, members, floats);
        }
        context.budget.calculate(total.span() + number.span())?;
        total = next(&total, number)?;
    }
    Ok(total.into())
}

fn in_floats(
    context: &mut Context<'_>,
    args: &[&Value],
    members: operand::Members<'_>,
    floats: fn(&[&Number]) -> Result<Number, NumberError>,
) -> Result<Value, Error> {
    context
        .budget
        .build((members.len() * size_of::<&Number>()) as u64)?;
    let mut numbers = Vec::with_capacity(members.len());
    for member in members {
        let number = number(args, member)?;
        context.budget.calculate(number.span())?;
        numbers.push(number);
    }
    Ok(floats(&numbers)?.into())
}

fn number<'v>(args: &[&Value], member: &'v Value) -> Result<&'v Number, Error> {
    let Value::Number(number) = member else {
        let collection = operand::value(args, 0)?;
        return Err(operand::element_mismatch(
            0,
            collection,
            member,
            &["number"],
        ));
    };
    Ok(number)
}

#[cfg(test)]
mod tests;
