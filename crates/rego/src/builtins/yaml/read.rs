//! The first document of a YAML text as a value; those behind it have to be YAML too. JSON text is.
//!
//! Values are shared, so that an alias costs nothing by itself; what reads it as JSON would unfold it, and so each
//! is charged at its full size.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::Chars;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use super::scalar;
use crate::builtins::{Budget, Error};
use crate::value::{Object, Value};

/// How deep collections may be nested, aliases unfolded.
const MAX_DEPTH: usize = 200;
/// How many values all aliases of a text may add together.
const MAX_ALIASED: u64 = 1_000_000;
/// The mark of the byte order.
const MARK: char = '\u{feff}';
/// What may stand in for it.
const PRIVATE: [char; 3] = ['\u{e000}', '\u{e001}', '\u{f8fe}'];
const MERGE: &str =
    "yaml: `<<` has something other than mappings; give it one or a sequence of them";

/// Reads the first document of `text`; an empty text is null.
pub(super) fn document(text: &str, budget: &mut Budget) -> Result<Value, Error> {
    budget.build(text.len() as u64)?;
    // One says how the text is encoded, one more may begin it.
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let text = text.strip_prefix(MARK).unwrap_or(text);
    if let Some(c) = text.chars().find(|c| !is_printable(*c)) {
        return Err(failed(&format!(
            "yaml: the text has {c:?} in it; escape it"
        )));
    }
    if begins_with_tab(text) {
        return Err(failed(
            "yaml: a tab stands where the text begins; write spaces",
        ));
    }
    let (text, stand_in) = prepared(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(&text),
        anchors: HashMap::new(),
        aliased: 0,
        from: 0,
        at: 0,
        end: unfinished_end(&text),
        stand_in,
        flow: false,
        begins: Begins {
            chars: text.chars(),
            at: 0,
        },
        budget,
    };
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => {
                let value = reader.node(event, 0)?.value;
                return reader.rest().map(|()| value);
            }
        }
    }
}

/// The text as the parser takes it, which reads YAML 1.2: U+0085 ends a line in 1.1, and U+FEFF is a letter, for which
/// one stands in that the text does not have.
fn prepared(text: &str) -> (Cow<'_, str>, Option<char>) {
    let mut text = Cow::Borrowed(text);
    if text.contains('\u{85}') {
        text = text.replace('\u{85}', "\n").into();
    }
    if !text.contains(MARK) {
        return (text, None);
    }
    let free = PRIVATE.into_iter().find(|c| !text.contains(*c));
    match free {
        Some(c) => (text.replace(MARK, c.encode_utf8(&mut [0; 4])).into(), free),
        None => (text, None),
    }
}

/// Whether a tab stands at the beginning of a line before anything but comments.
fn begins_with_tab(text: &str) -> bool {
    let mut lines = text.split(['\n', '\r', '\u{85}']);
    let first = lines.find_map(|line| match line.trim_start_matches(' ').chars().next() {
        None | Some('#') => None,
        first => first,
    });
    first == Some('\t')
}

/// Where a text ends of which the last line has no line break.
fn unfinished_end(text: &str) -> Option<usize> {
    let unfinished = !text.ends_with(['\n', '\r']);
    unfinished.then(|| text.chars().count())
}

/// Whether a character may stand in YAML as it is.
fn is_printable(c: char) -> bool {
    let spaces = matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    spaces || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

struct Reader<'r> {
    parser: Parser<'r, StrInput<'r>>,
    anchors: HashMap<usize, Node>,
    aliased: u64,
    /// Where the last event began and ended, in characters.
    from: usize,
    at: usize,
    /// Where the text ends, if it does so within a line.
    end: Option<usize>,
    /// What stands in for U+FEFF.
    stand_in: Option<char>,
    /// Whether a collection in brackets is open.
    flow: bool,
    begins: Begins<'r>,
    budget: &'r mut Budget,
}

/// The text before the parser, to see what a collection begins with.
struct Begins<'r> {
    chars: Chars<'r>,
    at: usize,
}

/// A value, and how many values it has with all aliases unfolded.
#[derive(Clone)]
struct Node {
    value: Value,
    size: u64,
}

// === impl Reader ===

