//! Delta bundles: what `patch.json` says, and the bundle that comes of it and the one in force.
//!
//! A delta changes data alone. What it gives is a bundle like any other, and shares with the one
//! before everything that the delta does not name.

use super::Bundle;
use super::content::{ContentError, percent_decode};
use super::manifest::{Manifest, Standing, standing};
use crate::data::{Doc, Value, dismantle, into_value, json};

mod tree;

use tree::Tree;

/// A path longer than this is no path of data; it bounds how deep a tree is taken apart.
const MAX_SEGMENTS: usize = 256;

/// A verified delta of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// `.manifest`'s revision.
    revision: String,
    /// `.manifest`'s roots, which must be those of the bundle that it changes.
    roots: Vec<String>,
    /// `.manifest`'s metadata.
    metadata: Value,
    /// What to do, in this order.
    operations: Vec<Operation>,
}

/// Why a delta does not fit the bundle in force.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// There is nothing to change, or not what the delta was made for.
    #[error("a delta bundle came, and there is no bundle in force that it could change")]
    NoBase,
    /// Its manifest owns something else.
    #[error("the delta bundle has the roots ({found}), and the bundle in force has ({expected})")]
    Roots {
        /// The delta's.
        found: String,
        /// The bundle's.
        expected: String,
    },
    /// An operation cannot be done.
    #[error("the delta bundle's `{op}` at `{path}` {reason}")]
    Operation {
        /// Which operation.
        op: &'static str,
        /// Where.
        path: String,
        /// Why.
        reason: &'static str,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Operation {
    op: Op,
    path: Vec<String>,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    /// Puts a value where there may be one, and makes the objects above it; inserts into arrays.
    Upsert,
    /// Takes away what is there.
    Remove,
    /// Puts a value in the place of one.
    Replace,
}

// === impl Delta ===

impl Delta {
    /// Reads the text of a `patch.json`, all of which must lie within the manifest's roots.
    pub(super) fn read(manifest: Manifest, patch: &[u8]) -> Result<Self, ContentError> {
        let refuse = |reason: String| ContentError::Patch(reason);
        let doc = json::parse(patch).map_err(|error| refuse(error.to_string()))?;
        let operations = operations(doc)?;
        for operation in &operations {
            let path: Vec<&str> = operation.path.iter().map(String::as_str).collect();
            if standing(&manifest.roots, &path) != Standing::Inside {
                return Err(ContentError::PatchOutside {
                    path: operation.path.join("/"),
                    roots: manifest.roots.join(", "),
                });
            }
        }
        Ok(Self {
            revision: manifest.revision,
            roots: manifest.roots,
            metadata: manifest.metadata,
            operations,
        })
    }

    /// The bundle that `base` becomes. It has no `ETag` yet.
    pub fn apply(self, base: &Bundle) -> Result<Bundle, DeltaError> {
        let sorted = |roots: &[String]| {
            let mut roots = roots.to_vec();
            roots.sort();
            roots
        };
        if sorted(&self.roots) != sorted(&base.roots) {
            return Err(DeltaError::Roots {
                found: self.roots.join(", "),
                expected: base.roots.join(", "),
            });
        }
        let mut tree = Tree::new(base.data.clone());
        for operation in self.operations {
            let Operation { op, path, value } = operation;
            let done = match op {
                Op::Upsert => tree.upsert(&path, value),
                Op::Replace => tree.replace(&path, value),
                Op::Remove => tree.remove(&path),
            };
            done.map_err(|reason| DeltaError::Operation {
                op: op.name(),
                path: path.join("/"),
                reason,
            })?;
        }
        Ok(Bundle {
            name: base.name.clone(),
            revision: self.revision,
            roots: base.roots.clone(),
            modules: base.modules.clone(),
            data: tree.finish(),
            metadata: self.metadata,
            etag: None,
        })
    }
}

// === impl Op ===

impl Op {
    const ALL: [Self; 3] = [Self::Upsert, Self::Remove, Self::Replace];

    fn name(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

fn operations(doc: Doc<'_>) -> Result<Vec<Operation>, ContentError> {
    let refuse = |reason: &str| ContentError::Patch(reason.to_owned());
    let items = match member(doc, "data") {
        Some(Doc::Array(items)) => items,
        None | Some(Doc::Null) => Vec::new(),
        Some(other) => {
            dismantle(other);
            return Err(refuse("expected `data` to be a list of operations"));
        }
    };
    items.into_iter().map(operation).collect()
}

fn operation(doc: Doc<'_>) -> Result<Operation, ContentError> {
    let refuse = |reason: String| ContentError::Patch(reason);
    let Doc::Object(members) = doc else {
        return Err(refuse("expected each operation to be an object".to_owned()));
    };
    let (mut op, mut path, mut value) = (None, None, Value::Null);
    for (key, member) in members {
        match (&*key, member) {
            ("op", Doc::String(text)) => op = Some(text),
            ("path", Doc::String(text)) => path = Some(text),
            ("op" | "path", _) => {
                return Err(refuse(format!("expected `{key}` to be a string")));
            }
            ("value", doc) => value = into_value(doc).map_err(|error| refuse(error.to_string()))?,
            (_, other) => dismantle(other),
        }
    }
    let op = op.unwrap_or_default();
    let known = Op::ALL.into_iter().find(|known| known.name() == op);
    let shown: String = op.chars().take(32).collect();
    let op = known.ok_or_else(|| {
        refuse(format!(
            "`{shown}` is no operation; expected upsert, remove or replace"
        ))
    })?;
    let path = segments(&path.unwrap_or_default())?;
    Ok(Operation { op, path, value })
}

/// The member of that name, the last of several. What is no object has none.
fn member<'a>(doc: Doc<'a>, name: &str) -> Option<Doc<'a>> {
    let mut found = None;
    match doc {
        Doc::Object(members) => {
            for (key, value) in members {
                if key == name {
                    if let Some(before) = found.replace(value) {
                        dismantle(before);
                    }
                } else {
                    dismantle(value);
                }
            }
        }
        other => dismantle(other),
    }
    found
}

/// A path as OPA reads it: slashes around it do not count, each segment is percent-encoded, and has
/// the escapes of a JSON pointer besides.
fn segments(path: &str) -> Result<Vec<String>, ContentError> {
    let refuse = |reason| ContentError::Patch(format!("`{path:.200}` {reason}"));
    let trimmed = path.trim_matches('/');
    if trimmed.is_empty() {
        return Ok(Vec::new());
    }
    let decoded = trimmed.split('/').map(|segment| {
        let text = percent_decode(segment)?;
        Some(text.replace("~1", "/").replace("~0", "~"))
    });
    let segments: Option<Vec<String>> = decoded.take(MAX_SEGMENTS + 1).collect();
    let segments = segments.ok_or_else(|| refuse("is no path: its percent-encoding is wrong"))?;
    if segments.len() > MAX_SEGMENTS {
        return Err(refuse("has more than 256 segments"));
    }
    Ok(segments)
}

#[cfg(test)]
mod tests;
