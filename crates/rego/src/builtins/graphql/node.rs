//! Nodes of a syntax tree, as the objects that policies see: what is empty is left out, texts and flags are not.

use crate::value::{Object, Value};

/// A node while it is made.
#[derive(Debug, Default)]
pub(super) struct Node(Vec<(Value, Value)>);

// === impl Node ===

impl Node {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn text(self, key: &str, text: &str) -> Self {
        self.value(key, Value::from(text))
    }

    pub(super) fn flag(self, key: &str, flag: bool) -> Self {
        self.value(key, Value::from(flag))
    }

    pub(super) fn list(self, key: &str, items: Vec<Value>) -> Self {
        if items.is_empty() {
            return self;
        }
        self.value(key, Value::from(items))
    }

    pub(super) fn maybe(self, key: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.value(key, value),
            None => self,
        }
    }

    pub(super) fn value(mut self, key: &str, value: Value) -> Self {
        self.0.push((Value::from(key), value));
        self
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0.into_iter().collect::<Object>())
    }
}

/// The members of a list; none, if it was left out.
pub(super) fn list<'v>(node: &'v Value, key: &str) -> &'v [Value] {
    match node.get_str(key) {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

/// A text; empty, if it was left out.
pub(super) fn text<'v>(node: &'v Value, key: &str) -> &'v str {
    let text = node.get_str(key).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// The texts of a list.
pub(super) fn texts<'v>(node: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    list(node, key).iter().filter_map(Value::as_str)
}

pub(super) fn flag(node: &Value, key: &str) -> bool {
    matches!(node.get_str(key), Some(Value::Bool(true)))
}

/// The one of `nodes` that has this name.
pub(super) fn named<'v>(nodes: &'v [Value], name: &str) -> Option<&'v Value> {
    nodes.iter().find(|node| text(node, "Name") == name)
}

/// What a type is about, without lists and `!`.
pub(super) fn type_name(mut of: &Value) -> &str {
    while let Some(inner) = of.get_str("Elem") {
        let name = text(of, "NamedType");
        if !name.is_empty() {
            return name;
        }
        of = inner;
    }
    text(of, "NamedType")
}

/// A type as it is written.
pub(super) fn type_text(of: &Value) -> String {
    let mut open = String::new();
    let mut close = String::new();
    let mut of = of;
    loop {
        if flag(of, "NonNull") {
            close.insert(0, '!');
        }
        match of.get_str("Elem") {
            Some(inner) if text(of, "NamedType").is_empty() => {
                open.push('[');
                close.insert(0, ']');
                of = inner;
            }
            _ => return format!("{open}{}{close}", text(of, "NamedType")),
        }
    }
}
