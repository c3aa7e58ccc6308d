//! `.manifest`: what a bundle says of itself, and what part of the document it owns.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Bundle;
use crate::data::{Value, read};
use crate::engine::RegoVersion;

/// Data is checked recursively down to the roots, so that they must end.
const MAX_ROOT_SEGMENTS: usize = 64;

/// A `.manifest` that was read and checked.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) revision: String,
    pub(super) roots: Vec<String>,
    pub(super) metadata: Value,
    pub(super) has_wasm: bool,
    rego_version: Option<RegoVersion>,
    /// The longest pattern first, so that the most particular one counts whatever the order.
    file_versions: Vec<(GlobMatcher, RegoVersion)>,
}

/// Why a `.manifest` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not the JSON it should be.
    #[error("is not a valid manifest: {0}")]
    Json(String),
    /// Two of its roots own the same.
    #[error("has the roots `{0}` and `{1}`, one of which holds the other; keep the outer one")]
    Overlap(String, String),
    /// A root is deeper than any policy.
    #[error("has the root `{0}`, which is more than 64 segments deep")]
    Deep(String),
    /// A language version that does not exist.
    #[error("`{field}` is {version}, expected 0 or 1")]
    Version {
        /// The key.
        field: String,
        /// What it says.
        version: i64,
    },
    /// A pattern of `file_rego_versions` is none.
    #[error("`file_rego_versions` has the pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
}

/// Two bundles own the same part of the document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "bundle `{first}` owns `{first_root}` and bundle `{second}` owns `{second_root}`, \
     which overlap; give each bundle roots of its own in its `.manifest`"
)]
pub struct OverlapError {
    /// One bundle.
    pub first: String,
    /// Its root; empty is the whole document.
    pub first_root: String,
    /// The other bundle.
    pub second: String,
    /// Its root.
    pub second_root: String,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    revision: Option<String>,
    #[serde(default)]
    roots: Option<Vec<String>>,
    #[serde(default)]
    rego_version: Option<i64>,
    #[serde(default)]
    file_rego_versions: Option<BTreeMap<String, i64>>,
    #[serde(default)]
    metadata: Option<Box<RawValue>>,
    #[serde(default)]
    wasm: Option<Vec<serde::de::IgnoredAny>>,
}

/// Refuses bundles that own parts of each other.
pub fn check_overlap(bundles: &[&Bundle]) -> Result<(), OverlapError> {
    for (i, first) in bundles.iter().enumerate() {
        for second in bundles.iter().skip(i + 1) {
            if let Some((a, b)) = overlap(&first.roots, &second.roots) {
                return Err(OverlapError {
                    first: first.name.clone(),
                    first_root: a.to_owned(),
                    second: second.name.clone(),
                    second_root: b.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Whether one of two roots is the other or holds it.
#[must_use]
pub fn roots_overlap(a: &str, b: &str) -> bool {
    segments(a).zip(segments(b)).all(|(a, b)| a == b)
}

/// How a path of the document stands to a list of roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// One of the roots owns it.
    Inside,
    /// A root lies below it.
    Above,
    /// No root has to do with it.
    Outside,
}

/// Where `path` stands.
pub(super) fn standing(roots: &[String], path: &[&str]) -> Standing {
    let mut standing = Standing::Outside;
    for root in roots {
        let same = segments(root)
            .zip(path)
            .take_while(|(a, b)| a == *b)
            .count();
        if same == segments(root).count() {
            return Standing::Inside;
        }
        if same == path.len() {
            standing = Standing::Above;
        }
    }
    standing
}

// === impl Manifest ===

impl Manifest {
    /// Reads the text of a `.manifest`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Json(error.to_string()))?;
        let roots = own_roots(raw.roots)?;
        let metadata = match raw.metadata {
            Some(raw) => read::json_value(raw.get().as_bytes())
                .map_err(|error| ManifestError::Json(error.to_string()))?,
            None => Value::Null,
        };
        let rego_version = raw
            .rego_version
            .map(|it| version("rego_version".to_owned(), it))
            .transpose()?;
        Ok(Self {
            revision: raw.revision.unwrap_or_default(),
            roots,
            metadata,
            has_wasm: raw.wasm.is_some_and(|resolvers| !resolvers.is_empty()),
            rego_version,
            file_versions: file_versions(raw.file_rego_versions.unwrap_or_default())?,
        })
    }

    /// The language of the file at `path`, where the manifest says one.
    pub(super) fn version_of(&self, path: &str) -> Option<RegoVersion> {
        // Archives name a file with or without a leading slash, and so do patterns.
        let rooted = format!("/{path}");
        let of_file = self
            .file_versions
            .iter()
            .find(|(glob, _)| glob.is_match(&rooted) || glob.is_match(path));
        of_file.map(|&(_, version)| version).or(self.rego_version)
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            revision: String::new(),
            roots: vec![String::new()],
            metadata: Value::Null,
            has_wasm: false,
            rego_version: None,
            file_versions: Vec::new(),
        }
    }
}

fn own_roots(roots: Option<Vec<String>>) -> Result<Vec<String>, ManifestError> {
    let Some(roots) = roots else {
        return Ok(vec![String::new()]);
    };
    let roots: Vec<String> = roots
        .iter()
        .map(|root| root.trim_matches('/').to_owned())
        .collect();
    if let Some(deep) = roots
        .iter()
        .find(|root| segments(root).count() > MAX_ROOT_SEGMENTS)
    {
        return Err(ManifestError::Deep(deep.chars().take(200).collect()));
    }
    // In order, a root stands right before the first one that it holds.
    let mut sorted: Vec<&String> = roots.iter().collect();
    sorted.sort_by(|a, b| segments(a).cmp(segments(b)));
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && roots_overlap(first, second)
        {
            return Err(ManifestError::Overlap((*first).clone(), (*second).clone()));
        }
    }
    Ok(roots)
}

fn version(field: String, version: i64) -> Result<RegoVersion, ManifestError> {
    match version {
        0 => Ok(RegoVersion::V0),
        1 => Ok(RegoVersion::V1),
        version => Err(ManifestError::Version { field, version }),
    }
}

fn file_versions(
    patterns: BTreeMap<String, i64>,
) -> Result<Vec<(GlobMatcher, RegoVersion)>, ManifestError> {
    let mut patterns: Vec<_> = patterns.into_iter().collect();
    patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
    let mut globs = Vec::with_capacity(patterns.len());
    for (pattern, number) in patterns {
        // A star crosses directories here, as it does for the peer.
        let glob = GlobBuilder::new(&pattern)
            .literal_separator(false)
            .backslash_escape(true)
            .build();
        let glob = glob.map_err(|error| ManifestError::Pattern {
            pattern: pattern.clone(),
            reason: error.kind().to_string(),
        })?;
        globs.push((
            glob.compile_matcher(),
            version(format!("file_rego_versions.{pattern}"), number)?,
        ));
    }
    Ok(globs)
}

fn overlap<'a>(first: &'a [String], second: &'a [String]) -> Option<(&'a str, &'a str)> {
    let pairs = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| (a.as_str(), b.as_str())));
    pairs.into_iter().find(|(a, b)| roots_overlap(a, b))
}

