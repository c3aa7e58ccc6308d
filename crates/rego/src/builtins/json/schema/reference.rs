//! References from one part of a schema to another, by place or by name.
//!
//! A name counts from the nearest `$id` around it. Names are compared as written, after dots in paths are resolved.

use std::collections::HashMap;

use crate::builtins::{Context, Error};
use crate::value::{Object, Value};

/// A reference: what document, and which part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reference {
    /// What stands before `:`.
    scheme: Option<String>,
    /// What stands behind `//`.
    authority: Option<String>,
    path: String,
    query: Option<String>,
    fragment: String,
}

/// What references can lead to: parts of the schema, by their names.
#[derive(Debug)]
pub(super) struct Targets<'v> {
    root: &'v Value,
    named: HashMap<String, &'v Value>,
}

/// Names as a schema counts them: each reference with the document that it is about in front.
pub(super) struct Absolute<'c, 'e> {
    pub context: &'c mut Context<'e>,
    /// Whether any part has a name of its own.
    pub named: bool,
}

// === impl Reference ===

impl Reference {
    /// Takes a reference apart.
    pub(super) fn parse(text: &str) -> Self {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, Some(query.to_owned())),
            None => (text, None),
        };
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if scheme.chars().all(in_scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(authority.to_owned()), path)
            }
            None => (None, rest),
        };
        Self {
            scheme: scheme.map(str::to_ascii_lowercase),
            authority,
            path: path.to_owned(),
            query,
            fragment: unescaped(fragment),
        }
    }

    /// What `other` leads to when it stands in the document of this name (RFC 3986, 5.2).
    pub(super) fn join(&self, other: &Self) -> Self {
        let mut joined = other.clone();
        if joined.scheme.is_some() {
            return joined;
        }
        joined.scheme.clone_from(&self.scheme);
        if joined.authority.is_some() {
            return joined;
        }
        joined.authority.clone_from(&self.authority);
        if joined.path.is_empty() {
            joined.path.clone_from(&self.path);
            if joined.query.is_none() {
                joined.query.clone_from(&self.query);
            }
        } else if joined.path.starts_with('/') {
            joined.path = without_dots(&joined.path);
        } else {
            let folder = self.path.rfind('/').and_then(|at| self.path.get(..=at));
            let folder = folder.unwrap_or("/");
            joined.path = without_dots(&format!("{folder}{}", joined.path));
        }
        joined
    }

    /// The document's name, without the part.
    pub(super) fn document(&self) -> String {
        let mut text = String::new();
        if let Some(scheme) = &self.scheme {
            text.push_str(scheme);
            text.push(':');
        }
        if let Some(authority) = &self.authority {
            text.push_str("//");
            text.push_str(authority);
        }
        text.push_str(&self.path);
        if let Some(query) = &self.query {
            text.push('?');
            text.push_str(query);
        }
        text
    }

    /// The whole name; equal for references that lead to the same.
    pub(super) fn name(&self) -> String {
        let mut text = self.document();
        if !self.fragment.is_empty() {
            text.push('#');
            text.push_str(&self.fragment);
        }
        text
    }
}

// === impl Absolute ===

impl Absolute<'_, '_> {
    /// The schema with each reference made absolute.
    pub(super) fn of(
        &mut self,
        schema: &Value,
        base: &Reference,
        depth: usize,
    ) -> Result<Value, Error> {
        self.context.budget.step(1)?;
        super::read::shallow(depth)?;
        match schema {
            Value::Array(items) => {
                self.context.budget.build(items.len() as u64 * 16)?;
                let items = items.iter().map(|item| self.of(item, base, depth + 1));
                Ok(Value::from(items.collect::<Result<Vec<_>, _>>()?))
            }
            Value::Object(members) => {
                let own = identity(members).map(|id| base.join(&Reference::parse(id)));
                self.named |= own.is_some();
                self.members(members, own.as_ref().unwrap_or(base), depth)
            }
            other => Ok(other.clone()),
        }
    }

