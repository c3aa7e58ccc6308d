//! The spool: events on disk until the collector has them, so that neither a crash nor a full memory
//! loses them.
//!
//! A segment is a file of JSON lines, appended to as events are made; when a chunk is closed its events
//! are a segment of their own, and the segment is deleted when the chunk is acknowledged. What is found at
//! the start is uploaded first. A last line without its end is what a crash leaves: it is cut off.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::chunk;
use super::config::{Fsync, SpoolConfig};

/// The file that keeps two processes from using one directory.
const LOCK: &str = "lock";

/// A directory of segments.
#[derive(Debug)]
pub(super) struct Spool {
    config: SpoolConfig,
    /// Held as long as the spool is.
    _lock: File,
    current: Option<Current>,
    next: u64,
    used: Arc<AtomicU64>,
}

/// The segment that is being written.
#[derive(Debug)]
struct Current {
    file: File,
    path: PathBuf,
    bytes: u64,
}

/// The events of one chunk on disk.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    bytes: u64,
    used: Arc<AtomicU64>,
}

/// A segment that an earlier run left, and how many events are in it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) segment: Segment,
    pub(super) events: usize,
}

/// What a start finds.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Oldest first.
    pub(super) found: Vec<Found>,
    /// How many events a crash had cut off in the middle.
    pub(super) torn: u64,
}

// === impl Spool ===

impl Spool {
    /// Opens the directory, which is made where there is none, and reads what is in it.
    pub(super) fn open(config: &SpoolConfig) -> io::Result<(Self, Recovered)> {
        let directory = &config.directory;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let lock = options().append(true).open(directory.join(LOCK))?;
        lock.try_lock().map_err(|_| {
            io::Error::other("another process uses this directory; give each one of its own")
        })?;
        let mut spool = Self {
            config: config.clone(),
            _lock: lock,
            current: None,
            next: 0,
            used: Arc::default(),
        };
        let recovered = spool.recover()?;
        Ok((spool, recovered))
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn is_full(&self) -> bool {
        self.used() >= self.config.max_bytes
    }

    /// Appends `lines` to the current segment. Where that fails the segment is as it was.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let Current { file, bytes, .. } = self.current()?;
        if let Err(error) = file.write_all(lines) {
            // What stands there of a line that is not whole would spoil the next one.
            let kept = *bytes;
            let _ = file.set_len(kept);
            return Err(error);
        }
        let length = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        *bytes += length;
        self.used.fetch_add(length, Ordering::Relaxed);
        match (self.config.fsync, &self.current) {
            (Fsync::Batch, Some(current)) => current.file.sync_data(),
            _ => Ok(()),
        }
    }

    /// Closes the current segment behind its first `bytes`; what is behind them begins the next one. Where that
    /// fails the segment has all that it had, and the next one begins empty.
    pub(super) fn close(&mut self, bytes: usize) -> Option<(Segment, io::Result<()>)> {
        let mut current = self.current.take()?;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut done = if bytes < current.bytes {
            self.split(&mut current, bytes)
        } else {
            Ok(())
        };
        if self.config.fsync != Fsync::Never {
            done = done.and(current.file.sync_data());
        }
        let segment = Segment {
            path: current.path,
            bytes: current.bytes,
            used: Arc::clone(&self.used),
        };
        Some((segment, done))
    }

    fn split(&mut self, current: &mut Current, bytes: u64) -> io::Result<()> {
        let text = fs::read(&current.path)?;
        let kept = usize::try_from(bytes).unwrap_or(usize::MAX);
        // First the copy: a crash between the two sends some events twice, and loses none.
        self.append(text.get(kept..).unwrap_or_default())?;
        current.file.set_len(bytes)?;
        self.used
            .fetch_sub(current.bytes - bytes, Ordering::Relaxed);
        current.bytes = bytes;
        Ok(())
    }

