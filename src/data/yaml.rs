//! YAML 1.1 as OPA reads it, into a tree that knows its lines. JSON text is YAML too.
//!
//! Only the first document of a text is read. Depth and what aliases expand to are bounded, so a
//! small text cannot become a large tree.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use self::scalar::Scalar;
use crate::data::Doc;

mod scalar;

/// How deep collections may be nested.
const MAX_DEPTH: usize = 200;
/// How many nodes all aliases of a text may add together.
const MAX_ALIASED: usize = 200_000;

/// A value and the line it begins on.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Counted from one; zero when the value does not come from a text.
    pub line: usize,
    /// The value.
    pub kind: Kind,
}

/// A value without its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true`, and in YAML 1.1 also `yes`, `on` and `y`.
    Bool(bool),
    /// A number, as JSON text.
    Number(String),
    /// A string.
    String(String),
    /// A sequence.
    Array(Vec<Node>),
    /// A mapping; no key stands in it twice.
    Object(Vec<Entry>),
}

/// One member of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, as the string that JSON would show.
    pub key: String,
    /// The key's line.
    pub line: usize,
    /// The value.
    pub value: Node,
}

/// A text that is not YAML, or none that JSON could show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct YamlError {
    /// Where, counted from one.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads the first document of `text`; an empty text is null.
///
/// # Errors
///
/// Fails on text that is not YAML, on what JSON cannot show (null keys, infinities), and beyond the
/// bounds on depth and aliases.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
    };
    reader.document()
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
    anchors: HashMap<usize, Anchored>,
    aliased: usize,
}

/// A node that an alias may repeat, with what repeating it costs.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A mapping under construction: of two equal keys the last one counts, and merged keys yield.
#[derive(Default)]
struct Members {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    merged: Vec<Entry>,
}

// === impl Node ===

impl Node {
    /// The member `key`, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The same tree without its lines.
    #[must_use]
    pub fn into_doc(self) -> Doc<'static> {
        match self.kind {
            Kind::Null => Doc::Null,
            Kind::Bool(value) => Doc::Bool(value),
            Kind::Number(text) => Doc::Number(Cow::Owned(text)),
            Kind::String(text) => Doc::String(Cow::Owned(text)),
            Kind::Array(items) => Doc::Array(items.into_iter().map(Node::into_doc).collect()),
            Kind::Object(entries) => Doc::Object(
                entries
                    .into_iter()
                    .map(|entry| (Cow::Owned(entry.key), entry.value.into_doc()))
                    .collect(),
            ),
        }
    }

    /// Nodes in this tree and its depth.
    fn measure(&self) -> (usize, usize) {
        let children: Box<dyn Iterator<Item = &Node> + '_> = match &self.kind {
            Kind::Array(items) => Box::new(items.iter()),
            Kind::Object(entries) => Box::new(entries.iter().map(|entry| &entry.value)),
            _ => return (1, 0),
        };
        let (nodes, depth) = children
            .map(Node::measure)
            .fold((1, 0), |(nodes, depth), (n, d)| (nodes + n, depth.max(d)));
        (nodes, depth + 1)
    }
}

// === impl Reader ===

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Node, YamlError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => {
                    return Ok(Node {
                        line: 1,
                        kind: Kind::Null,
                    });
                }
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                event => return self.node(event, span, 0),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(error.into()),
            None => Err(YamlError::new(0, "the text ends too early")),
        }
    }

    fn node(&mut self, event: Event<'input>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let line = span.start.line();
        if depth > MAX_DEPTH {
            return Err(YamlError::new(line, "values are nested too deeply"));
        }
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar_value(&text, style, tag.as_deref(), line)?)
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            Event::Alias(anchor) => return self.alias(anchor, line, depth),
            _ => return Err(YamlError::new(line, "a value is missing")),
        };
        let node = Node { line, kind };
        if anchor > 0 {
            let (nodes, depth) = node.measure();
            // An anchor's own copy is memory too, so it counts like an alias.
            self.spend(nodes, line)?;
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    nodes,
                    depth,
                },
            );
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Kind, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Kind::Array(items));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Kind, YamlError> {
        let mut members = Members::default();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Kind::Object(members.finish()));
            }
            let line = span.start.line();
            let merge = is_merge(&event);
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if merge {
                members.merge(value)?;
            } else {
                members.put(Entry {
                    key: key_text(&key)?,
                    line,
                    value,
                });
            }
        }
    }

    fn alias(&mut self, anchor: usize, line: usize, depth: usize) -> Result<Node, YamlError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(YamlError::new(
                line,
                "an alias stands inside the value that it repeats",
            ));
        };
        if depth + anchored.depth > MAX_DEPTH {
            return Err(YamlError::new(line, "values are nested too deeply"));
        }
        let nodes = anchored.nodes;
        self.spend(nodes, line)?;
        let anchored = self.anchors.get(&anchor);
        let kind = anchored.map_or(Kind::Null, |anchored| anchored.node.kind.clone());
        Ok(Node { line, kind })
    }

    fn spend(&mut self, nodes: usize, line: usize) -> Result<(), YamlError> {
        self.aliased += nodes;
        if self.aliased > MAX_ALIASED {
            return Err(YamlError::new(line, "aliases expand to too many values"));
        }
        Ok(())
    }
}

