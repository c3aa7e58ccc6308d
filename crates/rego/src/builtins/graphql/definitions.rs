//! The grammar of schemas: types, directives, and extensions of them.

use super::lexer::{Kind, Token};
use super::node::Node;
use super::parser::Parser;
use crate::builtins::Error;
use crate::value::Value;

/// A text before a definition, and the comments before that text.
#[derive(Default)]
struct Description<'t> {
    token: Option<Token<'t>>,
    comment: Option<Value>,
}

/// Where directives may stand.
const LOCATIONS: [&str; 19] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// Reads a document of definitions; `built_in` marks its types as the language's own.
pub(super) fn parse(text: &str, built_in: bool) -> Result<Value, Error> {
    let mut parser = Parser::new(text);
    let mut schemas = Vec::new();
    let mut schema_extensions = Vec::new();
    let mut directives = Vec::new();
    let mut types = Vec::new();
    let mut extensions = Vec::new();
    while parser.kind()? != Kind::End {
        let description = description(&mut parser)?;
        if parser.at_word("extend")? {
            if let Some(token) = description.token.filter(|token| !token.text.is_empty()) {
                return parser.refused(&token, "an extension without a description");
            }
            let comment = parser.word("extend")?;
            if parser.at_word("schema")? {
                schema_extensions.push(schema(&mut parser, None, comment)?);
            } else {
                let start = described(&Description::default(), comment);
                extensions.push(of_type(&mut parser, start, true, built_in)?);
            }
        } else if parser.at_word("schema")? {
            schemas.push(schema(&mut parser, Some(&description), None)?);
        } else if parser.at_word("directive")? {
            directives.push(directive(&mut parser, &description)?);
        } else {
            let comment = parser.comment()?;
            let start = described(&description, comment);
            types.push(of_type(&mut parser, start, false, built_in)?);
        }
    }
    let comment = parser.comment()?;
    Ok(Node::new()
        .maybe("Comment", comment)
        .list("Definitions", types)
        .list("Directives", directives)
        .list("Extensions", extensions)
        .list("Schema", schemas)
        .list("SchemaExtension", schema_extensions)
        .done())
}

fn description<'t>(parser: &mut Parser<'t>) -> Result<Description<'t>, Error> {
    if !matches!(parser.kind()?, Kind::Text | Kind::Block) {
        return Ok(Description::default());
    }
    let comment = parser.comment()?;
    Ok(Description {
        token: Some(parser.take()?),
        comment,
    })
}

/// A node with a description, the comments before that, and those behind it.
fn described(description: &Description<'_>, after: Option<Value>) -> Node {
    let text = description.token.as_ref().map(|token| &*token.text);
    Node::new()
        .text("Description", text.unwrap_or_default())
        .maybe("BeforeDescriptionComment", description.comment.clone())
        .maybe("AfterDescriptionComment", after)
}

/// The beginning of a member of a type: its description and its name.
fn member(parser: &mut Parser<'_>) -> Result<Node, Error> {
    let mut description = description(parser)?;
    if description
        .token
        .as_ref()
        .is_some_and(|token| token.text.is_empty())
    {
        description.comment = None;
    }
    let comment = parser.comment()?;
    Ok(described(&description, comment).text("Name", &parser.name()?))
}

/// A schema, or without a description an extension of it.
fn schema(
    parser: &mut Parser<'_>,
    description: Option<&Description<'_>>,
    comment: Option<Value>,
) -> Result<Value, Error> {
    let own = parser.word("schema")?;
    let start = match description {
        Some(description) => described(description, own),
        None => described(&Description::default(), comment),
    };
    let directives = parser.directives(true)?;
    let (types, end) = parser.group(b'{', b'}', |parser| {
        let comment = parser.comment()?;
        let token = parser.take()?;
        if !matches!(&*token.text, "query" | "mutation" | "subscription") {
            return parser.refused(&token, "`query`, `mutation` or `subscription`");
        }
        parser.expect(b':')?;
        Ok(Node::new()
            .text("Operation", &token.text)
            .text("Type", &parser.name()?)
            .maybe("Comment", comment)
            .done())
    })?;
    if description.is_none() && directives.is_empty() && types.is_empty() {
        return parser.misplaced("what the extension adds");
    }
    Ok(start
        .list("Directives", directives)
        .list("OperationTypes", types)
        .maybe("EndOfDefinitionComment", end)
        .done())
}