    fn members(
        &mut self,
        members: &Object,
        base: &Reference,
        depth: usize,
    ) -> Result<Value, Error> {
        self.context.budget.build(members.len() as u64 * 32)?;
        let mut absolute = Vec::with_capacity(members.len());
        for (key, value) in members.iter() {
            let value = match (key.as_str(), value) {
                (Some("$ref"), Value::String(text)) => {
                    Value::from(base.join(&Reference::parse(text)).name())
                }
                (Some("$id" | "id"), Value::String(_)) if identity(members) == value.as_str() => {
                    Value::from(base.name())
                }
                (Some("const" | "enum"), value) => value.clone(),
                (Some("properties" | "dependencies" | "patternProperties"), Value::Object(map)) => {
                    let mut children = Vec::with_capacity(map.len());
                    for (name, child) in map.iter() {
                        children.push((name.clone(), self.of(child, base, depth + 1)?));
                    }
                    Value::Object(Object::from(children))
                }
                (_, value) => self.of(value, base, depth + 1)?,
            };
            absolute.push((key.clone(), value));
        }
        Ok(Value::Object(Object::from(absolute)))
    }
}

// === impl Targets ===

impl<'v> Targets<'v> {
    /// The parts of a schema whose references are absolute.
    pub(super) fn of(root: &'v Value, named: bool) -> Result<Self, Error> {
        let mut targets = Self {
            root,
            named: HashMap::new(),
        };
        if named {
            targets.gather()?;
        }
        Ok(targets)
    }

    fn gather(&mut self) -> Result<(), Error> {
        let mut todo = vec![self.root];
        while let Some(value) = todo.pop() {
            match value {
                Value::Array(items) => todo.extend(items.iter()),
                Value::Object(members) => {
                    if let Some(name) = identity(members) {
                        let name = Reference::parse(name).name();
                        if self.named.insert(name.clone(), value).is_some() {
                            let what = format!("Reference already exists: {name:?}");
                            return Err(Error::Failed(what));
                        }
                    }
                    for (key, value) in members.iter() {
                        match (key.as_str(), value) {
                            (Some("const" | "enum"), _) => {}
                            (
                                Some("properties" | "dependencies" | "patternProperties"),
                                Value::Object(map),
                            ) => todo.extend(map.values()),
                            (_, value) => todo.push(value),
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What an absolute reference leads to.
    pub(super) fn get(&self, reference: &Reference) -> Result<&'v Value, Error> {
        if let Some(target) = self.named.get(&reference.name()) {
            return Ok(target);
        }
        let document = reference.document();
        let document = match self.named.get(&document) {
            Some(document) => document,
            None if document.is_empty() => self.root,
            None if reference.scheme.is_none() || reference.authority.is_none() => {
                let what = format!("Reference {} must be canonical", reference.name());
                return Err(Error::Failed(what));
            }
            None => {
                let what = format!("remote reference loading disabled: {}", reference.name());
                return Err(Error::Failed(what));
            }
        };
        pointed(document, &reference.fragment)
    }
}

/// The part of a schema that the fragment of a reference leads to: a JSON pointer, with its escapes.
pub(crate) fn part<'v>(schema: &'v Value, fragment: &str) -> Result<&'v Value, Error> {
    pointed(schema, &unescaped(fragment))
}

/// The part of a document that a JSON pointer leads to.
fn pointed<'v>(document: &'v Value, pointer: &str) -> Result<&'v Value, Error> {
    if pointer.is_empty() {
        return Ok(document);
    }
    let Some(pointer) = pointer.strip_prefix('/') else {
        let what = format!(
            "no part of the schema is named \"#{pointer}\"; give one that name or refer to another"
        );
        return Err(Error::Failed(what));
    };
    let mut target = document;
    for part in pointer.split('/') {
        let next = match target {
            Value::Object(members) => {
                let key = part.replace("~1", "/").replace("~0", "~");
                let missing = || format!("Object has no key '{key}'");
                members.get_str(&key).ok_or_else(missing)
            }
            Value::Array(items) => match part.parse::<usize>() {
                Ok(at) => items
                    .get(at)
                    .ok_or_else(|| format!("Out of bound array[0,{}] index '{at}'", items.len())),
                Err(_) => Err(format!("Invalid array index '{part}'")),
            },
            _ => Err(format!("Invalid token reference '{part}'")),
        };
        target = next.map_err(Error::Failed)?;
    }
    Ok(target)
}

/// The name that a part gives itself: `id` goes before `$id`.
fn identity(members: &Object) -> Option<&str> {
    let id = members.get_str("id").or_else(|| members.get_str("$id"));
    id?.as_str()
}

/// A fragment with its escapes resolved; what is none stays.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            "." => {}
            ".." => {
                kept.pop();
            }
            part => {
                kept.push(part);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    let joined = kept.join("/");
    if path.starts_with('/') && !joined.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}