// === impl Members ===

impl Members {
    fn put(&mut self, entry: Entry) {
        if let Some(old) = self
            .index
            .get(&entry.key)
            .and_then(|at| self.entries.get_mut(*at))
        {
            *old = entry;
        } else {
            self.index.insert(entry.key.clone(), self.entries.len());
            self.entries.push(entry);
        }
    }

    fn merge(&mut self, value: Node) -> Result<(), YamlError> {
        match value.kind {
            Kind::Object(entries) => self.merged.extend(entries),
            Kind::Array(items) => {
                for item in items {
                    match item.kind {
                        Kind::Object(entries) => self.merged.extend(entries),
                        _ => return Err(YamlError::new(item.line, MERGE)),
                    }
                }
            }
            _ => return Err(YamlError::new(value.line, MERGE)),
        }
        Ok(())
    }

    /// A key that the mapping has itself wins over merged ones, and of those the first.
    fn finish(mut self) -> Vec<Entry> {
        for entry in std::mem::take(&mut self.merged) {
            if !self.index.contains_key(&entry.key) {
                self.put(entry);
            }
        }
        self.entries
    }
}

// === impl YamlError ===

impl YamlError {
    fn new(line: usize, message: &str) -> Self {
        Self {
            line,
            message: message.to_owned(),
        }
    }
}

impl From<ScanError> for YamlError {
    fn from(error: ScanError) -> Self {
        Self {
            line: error.marker().line(),
            message: format!("not valid YAML: {}", error.info()),
        }
    }
}

const MERGE: &str = "a merge key (`<<`) takes a mapping or a list of mappings";

fn is_merge(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

fn scalar_value(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    line: usize,
) -> Result<Kind, YamlError> {
    let scalar = match tag {
        None if style == ScalarStyle::Plain => scalar::resolve(text),
        Some(tag) if tag.is_yaml_core_schema() => scalar::resolve_as(&tag.suffix, text)
            .ok_or_else(|| YamlError {
                line,
                message: format!("the value is not of its tag's type `!!{}`", tag.suffix),
            })?,
        // Quoted, or with a tag of somebody's own.
        Some(_) | None => Scalar::String(text.to_owned()),
    };
    match scalar {
        Scalar::Null => Ok(Kind::Null),
        Scalar::Bool(value) => Ok(Kind::Bool(value)),
        Scalar::Number(value) => Ok(Kind::Number(value.to_string())),
        Scalar::Infinite => Err(YamlError::new(
            line,
            "infinity and NaN have no form in JSON",
        )),
        Scalar::String(text) => Ok(Kind::String(text)),
    }
}

fn key_text(key: &Node) -> Result<String, YamlError> {
    match &key.kind {
        Kind::String(text) | Kind::Number(text) => Ok(text.clone()),
        Kind::Bool(value) => Ok(value.to_string()),
        Kind::Null => Err(YamlError::new(key.line, "a key is null; put it in quotes")),
        Kind::Array(_) | Kind::Object(_) => Err(YamlError::new(
            key.line,
            "a key is a list or a mapping; keys are strings",
        )),
    }
}

#[cfg(test)]
mod tests;