/// A type or an extension of one, from the word on that says its kind.
fn of_type(
    parser: &mut Parser<'_>,
    start: Node,
    extends: bool,
    built_in: bool,
) -> Result<Value, Error> {
    let token = parser.ahead()?.clone();
    let kind = match (token.kind, &*token.text) {
        (Kind::Name, "scalar") => "SCALAR",
        (Kind::Name, "type") => "OBJECT",
        (Kind::Name, "interface") => "INTERFACE",
        (Kind::Name, "union") => "UNION",
        (Kind::Name, "enum") => "ENUM",
        (Kind::Name, "input") => "INPUT_OBJECT",
        _ => return parser.misplaced("`type`, `enum` or another word that begins a definition"),
    };
    parser.take()?;
    let name = parser.name()?;
    let interfaces = match kind {
        "OBJECT" => implements(parser)?,
        "INTERFACE" if !extends => implements(parser)?,
        _ => Vec::new(),
    };
    // Where an input object is extended, the values of its directives may name variables, which mean nothing there.
    let directives = parser.directives(!(extends && kind == "INPUT_OBJECT"))?;
    let (key, (members, end)) = match kind {
        "OBJECT" | "INTERFACE" => ("Fields", parser.group(b'{', b'}', field)?),
        "INPUT_OBJECT" => ("Fields", parser.group(b'{', b'}', input)?),
        "ENUM" => ("EnumValues", parser.group(b'{', b'}', enum_value)?),
        "UNION" => ("Types", (union(parser)?, None)),
        _ => ("Fields", (Vec::new(), None)),
    };
    if extends && interfaces.is_empty() && directives.is_empty() && members.is_empty() {
        return parser.misplaced("what the extension adds");
    }
    Ok(start
        .text("Kind", kind)
        .text("Name", &name)
        .flag("BuiltIn", built_in)
        .list("Interfaces", interfaces)
        .list("Directives", directives)
        .list(key, members)
        .maybe("EndOfDefinitionComment", end)
        .done())
}

fn implements(parser: &mut Parser<'_>) -> Result<Vec<Value>, Error> {
    if !parser.at_word("implements")? {
        return Ok(Vec::new());
    }
    parser.take()?;
    separated(parser, b'&', Parser::name)
}

fn union(parser: &mut Parser<'_>) -> Result<Vec<Value>, Error> {
    if !parser.accept(b'=')? {
        return Ok(Vec::new());
    }
    separated(parser, b'|', Parser::name)
}

/// Names with a sign between them, and perhaps before the first.
fn separated<'t>(
    parser: &mut Parser<'t>,
    sign: u8,
    one: impl Fn(&mut Parser<'t>) -> Result<String, Error>,
) -> Result<Vec<Value>, Error> {
    parser.accept(sign)?;
    let mut names = vec![Value::from(one(parser)?)];
    while parser.accept(sign)? {
        names.push(Value::from(one(parser)?));
    }
    Ok(names)
}

fn field(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let start = member(parser)?.list("Arguments", arguments(parser)?);
    parser.expect(b':')?;
    let node = start.value("Type", parser.of_type()?);
    Ok(node.list("Directives", parser.directives(true)?).done())
}

fn arguments(parser: &mut Parser<'_>) -> Result<Vec<Value>, Error> {
    Ok(parser.group(b'(', b')', input)?.0)
}

/// A field of an input object, or an argument.
fn input(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let start = member(parser)?;
    parser.expect(b':')?;
    let mut node = start.value("Type", parser.of_type()?);
    if parser.accept(b'=')? {
        node = node.value("DefaultValue", parser.value(true)?);
    }
    Ok(node.list("Directives", parser.directives(true)?).done())
}

fn enum_value(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let start = member(parser)?;
    Ok(start.list("Directives", parser.directives(true)?).done())
}

fn directive(parser: &mut Parser<'_>, description: &Description<'_>) -> Result<Value, Error> {
    let comment = parser.word("directive")?;
    parser.expect(b'@')?;
    let node = described(description, comment)
        .text("Name", &parser.name()?)
        .list("Arguments", arguments(parser)?);
    let repeatable = parser.at_word("repeatable")?;
    if repeatable {
        parser.take()?;
    }
    parser.word("on")?;
    let locations = separated(parser, b'|', |parser| {
        let token = parser.ahead()?.clone();
        let name = parser.name()?;
        if LOCATIONS.contains(&&*name) {
            Ok(name)
        } else {
            parser.refused(&token, "`FIELD` or another place for directives")
        }
    })?;
    let node = node.flag("IsRepeatable", repeatable);
    Ok(node.list("Locations", locations).done())
}
