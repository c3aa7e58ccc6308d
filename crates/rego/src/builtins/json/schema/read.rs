//! JSON to a [`Schema`], or why it is none. What a draft does not know is passed over.
//!
//! Where OPA knows the reason too it is told in few words, those that scripts compare what `json.verify_schema` gives
//! them with.

mod parts;

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Node, NodeId, Schema};
use super::reference::{Absolute, Reference, Targets};
use crate::builtins::{Context, Error, Regex};
use crate::value::{Object, Value};

/// The drafts that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
    /// All of them at once, where a schema names none that is known.
    Mixed,
}

struct Reader<'r, 'e, 'v> {
    context: &'r mut Context<'e>,
    draft: Draft,
    targets: Targets<'v>,
    nodes: Vec<Node>,
    referred: HashMap<String, NodeId>,
}

/// How deep schemas may nest, references counted.
const DEEPEST: usize = 200;

const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "number", "null", "object", "string",
];

/// Reads a schema.
pub(super) fn schema(context: &mut Context<'_>, document: &Value) -> Result<Schema, Error> {
    let draft = draft(document)?;
    let mut absolute = Absolute {
        context,
        named: false,
    };
    let document = absolute.of(document, &Reference::default(), 0)?;
    let named = absolute.named;
    let mut reader = Reader {
        context,
        draft,
        targets: Targets::of(&document, named)?,
        nodes: Vec::new(),
        referred: HashMap::new(),
    };
    let root = reader.node(&document, 0)?;
    Ok(Schema {
        nodes: reader.nodes,
        root,
    })
}

/// Refuses to follow what nests deeper than a stack may.
pub(super) fn shallow(depth: usize) -> Result<(), Error> {
    if depth <= DEEPEST {
        return Ok(());
    }
    let message = format!("a schema or a document nests deeper than {DEEPEST} levels; nest less");
    Err(Error::Halt(message))
}

fn draft(document: &Value) -> Result<Draft, Error> {
    let members = match document {
        Value::Bool(_) => return Ok(Draft::Mixed),
        Value::Object(members) => members,
        _ => return failed("schema is invalid"),
    };
    let url = match members.get_str("$schema") {
        None => return Ok(Draft::Mixed),
        Some(Value::String(url)) => url,
        Some(_) => return failed("$schema must be of type string"),
    };
    Ok(match url.strip_suffix('#').unwrap_or(url) {
        "http://json-schema.org/draft-04/schema" => Draft::Four,
        "http://json-schema.org/draft-06/schema" => Draft::Six,
        "http://json-schema.org/draft-07/schema" => Draft::Seven,
        _ => Draft::Mixed,
    })
}

// === impl Reader ===

impl<'v> Reader<'_, '_, 'v> {
    fn node(&mut self, schema: &'v Value, depth: usize) -> Result<NodeId, Error> {
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.fill(id, schema, depth)?;
        Ok(id)
    }

    fn fill(&mut self, id: NodeId, schema: &'v Value, depth: usize) -> Result<(), Error> {
        shallow(depth)?;
        self.context.budget.build(size_of::<Node>() as u64)?;
        let node = match schema {
            Value::Bool(pass) if self.draft >= Draft::Six => Node {
                pass: Some(*pass),
                ..Node::default()
            },
            Value::Object(members) => self.object(members, depth)?,
            _ => return failed("Expected: Valid Schema, given: Invalid JSON"),
        };
        if let Some(place) = self.nodes.get_mut(id) {
            *place = node;
        }
        Ok(())
    }

    fn object(&mut self, members: &'v Object, depth: usize) -> Result<Node, Error> {
        self.context.budget.step(members.len() as u64)?;
        self.identity(members)?;
        self.definitions(members, depth)?;
        text(members, "title")?;
        text(members, "description")?;
        if let Some(reference) = text(members, "$ref")? {
            return Ok(Node {
                reference: Some(self.reference(reference, depth)?),
                ..Node::default()
            });
        }
        let mut node = Node {
            types: types(members)?,
            ..Node::default()
        };
        node.objects = self.objects(members, depth)?;
        node.dependencies = self.dependencies(members, depth)?;
        node.arrays = self.arrays(members, depth)?;
        node.numbers = self.numbers(members)?;
        node.strings = self.strings(members)?;
        node.format = text(members, "format")?.map(Box::from);
        self.rest_of_objects(members, &mut node.objects)?;
        self.rest_of_arrays(members, depth, &mut node.arrays)?;
        if self.draft >= Draft::Six {
            node.constant = members.get_str("const").cloned();
        }
        node.enumeration = enumeration(members)?;
        node.one_of = self.schemas(members, "oneOf", depth)?;
        node.any_of = self.schemas(members, "anyOf", depth)?;
        node.all_of = self.schemas(members, "allOf", depth)?;
        node.not = self.branch(members, "not", depth)?;
        if self.draft >= Draft::Seven {
            node.condition = self.branch(members, "if", depth)?;
            node.then = self.branch(members, "then", depth)?;
            node.otherwise = self.branch(members, "else", depth)?;
        }
        Ok(node)
    }

