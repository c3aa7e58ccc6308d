//! Reading of a tree that passed the check: every value has its schema's type.

use std::path::PathBuf;
use std::time::Duration;

use super::duration::parse_duration;
use crate::data::yaml::{Kind, Node};

/// A section of the configuration, or the empty one where none is written.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    node: Option<&'a Node>,
    /// Its path, for errors.
    pub(super) path: String,
}

// === impl Section ===

impl<'a> Section<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self {
            node: Some(node),
            path: String::new(),
        }
    }

    pub(super) fn section(&self, name: &str) -> Section<'a> {
        Section {
            node: self.node(name),
            path: self.path_of(name),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.node.is_some()
    }

    /// Whether any services are configured, of the whole configuration.
    pub(super) fn has_services(&self) -> bool {
        self.section("services").members().next().is_some()
    }

    /// The line that the section begins on.
    pub(super) fn line(&self) -> usize {
        self.node.map_or(0, |node| node.line)
    }

    /// The line of the value of `name`, or of the section when it has none.
    pub(super) fn line_of(&self, name: &str) -> usize {
        self.node(name)
            .map_or_else(|| self.line(), |node| node.line)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The members, each with its name.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Section<'a>)> {
        let entries = match self.node.map(|node| &node.kind) {
            Some(Kind::Object(entries)) => entries.as_slice(),
            _ => &[],
        };
        let path = self.path.clone();
        entries.iter().map(move |entry| {
            let path = format!("{path}.{}", entry.key);
            (
                entry.key.as_str(),
                Section {
                    node: Some(&entry.value),
                    path,
                },
            )
        })
    }

    /// A string that is not empty; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.kind(name)? {
            Kind::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn path_buf(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// This section's own value as a string, for maps of strings.
    pub(super) fn own_text(&self) -> Option<&'a str> {
        match self.own_kind()? {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// This section's own value.
    pub(super) fn own_kind(&self) -> Option<&'a Kind> {
        self.node.map(|node| &node.kind)
    }

    pub(super) fn texts(&self, name: &str) -> Vec<(usize, &'a str)> {
        let text = |node: &'a Node| match &node.kind {
            Kind::String(text) => Some((node.line, text.as_str())),
            _ => None,
        };
        match self.node(name) {
            Some(Node {
                kind: Kind::Array(items),
                ..
            }) => items.iter().filter_map(text).collect(),
            Some(node) => text(node).into_iter().collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(Kind::Bool(true)))
    }

    pub(super) fn count(&self, name: &str) -> Option<u64> {
        match self.kind(name)? {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.kind(name)? {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn size(&self, name: &str) -> usize {
        self.count(name)
            .and_then(|value| usize::try_from(value).ok())
            .unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.kind(name)? {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        match self.kind(name) {
            Some(Kind::Array(items)) => items
                .iter()
                .filter_map(|item| match &item.kind {
                    Kind::Number(text) => text.parse().ok(),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn duration(&self, name: &str) -> Duration {
        match self.kind(name) {
            Some(Kind::String(text)) => parse_duration(text),
            Some(Kind::Number(text)) => text
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn node(&self, name: &str) -> Option<&'a Node> {
        self.node.and_then(|node| node.get(name))
    }

    fn kind(&self, name: &str) -> Option<&'a Kind> {
        self.node(name).map(|node| &node.kind)
    }
}
