//! `graphql.*`: queries and schemas of GraphQL, read and checked.
//!
//! A parser and rules of our own, because what policies see is the tree of the library inside OPA, member for member
//! and with its comments, they may hand such a tree back, and whether a query is valid has to be what that library
//! says: a crate (apollo-compiler, 0.8 MB) would have to be translated to and from, and has other rules. Trees are plain
//! values all the way.

mod definitions;
mod lexer;
mod node;
mod parser;
mod prelude;
mod query;
mod rules;
mod schema;
mod shape;

use self::schema::Schema;
use self::shape::Shape;
use super::declare::{any_object, boolean, named, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::{Named, Type};
use crate::value::{Object, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "graphql.is_valid",
        "Says whether a query may be asked of a schema; both as text or as trees.",
        is_valid,
    )
    .declared(|| {
        takes([query_argument(), schema_argument()])
            .gives(boolean("output", "whether the query is valid under the schema"))
    }),
    Builtin::new(
        "graphql.parse",
        "Gives the trees of a query and a schema, if the query is valid; both as text or as trees.",
        parse,
    )
    .declared(|| {
        let output = Type::Array {
            prefix: vec![any_object(), any_object()],
            rest: None,
        };
        takes([query_argument(), schema_argument()]).gives(named("output", output, "both trees"))
    }),
    Builtin::new(
        "graphql.parse_and_verify",
        "Gives whether a query is valid, and the trees of query and schema; both as text or as trees.",
        parse_and_verify,
    )
    .declared(|| {
        let output = Type::Array {
            prefix: vec![Type::Boolean, any_object(), any_object()],
            rest: None,
        };
        takes([query_argument(), schema_argument()]).gives(named(
            "output",
            output,
            "whether it is valid, and both trees, which are empty if not",
        ))
    }),
    Builtin::new("graphql.parse_query", "Gives the tree of a query.", parse_query).declared(|| {
        takes([string("query", "the query")]).gives(named("output", any_object(), "its tree"))
    }),
    Builtin::new("graphql.parse_schema", "Gives the tree of a schema.", parse_schema).declared(
        || takes([string("schema", "the schema")]).gives(named("output", any_object(), "its tree")),
    ),
    Builtin::new(
        "graphql.schema_is_valid",
        "Says whether a schema is valid; as text or as a tree.",
        schema_is_valid,
    )
    .declared(|| {
        takes([schema_argument()]).gives(boolean("output", "whether the schema is valid"))
    }),
];

/// How many bytes of text are read in a step.
const BYTES_A_STEP: u64 = 16;

/// What a byte of text becomes in a tree, about.
const GROWTH: u64 = 96;

fn text_or_tree() -> Type {
    Type::one_of([Type::String, any_object()])
}

fn query_argument() -> Named {
    named("query", text_or_tree(), "the query")
}

fn schema_argument() -> Named {
    named("schema", text_or_tree(), "the schema")
}

fn parse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let [query, schema] = both(context, args)?;
    Ok(Value::from(vec![query, schema]))
}

fn parse_and_verify(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (valid, [query, schema]) = match both(context, args) {
        Ok(trees) => (true, trees),
        Err(Error::Failed(_) | Error::Type(_)) => {
            let empty = || Value::from(Object::default());
            (false, [empty(), empty()])
        }
        Err(error) => return Err(error),
    };
    Ok(Value::from(vec![Value::from(valid), query, schema]))
}

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    holds(both(context, args))
}

fn schema_is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let tree = tree(context, args, 0, Shape::Schema);
    let schema = tree.and_then(|tree| Schema::read(&tree, context.budget).map(|_| ()));
    holds(schema)
}

fn parse_query(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    operand::string(args, 0)?;
    tree(context, args, 0, Shape::Query)
}

fn parse_schema(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    operand::string(args, 0)?;
    tree(context, args, 0, Shape::Schema)
}

/// The trees of a query and a schema, if the query is valid.
fn both(context: &mut Context<'_>, args: &[&Value]) -> Result<[Value; 2], Error> {
    let query = tree(context, args, 0, Shape::Query)?;
    let document = tree(context, args, 1, Shape::Schema)?;
    let schema = Schema::read(&document, context.budget)?;
    rules::check(&schema, &query, context.budget)?;
    drop(schema);
    Ok([query, document])
}

/// The tree of an argument that is a text, or one already.
fn tree(
    context: &mut Context<'_>,
    args: &[&Value],
    at: usize,
    shape: Shape,
) -> Result<Value, Error> {
    let text = match operand::value(args, at)? {
        Value::String(text) => text,
        tree @ Value::Object(_) => return shape::read(context, tree, shape, 0),
        other => return Err(operand::mismatch(at, other, &["string", "object"])),
    };
    let size = text.len() as u64;
    context.budget.step(1 + size / BYTES_A_STEP)?;
    context.budget.build(size.saturating_mul(GROWTH))?;
    match shape {
        Shape::Query => query::parse(text),
        _ => definitions::parse(text, false),
    }
}

/// What cannot be read is not valid.
fn holds<T>(read: Result<T, Error>) -> Result<Value, Error> {
    match read {
        Ok(_) => Ok(Value::from(true)),
        Err(Error::Failed(_) | Error::Type(_)) => Ok(Value::from(false)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