    fn identity(&self, members: &'v Object) -> Result<(), Error> {
        let key = match self.draft {
            Draft::Four => "id",
            Draft::Mixed if members.get_str("id").is_some() => "id",
            _ => "$id",
        };
        text(members, key).map(|_| ())
    }

    fn definitions(&mut self, members: &'v Object, depth: usize) -> Result<(), Error> {
        let definitions = match members.get_str("definitions") {
            None => return Ok(()),
            Some(Value::Object(definitions)) => definitions,
            Some(_) => return invalid_type("Array Of Schemas", "definitions"),
        };
        for definition in definitions.values() {
            if !is_schema(definition) {
                return invalid_type("Array Of Schemas", "definitions");
            }
            self.node(definition, depth + 1)?;
        }
        Ok(())
    }

    fn reference(&mut self, text: &str, depth: usize) -> Result<NodeId, Error> {
        if let Some(id) = self.referred.get(text) {
            return Ok(*id);
        }
        let target = self.targets.get(&Reference::parse(text))?;
        if !is_schema(target) {
            return failed("Valid Schema must be of type object");
        }
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.referred.insert(text.to_owned(), id);
        self.fill(id, target, depth + 1)?;
        Ok(id)
    }

    fn pattern(
        &mut self,
        pattern: &str,
        wrong: impl FnOnce() -> String,
    ) -> Result<Arc<Regex>, Error> {
        let compiled = self.context.caches.regex(pattern, self.context.budget);
        compiled.map_err(|error| match error {
            Error::Failed(_) | Error::Type(_) => Error::Failed(wrong()),
            error => error,
        })
    }

    fn schemas(
        &mut self,
        members: &'v Object,
        key: &str,
        depth: usize,
    ) -> Result<Vec<NodeId>, Error> {
        let schemas = list(members, key)?.unwrap_or_default().iter();
        schemas.map(|schema| self.node(schema, depth + 1)).collect()
    }

    fn branch(
        &mut self,
        members: &'v Object,
        key: &str,
        depth: usize,
    ) -> Result<Option<NodeId>, Error> {
        match members.get_str(key) {
            None => Ok(None),
            Some(schema) if is_schema(schema) => Ok(Some(self.node(schema, depth + 1)?)),
            Some(_) => failed(format!("{key} must be of an object")),
        }
    }
}

fn is_schema(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Object(_))
}

fn types(members: &Object) -> Result<Vec<&'static str>, Error> {
    let wrong = || invalid_type("type", "string/Array Of Strings");
    let names = match members.get_str("type") {
        None => return Ok(Vec::new()),
        Some(name @ Value::String(_)) => std::slice::from_ref(name),
        Some(Value::Array(names)) => names,
        Some(_) => return wrong(),
    };
    let mut types = Vec::with_capacity(names.len());
    for name in names {
        let Some(name) = name.as_str() else {
            return wrong();
        };
        let Some(known) = TYPES.into_iter().find(|known| *known == name) else {
            return failed(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{}]",
                TYPES.join(" ")
            ));
        };
        if types.contains(&known) {
            return failed(format!("{name} type is duplicated"));
        }
        types.push(known);
    }
    Ok(types)
}

fn enumeration(members: &Object) -> Result<Option<Vec<Value>>, Error> {
    let Some(values) = list(members, "enum")? else {
        return Ok(None);
    };
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_unstable();
    if sorted.is_sorted_by(|a, b| a < b) {
        return Ok(Some(values.to_vec()));
    }
    failed("enum items must be unique")
}

fn text<'v>(members: &'v Object, key: &str) -> Result<Option<&'v str>, Error> {
    match members.get_str(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => invalid_type("string", key),
    }
}

fn list<'v>(members: &'v Object, key: &str) -> Result<Option<&'v [Value]>, Error> {
    match members.get_str(key) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => failed(format!("{key} must be of an array")),
    }
}

#[cold]
fn invalid_type<T>(expected: &str, given: &str) -> Result<T, Error> {
    failed(format!(
        "Invalid type. Expected: {expected}, given: {given}"
    ))
}

#[cold]
fn failed<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Failed(message.into()))
}