fn segments(root: &str) -> impl Iterator<Item = &str> {
    root.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_overlap_by_segments() {
        let table = [
            ("", "", true),
            ("", "a", true),
            ("a", "a", true),
            ("a", "a/b", true),
            ("a/b", "a", true),
            ("a/b", "a/c", false),
            ("a", "ab", false),
            ("a/b", "a/bc", false),
        ];
        for (a, b, expected) in table {
            assert_eq!(roots_overlap(a, b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_path_stands_inside_above_or_outside() {
        let roots = ["a/b".to_owned(), "c".to_owned()];
        let table: &[(&[&str], Standing)] = &[
            (&[], Standing::Above),
            (&["a"], Standing::Above),
            (&["a", "b"], Standing::Inside),
            (&["a", "b", "x"], Standing::Inside),
            (&["a", "bb"], Standing::Outside),
            (&["c"], Standing::Inside),
            (&["d"], Standing::Outside),
        ];
        for (path, expected) in table {
            assert_eq!(standing(&roots, path), *expected, "{path:?}");
        }
        assert_eq!(standing(&[String::new()], &["x"]), Standing::Inside);
        assert_eq!(standing(&[], &["x"]), Standing::Outside);
    }

    #[test]
    fn bundles_may_not_own_parts_of_each_other() {
        let bundle = |name: &str, roots: &[&str]| Bundle {
            name: name.to_owned(),
            revision: String::new(),
            roots: roots.iter().map(|&root| root.to_owned()).collect(),
            modules: Vec::new(),
            data: Value::Null,
            metadata: Value::Null,
            etag: None,
        };
        let (a, b, c) = (
            bundle("a", &["x", "y/z"]),
            bundle("b", &["y/a"]),
            bundle("c", &["q", "y"]),
        );
        assert_eq!(check_overlap(&[&a, &b]), Ok(()));
        let error = check_overlap(&[&a, &b, &c]).unwrap_err().to_string();
        assert!(
            error.starts_with("bundle `a` owns `y/z` and bundle `c` owns `y`"),
            "{error}"
        );
    }

    #[test]
    fn versions_are_those_of_the_most_particular_pattern() {
        let manifest = Manifest::parse(
            br#"{"rego_version": 1, "file_rego_versions": {"/old/*": 0, "/old/new/*": 1, "x.rego": 0}}"#,
        )
        .unwrap();
        for (path, expected) in [
            ("old/a.rego", RegoVersion::V0),
            ("old/deep/a.rego", RegoVersion::V0),
            ("old/new/a.rego", RegoVersion::V1),
            ("x.rego", RegoVersion::V0),
            ("a.rego", RegoVersion::V1),
        ] {
            assert_eq!(manifest.version_of(path), Some(expected), "{path}");
        }
        assert_eq!(Manifest::default().version_of("a.rego"), None);
    }

    #[test]
    fn bad_manifests_are_refused() {
        let deep = format!(r#"{{"roots": ["{}"]}}"#, "a/".repeat(65));
        for (text, expected) in [
            (
                r#"{"roots": ["b/c", "a", "b", "b0"]}"#,
                "has the roots `b` and `b/c`",
            ),
            (deep.as_str(), "more than 64 segments"),
            (r#"{"roots": ["a", "a/b"]}"#, "has the roots `a` and `a/b`"),
            (
                r#"{"rego_version": 2}"#,
                "`rego_version` is 2, expected 0 or 1",
            ),
            (
                r#"{"file_rego_versions": {"a": 7}}"#,
                "`file_rego_versions.a` is 7",
            ),
            (r#"{"file_rego_versions": {"[": 1}}"#, "has the pattern `[`"),
            (r#"{"roots": "a"}"#, "is not a valid manifest"),
            ("[]x", "is not a valid manifest"),
        ] {
            let error = Manifest::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
