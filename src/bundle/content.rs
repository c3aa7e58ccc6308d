//! From named files to a [`Bundle`]: the same rules for archives and for directories. It knows
//! nothing of tar or of disks.

use std::sync::Arc;

use super::delta::Delta;
use super::manifest::{Manifest, ManifestError, Standing, standing};
use super::unverified::Verified;
use super::{Bundle, package};
use crate::data::Value;
use crate::data::merge::{Equal, Merge};
use crate::data::read::{self, ReadError};
use crate::engine::{Module, RegoVersion};

/// Names longer than this are not the names of policies, and deep trees are dropped recursively.
const MAX_PATH_BYTES: usize = 1024;
const MAX_PATH_SEGMENTS: usize = 64;

/// The files of one bundle, as they come.
#[derive(Debug)]
pub(super) struct Content {
    /// What modules are called before their path.
    module_prefix: String,
    encode_keys: bool,
    manifest: Option<Manifest>,
    modules: Vec<(FilePath, Arc<str>)>,
    data: Merge,
    patch: Option<Vec<u8>>,
    /// The first file that has no place beside a patch.
    beside_patch: Option<String>,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Archived {
    /// A whole bundle.
    Snapshot(Bundle),
    /// What is to be changed of the bundle in force.
    Delta(Delta),
}

/// The path of a file below the bundle's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePath(Vec<String>);

/// What a file is to a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Manifest,
    Json,
    Yaml,
    Rego,
    /// `policy.wasm`, `plan.json`: forms of policy that this program does not run.
    Compiled,
    Patch,
    Signatures,
    Other,
}

/// Why the files do not make a bundle.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The name of a file leads out of the bundle or is no name.
    #[error("the file `{path}` {reason}")]
    Path {
        /// The name as the archive has it.
        path: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// Two files have one name, and which of them counts would be a guess.
    #[error("the file `{0}` is there twice; each name may stand once")]
    Duplicate(String),
    /// A file is not what its name says.
    #[error("the file `{path}` is not valid {format}: {reason}")]
    Syntax {
        /// The file.
        path: String,
        /// JSON, YAML or UTF-8 text.
        format: &'static str,
        /// What is wrong, with the line where known.
        reason: String,
    },
    /// The data at the top is not an object.
    #[error("the file `{0}` lies at the top and must hold an object")]
    NotObject(String),
    /// Two files give values for one key.
    #[error("the file `{path}` gives `{key}` a value, and another file of the bundle does so too")]
    Conflict {
        /// The file read second.
        path: String,
        /// The key, as a path.
        key: String,
    },
    /// `.manifest` cannot be used.
    #[error("the file `{path}` {source}")]
    Manifest {
        /// Where it lies.
        path: String,
        /// What is wrong.
        source: ManifestError,
    },
    /// A module's package is outside the roots.
    #[error(
        "the file `{path}` has the package `{package}`, which lies outside the manifest's roots ({roots})"
    )]
    PackageOutside {
        /// The file.
        path: String,
        /// Its package, as a path.
        package: String,
        /// The roots.
        roots: String,
    },
    /// A module has no package that can be read.
    #[error(
        "the file `{0}` does not begin with a package clause, so that the manifest's roots cannot be checked"
    )]
    NoPackage(String),
    /// Data is outside the roots.
    #[error(
        "there is data at `{path}`, which lies outside the manifest's roots ({roots}); look at the directories"
    )]
    DataOutside {
        /// The path of the data.
        path: String,
        /// The roots.
        roots: String,
    },
    /// The bundle is a delta where there is nothing to change.
    #[error("the bundle is a delta (`patch.json`), which only a downloaded bundle can be")]
    Delta,
    /// `patch.json` is none.
    #[error("the file `patch.json` cannot be used: {0}")]
    Patch(String),
    /// A patch changes what is not the bundle's.
    #[error(
        "`patch.json` has a change at `{path}`, which lies outside the manifest's roots ({roots})"
    )]
    PatchOutside {
        /// The path.
        path: String,
        /// The roots.
        roots: String,
    },
    /// A delta brings policy or whole data.
    #[error(
        "the bundle is a delta (`patch.json`), and has the file `{0}`, which deltas cannot have"
    )]
    BesidePatch(String),
}

// === impl Content ===

