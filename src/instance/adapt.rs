//! The one place where an instance meets what reads JSON, YAML and bundles.

use std::path::Path;

use crate::bundle::Bundle;
use crate::data::Value;
use crate::engine::RegoVersion;

/// Reads a JSON document.
pub(super) fn json(text: &str) -> Result<Value, String> {
    Value::from_json_str(text).map_err(|error| error.to_string())
}

/// Reads a YAML document.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    Value::from_yaml_str(text).map_err(|error| error.to_string())
}

/// Reads a bundle from a directory or an archive.
pub(super) fn bundle(
    path: &Path,
    _ignore: &[String],
    _version: RegoVersion,
) -> Result<Bundle, String> {
    Err(format!(
        "`{}`: bundles on the disk cannot be read yet",
        path.display()
    ))
}

/// Refuses bundles that own parts of each other.
pub(super) fn check_overlap(bundles: &[&Bundle]) -> Result<(), String> {
    let segments = |root: &str| -> Vec<String> {
        root.split('/')
            .filter(|s| !s.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    for (i, first) in bundles.iter().enumerate() {
        for second in bundles.iter().skip(i + 1) {
            for (a, b) in first
                .roots
                .iter()
                .flat_map(|a| second.roots.iter().map(move |b| (a, b)))
            {
                if segments(a).iter().zip(&segments(b)).all(|(a, b)| a == b) {
                    return Err(format!(
                        "the bundles `{}` and `{}` overlap: root `{a}` of the one and root `{b}` of the other",
                        first.name, second.name
                    ));
                }
            }
        }
    }
    Ok(())
}
