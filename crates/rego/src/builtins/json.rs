//! JSON text, and patches and paths into documents.

use super::declare::{any, any_object, boolean, named, object, object_with, string, takes};
use super::text::{self, Style};
use super::{Builtin, Context, Error, operand};
use crate::types::{Named, Type};
use crate::value::{Object, Value, json};

mod patch;
mod paths;
mod schema;

pub(super) use self::schema::Schema;
pub(crate) use self::schema::part as schema_part;

const ENCODING: &[&str] = &["encoding"];
const OBJECT: &[&str] = &["object"];

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "json.filter",
        "An object with what stands at some paths alone.",
        paths::filter,
    )
    .declared(|| {
        takes([object("object", "the object"), paths_argument()])
            .gives(object("filtered", "what of `object` the paths lead to"))
    })
    .categories(OBJECT),
    Builtin::new("json.is_valid", "Whether a string is JSON.", is_valid)
        .declared(|| {
            takes([string("x", "the string to look at")])
                .gives(boolean("result", "whether it is one JSON value"))
        })
        .categories(ENCODING),
    Builtin::new("json.marshal", "Writes a value as JSON.", marshal)
        .declared(|| takes([any("x", "the value")]).gives(string("y", "`x` as JSON")))
        .categories(ENCODING),
    Builtin::new(
        "json.marshal_with_options",
        "Writes a value as JSON, in lines if asked to.",
        marshal_with_options,
    )
    .declared(|| {
        let known = [
            ("indent", Type::String),
            ("prefix", Type::String),
            ("pretty", Type::Boolean),
        ];
        let options = object_with(known, (Type::String, Type::any()));
        takes([
            any("x", "the value"),
            named("opts", options, "how to write it"),
        ])
        .gives(string("y", "`x` as JSON"))
    })
    .categories(ENCODING),
    Builtin::new(
        "json.patch",
        "Changes a document by the operations of a JSON patch (RFC 6902), one after the other.",
        patch::patch,
    )
    .declared(|| {
        let known = [("op", Type::String), ("path", Type::any())];
        let operation = object_with(known, (Type::any(), Type::any()));
        takes([
            any("target", "the document"),
            named("patches", Type::array(operation), "the operations"),
        ])
        .gives(any("output", "the changed document"))
    })
    .categories(OBJECT),
    Builtin::new(
        "json.remove",
        "An object without what stands at some paths.",
        paths::remove,
    )
    .declared(|| {
        takes([object("object", "the object"), paths_argument()])
            .gives(object("output", "what is left of `object`"))
    })
    .categories(OBJECT),
    Builtin::new(
        "json.match_schema",
        "Says whether a document is as a JSON schema asks, and what is wrong with it.",
        schema::matches,
    )
    .declared(|| {
        let members =
            ["desc", "error", "field", "type"].map(|key| (Value::from(key), Type::String));
        let problem = Type::Object {
            members: members.into(),
            rest: None,
        };
        let output = Type::Array {
            prefix: vec![Type::Boolean, Type::array(problem)],
            rest: None,
        };
        takes([
            named("document", text_or_object(), "the document, or its JSON"),
            named("schema", text_or_object(), "the schema, or its JSON"),
        ])
        .gives(named("output", output, "whether it is, and the problems"))
    })
    .categories(OBJECT)
    .nondeterministic(),
    Builtin::new("json.unmarshal", "Reads JSON.", unmarshal)
        .declared(|| takes([string("x", "the JSON")]).gives(any("y", "what it says")))
        .categories(ENCODING),
    Builtin::new(
        "json.verify_schema",
        "Says whether something is a JSON schema, and why not.",
        schema::verify,
    )
    .declared(|| {
        let reason = Type::one_of([Type::Null, Type::String]);
        let output = Type::Array {
            prefix: vec![Type::Boolean, reason],
            rest: None,
        };
        takes([named("schema", text_or_object(), "the schema, or its JSON")]).gives(named(
            "output",
            output,
            "whether it is, and the reason or null",
        ))
    })
    .categories(OBJECT)
    .nondeterministic(),
];

fn text_or_object() -> Type {
    Type::one_of([Type::String, any_object()])
}

fn paths_argument() -> Named {
    let path = || Type::one_of([Type::String, Type::array(Type::any())]);
    let paths = Type::one_of([Type::array(path()), Type::set(path())]);
    named("paths", paths, "the paths: `a/b`, or keys in an array")
}

fn marshal(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let value = operand::value(args, 0)?;
    Ok(text::write(value, Style::Json, context.budget)?.into())
}

fn marshal_with_options(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let value = operand::value(args, 0)?;
    let options = Options::read(operand::object(args, 1)?)?;
    let style = if options.pretty {
        Style::Lines {
            prefix: options.prefix,
            indent: options.indent,
        }
    } else {
        Style::Json
    };
    Ok(text::write(value, style, context.budget)?.into())
}

fn unmarshal(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    charge(context, text)?;
    json::parse(&**text).map_err(|error| Error::Failed(error.to_string()))
}

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let Value::String(text) = operand::value(args, 0)? else {
        return Ok(false.into());
    };
    charge(context, text)?;
    Ok(json::parse(&**text).is_ok().into())
}

/// Two bytes of JSON make a value at most.
fn charge(context: &mut Context<'_>, text: &str) -> Result<(), Error> {
    let values = text.len() as u64 / 2 + 1;
    context
        .budget
        .build(values.saturating_mul(size_of::<Value>() as u64))
}

/// How `json.marshal_with_options` writes.
struct Options<'v> {
    pretty: bool,
    prefix: &'v str,
    indent: &'v str,
}

// === impl Options ===

impl<'v> Options<'v> {
    /// Lines are written where `pretty` says so, or where it says nothing and another option is given.
    fn read(options: &'v Object) -> Result<Self, Error> {
        let mut read = Self {
            pretty: !options.is_empty(),
            prefix: "",
            indent: "\t",
        };
        for (key, value) in options.iter() {
            match (key.as_str(), value) {
                (Some("pretty"), Value::Bool(pretty)) => read.pretty = *pretty,
                (Some("pretty"), _) => {
                    return Err(operand::wrong(1, "key \"pretty\" failed cast to bool"));
                }
                (Some("prefix"), Value::String(prefix)) => read.prefix = prefix,
                (Some("indent"), Value::String(indent)) => read.indent = indent,
                (Some(key @ ("prefix" | "indent")), other) => {
                    let what = format!(
                        "key {key:?} failed cast to string: operand 0 must be string but got {}",
                        other.type_name()
                    );
                    return Err(operand::wrong(1, what));
                }
                (key, _) => {
                    let key = key.unwrap_or_default();
                    let what = format!("object contained unknown key {key:?}");
                    return Err(operand::wrong(1, what));
                }
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
