//! Defaults from the schema, put where nothing stands.

use super::schema;
use crate::data::yaml::{self, Entry, Kind, Node};

/// Fills `tree`: a key gets its default where the section that it stands in is there.
pub(super) fn fill(tree: &mut Node) {
    // Sections come before their keys in the schema, so one pass is enough.
    for key in schema::keys() {
        if let Some(default) = key.default
            && let Ok(value) = yaml::parse(default)
        {
            let names: Vec<&str> = key.path.split('.').collect();
            put(tree, &names, &value.kind);
        }
    }
    fill_dependent(tree);
}

/// Defaults that depend on other keys.
fn fill_dependent(tree: &mut Node) {
    let text = |text: &str| Kind::String(text.to_owned());
    let seconds = |seconds: &str| Kind::Number(seconds.to_owned());
    if let Some(plugin) = member(tree, "plugins").and_then(|n| member(n, "envoy_ext_authz_grpc"))
        && [plugin.get("path"), plugin.get("query")]
            .into_iter()
            .all(is_empty)
    {
        replace(plugin, "path", text("envoy/authz/allow"));
    }
    if let Some(Node {
        kind: Kind::Object(bundles),
        ..
    }) = member(tree, "bundles")
    {
        for Entry {
            key: name,
            value: bundle,
            ..
        } in bundles
        {
            if is_empty(bundle.get("resource")) {
                replace(bundle, "resource", text(&format!("bundles/{name}")));
            }
            if let Some(polling) = member(bundle, "polling")
                && matches!(&polling.kind, Kind::Object(entries) if entries.is_empty())
            {
                put(polling, &["min_delay_seconds"], &seconds("60"));
                put(polling, &["max_delay_seconds"], &seconds("120"));
            }
        }
    }
    if let Some(tracing) = member(tree, "distributed_tracing")
        && is_empty(tracing.get("address"))
    {
        match tracing.get("type").map(|node| &node.kind) {
            Some(Kind::String(kind)) if kind == "grpc" => {
                replace(tracing, "address", text("localhost:4317"));
            }
            Some(Kind::String(kind)) if kind == "http" => {
                replace(tracing, "address", text("localhost:4318"));
            }
            _ => {}
        }
    }
}

fn member<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    match &mut node.kind {
        Kind::Object(entries) => entries
            .iter_mut()
            .find(|entry| entry.key == name)
            .map(|entry| &mut entry.value),
        _ => None,
    }
}

/// As in OPA, an empty string is as good as none.
fn is_empty(node: Option<&Node>) -> bool {
    node.is_none_or(|node| matches!(&node.kind, Kind::String(text) if text.is_empty()))
}

fn replace(section: &mut Node, name: &str, value: Kind) {
    match member(section, name) {
        Some(node) => node.kind = value,
        None => put(section, &[name], &value),
    }
}

fn put(node: &mut Node, names: &[&str], default: &Kind) {
    let line = node.line;
    let (Kind::Object(entries), Some((name, rest))) = (&mut node.kind, names.split_first()) else {
        return;
    };
    if !rest.is_empty() {
        for entry in entries
            .iter_mut()
            .filter(|entry| *name == "*" || entry.key == *name)
        {
            put(&mut entry.value, rest, default);
        }
    } else if !entries.iter().any(|entry| entry.key == *name) {
        let value = Node {
            line,
            kind: default.clone(),
        };
        entries.push(Entry {
            key: (*name).to_owned(),
            line,
            value,
        });
    }
}
