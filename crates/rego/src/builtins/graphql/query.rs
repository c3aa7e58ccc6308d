//! The grammar of queries: operations and fragments.

use super::lexer::Kind;
use super::node::Node;
use super::parser::Parser;
use crate::builtins::Error;
use crate::value::Value;

/// Reads a document of operations and fragments.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    let mut parser = Parser::new(text);
    let mut operations = Vec::new();
    let mut fragments = Vec::new();
    loop {
        let token = parser.ahead()?;
        match (token.kind, &*token.text) {
            (Kind::End, _) => break,
            (Kind::Sign(b'{'), _) => {
                let selections = selections(&mut parser)?;
                let node = Node::new().text("Operation", "query").text("Name", "");
                operations.push(node.list("SelectionSet", selections).done());
            }
            (Kind::Name, "query" | "mutation" | "subscription") => {
                operations.push(operation(&mut parser)?);
            }
            (Kind::Name, "fragment") => fragments.push(fragment(&mut parser)?),
            _ => return parser.misplaced("an operation or a fragment"),
        }
    }
    let document = Node::new().list("Operations", operations);
    Ok(document.list("Fragments", fragments).done())
}

fn operation(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let comment = parser.comment()?;
    let kind = parser.name()?;
    let name = match parser.kind()? {
        Kind::Name => parser.name()?,
        _ => String::new(),
    };
    let node = Node::new()
        .text("Operation", &kind)
        .text("Name", &name)
        .maybe("Comment", comment)
        .list("VariableDefinitions", variables(parser)?)
        .list("Directives", parser.directives(false)?);
    Ok(node.list("SelectionSet", selections(parser)?).done())
}

fn fragment(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let comment = parser.word("fragment")?;
    if parser.at_word("on")? {
        return parser.misplaced("a name for the fragment other than `on`");
    }
    let node = Node::new()
        .text("Name", &parser.name()?)
        .maybe("Comment", comment)
        .list("VariableDefinition", variables(parser)?);
    parser.word("on")?;
    let node = node
        .text("TypeCondition", &parser.name()?)
        .list("Directives", parser.directives(false)?);
    Ok(node.list("SelectionSet", selections(parser)?).done())
}

fn variables(parser: &mut Parser<'_>) -> Result<Vec<Value>, Error> {
    let variables = parser.group(b'(', b')', |parser| {
        let comment = parser.comment()?;
        let name = parser.variable()?;
        parser.expect(b':')?;
        let of = parser.of_type()?;
        let default = if parser.accept(b'=')? {
            Some(parser.value(true)?)
        } else {
            None
        };
        Ok(Node::new()
            .text("Variable", &name)
            .value("Type", of)
            .flag("Used", false)
            .maybe("Comment", comment)
            .maybe("DefaultValue", default)
            .list("Directives", parser.directives(false)?)
            .done())
    })?;
    Ok(variables.0)
}

/// What is asked for, in braces that have to be there.
fn selections(parser: &mut Parser<'_>) -> Result<Vec<Value>, Error> {
    if parser.kind()? != Kind::Sign(b'{') {
        parser.expect(b'{')?;
    }
    Ok(parser.group(b'{', b'}', selection)?.0)
}

fn selection(parser: &mut Parser<'_>) -> Result<Value, Error> {
    let comment = parser.comment()?;
    if parser.accept(b'.')? {
        return spread(parser, comment);
    }
    let alias = parser.name()?;
    let name = if parser.accept(b':')? {
        parser.name()?
    } else {
        alias.clone()
    };
    let node = Node::new()
        .text("Alias", &alias)
        .text("Name", &name)
        .maybe("Comment", comment)
        .list("Arguments", parser.arguments(false)?)
        .list("Directives", parser.directives(false)?);
    let inner = match parser.kind()? {
        Kind::Sign(b'{') => selections(parser)?,
        _ => Vec::new(),
    };
    Ok(node.list("SelectionSet", inner).done())
}

fn spread(parser: &mut Parser<'_>, comment: Option<Value>) -> Result<Value, Error> {
    let on = parser.at_word("on")?;
    if parser.kind()? == Kind::Name && !on {
        let node = Node::new()
            .text("Name", &parser.name()?)
            .maybe("Comment", comment);
        return Ok(node.list("Directives", parser.directives(false)?).done());
    }
    let condition = if on {
        parser.take()?;
        parser.name()?
    } else {
        String::new()
    };
    let node = Node::new()
        .text("TypeCondition", &condition)
        .maybe("Comment", comment)
        .list("Directives", parser.directives(false)?);
    Ok(node.list("SelectionSet", selections(parser)?).done())
}
