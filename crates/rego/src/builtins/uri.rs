//! `uri.*`: URIs taken apart as Go's net/url takes them apart.

mod parts;

pub(super) use self::parts::Parts;
use super::declare::{boolean, named, string, takes};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::Type;
use crate::value::{Object, Value};

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new("uri.is_valid", "Says whether a text is a URI.", is_valid).declared(|| {
        takes([string("uri", "the text")]).gives(boolean("result", "whether it is a URI"))
    }),
    Builtin::new("uri.parse", "Takes a URI apart.", parse).declared(|| {
        let parts = Type::object(Type::String, Type::String);
        takes([string("uri", "the URI")]).gives(named(
            "output",
            parts,
            "its parts that are not empty; `raw_path` is the path with its escapes, `raw_query` suits `urlquery`",
        ))
    }),
];

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::value(args, 0)?.as_str().unwrap_or_default();
    context.budget.build(text.len() as u64 * 4)?;
    Ok(Value::from(
        !text.is_empty() && Parts::parse(text).is_some(),
    ))
}

fn parse(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    context.budget.build(text.len() as u64 * 8)?;
    let parts = Parts::parse(text)
        .ok_or_else(|| Error::Failed(format!("parse {:?}: not a URI", &**text)))?;
    let raw_path = parts.raw_path.as_ref().unwrap_or(&parts.path);
    let members = [
        ("fragment", &parts.fragment),
        ("hostname", &parts.hostname),
        ("path", &parts.path),
        ("port", &parts.port),
        ("raw_path", raw_path),
        ("raw_query", &parts.query),
        ("scheme", &parts.scheme),
    ];
    let members = members.into_iter().filter(|(_, part)| !part.is_empty());
    let members = members.map(|(name, part)| (Value::from(name), Value::from(part.as_str())));
    Ok(Value::Object(members.collect::<Object>()))
}

#[cfg(test)]
mod tests {
    use crate::builtins::calls::answers;

    #[test]
    fn parts_are_what_opa_gives() {
        let whole = r#"{"fragment": "f g", "hostname": "h.com", "path": "/a b/c", "port": "80",
            "raw_path": "/a%20b%2Fc", "raw_query": "x=%31", "scheme": "http"}"#;
        answers(&[
            (
                "uri.parse",
                r#"["HTTP://u:p@h.com:80/a%20b%2Fc?x=%31#f%20g"]"#,
                whole,
            ),
            (
                "uri.parse",
                r#"["/a%20b"]"#,
                r#"{"path": "/a b", "raw_path": "/a b"}"#,
            ),
            ("uri.parse", r#"["mailto:a@b"]"#, r#"{"scheme": "mailto"}"#),
            (
                "uri.parse",
                r#"["//[::1]:8"]"#,
                r#"{"hostname": "::1", "port": "8"}"#,
            ),
            ("uri.is_valid", r#"[""]"#, "false"),
            ("uri.is_valid", r#"["a:b:c"]"#, "true"),
            ("uri.is_valid", r#"["1a:b"]"#, "false"),
            ("uri.is_valid", r#"["/%zz"]"#, "false"),
            ("uri.is_valid", r#"["//h:x/"]"#, "false"),
            ("uri.is_valid", r#"["//a b/"]"#, "false"),
            ("uri.is_valid", "[1]", "false"),
        ]);
    }
}
