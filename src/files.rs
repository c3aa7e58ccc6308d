//! Policy and data from the paths of the command line, as `opa run` takes them.
//!
//! Not bundles: what a `.manifest` says does not count here.

use std::io;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::data::merge::{Equal, Merge};
use crate::data::{Value, read};
use crate::engine::{Module, RegoVersion};

pub mod watch;

/// What was found in files.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The Rego files.
    pub modules: Vec<Module>,
    /// The data, joined.
    pub data: Value,
}

/// Why files cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory cannot be read.
    #[error("cannot read `{path}`: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A pattern of `--ignore` is none.
    #[error("the ignore pattern `{pattern}` is not valid: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A file's content is not what its name says.
    #[error("`{path}`: {reason}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file was named that is neither policy nor data.
    #[error("`{path}` is neither policy nor data; expected a name that ends in .rego, .json, .yaml or .yml", path = path.display())]
    Unrecognized {
        /// The file.
        path: PathBuf,
    },
    /// Two files have different values for one place.
    #[error("`{second}` and `{first}` both have a value for `data.{place}`", second = second.display(), first = first.display())]
    Conflict {
        /// The file that came first.
        first: PathBuf,
        /// The file that came later.
        second: PathBuf,
        /// The place, with dots.
        place: String,
    },
}

/// Loads `paths`; names that match a pattern of `ignore` are left out of directories.
pub fn load(
    paths: &[PathBuf],
    ignore: &[String],
    version: RegoVersion,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        ignore: patterns(ignore)?,
        version,
        modules: Vec::new(),
        data: Merge::new(Equal::Allowed),
        documents: Vec::new(),
    };
    for path in paths {
        let Argument { prefix, path } = Argument::of(path);
        let metadata = std::fs::metadata(&path).map_err(|source| io_error(&path, source))?;
        if metadata.is_dir() {
            loader.directory(&path, &prefix)?;
        } else if !loader.file(&path, &prefix)? {
            return Err(LoadError::Unrecognized { path });
        }
    }
    Ok(Loaded {
        modules: loader.modules,
        data: loader.data.finish(),
    })
}

/// Where the files of `paths` are, without the places in data that they are given.
pub fn places(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().map(|path| Argument::of(path).path).collect()
}

/// `[prefix:]path`.
#[derive(Debug, PartialEq)]
struct Argument {
    prefix: Vec<String>,
    path: PathBuf,
}

struct Loader {
    ignore: GlobSet,
    version: RegoVersion,
    modules: Vec<Module>,
    data: Merge,
    /// What came from where, to name both sides of a conflict.
    documents: Vec<(PathBuf, Vec<String>, Value)>,
}

// === impl Argument ===

impl Argument {
    fn of(path: &Path) -> Self {
        let plain = |path: &str| Self {
            prefix: Vec::new(),
            path: path.into(),
        };
        let Some(text) = path.to_str() else {
            return Self {
                prefix: Vec::new(),
                path: path.to_owned(),
            };
        };
        if let Some(rest) = text.strip_prefix("file://") {
            return plain(rest);
        }
        match text.split_once(':') {
            Some((prefix, rest)) if !prefix.is_empty() && !prefix.contains('/') => Self {
                prefix: prefix.split('.').map(ToOwned::to_owned).collect(),
                path: rest.strip_prefix("file://").unwrap_or(rest).into(),
            },
            _ => plain(text),
        }
    }
}

// === impl Loader ===

