//! A good copy of each bundle on the disk, for the next start. It stores bytes; what is in them is
//! verified anew whenever they are read.
//!
//! A snapshot lies where OPA keeps it. The deltas that came after it lie beside it in files of their
//! own, `delta-<snapshot>-<number>.tar.gz`, and are applied again when the copy is used, so that no
//! start goes back behind what was in force. `<snapshot>` is from the snapshot's hash: deltas of
//! another one are not read, whatever a crash left behind.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use regate_rego::builtins::digest;

/// With more deltas than this, the next bundle is wanted whole.
const MAX_DELTAS: usize = 100;
/// Up to this many bytes of deltas are kept however small the snapshot is.
const FEW_BYTES: usize = 1 << 20;

/// What was kept of one bundle.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The archive of the whole bundle.
    pub snapshot: Vec<u8>,
    /// The archives of the deltas that came after it, in order.
    pub deltas: Vec<Vec<u8>>,
}

/// What lies on the disk, so that a delta can be kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    snapshot: String,
    snapshot_bytes: usize,
    deltas: usize,
    delta_bytes: usize,
}

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

    /// What was kept, each archive of at most `limit` bytes and one; none when nothing was.
    pub fn read(&self, limit: u64) -> Result<Option<Kept>, PersistError> {
        let Some(snapshot) = read_file(&self.path(), limit)? else {
            return Ok(None);
        };
        let id = identity(&snapshot);
        let mut deltas = Vec::new();
        while deltas.len() < MAX_DELTAS {
            let path = self.delta_path(&id, deltas.len() + 1);
            let Some(delta) = read_file(&path, limit)? else {
                break;
            };
            deltas.push(delta);
        }
        Ok(Some(Kept { snapshot, deltas }))
    }

    /// Keeps the snapshot `bytes` instead of what was kept; a crash leaves the one or the other.
    pub fn write(&self, bytes: &[u8]) -> Result<Chain, PersistError> {
        let chain = Chain {
            snapshot: identity(bytes),
            snapshot_bytes: bytes.len(),
            deltas: 0,
            delta_bytes: 0,
        };
        self.replace(&self.path(), bytes)?;
        self.remove_deltas()?;
        Ok(chain)
    }

    /// Keeps a delta beside what `chain` says was kept.
    pub fn append(&self, chain: &Chain, bytes: &[u8]) -> Result<Chain, PersistError> {
        let deltas = chain.deltas + 1;
        self.replace(&self.delta_path(&chain.snapshot, deltas), bytes)?;
        Ok(Chain {
            deltas,
            delta_bytes: chain.delta_bytes + bytes.len(),
            ..chain.clone()
        })
    }

    fn delta_path(&self, snapshot: &str, number: usize) -> PathBuf {
        let name = format!("delta-{snapshot}-{number}.tar.gz");
        self.directory.join(name)
    }

    /// Removes all deltas, the last ones first: a crash leaves those that can be applied.
    fn remove_deltas(&self) -> Result<(), PersistError> {
        let failed = |source| PersistError::Io {
            what: "clean",
            path: self.directory.clone(),
            source,
        };
        let entries = fs::read_dir(&self.directory).map_err(failed)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: Vec<String> = names.collect::<io::Result<_>>().map_err(failed)?;
        let number = |name: &String| {
            let name = name.strip_prefix("delta-")?.strip_suffix(".tar.gz")?;
            name.rsplit_once('-')?.1.parse::<usize>().ok()
        };
        let mut deltas: Vec<(usize, &String)> = names
            .iter()
            .filter_map(|name| Some((number(name)?, name)))
            .collect();
        deltas.sort_unstable();
        for (_, name) in deltas.into_iter().rev() {
            fs::remove_file(self.directory.join(name)).map_err(failed)?;
        }
        Ok(())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), PersistError> {
        self.put(path, bytes).map_err(|source| PersistError::Io {
            what: "write",
            path: path.to_owned(),
            source,
        })
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        // One task writes one bundle, so that the process is enough to tell writers apart.
        let temporary = self
            .directory
            .join(format!(".bundle.tar.gz.{}", std::process::id()));
        let written = write_whole(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // What is half written has no use; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&temporary);
            return written;
        }
        // The new name is safe only once the directory is.
        File::open(&self.directory)?.sync_all()
    }
}

// === impl Chain ===

impl Chain {
    /// Whether another delta may be kept; else a snapshot should take the place of all of it.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.deltas < MAX_DELTAS && self.delta_bytes <= self.snapshot_bytes.max(FEW_BYTES)
    }
}

/// What the deltas of a snapshot are known by.
fn identity(snapshot: &[u8]) -> String {
    let hash = digest("SHA-256", snapshot).unwrap_or_default();
    data_encoding::HEXLOWER.encode(hash.get(..8).unwrap_or_default())
}

/// The bytes of a file, of which no more than `limit` and one are read; none when it is not there.
fn read_file(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PersistError> {
    let failed = |source| PersistError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(failed)?;
    Ok(Some(bytes))
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

    fn snapshot(store: &Store, limit: u64) -> Option<Vec<u8>> {
        store.read(limit).unwrap().map(|kept| kept.snapshot)
    }

    #[test]
    fn keeps_deltas_of_the_snapshot_they_came_after() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), "b").unwrap();
        let kept = |snapshot: &[u8], deltas: &[&[u8]]| Kept {
            snapshot: snapshot.to_vec(),
            deltas: deltas.iter().map(|it| it.to_vec()).collect(),
        };
        let mut chain = store.write(b"one").unwrap();
        for delta in [b"1", b"2"] {
            chain = store.append(&chain, delta).unwrap();
        }
        assert_eq!(store.read(9).unwrap(), Some(kept(b"one", &[b"1", b"2"])));
        // Something that a crash between two steps could leave.
        fs::write(store.path(), b"two").unwrap();
        assert_eq!(store.read(9).unwrap(), Some(kept(b"two", &[])));
        store.write(b"one").unwrap();
        assert_eq!(store.read(9).unwrap(), Some(kept(b"one", &[])));
    }

    #[test]
    fn many_deltas_leave_no_room_for_more() {
        let chain = |deltas, delta_bytes| Chain {
            snapshot: String::new(),
            snapshot_bytes: 3 << 20,
            deltas,
            delta_bytes,
        };
        assert!(chain(99, 3 << 20).has_room());
        assert!(!chain(100, 0).has_room());
        assert!(!chain(1, (3 << 20) + 1).has_room());
    }

    #[test]
    fn keeps_the_last_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), "authz").unwrap();
        assert_eq!(store.read(100).unwrap(), None);
        store.write(b"one").unwrap();
        store.write(b"two").unwrap();
        assert_eq!(snapshot(&store, 100).as_deref(), Some(&b"two"[..]));
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
        assert_eq!(snapshot(&store, 10).unwrap().len(), 11);
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