impl<'r> Reader<'r> {
    fn next(&mut self) -> Result<Event<'r>, Error> {
        self.budget.step(1)?;
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                (self.from, self.at) = (span.start.index(), span.end.index());
                Ok(event)
            }
            Some(Err(error)) => Err(failed(&format!(
                "yaml: line {}: {}",
                error.marker().line(),
                error.info()
            ))),
            None => Err(failed("yaml: the text ends too early")),
        }
    }

    /// Reads to the text's end: what follows the first document counts for nothing, but must be YAML too.
    fn rest(&mut self) -> Result<(), Error> {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(()),
                // Without `---`.
                Event::DocumentStart(false) => {
                    return Err(failed("yaml: did not find expected <document start>"));
                }
                _ => {}
            }
        }
    }

    /// The value that begins with `event`; its depth is bounded, and with it the recursion.
    fn node(&mut self, event: Event<'r>, depth: usize) -> Result<Node, Error> {
        if depth > MAX_DEPTH {
            return Err(failed("yaml: collections nest too deep; nest less"));
        }
        self.budget.build(size_of::<Value>() as u64)?;
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref())?;
                (anchor, Node { value, size: 1 })
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let outer = self.flow;
                self.flow = outer || self.begins.bracket(self.from, self.at);
                let node = match event {
                    Event::SequenceStart(..) => self.sequence(depth)?,
                    _ => self.mapping(depth)?,
                };
                self.flow = outer;
                (anchor, node)
            }
            Event::Alias(anchor) => return self.alias(anchor, depth),
            _ => return Err(failed("yaml: a value is missing")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Error> {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        // The parser adds the line break that the last line of the text lacks.
        let added = is_block && self.end == Some(self.at);
        let text = text.strip_suffix('\n').filter(|_| added).unwrap_or(text);
        let plain = style == ScalarStyle::Plain;
        if self.flow && plain && (text.contains('?') || text.starts_with([':', '|', '>'])) {
            // YAML 1.1 takes them for signs there.
            return Err(failed(&format!(
                "yaml: {text:?} stands in brackets; write it in quotes"
            )));
        }
        let text = match self.stand_in {
            Some(c) => Cow::from(text.replace(c, "\u{feff}")),
            None => Cow::from(text),
        };
        let value = match tag {
            None if plain => scalar::resolve(&text),
            Some(tag) if tag.is_yaml_core_schema() => scalar::resolve_as(&tag.suffix, &text),
            // Quoted, or with a tag of somebody's own.
            _ => Some(Value::from(&*text)),
        };
        value.ok_or_else(|| failed(&format!("json: unsupported value: {text}")))
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, Error> {
        let mut items = Vec::new();
        let mut size = 1;
        loop {
            let event = self.next()?;
            if event == Event::SequenceEnd {
                let value = Value::from(items);
                return Ok(Node { value, size });
            }
            let item = self.node(event, depth + 1)?;
            size += item.size;
            items.push(item.value);
        }
    }

    /// Of equal keys the last one counts; those of merged mappings yield to the mapping's own, and to earlier ones.
    fn mapping(&mut self, depth: usize) -> Result<Node, Error> {
        let mut own = Vec::new();
        let mut merged: Vec<Object> = Vec::new();
        let mut size = 1;
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let merge = is_merge(&event);
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let item = self.node(event, depth + 1)?;
            size += item.size;
            if merge {
                collect_merged(&item.value, &mut merged)?;
            } else {
                own.push((key_text(&key.value)?, item.value));
            }
        }
        let mut members: Vec<(Value, Value)> = Vec::new();
        for object in merged.iter().rev() {
            let bytes = object.len() * size_of::<(Value, Value)>();
            self.budget.build(bytes as u64)?;
            members.extend(object.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        members.extend(own);
        let value = Object::from(members).into();
        Ok(Node { value, size })
    }

    fn alias(&mut self, anchor: usize, depth: usize) -> Result<Node, Error> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(failed("yaml: an anchor's value contains itself"));
        };
        self.aliased = self.aliased.saturating_add(node.size);
        if self.aliased > MAX_ALIASED {
            return Err(failed(
                "yaml: aliases add too many values; write fewer of them",
            ));
        }
        if depth + node.value.depth() > MAX_DEPTH {
            return Err(failed("yaml: collections nest too deep; nest less"));
        }
        let bytes = node.size.saturating_mul(size_of::<Value>() as u64);
        self.budget.build(bytes)?;
        Ok(node)
    }
}

// === impl Begins ===

impl Begins<'_> {
    /// Whether there is a bracket from one place up to another, or of what of it lies behind the places before.
    fn bracket(&mut self, from: usize, to: usize) -> bool {
        let skipped = from.saturating_sub(self.at);
        if skipped > 0 {
            self.chars.nth(skipped - 1);
        }
        let from = from.max(self.at);
        self.at = to.max(from);
        let text = self.chars.by_ref().take(self.at - from);
        // To its end, where the next one begins.
        text.filter(|c| matches!(c, '[' | '{')).count() > 0
    }
}

// === helpers ===

fn is_merge(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

fn collect_merged(value: &Value, merged: &mut Vec<Object>) -> Result<(), Error> {
    match value {
        Value::Object(object) => merged.push(object.clone()),
        Value::Array(array) => {
            for item in array {
                match item {
                    Value::Object(object) => merged.push(object.clone()),
                    _ => return Err(failed(MERGE)),
                }
            }
        }
        _ => return Err(failed(MERGE)),
    }
    Ok(())
}

fn key_text(key: &Value) -> Result<Value, Error> {
    match key {
        Value::String(_) => Ok(key.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(key.to_string().into()),
        other => {
            let kind = other.type_name();
            Err(failed(&format!(
                "yaml: a key is of type {kind}; expected a string"
            )))
        }
    }
}

#[cold]
fn failed(message: &str) -> Error {
    Error::Failed(message.to_owned())
}