impl Loader {
    fn directory(&mut self, directory: &Path, place: &[String]) -> Result<(), LoadError> {
        let entries =
            std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|source| io_error(directory, source))?;
        // The order of the directory is nobody's; errors and merges need one.
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if self.ignore.is_match(&name) {
                continue;
            }
            let path = entry.path();
            // Links are followed: a mounted ConfigMap consists of them.
            let metadata = std::fs::metadata(&path).map_err(|source| io_error(&path, source))?;
            if metadata.is_dir() {
                let mut below = place.to_vec();
                below.push(name.to_string_lossy().into_owned());
                self.directory(&path, &below)?;
            } else {
                self.file(&path, place)?;
            }
        }
        Ok(())
    }

    /// Takes a file by its name's ending; `false` when that says nothing.
    fn file(&mut self, path: &Path, place: &[String]) -> Result<bool, LoadError> {
        let parse = match path.extension().and_then(|ending| ending.to_str()) {
            Some("rego") => return self.module(path).map(|()| true),
            Some("json") => read::json_value,
            Some("yaml" | "yml") => read::yaml_value,
            _ => return Ok(false),
        };
        let content = |reason| LoadError::Content {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read(path).map_err(|source| io_error(path, source))?;
        let value = parse(&text).map_err(|error| content(error.to_string()))?;
        if place.is_empty() && !matches!(value, Value::Object(_)) {
            return Err(content(
                "the document is not an object, and only objects can be all of `data`".to_owned(),
            ));
        }
        if let Err(at) = self.data.add(place, value.clone()) {
            return Err(self.conflict(path, &at));
        }
        self.documents
            .push((path.to_owned(), place.to_vec(), value));
        Ok(true)
    }

    fn module(&mut self, path: &Path) -> Result<(), LoadError> {
        let source = read(path)?.into();
        let name = path.to_string_lossy().into_owned();
        self.modules.push(Module {
            name,
            source,
            version: self.version,
        });
        Ok(())
    }

    fn conflict(&self, second: &Path, at: &[String]) -> LoadError {
        let owner = self.documents.iter().find(|(_, place, value)| {
            let below = at.strip_prefix(place.as_slice());
            below.is_some_and(|below| at_path(value, below).is_some()) || place.starts_with(at)
        });
        let first = owner.map_or_else(|| second.to_owned(), |(path, _, _)| path.clone());
        LoadError::Conflict {
            first,
            second: second.to_owned(),
            place: at.join("."),
        }
    }
}

fn patterns(ignore: &[String]) -> Result<GlobSet, LoadError> {
    let mut set = GlobSetBuilder::new();
    for pattern in ignore {
        let invalid = |error: globset::Error| LoadError::Pattern {
            pattern: pattern.clone(),
            reason: error.kind().to_string(),
        };
        let glob: Glob = GlobBuilder::new(pattern).build().map_err(invalid)?;
        set.add(glob);
    }
    set.build().map_err(|error| LoadError::Pattern {
        pattern: ignore.join(","),
        reason: error.to_string(),
    })
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> LoadError {
    LoadError::Io {
        path: path.to_owned(),
        source,
    }
}

/// What stands at `path` of `value`.
fn at_path<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, key| at.get_str(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("a file");
        }
        root
    }

    fn load_all(root: &Path, ignore: &[&str]) -> Result<Loaded, LoadError> {
        let ignore: Vec<String> = ignore.iter().map(|s| (*s).to_owned()).collect();
        load(&[root.to_owned()], &ignore, RegoVersion::V1)
    }

    #[test]
    fn directories_give_data_its_place_and_patterns_leave_names_out() {
        let root = tree(&[
            ("policy.rego", "package a"),
            ("data.json", r#"{"x": 1}"#),
            ("users/admins.yaml", "names: [ann]"),
            ("users/notes.txt", "not data"),
            (".git/config.json", r#"{"x": 2}"#),
        ]);
        let loaded = load_all(root.path(), &[".*"]).expect("it loads");
        let want = read::json_value(br#"{"x":1,"users":{"names":["ann"]}}"#).expect("JSON");
        assert_eq!(loaded.data, want);
        assert_eq!(loaded.modules.len(), 1);
        let hidden = load_all(root.path(), &[]).expect("it loads");
        assert!(at_path(&hidden.data, &[".git".to_owned(), "x".to_owned()]).is_some());
    }

    #[test]
    fn a_conflict_names_both_files_and_the_place() {
        let root = tree(&[
            ("a.json", r#"{"u": {"n": 1}}"#),
            ("u/b.json", r#"{"n": 2}"#),
        ]);
        let error = load_all(root.path(), &[])
            .expect_err("a conflict")
            .to_string();
        assert!(
            error.contains("a.json") && error.contains("u/b.json") && error.ends_with("`data.u.n`"),
            "{error}"
        );
    }

    #[test]
    fn arguments_may_say_where_in_data_they_belong() {
        let of = |text: &str| Argument::of(Path::new(text));
        let want = |prefix: &[&str], path: &str| Argument {
            prefix: prefix.iter().map(|s| (*s).to_owned()).collect(),
            path: path.into(),
        };
        assert_eq!(of("/a/b.json"), want(&[], "/a/b.json"));
        assert_eq!(of("foo.bar:/a/b.json"), want(&["foo", "bar"], "/a/b.json"));
        assert_eq!(of("file:///a/b.json"), want(&[], "/a/b.json"));
        assert_eq!(of("./a:b.json"), want(&[], "./a:b.json"));
    }
}
