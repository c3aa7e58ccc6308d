//! Reads bundles from the disk: a directory or an archive, as `-b` and `file://` resources name
//! them.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Bundle;
use super::archive::{self, ArchiveError, Limits};
use super::content::{Archived, Content, ContentError, FilePath};
use super::signature::{SignatureError, Verification};
use super::unverified::Unverified;

/// Why a bundle on the disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An ignore pattern is none.
    #[error("the ignore pattern `{pattern}` is not valid: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// The directory is larger than bundles may be.
    #[error("the files in `{path}` have more than {limit} bytes, which is the limit for bundles")]
    TooLarge {
        /// The directory.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The archive is refused.
    #[error("`{path}`: {source}")]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// The directory is not signed as it should be.
    #[error("`{path}`: {source}")]
    Signature {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: SignatureError,
    },
    /// The files of the directory make no bundle.
    #[error("`{path}`: {source}")]
    Content {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: ContentError,
    },
}

/// Loads the bundle at `path`, a directory or a `.tar.gz`; its name is the path. Files and
/// directories whose name matches a pattern of `ignore` are left out of a directory.
pub fn load(
    path: &Path,
    ignore: &[String],
    limits: Limits,
    verification: &Verification,
) -> Result<Bundle, LoadError> {
    load_as(&path.to_string_lossy(), path, ignore, limits, verification)
}

/// Loads the bundle at `path` under a name of its own.
pub(super) fn load_as(
    name: &str,
    path: &Path,
    ignore: &[String],
    limits: Limits,
    verification: &Verification,
) -> Result<Bundle, LoadError> {
    let prefix = format!("{}/", path.to_string_lossy().trim_end_matches('/'));
    if std::fs::metadata(path)
        .map_err(|source| io_error(path, source))?
        .is_dir()
    {
        let mut walk = Walk {
            top: path,
            ignore: patterns(ignore)?,
            files: Unverified::new(verification),
            left: limits.size,
            limit: limits.size,
        };
        walk.directory(path, "")?;
        // `opa sign` names the files as its command line names the directory.
        let files = walk.files.verify(&prefix);
        let files = files.map_err(|source| LoadError::Signature {
            path: path.to_owned(),
            source,
        })?;
        let bundle = Content::read(files, prefix, false)
            .and_then(|content| content.finish(name, limits.rego_version))
            .and_then(Archived::whole);
        return bundle.map_err(|source| LoadError::Content {
            path: path.to_owned(),
            source,
        });
    }
    let bytes = read_bounded(path, limits.size)?;
    let read = archive::read_named(name, &prefix, &bytes, limits, verification);
    read.and_then(|archived| Ok(archived.whole()?))
        .map_err(|source| LoadError::Archive {
            path: path.to_owned(),
            source,
        })
}

struct Walk<'a> {
    top: &'a Path,
    ignore: GlobSet,
    files: Unverified<'a>,
    left: u64,
    limit: u64,
}

// === impl Walk ===

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, below: &str) -> Result<(), LoadError> {
        let entries =
            std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|source| io_error(directory, source))?;
        // The disk's order is no order; errors and modules should come in the same one every time.
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Mounted config maps keep their files a second time below `..data`.
            if name.starts_with("..") || self.ignore.is_match(&name) {
                continue;
            }
            let path = entry.path();
            let name = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let own = entry
                .file_type()
                .map_err(|source| io_error(&path, source))?;
            // Links to directories are not followed: they can lead around in a circle.
            if own.is_dir() {
                self.directory(&path, &name)?;
            } else {
                self.file(&path, &name)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: &str) -> Result<(), LoadError> {
        let file = FilePath::parse(name).map_err(|source| self.content_error(source))?;
        if !self.files.wants(file.kind()) || !path.is_file() {
            return Ok(());
        }
        let bytes = std::fs::read(path).map_err(|source| io_error(path, source))?;
        self.left =
            self.left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| LoadError::TooLarge {
                    path: self.top.to_owned(),
                    limit: self.limit,
                })?;
        self.files
            .add(file, bytes)
            .map_err(|source| self.content_error(source))
    }

    fn content_error(&self, source: ContentError) -> LoadError {
        LoadError::Content {
            path: self.top.to_owned(),
            source,
        }
    }
}

fn patterns(ignore: &[String]) -> Result<GlobSet, LoadError> {
    let mut set = GlobSetBuilder::new();
    for pattern in ignore {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|error| pattern_error(pattern, &error))?);
    }
    set.build().map_err(|error| pattern_error("", &error))
}

fn pattern_error(pattern: &str, error: &globset::Error) -> LoadError {
    LoadError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    }
}

/// Reads a file of which no more than `limit` bytes and one are wanted.
fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    use io::Read as _;

    let file = std::fs::File::open(path).map_err(|source| io_error(path, source))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| io_error(path, source))?;
    Ok(bytes)
}

fn io_error(path: &Path, source: io::Error) -> LoadError {
    LoadError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
