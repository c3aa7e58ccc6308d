//! The tree as a document, in the shape that `opa parse --format json` has.
//!
//! Wildcards are numbered as OPA numbers them; places are given for comments only.

mod order;
mod rules;
mod terms;

use crate::source::Span;
use crate::value::Value;

use super::ast::{
    Annotations, Body, Comment, Import, Module, SchemaAnnotation, SchemaSource, Term,
};

/// The tree of `module`.
#[must_use]
pub fn module(module: &Module) -> Value {
    Writer::new(module).module()
}

/// The tree of `module` with the place of each node, as `--json-include locations` gives it.
#[must_use]
pub fn module_with_locations(module: &Module) -> Value {
    let mut writer = Writer::new(module);
    writer.locations = true;
    writer.module()
}

/// The tree of a query's body.
#[must_use]
pub fn body(body: &Body) -> Value {
    Writer::default().body(body)
}

/// The tree of a term.
#[must_use]
pub fn term(term: &Term) -> Value {
    Writer::default().term(term)
}

/// What the nodes need to know of what came before them.
#[derive(Default)]
struct Writer<'a> {
    module: Option<&'a Module>,
    /// How many wildcards there were.
    wildcards: usize,
    /// Whether `future.keywords.not` makes each `not` a node of its own.
    not_node: bool,
    /// Whether each node says where it stands.
    locations: bool,
    /// Where all that is written now stands, whatever its own place.
    fixed: Option<Span>,
}

// === impl Writer ===

impl<'a> Writer<'a> {
    fn new(module: &'a Module) -> Self {
        Self {
            module: Some(module),
            wildcards: 0,
            not_node: module.imports.iter().any(Import::enables_not),
            locations: false,
            fixed: None,
        }
    }

    fn module(&mut self) -> Value {
        let Some(module) = self.module else {
            return Value::Null;
        };
        let path = self.reference_parts(&module.package.path);
        let keyword = Span {
            start: module.package.span.start,
            end: module.package.span.start + 7,
        };
        let package = self.placed(object(vec![("path", path)]), keyword);
        let mut fields = vec![("package", package)];
        if !module.imports.is_empty() {
            let imports: Vec<Value> = module.imports.iter().map(|i| self.import(i)).collect();
            fields.push(("imports", imports.into()));
        }
        if !module.annotations.is_empty() {
            let notes = module.annotations.iter();
            let found: Vec<Value> = notes.map(|note| self.annotations(note)).collect();
            fields.push(("annotations", found.into()));
        }
        if !module.rules.is_empty() {
            let rules = (0..).zip(&module.rules);
            let rules: Vec<Value> = rules.map(|(at, rule)| self.rule(at, rule)).collect();
            fields.push(("rules", rules.into()));
        }
        if !module.comments.is_empty() {
            let found: Vec<Value> = module.comments.iter().map(|c| self.comment(c)).collect();
            fields.push(("comments", found.into()));
        }
        object(fields)
    }

    fn import(&mut self, import: &Import) -> Value {
        let path = self.reference(&import.path);
        let path = self.placed(path, import.path.span);
        let mut fields = vec![("path", path)];
        if let Some(alias) = &import.alias {
            let name = self.var(&alias.name);
            let name = name.get_str("value").cloned().unwrap_or(Value::Null);
            fields.push(("alias", name));
            if self.locations {
                fields.extend(self.location(alias.span).map(|at| ("alias_location", at)));
            }
        }
        let keyword = Span {
            start: import.span.start,
            end: import.span.start + 6,
        };
        self.placed(object(fields), keyword)
    }

    /// Adds where `node` stands, where that was asked for.
    fn placed(&self, node: Value, span: Span) -> Value {
        if !self.locations {
            return node;
        }
        let (Value::Object(fields), Some(place)) =
            (&node, self.location(self.fixed.unwrap_or(span)))
        else {
            return node;
        };
        let fields = fields.iter().map(|(k, v)| (k.clone(), v.clone()));
        let place = std::iter::once((Value::from("location"), place));
        Value::Object(fields.chain(place).collect())
    }

    fn annotations(&self, note: &Annotations) -> Value {
        self.placed(annotations(note), note.span)
    }

    fn comment(&self, comment: &Comment) -> Value {
        let mut fields = vec![("Text", base64(comment.text.as_bytes()).into())];
        // The first line of a METADATA block stands for all of it.
        let notes = self.module.map_or(&[][..], |module| &module.annotations);
        let note = notes.binary_search_by_key(&comment.span.start, |note| note.span.start);
        let note = note.ok().and_then(|at| notes.get(at));
        if let Some(place) = self.location(note.map_or(comment.span, |note| note.span)) {
            fields.push(("Location", place));
        }
        object(fields)
    }

    fn location(&self, span: Span) -> Option<Value> {
        let file = &self.module?.file;
        let place = file.location(span);
        let mut fields = vec![
            ("file", Value::from(&*place.file)),
            ("row", Value::from(i64::from(place.row))),
            ("col", Value::from(i64::from(place.col))),
        ];
        if self.locations {
            fields.push(("text", base64(file.slice(span).as_bytes()).into()));
        }
        Some(object(fields))
    }
}

fn annotations(annotations: &Annotations) -> Value {
    use super::ast::Scope;
    let scope = match annotations.scope {
        Scope::Package => "package",
        Scope::Subpackages => "subpackages",
        Scope::Rule => "rule",
        Scope::Document => "document",
    };
    let Value::Object(given) = &annotations.value else {
        return Value::Null;
    };
    let mut fields: Vec<(Value, Value)> = Vec::with_capacity(given.len() + 1);
    fields.extend(given.iter().map(|(k, v)| (k.clone(), v.clone())));
    fields.retain(|(key, _)| key.as_str() != Some("schemas"));
    if !annotations.schemas.is_empty() {
        let schemas: Vec<Value> = annotations.schemas.iter().map(schema).collect();
        fields.push((Value::from("schemas"), schemas.into()));
    }
    if given.get_str("scope").is_none() {
        fields.push((Value::from("scope"), Value::from(scope)));
    }
    Value::Object(fields.into_iter().collect())
}

fn schema(schema: &SchemaAnnotation) -> Value {
    let mut writer = Writer::default();
    let path = ("path", writer.reference_parts(&schema.path));
    let source = match &schema.schema {
        SchemaSource::Ref(reference) => ("schema", writer.reference_parts(reference)),
        SchemaSource::Inline(value) => ("definition", value.clone()),
    };
    object(vec![path, source])
}

fn object(fields: Vec<(&'static str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(k, v)| (Value::from(k), v));
    Value::Object(fields.collect())
}

/// `{"type": NAME, "value": VALUE}`.
fn node(name: &'static str, value: Value) -> Value {
    object(vec![("type", Value::from(name)), ("value", value)])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = bits >> (18 - 6 * at) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
            out.push(char::from(if at > chunk.len() { b'=' } else { digit }));
        }
    }
    out
}
