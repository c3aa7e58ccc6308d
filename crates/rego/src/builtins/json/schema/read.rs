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

/// All keywords, and the first draft that has them, in the order in which they are looked at. A schema with two faults
/// is told of the one that OPA tells of: it was asked for each two of them.
const KEYWORDS: [(&str, Draft); 37] = [
    ("definitions", Draft::Four),
    ("title", Draft::Four),
    ("description", Draft::Four),
    // Nothing counts beside it.
    ("$ref", Draft::Four),
    ("type", Draft::Four),
    ("properties", Draft::Four),
    ("additionalProperties", Draft::Four),
    ("patternProperties", Draft::Four),
    ("propertyNames", Draft::Six),
    ("dependencies", Draft::Four),
    ("items", Draft::Four),
    ("additionalItems", Draft::Four),
    ("multipleOf", Draft::Four),
    ("minimum", Draft::Four),
    ("exclusiveMinimum", Draft::Four),
    ("maximum", Draft::Four),
    ("exclusiveMaximum", Draft::Four),
    ("minLength", Draft::Four),
    ("maxLength", Draft::Four),
    ("pattern", Draft::Four),
    ("format", Draft::Four),
    ("minProperties", Draft::Four),
    ("maxProperties", Draft::Four),
    ("required", Draft::Four),
    ("minItems", Draft::Four),
    ("maxItems", Draft::Four),
    ("uniqueItems", Draft::Four),
    ("contains", Draft::Six),
    ("const", Draft::Six),
    ("enum", Draft::Four),
    ("oneOf", Draft::Four),
    ("anyOf", Draft::Four),
    ("allOf", Draft::Four),
    ("not", Draft::Four),
    ("if", Draft::Seven),
    ("then", Draft::Seven),
    ("else", Draft::Seven),
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

// === impl Draft ===

impl Draft {
    /// The keyword by which a schema names itself.
    fn identity(self, members: &Object) -> &'static str {
        match self {
            Self::Four => "id",
            Self::Mixed if members.get_str("id").is_some() => "id",
            _ => "$id",
        }
    }

    /// Whether `exclusiveMinimum` may be a flag.
    fn has_flags(self) -> bool {
        matches!(self, Self::Four | Self::Mixed)
    }
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
        let id = self.draft.identity(members);
        members.get_str(id).map_or(Ok(""), |own| text(own, id))?;
        let mut node = Node::default();
        for (keyword, since) in KEYWORDS {
            let Some(value) = members.get_str(keyword) else {
                continue;
            };
            if self.draft >= since {
                self.keyword(&mut node, keyword, value, depth)?;
            }
            if node.reference.is_some() {
                break;
            }
        }
        Ok(node)
    }

    fn keyword(
        &mut self,
        node: &mut Node,
        keyword: &'static str,
        value: &'v Value,
        depth: usize,
    ) -> Result<(), Error> {
        match keyword {
            "$ref" => node.reference = Some(self.reference(text(value, keyword)?, depth)?),
            "definitions" => self.definitions(value, depth)?,
            "type" => node.types = types(value)?,
            "enum" => node.enumeration = Some(enumeration(value)?),
            "const" => node.constant = Some(value.clone()),
            "format" => node.format = Some(Box::from(text(value, keyword)?)),
            "allOf" => node.all_of = self.schemas(value, keyword, depth)?,
            "anyOf" => node.any_of = self.schemas(value, keyword, depth)?,
            "oneOf" => node.one_of = self.schemas(value, keyword, depth)?,
            "not" => node.not = Some(self.branch(value, keyword, depth)?),
            "if" => node.condition = Some(self.branch(value, keyword, depth)?),
            "then" => node.then = Some(self.branch(value, keyword, depth)?),
            "else" => node.otherwise = Some(self.branch(value, keyword, depth)?),
            "dependencies" => node.dependencies = self.dependencies(value, depth)?,
            "multipleOf" | "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => {
                self.of_numbers(&mut node.numbers, keyword, value)?;
            }
            "minLength" | "maxLength" | "pattern" => {
                self.of_strings(&mut node.strings, keyword, value)?;
            }
            "items" | "additionalItems" | "minItems" | "maxItems" | "uniqueItems" | "contains" => {
                self.of_arrays(&mut node.arrays, keyword, value, depth)?;
            }
            "properties"
            | "additionalProperties"
            | "patternProperties"
            | "propertyNames"
            | "minProperties"
            | "maxProperties"
            | "required" => {
                self.of_objects(&mut node.objects, keyword, value, depth)?;
            }
            // What only tells people something.
            _ => {
                text(value, keyword)?;
            }
        }
        Ok(())
    }

    fn definitions(&mut self, value: &'v Value, depth: usize) -> Result<(), Error> {
        let wrong = || invalid_type("Array Of Schemas", "definitions");
        let Value::Object(definitions) = value else {
            return wrong();
        };
        for definition in definitions.values() {
            if !is_schema(definition) {
                return wrong();
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
        value: &'v Value,
        keyword: &str,
        depth: usize,
    ) -> Result<Vec<NodeId>, Error> {
        let schemas = list(value, keyword)?.iter();
        schemas.map(|schema| self.node(schema, depth + 1)).collect()
    }

    fn branch(&mut self, value: &'v Value, keyword: &str, depth: usize) -> Result<NodeId, Error> {
        if is_schema(value) {
            return self.node(value, depth + 1);
        }
        failed(format!("{keyword} must be of an object"))
    }
}

fn is_schema(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Object(_))
}

fn types(value: &Value) -> Result<Vec<&'static str>, Error> {
    let wrong = || invalid_type("type", "string/Array Of Strings");
    let names = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(names) => names,
        _ => return wrong(),
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

fn enumeration(value: &Value) -> Result<Vec<Value>, Error> {
    let values = list(value, "enum")?;
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_unstable();
    if sorted.is_sorted_by(|a, b| a < b) {
        return Ok(values.to_vec());
    }
    failed("enum items must be unique")
}

fn text<'v>(value: &'v Value, keyword: &str) -> Result<&'v str, Error> {
    match value {
        Value::String(text) => Ok(text),
        _ => invalid_type("string", keyword),
    }
}

fn list<'v>(value: &'v Value, keyword: &str) -> Result<&'v [Value], Error> {
    match value {
        Value::Array(items) => Ok(items),
        _ => failed(format!("{keyword} must be of an array")),
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
