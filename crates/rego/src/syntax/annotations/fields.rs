//! The fields of a METADATA block: which there are, and what may stand in them.

use crate::source::{File, Span};
use crate::value::{Object, Value};

use super::super::ast::{Ref, SchemaAnnotation, SchemaSource, Scope, TermKind};
use super::super::{Options, parse_ref};

/// The checked fields of a block.
#[derive(Debug)]
pub(super) struct Fields {
    /// The block as a value.
    pub(super) value: Value,
    /// The scope, where one was written.
    pub(super) scope: Option<Scope>,
    /// Whether it is an entrypoint.
    pub(super) entrypoint: bool,
    /// The schemas.
    pub(super) schemas: Vec<SchemaAnnotation>,
}

/// Checks the fields of `block`; unknown ones are left out, as OPA does.
///
/// An error comes with the name of the field, empty for the block as a whole.
pub(super) fn check(block: &Value, span: Span) -> Result<Fields, (String, &'static str)> {
    let of = |field: &'static str| move |message: String| (message, field);
    let empty = Object::default();
    let given = match block {
        Value::Object(given) => given,
        Value::Null => &empty,
        _ => {
            return Err(of("")(cannot(
                block,
                "a METADATA block, which is a mapping",
            )));
        }
    };
    let mut out: Vec<(Value, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| out.push((Value::from(name), value));
    for name in ["title", "description"] {
        let found = given.get_str(name).map(text).transpose();
        if let Some(text) = found.map_err(of(name))?.flatten() {
            put(name, text);
        }
    }
    let organizations = list(given, "organizations").map_err(of("organizations"))?;
    let organizations: Result<Vec<_>, _> = organizations.iter().map(text).collect();
    let organizations: Vec<Value> = organizations
        .map_err(of("organizations"))?
        .into_iter()
        .flatten()
        .collect();
    if !organizations.is_empty() {
        put("organizations", organizations.into());
    }
    for (name, one) in [
        ("authors", author as fn(&Value) -> Result<Value, String>),
        ("related_resources", related_resource),
    ] {
        let items = list(given, name).map_err(of(name))?;
        let found: Result<Vec<_>, _> = items.iter().map(one).collect();
        let found = found.map_err(of(name))?;
        if !found.is_empty() {
            put(name, found.into());
        }
    }
    let schemas = list(given, "schemas").map_err(of("schemas"))?;
    let schemas: Result<Vec<_>, _> = schemas.iter().map(|s| schema(s, span)).collect();
    let schemas = schemas.map_err(of("schemas"))?;
    if !schemas.is_empty() {
        let shown: Vec<Value> = schemas.iter().map(schema_value).collect();
        put("schemas", shown.into());
    }
    for (name, what) in [
        ("custom", "custom, which is a mapping"),
        ("labels", "labels, which are a mapping"),
    ] {
        match given.get_str(name) {
            None | Some(Value::Null) => {}
            Some(Value::Object(members)) if members.is_empty() => {}
            Some(members @ Value::Object(_)) => put(name, members.clone()),
            Some(other) => return Err(of(name)(cannot(other, what))),
        }
    }
    let entrypoint = match given.get_str("entrypoint") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(entrypoint)) => *entrypoint,
        Some(other) => {
            let message = cannot(other, "entrypoint, which is true or false");
            word(other).ok_or_else(|| of("entrypoint")(message))?
        }
    };
    if entrypoint {
        put("entrypoint", true.into());
    }
    let scope = scope(given).map_err(of("scope"))?;
    if let Some((name, _)) = &scope {
        put("scope", name.clone());
    }
    Ok(Fields {
        value: Value::Object(out.into_iter().collect()),
        scope: scope.map(|(_, scope)| scope),
        entrypoint,
        schemas,
    })
}

/// The other words that YAML has for true and false.
fn word(value: &Value) -> Option<bool> {
    match value.as_str()? {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn cannot(value: &Value, what: &str) -> String {
    format!("yaml: cannot unmarshal {} into {what}", value.type_name())
}

/// A scalar as text; null and the empty text are nothing.
fn text(value: &Value) -> Result<Option<Value>, String> {
    Ok(match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(_) => Some(value.clone()),
        Value::Bool(value) => Some(Value::from(value.to_string())),
        Value::Number(number) => Some(Value::from(number.to_string())),
        _ => return Err(cannot(value, "a string")),
    })
}

fn list(given: &Object, name: &str) -> Result<Vec<Value>, String> {
    match given.get_str(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.iter().cloned().collect()),
        Some(other) => Err(cannot(other, &format!("{name}, which is a sequence"))),
    }
}

fn scope(given: &Object) -> Result<Option<(Value, Scope)>, String> {
    let Some(name) = given.get_str("scope").map(text).transpose()?.flatten() else {
        return Ok(None);
    };
    let scope = match name.as_str().unwrap_or_default() {
        "package" => Scope::Package,
        "subpackages" => Scope::Subpackages,
        "rule" => Scope::Rule,
        "document" => Scope::Document,
        other => return Err(unknown_scope(other)),
    };
    Ok(Some((name, scope)))
}

