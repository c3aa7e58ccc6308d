//! The events of a trace as JSON: nodes are syntax trees of what was written.

use std::collections::HashMap;
use std::sync::Arc;

use regate_rego::eval::trace::{Event, Lines, Node, Op};
use regate_rego::source::File;
use regate_rego::syntax::{self, ast};
use regate_rego::value::{Object, Str};
use regate_rego::{Value, hir};

use super::json::Json;
use super::observe::{number, place_json};

/// Makes events JSON.
pub(super) struct Explanation<'f> {
    files: &'f [Arc<File>],
    lines: Lines<'f>,
    /// The rules of the files, by where they stand.
    rules: HashMap<(u32, u32, u32), Value>,
    /// Literals by place and whether a `not` belongs to them.
    literals: HashMap<(hir::Place, bool), Value>,
}

// === impl Explanation ===

impl<'f> Explanation<'f> {
    /// Of events whose places point into these files.
    pub(super) fn new(files: &'f [Arc<File>]) -> Self {
        let mut rules = HashMap::new();
        for (file, at) in files.iter().zip(0..) {
            for (place, rule) in rules_of(file) {
                rules.insert((at, place.0, place.1), rule);
            }
        }
        Self {
            files,
            lines: Lines::new(files),
            rules,
            literals: HashMap::new(),
        }
    }

    pub(super) fn json(&mut self, events: &[Event]) -> Json {
        events.iter().map(|event| self.event(event)).collect()
    }

    fn event(&mut self, event: &Event) -> Json {
        let (file, row, col) = self.place(event.place);
        let location = place_json(file, row, col);
        let (locals, metadata) = if event.op == Op::Note {
            (Value::Null.into(), Value::Null.into())
        } else {
            let locals = event.locals.iter().map(local);
            let named = event.locals.iter().map(|(name, _)| {
                let about = Json::object()
                    .with("name", &**name)
                    .with("location", location.clone());
                (name.to_string().into(), about)
            });
            (locals.collect::<Json>(), Json::Object(named.collect()))
        };
        let reference = match &event.node {
            Node::Unit(name) => reference(name),
            _ => Value::Null,
        };
        Json::object()
            .with("Op", event.op.as_str())
            .with("Node", self.node(event))
            .with("Location", location)
            .with("QueryID", number(event.query))
            .with("ParentID", number(event.parent))
            .with("Locals", locals)
            .with("LocalMetadata", metadata)
            .with("Message", event.message.as_str())
            .with("Ref", reference)
    }

    fn place(&self, place: hir::Place) -> (&'f str, u32, u32) {
        let file = self.files.get(place.file as usize);
        file.map_or(("", 0, 0), |file| {
            let (row, col) = file.row_col(place.span.start);
            (file.name.as_str(), row, col)
        })
    }

    fn node(&mut self, event: &Event) -> Value {
        match &event.node {
            Node::Rule(name) => {
                let (_, row, col) = self.place(event.place);
                let rule = self.rules.get(&(event.place.file, row, col));
                rule.cloned().unwrap_or_else(|| named(name))
            }
            Node::Body(literals) => {
                let literals = literals.iter().zip(0..);
                let literals =
                    literals.map(|((place, negated), at)| self.literal(*place, *negated, at));
                Value::from(literals.collect::<Vec<_>>())
            }
            Node::Literal(place) => self.literal(*place, false, event.index),
            Node::Not(place) => self.literal(*place, true, event.index),
            Node::Unit(_) => self.literal(event.place, false, event.index),
            Node::Nothing => Value::Null,
        }
    }

    fn literal(&mut self, place: hir::Place, negated: bool, index: u32) -> Value {
        let lines = self.lines;
        let tree = self.literals.entry((place, negated)).or_insert_with(|| {
            let node = if negated {
                Node::Not(place)
            } else {
                Node::Literal(place)
            };
            literal_tree(&lines.node(&node))
        });
        with_member(tree, "index", &Value::from(i64::from(index)))
    }
}

// === helpers ===

/// The tree of a literal's text; where there is none to read, as of a `default`, it is `true`.
fn literal_tree(text: &str) -> Value {
    let options = syntax::Options {
        future_keywords: true,
        ..syntax::Options::default()
    };
    let parse = |text: &str| syntax::parse_query(&File::new("", text), &options);
    let body = parse(text).or_else(|_| parse("true"));
    let tree = body.map(|body| syntax::json::body(&body));
    match tree {
        Ok(Value::Array(literals)) => literals.iter().next().cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// The rules of a file, by row and column of each, else branches as they stand in it.
fn rules_of(file: &Arc<File>) -> Vec<((u32, u32), Value)> {
    let parse = |version| {
        let options = syntax::Options {
            version,
            ..syntax::Options::default()
        };
        syntax::parse_module(file, &options)
    };
    let module = parse(ast::RegoVersion::V1).or_else(|_| parse(ast::RegoVersion::V0));
    let Ok(module) = module else {
        return Vec::new();
    };
    let tree = syntax::json::module(&module);
    let Some(Value::Array(rules)) = tree.get_str("rules") else {
        return Vec::new();
    };
    let places = module
        .rules
        .iter()
        .map(|rule| file.row_col(rule.span.start));
    places.zip(rules.iter().cloned()).collect()
}

/// A rule of which only the name is known.
fn named(name: &str) -> Value {
    let last = name.rsplit('.').next().unwrap_or(name);
    let head = Object::from(vec![(Value::from("name"), Value::from(last))]);
    Value::Object(Object::from(vec![(
        Value::from("head"),
        Value::Object(head),
    )]))
}

fn reference(name: &str) -> Value {
    let tree = literal_tree(name);
    let reference = tree.get_str("terms").and_then(|term| term.get_str("value"));
    reference.cloned().unwrap_or(Value::Null)
}

/// A variable with its value as a term.
fn local((name, value): &(Str, Value)) -> Json {
    let file = File::new("", value.to_string());
    let term = syntax::parse_term(&file, &syntax::Options::default());
    let term = term.map_or(Value::Null, |term| syntax::json::term(&term));
    let part = |part: &str| term.get_str(part).cloned().unwrap_or(Value::Null);
    Json::object()
        .with("name", &**name)
        .with("type", part("type"))
        .with("value", part("value"))
}

fn with_member(tree: &Value, key: &str, value: &Value) -> Value {
    let Value::Object(members) = tree else {
        return tree.clone();
    };
    let members = members
        .iter()
        .map(|(name, old)| (name.clone(), old.clone()))
        .filter(|(name, _)| name.as_str() != Some(key));
    let all = members.chain([(Value::from(key), value.clone())]);
    Value::Object(all.collect())
}
