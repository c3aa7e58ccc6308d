//! A good copy of each bundle on the disk, for the next start. It stores bytes; what is in them is
//! verified anew whenever they are read.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

/// Where one bundle's copy lies: `<directory>/bundles/<name>/bundle.tar.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    directory: PathBuf,
}

/// Why a copy cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// The bundle's name would lead elsewhere.
    #[error(
        "the bundle name `{0}` cannot be a directory below the persistence directory; take plain names"
    )]
    Name(String),
    /// The disk refuses.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// Read or write.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

// === impl Store ===

impl Store {
    /// The place of the bundle `name` below `persistence_directory`.
    pub fn new(persistence_directory: &Path, name: &str) -> Result<Self, PersistError> {
        let plain = |it: &str| {
            matches!(
                Path::new(it).components().collect::<Vec<_>>()[..],
                [Component::Normal(_)]
            )
        };
        // `a/b` is a name that the peer keeps in directories of their own, and so is it here.
        if !name
            .split('/')
            .all(|it| plain(it) && !it.contains(['\0', '\\']))
        {
            return Err(PersistError::Name(name.to_owned()));
        }
        Ok(Self {
            directory: persistence_directory.join("bundles").join(name),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join("bundle.tar.gz")
    }

    /// The kept bytes, of which no more than `limit` and one are read; none when nothing was kept.
    pub fn read(&self, limit: u64) -> Result<Option<Vec<u8>>, PersistError> {
        let path = self.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(PersistError::Io {
                    what: "read",
                    path,
                    source,
                });
            }
        };
        let mut bytes = Vec::new();
        match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(_) => Ok(Some(bytes)),
            Err(source) => Err(PersistError::Io {
                what: "read",
                path,
                source,
            }),
        }
    }

    /// Keeps `bytes` instead of what was kept; a crash leaves the one or the other whole.
    pub fn write(&self, bytes: &[u8]) -> Result<(), PersistError> {
        self.replace(bytes).map_err(|source| PersistError::Io {
            what: "write",
            path: self.path(),
            source,
        })
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        // One task writes one bundle, so that the process is enough to tell writers apart.
        let temporary = self
            .directory
            .join(format!(".bundle.tar.gz.{}", std::process::id()));
        let written =
            write_whole(&temporary, bytes).and_then(|()| fs::rename(&temporary, self.path()));
        if written.is_err() {
            // What is half written has no use; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&temporary);
            return written;
        }
        // The new name is safe only once the directory is.
        File::open(&self.directory)?.sync_all()
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    // Bundles can hold secrets, so that nobody else may read them.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), "authz").unwrap();
        assert_eq!(store.read(100).unwrap(), None);
        store.write(b"one").unwrap();
        store.write(b"two").unwrap();
        assert_eq!(store.read(100).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(
            store.path(),
            directory.path().join("bundles/authz/bundle.tar.gz")
        );
        let names: Vec<_> = fs::read_dir(directory.path().join("bundles/authz"))
            .unwrap()
            .collect();
        assert_eq!(names.len(), 1, "no temporary file is left");
    }

    #[test]
    fn reads_no_more_than_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), "a/b").unwrap();
        store.write(&[7; 100]).unwrap();
        assert_eq!(store.read(10).unwrap().unwrap().len(), 11);
    }

    #[test]
    fn names_stay_below_the_directory() {
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/../../x",
            "/etc",
            "a//b",
            "a/",
            "a\\b",
            "a\0b",
        ] {
            assert!(Store::new(Path::new("/p"), name).is_err(), "{name:?}");
        }
        assert_eq!(
            Store::new(Path::new("/p"), "a.b").unwrap().path(),
            Path::new("/p/bundles/a.b/bundle.tar.gz")
        );
    }
}
