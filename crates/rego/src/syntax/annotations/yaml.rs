//! The YAML of a METADATA block as a value, bounded in depth and size.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use crate::value::{Object, Value, yaml};

/// How deep collections may be nested.
const MAX_DEPTH: usize = 100;
/// Down to which depth numbers and booleans are keys.
const NAMED: usize = 2;
/// How many nodes the text may have, with all that its aliases repeat.
const MAX_NODES: usize = 100_000;

/// What is wrong, and in which line of the text, from one; `None` where it is in the block as a whole.
pub(super) type Problem = (String, Option<usize>);

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, (Value, usize)>,
    nodes: usize,
    line: usize,
}

/// Reads the first document of `text`; an empty text is null.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        line: 1,
    };
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return reader.node(event, 0),
        }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, Problem> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => {
                let line = error.marker().line();
                Err((format!("yaml: {}", error.info()), Some(line)))
            }
            None => Err(self.problem("yaml: the text ends too early")),
        }
    }

    fn problem(&self, message: &str) -> Problem {
        (message.to_owned(), Some(self.line))
    }

    fn spend(&mut self, nodes: usize) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(self.problem("yaml: the block is too large"));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, Problem> {
        if depth > MAX_DEPTH {
            return Err(self.problem("yaml: values are nested too deeply"));
        }
        let before = self.nodes;
        self.spend(1)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(&text, style)),
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            Event::Alias(anchor) => {
                let Some((value, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.problem("yaml: an alias of nothing"));
                };
                if depth + value.depth() > MAX_DEPTH {
                    return Err(self.problem("yaml: values are nested too deeply"));
                }
                self.spend(nodes)?;
                return Ok(value);
            }
            _ => return Err(self.problem("yaml: a value is missing")),
        };
        if anchor > 0 {
            let nodes = self.nodes - before;
            self.anchors.insert(anchor, (value.clone(), nodes));
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(items.into()),
                event => items.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut members = BTreeMap::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                let members: Object = members.into_iter().collect();
                return Ok(members.into());
            }
            let key = self.node(event, depth + 1)?;
            let name = match &key {
                Value::String(name) => name.to_string(),
                // The block's own fields and those of `custom` have names, whatever was written.
                Value::Number(_) | Value::Bool(_) if depth < NAMED => key.to_string(),
                _ => return Err(("invalid map key type(s): keys are strings".to_owned(), None)),
            };
            let key = Value::from(name.as_str());
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            if members.insert(key, value).is_some() {
                let message = format!("yaml: mapping key {name:?} already defined");
                return Err((message, Some(self.line)));
            }
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    yaml::number(text).map_or_else(|| Value::from(text), Value::Number)
}
