//! What queries and schemas have in common: values, types, directives, and the comments before things.

use super::lexer::{Kind, Lexer, Token};
use super::node::Node;
use crate::builtins::Error;
use crate::value::Value;

/// A descent over the tokens, bounded in depth.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    ahead: Option<Token<'t>>,
    /// The comments before the token that comes next, once somebody looked at it.
    comment: Option<Value>,
    depth: usize,
}

/// How deep values, types and selections may nest.
pub(super) const DEEPEST: usize = 200;

/// Refuses what nests deeper than [`DEEPEST`].
pub(super) fn bounded(depth: usize) -> Result<(), Error> {
    if depth <= DEEPEST {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "values, types and selections may nest {DEEPEST} levels deep, and these go deeper; nest less"
    )))
}

// === impl Parser ===

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            lexer: Lexer::new(text),
            ahead: None,
            comment: None,
            depth: 0,
        }
    }

    pub(super) fn ahead(&mut self) -> Result<&Token<'t>, Error> {
        let token = match self.ahead.take() {
            Some(token) => token,
            None => self.behind_comments()?,
        };
        Ok(self.ahead.insert(token))
    }

    /// The first token that is no comment; the comments before it are kept.
    fn behind_comments(&mut self) -> Result<Token<'t>, Error> {
        let mut comments = Vec::new();
        let token = loop {
            let token = self.lexer.next()?;
            if token.kind != Kind::Comment {
                break token;
            }
            comments.push(Node::new().text("Value", &token.text).done());
        };
        if !comments.is_empty() {
            self.comment = Some(Node::new().list("List", comments).done());
        }
        Ok(token)
    }

    pub(super) fn kind(&mut self) -> Result<Kind, Error> {
        Ok(self.ahead()?.kind)
    }

    pub(super) fn take(&mut self) -> Result<Token<'t>, Error> {
        let token = self.ahead()?.clone();
        self.ahead = None;
        self.comment = None;
        Ok(token)
    }

    /// The comments before what comes next.
    pub(super) fn comment(&mut self) -> Result<Option<Value>, Error> {
        self.ahead()?;
        Ok(self.comment.clone())
    }

    /// That something else has to come next.
    #[cold]
    pub(super) fn misplaced<T>(&mut self, wanted: &str) -> Result<T, Error> {
        let token = self.ahead()?.clone();
        self.refused(&token, wanted)
    }

    /// That something else has to stand where a token was read.
    #[cold]
    pub(super) fn refused<T>(&self, token: &Token<'_>, wanted: &str) -> Result<T, Error> {
        let what = format!("{wanted} has to stand in place of {}", token.told());
        Err(self.lexer.error(token.start, &what))
    }

    pub(super) fn expect(&mut self, sign: u8) -> Result<(), Error> {
        if self.accept(sign)? {
            return Ok(());
        }
        self.misplaced(&format!("`{}`", char::from(sign)))
    }

    pub(super) fn accept(&mut self, sign: u8) -> Result<bool, Error> {
        let found = self.kind()? == Kind::Sign(sign);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    pub(super) fn at_word(&mut self, word: &str) -> Result<bool, Error> {
        let token = self.ahead()?;
        Ok(token.kind == Kind::Name && token.text == word)
    }

    /// A word, and the comments before it.
    pub(super) fn word(&mut self, word: &str) -> Result<Option<Value>, Error> {
        let comment = self.comment()?;
        if self.at_word(word)? {
            self.take()?;
            return Ok(comment);
        }
        self.misplaced(&format!("`{word}`"))
    }

    pub(super) fn name(&mut self) -> Result<String, Error> {
        let token = self.take()?;
        if token.kind == Kind::Name {
            return Ok(token.text.into_owned());
        }
        self.refused(&token, "a name")
    }

    /// One thing or more between two signs, and the comments before the second; nothing where the first is not.
    pub(super) fn group(
        &mut self,
        open: u8,
        close: u8,
        one: impl FnMut(&mut Self) -> Result<Value, Error>,
    ) -> Result<(Vec<Value>, Option<Value>), Error> {
        let first = self.ahead()?;
        if first.kind != Kind::Sign(open) {
            return Ok((Vec::new(), None));
        }
        let start = first.start;
        let (items, comment) = self.between(open, close, one)?;
        if items.is_empty() {
            let (open, close) = (char::from(open), char::from(close));
            let what = format!("`{open}` and `{close}` hold nothing; fill them or leave them out");
            return Err(self.lexer.error(start, &what));
        }
        Ok((items, comment))
    }

    /// Things between two signs, none perhaps.
    fn between(
        &mut self,
        open: u8,
        close: u8,
        mut one: impl FnMut(&mut Self) -> Result<Value, Error>,
    ) -> Result<(Vec<Value>, Option<Value>), Error> {
        self.expect(open)?;
        self.depth += 1;
        bounded(self.depth)?;
        let mut items = Vec::new();
        while self.kind()? != Kind::Sign(close) {
            items.push(one(self)?);
        }
        self.depth -= 1;
        let comment = self.comment()?;
        self.take()?;
        Ok((items, comment))
    }

    pub(super) fn value(&mut self, constant: bool) -> Result<Value, Error> {
        let token = self.ahead()?.clone();
        let kind = match token.kind {
            Kind::Sign(b'[') => return self.list(constant),
            Kind::Sign(b'{') => return self.object(constant),
            Kind::Sign(b'$') if !constant => {
                let name = self.variable()?;
                return Ok(value(0, &name).done());
            }
            Kind::Int => 1,
            Kind::Float => 2,
            Kind::Text => 3,
            Kind::Block => 4,
            Kind::Name => match &*token.text {
                "true" | "false" => 5,
                "null" => 6,
                _ => 7,
            },
            _ => return self.misplaced("a value"),
        };
        self.take()?;
        Ok(value(kind, &token.text).done())
    }

    fn list(&mut self, constant: bool) -> Result<Value, Error> {
        let comment = self.comment()?;
        let (items, _) = self.between(b'[', b']', |parser| {
            let item = parser.value(constant)?;
            Ok(Node::new().text("Name", "").value("Value", item).done())
        })?;
        Ok(value(8, "")
            .list("Children", items)
            .maybe("Comment", comment)
            .done())
    }

    fn object(&mut self, constant: bool) -> Result<Value, Error> {
        let comment = self.comment()?;
        let (fields, _) = self.between(b'{', b'}', |parser| parser.argument(constant))?;
        Ok(value(9, "")
            .list("Children", fields)
            .maybe("Comment", comment)
            .done())
    }

    /// A name, a colon and a value.
    fn argument(&mut self, constant: bool) -> Result<Value, Error> {
        let comment = self.comment()?;
        let name = self.name()?;
        self.expect(b':')?;
        let value = self.value(constant)?;
        let node = Node::new().text("Name", &name).value("Value", value);
        Ok(node.maybe("Comment", comment).done())
    }

    pub(super) fn arguments(&mut self, constant: bool) -> Result<Vec<Value>, Error> {
        let arguments = self.group(b'(', b')', |parser| parser.argument(constant))?;
        Ok(arguments.0)
    }

    pub(super) fn variable(&mut self) -> Result<String, Error> {
        self.expect(b'$')?;
        self.name()
    }

    pub(super) fn directives(&mut self, constant: bool) -> Result<Vec<Value>, Error> {
        let mut directives = Vec::new();
        while self.accept(b'@')? {
            let name = self.name()?;
            let arguments = self.arguments(constant)?;
            let node = Node::new().text("Name", &name).text("Location", "");
            directives.push(node.list("Arguments", arguments).done());
        }
        Ok(directives)
    }

    pub(super) fn of_type(&mut self) -> Result<Value, Error> {
        let mut lists = 0;
        while self.accept(b'[')? {
            lists += 1;
            bounded(lists)?;
        }
        let name = self.name()?;
        let mut of = Node::new()
            .text("NamedType", &name)
            .flag("NonNull", self.accept(b'!')?)
            .done();
        for _ in 0..lists {
            self.expect(b']')?;
            of = Node::new()
                .text("NamedType", "")
                .value("Elem", of)
                .flag("NonNull", self.accept(b'!')?)
                .done();
        }
        Ok(of)
    }
}

fn value(kind: i64, raw: &str) -> Node {
    Node::new()
        .value("Kind", Value::from(kind))
        .text("Raw", raw)
        .flag("ExpectedTypeHasDefault", false)
}