impl Content {
    /// Reads the files. `encode_keys`: directory names become percent-encoded keys, as the peer does
    /// with archives (and only with them).
    pub(super) fn read(
        files: Verified,
        module_prefix: String,
        encode_keys: bool,
    ) -> Result<Self, ContentError> {
        let mut content = Self {
            module_prefix,
            encode_keys,
            manifest: None,
            modules: Vec::new(),
            data: Merge::new(Equal::Refused),
            patch: None,
            beside_patch: None,
        };
        for (path, bytes) in files.0 {
            content.add(path, bytes)?;
        }
        Ok(content)
    }

    fn add(&mut self, path: FilePath, bytes: Vec<u8>) -> Result<(), ContentError> {
        let name = path.to_string();
        if matches!(path.kind(), Kind::Json | Kind::Yaml | Kind::Rego) {
            self.beside_patch.get_or_insert_with(|| name.clone());
        }
        match path.kind() {
            Kind::Manifest => {
                let manifest = Manifest::parse(&bytes);
                self.manifest =
                    Some(manifest.map_err(|source| ContentError::Manifest { path: name, source })?);
            }
            Kind::Json => self.data(&path, read::json_value(&bytes), "JSON")?,
            Kind::Yaml => self.data(&path, read::yaml_value(&bytes), "YAML")?,
            Kind::Rego => {
                let source = String::from_utf8(bytes).map_err(|error| ContentError::Syntax {
                    path: name,
                    format: "UTF-8 text",
                    reason: error.to_string(),
                })?;
                self.modules.push((path, source.into()));
            }
            Kind::Compiled => {
                tracing::warn!(file = %name, "A bundle holds compiled policy, which is ignored; its Rego files count.");
            }
            Kind::Patch => self.patch = Some(bytes),
            Kind::Signatures | Kind::Other => {}
        }
        Ok(())
    }

    /// What the files are, when everything in them lies within the roots.
    pub(super) fn finish(
        mut self,
        name: &str,
        default_version: RegoVersion,
    ) -> Result<Archived, ContentError> {
        let manifest = self.manifest.take().unwrap_or_default();
        match (self.patch.take(), self.beside_patch.take()) {
            (Some(_), Some(file)) => Err(ContentError::BesidePatch(file)),
            (Some(patch), None) => Delta::read(manifest, &patch).map(Archived::Delta),
            (None, _) => {
                let bundle = self.snapshot(name, manifest, default_version);
                bundle.map(Archived::Snapshot)
            }
        }
    }

    fn snapshot(
        self,
        name: &str,
        manifest: Manifest,
        default_version: RegoVersion,
    ) -> Result<Bundle, ContentError> {
        if manifest.has_wasm {
            tracing::warn!(
                bundle = name,
                "A manifest names Wasm resolvers, which are ignored; its Rego files count."
            );
        }
        let data = self.data.finish();
        check_data(&manifest.roots, &mut Vec::new(), &data)?;
        let mut modules = Vec::with_capacity(self.modules.len());
        for (path, source) in self.modules {
            let path = path.to_string();
            check_package(&manifest.roots, &path, &source)?;
            let version = manifest.version_of(&path).unwrap_or(default_version);
            modules.push(Module {
                name: format!("{}{path}", self.module_prefix),
                source,
                version,
            });
        }
        Ok(Bundle {
            name: name.to_owned(),
            revision: manifest.revision,
            roots: manifest.roots,
            modules,
            data,
            metadata: manifest.metadata,
            etag: None,
        })
    }

    fn data(
        &mut self,
        path: &FilePath,
        value: Result<Value, ReadError>,
        format: &'static str,
    ) -> Result<(), ContentError> {
        let value = value.map_err(|reason| ContentError::Syntax {
            path: path.to_string(),
            format,
            reason: reason.to_string(),
        })?;
        let keys: Vec<String> = if self.encode_keys {
            path.directories()
                .iter()
                .map(|name| percent_encode(name))
                .collect()
        } else {
            path.directories().to_vec()
        };
        if keys.is_empty() && !matches!(value, Value::Object(_)) {
            return Err(ContentError::NotObject(path.to_string()));
        }
        self.data
            .add(&keys, value)
            .map_err(|key| ContentError::Conflict {
                path: path.to_string(),
                key: key.join("/"),
            })
    }
}

// === impl Archived ===

