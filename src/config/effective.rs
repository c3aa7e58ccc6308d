//! The configuration as it is in force, with secrets hidden, as YAML or JSON.

use std::fmt::{self, Write as _};

use super::schema;
use crate::data::yaml::{self, Entry, Kind, Node};

const HIDDEN: &str = "(hidden)";

/// The configuration file's content as it is in force: defaults are filled in, secrets are hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective(Node);

// === impl Effective ===

impl Effective {
    pub(super) fn of(tree: &Node) -> Self {
        let mut tree = tree.clone();
        hide(&mut tree, &mut Vec::new());
        Self(tree)
    }

    /// As YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = write_yaml(&mut out, &self.0, 0);
        out
    }

    /// As one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json(&self.0)
    }

    /// As a document.
    #[must_use]
    pub fn into_doc(self) -> crate::data::Doc<'static> {
        self.0.into_doc()
    }
}

/// The tree as policies may see it: what OPA takes away is gone, other secrets are hidden.
pub(super) fn for_policies(tree: &Node) -> Node {
    let mut tree = tree.clone();
    for (section, secrets) in [
        ("services", ["credentials"].as_slice()),
        ("keys", &["key", "private_key"]),
    ] {
        let named = members(&mut tree).iter_mut().filter(|e| e.key == section);
        for entry in named.flat_map(|entry| members(&mut entry.value)) {
            if let Kind::Object(members) = &mut entry.value.kind {
                members.retain(|member| !secrets.contains(&member.key.as_str()));
            }
        }
    }
    hide(&mut tree, &mut Vec::new());
    tree
}

fn members(node: &mut Node) -> &mut [Entry] {
    match &mut node.kind {
        Kind::Object(members) => members,
        _ => &mut [],
    }
}

/// JSON text of a tree.
pub(super) fn json(node: &Node) -> String {
    let mut out = String::new();
    let _ = write_json(&mut out, node);
    out
}

fn hide(node: &mut Node, path: &mut Vec<String>) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    if schema::find(&names).is_some_and(|key| key.secret) {
        node.kind = Kind::String(HIDDEN.to_owned());
        return;
    }
    match &mut node.kind {
        Kind::Object(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                hide(&mut entry.value, path);
                path.pop();
            }
        }
        Kind::String(text) => {
            if let Some(hidden) = without_userinfo(text) {
                *text = hidden;
            }
        }
        _ => {}
    }
}

/// A URL's user and password may stand before its host.
fn without_userinfo(text: &str) -> Option<String> {
    let (scheme, rest) = text
        .split_once("://")
        .filter(|(scheme, _)| scheme.starts_with("http"))?;
    let authority_ends = rest.find('/').unwrap_or(rest.len());
    let at = rest.get(..authority_ends)?.rfind('@')?;
    Some(format!("{scheme}://{HIDDEN}{}", rest.get(at..)?))
}

fn write_json(out: &mut String, node: &Node) -> fmt::Result {
    match &node.kind {
        Kind::Null => out.write_str("null"),
        Kind::Bool(value) => write!(out, "{value}"),
        Kind::Number(text) => out.write_str(text),
        Kind::String(text) => write_quoted(out, text),
        Kind::Array(items) => {
            out.write_char('[')?;
            for (i, item) in items.iter().enumerate() {
                out.write_str(if i == 0 { "" } else { "," })?;
                write_json(out, item)?;
            }
            out.write_char(']')
        }
        Kind::Object(entries) => {
            out.write_char('{')?;
            for (i, entry) in entries.iter().enumerate() {
                out.write_str(if i == 0 { "" } else { "," })?;
                write_quoted(out, &entry.key)?;
                out.write_char(':')?;
                write_json(out, &entry.value)?;
            }
            out.write_char('}')
        }
    }
}

fn write_yaml(out: &mut String, node: &Node, indent: usize) -> fmt::Result {
    match &node.kind {
        Kind::Object(entries) if !entries.is_empty() => {
            for Entry { key, value, .. } in entries {
                write!(out, "{:indent$}", "")?;
                write_plain(out, key)?;
                out.write_char(':')?;
                match &value.kind {
                    Kind::Object(inner) if !inner.is_empty() => {
                        out.write_char('\n')?;
                        write_yaml(out, value, indent + 2)?;
                    }
                    _ => {
                        out.write_char(' ')?;
                        write_yaml(out, value, indent + 2)?;
                        out.write_char('\n')?;
                    }
                }
            }
            Ok(())
        }
        Kind::String(text) => write_plain(out, text),
        // Lists stand on one line, which is JSON and so YAML.
        _ => write_json(out, node),
    }
}

/// A string without quotes where YAML reads the same string back.
fn write_plain(out: &mut String, text: &str) -> fmt::Result {
    let simple = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let same =
        || matches!(yaml::parse(text), Ok(Node { kind: Kind::String(read), .. }) if read == text);
    if simple && same() {
        out.write_str(text)
    } else {
        write_quoted(out, text)
    }
}

fn write_quoted(out: &mut String, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