/// That `scope` is none.
pub(super) fn unknown_scope(scope: &str) -> String {
    format!(
        "invalid annotation scope '{scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'"
    )
}

fn author(author: &Value) -> Result<Value, String> {
    let (name, email) = match author {
        Value::String(text) => {
            let text = text.trim();
            let parts = text.strip_suffix('>').and_then(|t| t.rsplit_once('<'));
            let (name, email) = parts.unwrap_or((text, ""));
            (name.trim().to_owned(), email.trim().to_owned())
        }
        Value::Object(fields) => {
            let field = |name| fields.get_str(name).and_then(Value::as_str);
            let own = |text: Option<&str>| text.unwrap_or_default().trim().to_owned();
            (own(field("name")), own(field("email")))
        }
        _ => {
            return Err(
                "invalid author definition: invalid value type, must be string or map".to_owned(),
            );
        }
    };
    if name.is_empty() && email.is_empty() {
        let message = "invalid author definition: 'name' and/or 'email' values required in object";
        return Err(message.to_owned());
    }
    let mut fields = vec![(Value::from("name"), Value::from(name))];
    if !email.is_empty() {
        fields.push((Value::from("email"), Value::from(email)));
    }
    Ok(Value::Object(fields.into_iter().collect()))
}

fn related_resource(resource: &Value) -> Result<Value, String> {
    let (reference, description) = match resource {
        Value::String(text) => (&**text, ""),
        Value::Object(fields) => {
            let field = |name| fields.get_str(name).and_then(Value::as_str);
            let reference = field("ref").unwrap_or_default().trim();
            (reference, field("description").unwrap_or_default().trim())
        }
        _ => {
            let message =
                "invalid related-resource definition: invalid value type, must be string or map";
            return Err(message.to_owned());
        }
    };
    if reference.is_empty() {
        let message = "invalid related-resource definition: 'ref' value required in object";
        return Err(message.to_owned());
    }
    if reference.starts_with(':') {
        return Err("invalid related-resource definition: missing protocol scheme".to_owned());
    }
    let mut fields = vec![(Value::from("ref"), Value::from(reference))];
    if !description.is_empty() {
        fields.push((Value::from("description"), Value::from(description)));
    }
    Ok(Value::Object(fields.into_iter().collect()))
}

fn schema(entry: &Value, span: Span) -> Result<SchemaAnnotation, String> {
    let Value::Object(entry) = entry else {
        return Err(cannot(entry, "a schema, which is a mapping"));
    };
    let Some((path, schema)) = entry.at(0) else {
        return Err("invalid schema declaration: expected `PATH: SCHEMA`".to_owned());
    };
    let name = path.as_str().unwrap_or_default();
    let path = reference(name, &["input", "data"], span)
        .ok_or_else(|| "invalid document reference".to_owned())?;
    let schema = match schema {
        Value::String(text) => SchemaSource::Ref(
            reference(text, &["schema"], span)
                .ok_or_else(|| "invalid schema reference".to_owned())?,
        ),
        Value::Object(_) => SchemaSource::Inline(schema.clone()),
        _ => return Err(format!("invalid schema declaration for path {name:?}")),
    };
    Ok(SchemaAnnotation { path, schema })
}

/// The reference in `text`, if it begins with one of `heads` and has string keys only.
fn reference(text: &str, heads: &[&str], span: Span) -> Option<Ref> {
    let file = File::new("", text);
    let mut found = parse_ref(&file, &Options::default()).ok()?;
    let head = matches!(&found.head.kind, TermKind::Var(head) if heads.contains(&&**head));
    let keys = found.path.iter();
    let strings = keys
        .map(|key| &key.kind)
        .all(|key| matches!(key, TermKind::String(_)));
    // Its places are the comment's: they must be in the module's file.
    found.span = span;
    found.head.span = span;
    found.path.iter_mut().for_each(|key| key.span = span);
    (head && strings).then_some(found)
}

fn schema_value(schema: &SchemaAnnotation) -> Value {
    let (name, value) = match &schema.schema {
        SchemaSource::Ref(reference) => ("schema", names(reference)),
        SchemaSource::Inline(schema) => ("definition", schema.clone()),
    };
    let fields = [
        (Value::from("path"), names(&schema.path)),
        (Value::from(name), value),
    ];
    Value::Object(fields.into_iter().collect())
}

/// A reference as the array of its names.
fn names(reference: &Ref) -> Value {
    let head = std::iter::once(reference.head.as_ref());
    let parts = head.chain(&reference.path);
    let names: Vec<Value> = parts
        .filter_map(|part| match &part.kind {
            TermKind::Var(text) | TermKind::String(text) => Some(text.clone().into()),
            _ => None,
        })
        .collect();
    names.into()
}