impl Archived {
    /// The bundle, where only a whole one is of use.
    pub(super) fn whole(self) -> Result<Bundle, ContentError> {
        match self {
            Self::Snapshot(bundle) => Ok(bundle),
            Self::Delta(_) => Err(ContentError::Delta),
        }
    }
}

// === impl FilePath ===

impl FilePath {
    /// Reads a name as archives have it: `a/b`, `./a/b` and `/a/b` are the same file.
    pub(super) fn parse(name: &str) -> Result<Self, ContentError> {
        let refuse = |reason| ContentError::Path {
            path: name.chars().take(200).collect(),
            reason,
        };
        if name.len() > MAX_PATH_BYTES {
            return Err(refuse("has a name of more than 1024 bytes"));
        }
        if name.contains(['\0', '\\']) {
            return Err(refuse("has a NUL or a backslash in its name"));
        }
        let segments: Vec<String> = name
            .split('/')
            .filter(|it| !it.is_empty() && *it != ".")
            .map(str::to_owned)
            .collect();
        if segments.iter().any(|segment| segment == "..") {
            return Err(refuse(
                "has `..` in its path, which leads out of the bundle",
            ));
        }
        if segments.len() > MAX_PATH_SEGMENTS {
            return Err(refuse("lies more than 64 directories deep"));
        }
        if segments.is_empty() {
            return Err(refuse("has no name"));
        }
        Ok(Self(segments))
    }

    /// What the file is, by its name alone.
    pub(super) fn kind(&self) -> Kind {
        let Some(name) = self.0.last() else {
            return Kind::Other;
        };
        match name.as_str() {
            ".manifest" => Kind::Manifest,
            "data.json" => Kind::Json,
            "data.yaml" | "data.yml" => Kind::Yaml,
            "policy.wasm" | "plan.json" => Kind::Compiled,
            "patch.json" => Kind::Patch,
            ".signatures.json" => Kind::Signatures,
            name if name.strip_suffix(".rego").is_some() => Kind::Rego,
            _ => Kind::Other,
        }
    }

    fn directories(&self) -> &[String] {
        self.0
            .split_last()
            .map_or(&[], |(_, directories)| directories)
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

fn check_data<'a>(
    roots: &[String],
    path: &mut Vec<&'a str>,
    data: &'a Value,
) -> Result<(), ContentError> {
    let outside = |path: &[&str]| ContentError::DataOutside {
        path: path.join("/"),
        roots: roots.join(", "),
    };
    match (standing(roots, path), data) {
        (Standing::Inside, _) => Ok(()),
        (_, Value::Object(object)) if path.is_empty() && object.is_empty() => Ok(()),
        (Standing::Above, Value::Object(object)) => {
            for (key, value) in object.iter() {
                path.push(key_text(key));
                check_data(roots, path, value)?;
                path.pop();
            }
            Ok(())
        }
        // No root at all: name the first key rather than the whole document.
        (_, Value::Object(object)) if path.is_empty() => Err(outside(
            &object
                .keys()
                .next()
                .map(key_text)
                .into_iter()
                .collect::<Vec<_>>(),
        )),
        _ => Err(outside(path)),
    }
}

fn check_package(roots: &[String], path: &str, source: &str) -> Result<(), ContentError> {
    // One empty root owns everything; what the package is then is the engine's business.
    if roots.iter().any(String::is_empty) {
        return Ok(());
    }
    let package = package::path(source).ok_or_else(|| ContentError::NoPackage(path.to_owned()))?;
    let segments: Vec<&str> = package.iter().map(String::as_str).collect();
    if standing(roots, &segments) == Standing::Inside {
        return Ok(());
    }
    Err(ContentError::PackageOutside {
        path: path.to_owned(),
        package: package.join("/"),
        roots: roots.join(", "),
    })
}

fn key_text(key: &Value) -> &str {
    key.as_str().unwrap_or("?")
}

/// Encodes like the path segment of a URL, with the few signs that are allowed there left alone.
fn percent_encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    encoded
}

/// Undoes [`percent_encode`], and whatever else is encoded so; none where it is encoded wrongly.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let (first, encoded) = text.split_once('%').unwrap_or((text, ""));
    let mut decoded = first.as_bytes().to_vec();
    if first.len() < text.len() {
        for part in encoded.split('%') {
            let (digits, rest) = part.split_at_checked(2)?;
            let byte = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
            decoded.extend(byte.ok()?);
            decoded.extend_from_slice(rest.as_bytes());
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests;