    fn current(&mut self) -> io::Result<&mut Current> {
        if self.current.is_none() {
            let path = self.config.directory.join(name(self.next));
            let file = options().append(true).create_new(true).open(&path)?;
            self.next += 1;
            self.current = Some(Current {
                file,
                path,
                bytes: 0,
            });
        }
        self.current
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn recover(&mut self) -> io::Result<Recovered> {
        let mut numbers: Vec<u64> = fs::read_dir(&self.config.directory)?
            .filter_map(|entry| number(&entry.ok()?.path()))
            .collect();
        numbers.sort_unstable();
        self.next = numbers.last().map_or(0, |last| last.saturating_add(1));
        let mut recovered = Recovered::default();
        for number in numbers {
            let path = self.config.directory.join(name(number));
            let text = fs::read(&path)?;
            let whole = text
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            if whole < text.len() {
                recovered.torn += 1;
                OpenOptions::new()
                    .write(true)
                    .open(&path)?
                    .set_len(u64::try_from(whole).unwrap_or(0))?;
            }
            let events = chunk::split(text.get(..whole).unwrap_or_default()).count();
            if events == 0 {
                fs::remove_file(&path)?;
                continue;
            }
            let bytes = u64::try_from(whole).unwrap_or(u64::MAX);
            self.used.fetch_add(bytes, Ordering::Relaxed);
            let used = Arc::clone(&self.used);
            let segment = Segment { path, bytes, used };
            recovered.found.push(Found { segment, events });
        }
        Ok(recovered)
    }
}

// === impl Segment ===

impl Segment {
    /// Its events, each followed by a line break.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path)
    }

    /// Deletes it: its events are uploaded, or given up.
    pub(super) fn forget(self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
        Ok(())
    }
}

/// Events hold what requests hold: they are for nobody else.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

fn name(number: u64) -> String {
    format!("{number:020}.jsonl")
}

/// The number of a segment's file; none of a file that is not this program's.
fn number(path: &Path) -> Option<u64> {
    let number = path.file_stem()?.to_str()?.parse().ok()?;
    (path.file_name()?.to_str()? == name(number)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(directory: &Path) -> SpoolConfig {
        SpoolConfig {
            directory: directory.join("spool"),
            max_bytes: 100,
            fsync: Fsync::Chunk,
        }
    }

    fn texts(recovered: &Recovered) -> Vec<String> {
        let found = recovered.found.iter();
        found
            .map(|found| String::from_utf8(found.segment.read().expect("read")).expect("text"))
            .collect()
    }

    #[test]
    fn what_is_not_forgotten_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path());
        let (mut spool, recovered) = Spool::open(&config).expect("a spool");
        assert!(recovered.found.is_empty());
        spool.append(b"1\n22\n").expect("written");
        spool.append(b"3\n").expect("written");
        let (first, done) = spool.close(5).expect("a segment");
        done.expect("closed");
        assert_eq!(spool.used(), 7);
        spool.append(b"4\n").expect("written");
        let (second, _) = spool.close(4).expect("a segment");
        spool.append(b"5\n6").expect("written");
        second.forget().expect("deleted");
        assert_eq!(
            (spool.used(), first.read().expect("read")),
            (8, b"1\n22\n".to_vec())
        );
        Spool::open(&config).expect_err("it is in use");
        drop(spool);

        let (spool, recovered) = Spool::open(&config).expect("a spool");
        assert_eq!(texts(&recovered), ["1\n22\n", "5\n"]);
        assert_eq!((recovered.torn, spool.used()), (1, 7));
        let events: Vec<usize> = recovered.found.iter().map(|found| found.events).collect();
        assert_eq!(events, [2, 1]);
    }

    #[test]
    fn a_spool_is_full_at_its_limit_and_opens_where_it_can() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut spool, _) = Spool::open(&config(folder.path())).expect("a spool");
        spool.append(&[b'x'; 99]).expect("written");
        assert!(!spool.is_full());
        spool.append(b"\n").expect("written");
        assert!(spool.is_full());
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        Spool::open(&config(&file)).expect_err("a file is no directory");
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_disk_makes_of_a_segment_is_read(bytes: Vec<u8>) {
            let folder = tempfile::tempdir().expect("a folder");
            let config = config(folder.path());
            drop(Spool::open(&config).expect("a spool"));
            let mut text = b"{}\n".to_vec();
            text.extend(&bytes);
            fs::write(config.directory.join("7.jsonl"), &text).expect("written");
            fs::write(config.directory.join("other"), &bytes).expect("written");
            // Only this program's own names are read.
            let (spool, recovered) = Spool::open(&config).expect("a spool");
            assert!(recovered.found.is_empty() && spool.used() == 0);
            drop(spool);
            fs::write(config.directory.join(name(7)), &text).expect("written");
            let (_spool, recovered) = Spool::open(&config).expect("a spool");
            let whole = recovered.found.first().expect("a segment");
            let text = whole.segment.read().expect("read");
            assert_eq!(chunk::split(&text).count(), whole.events);
            assert!(text.ends_with(b"\n") && chunk::split(&text).any(super::super::cut::is_event));
        }
    }
}
