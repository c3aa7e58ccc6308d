//! A template's text to its nodes.

use super::failed;
use crate::builtins::Error;

/// How deep blocks may be nested.
const MAX_DEPTH: usize = 100;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Node<'t> {
    /// Text as it is.
    Text(&'t str),
    /// `{{command}}`.
    Print(Command<'t>),
    /// `{{$name := command}}`.
    Assign(&'t str, Command<'t>),
    /// `{{if command}}then{{else}}otherwise{{end}}`, and `with`, where the dot becomes the command's value.
    If {
        command: Command<'t>,
        with: bool,
        then: Vec<Node<'t>>,
        otherwise: Vec<Node<'t>>,
    },
    /// `{{range $names := command}}body{{else}}otherwise{{end}}`.
    Range {
        names: Vec<&'t str>,
        command: Command<'t>,
        body: Vec<Node<'t>>,
        otherwise: Vec<Node<'t>>,
    },
}

/// A value, or a function and its arguments.
pub(super) type Command<'t> = Vec<&'t str>;

/// What ends a list of nodes.
enum Close<'t> {
    Text,
    End,
    Else(&'t str),
}

struct Parser<'t> {
    rest: &'t str,
    trim: bool,
}

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Vec<Node<'_>>, Error> {
    let mut parser = Parser {
        rest: text,
        trim: false,
    };
    match parser.list(0)? {
        (nodes, Close::Text) => Ok(nodes),
        (_, Close::End) => Err(failed("unexpected {{end}}")),
        (_, Close::Else(_)) => Err(failed("unexpected {{else}}")),
    }
}

// === impl Parser ===

impl<'t> Parser<'t> {
    fn list(&mut self, depth: usize) -> Result<(Vec<Node<'t>>, Close<'t>), Error> {
        if depth > MAX_DEPTH {
            return Err(failed("blocks are nested too deeply"));
        }
        let mut nodes = Vec::new();
        while let Some((text, action)) = self.next(&mut nodes)? {
            nodes.extend(Some(Node::Text(text)).filter(|_| !text.is_empty()));
            let (word, rest) = first_word(action);
            match word {
                "end" => return Ok((nodes, Close::End)),
                "else" => return Ok((nodes, Close::Else(rest))),
                "if" | "with" | "range" => nodes.push(self.block(word, rest, depth)?),
                _ if action.starts_with("/*") => {}
                _ => nodes.push(match declaration(action)? {
                    (names, command) if names.is_empty() => Node::Print(command),
                    (names, command) => Node::Assign(names.first().unwrap_or(&""), command),
                }),
            }
        }
        Ok((nodes, Close::Text))
    }

    fn block(&mut self, word: &str, rest: &'t str, depth: usize) -> Result<Node<'t>, Error> {
        let (names, command) = declaration(rest)?;
        let (then, end) = self.list(depth + 1)?;
        let otherwise = match end {
            Close::Text => return Err(failed("unexpected EOF")),
            Close::End => Vec::new(),
            Close::Else("") => match self.list(depth + 1)? {
                (nodes, Close::End) => nodes,
                _ => return Err(failed("expected {{end}}")),
            },
            Close::Else(chained) => {
                let (word, rest) = first_word(chained);
                vec![self.block(word, rest, depth + 1)?]
            }
        };
        match word {
            "range" => Ok(Node::Range {
                names,
                command,
                body: then,
                otherwise,
            }),
            "if" | "with" if names.is_empty() => Ok(Node::If {
                command,
                with: word == "with",
                then,
                otherwise,
            }),
            _ => Err(failed(&format!("unsupported action {word:?}"))),
        }
    }

    /// The text before the next action, and the action. Where there is none, the text is the last node.
    fn next(&mut self, nodes: &mut Vec<Node<'t>>) -> Result<Option<(&'t str, &'t str)>, Error> {
        let found = self.rest.split_once("{{");
        let text = found.map_or(self.rest, |(text, _)| text);
        let text = if self.trim { text.trim_start() } else { text };
        let Some((_, rest)) = found else {
            nodes.extend(Some(Node::Text(text)).filter(|_| !text.is_empty()));
            self.rest = "";
            return Ok(None);
        };
        let (action, rest) = rest
            .split_once("}}")
            .ok_or_else(|| failed("1: unclosed action"))?;
        self.rest = rest;
        let (text, action) = match action.strip_prefix("- ") {
            Some(action) => (text.trim_end(), action),
            None => (text, action),
        };
        self.trim = action.ends_with(" -");
        let action = action.strip_suffix(" -").unwrap_or(action);
        Ok(Some((text, action.trim())))
    }
}

/// `$a, $b := command`: the names and the command.
fn declaration(action: &str) -> Result<(Vec<&str>, Command<'_>), Error> {
    let declared = action.split_once(":=").or_else(|| action.split_once(" = "));
    match declared.filter(|_| action.starts_with('$')) {
        Some((names, rest)) => {
            let names = names.split(',').map(str::trim).collect();
            Ok((names, command(rest)?))
        }
        None => Ok((Vec::new(), command(action)?)),
    }
}

fn command(text: &str) -> Result<Command<'_>, Error> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => quoted_end(rest),
            '`' => rest.get(1..).and_then(|s| s.find('`')).map(|at| at + 2),
            '(' | '|' | ')' => return Err(failed(&format!("unsupported {first:?} in action"))),
            _ => Some(
                rest.find([' ', '\t', '\n', '|', '(', ')'])
                    .unwrap_or(rest.len()),
            ),
        };
        let end = end.ok_or_else(|| failed("1: unterminated quoted string"))?;
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if !matches!(first, '"' | '`') && !is_number(word) && !is_name(word) {
            return Err(failed(&format!("1: unexpected character in {word:?}")));
        }
        words.push(word);
        rest = after.trim_start();
    }
    if words.is_empty() {
        return Err(failed("1: missing value for command"));
    }
    Ok(words)
}

/// Whether a word can only be a number; whether it is one shows later.
fn is_number(word: &str) -> bool {
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    let word = word.strip_prefix('.').unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a word is a field, a variable or a function by its characters: names between points.
fn is_name(word: &str) -> bool {
    let name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let (first, fields) = word
        .split_once('.')
        .map_or((word, None), |(a, b)| (a, Some(b)));
    let mut fields = fields.into_iter().flat_map(|fields| fields.split('.'));
    word == "."
        || name(first.strip_prefix('$').unwrap_or(first))
            && fields.all(|field| !field.is_empty() && name(field))
}

fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    let mut bytes = text.bytes().enumerate().skip(1);
    let end = bytes.find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

fn first_word(action: &str) -> (&str, &str) {
    let end = action.find([' ', '\t', '\n']).unwrap_or(action.len());
    let (word, rest) = action.split_at_checked(end).unwrap_or((action, ""));
    (word, rest.trim())
}
