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
