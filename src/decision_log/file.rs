//! Events in a file, a line each. The file is opened again when it was moved away, so that whoever rotates logs
//! needs to tell nobody.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often to look whether the file is still where it was.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The file, and whether it is open.
#[derive(Debug)]
pub(super) struct FileSink {
    path: PathBuf,
    file: Option<File>,
    looked: Instant,
    /// A write was left off in the middle of a line.
    torn: bool,
}

// === impl FileSink ===

impl FileSink {
    /// The file is opened with the first write.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
            looked: Instant::now(),
            torn: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file again with the next write.
    pub(super) fn reopen(&mut self) {
        self.file = None;
    }

    /// Appends `lines`.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.look();
        }
        let torn = self.torn;
        let file = match &mut self.file {
            Some(file) => file,
            closed => closed.insert(open(&self.path)?),
        };
        self.torn = true;
        if torn {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        self.torn = false;
        Ok(())
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        let named = std::fs::metadata(&self.path);
        let open = self.file.as_ref().map(File::metadata);
        let same = matches!(
            (named, open),
            (Ok(named), Some(Ok(open))) if (named.dev(), named.ino()) == (open.dev(), open.ino())
        );
        if !same {
            self.reopen();
        }
    }
}

/// Events hold what requests hold: a new file is for its owner alone.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, moved) = (folder.path().join("a"), folder.path().join("b"));
        let mut sink = FileSink::new(&path);
        sink.write(b"1\n").expect("written");
        std::fs::rename(&path, &moved).expect("moved");
        sink.write(b"2\n").expect("written");
        sink.look();
        sink.write(b"3\n").expect("written");
        sink.look();
        sink.write(b"4\n").expect("written");
        let read = |path| std::fs::read_to_string(path).expect("a file");
        assert_eq!(
            (read(&moved), read(&path)),
            ("1\n2\n".to_owned(), "3\n4\n".to_owned())
        );
        std::fs::remove_file(&path).expect("removed");
        sink.reopen();
        sink.write(b"5\n").expect("written");
        assert_eq!(read(&path), "5\n");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_until_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        let mut sink = FileSink::new(&inner.join("log"));
        sink.write(b"1\n").expect_err("no folder");
        std::fs::create_dir(&inner).expect("a folder");
        sink.write(b"2\n").expect("written");
    }
}
