//! Reads a bundle archive (a tar file compressed with gzip) from bytes that nobody trusts. It
//! bounds what it unpacks, and gives nothing before it has read everything.

use std::cell::Cell;
use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

use super::content::{Archived, Content, ContentError, FilePath};
use super::signature::{SignatureError, Verification};
use super::unverified::Unverified;
use crate::engine::RegoVersion;

/// What bounds an archive, and what its manifest may leave unsaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive, and bytes of what it unpacks to.
    pub size: u64,
    /// How many entries it may have.
    pub files: usize,
    /// How many times its own size it may unpack to, once that is more than `ratio_from` bytes.
    pub ratio: u64,
    /// Up to how many bytes an archive may unpack to whatever its own size is.
    pub ratio_from: u64,
    /// The language of modules for which the manifest names none.
    pub rego_version: RegoVersion,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not unpack.
    #[error("the archive cannot be unpacked: {0}; expected a whole tar file compressed with gzip")]
    Unpack(String),
    /// It, or what is in it, is larger than configured.
    #[error(
        "the archive has more than {0} bytes; raise `size_limit_bytes` of the bundle if that is right"
    )]
    TooLarge(u64),
    /// It has too many entries.
    #[error("the archive has more than {0} entries, which is the limit")]
    TooManyFiles(usize),
    /// It is made to unpack to very much.
    #[error("the archive unpacks to more than {0} times its own size, as no honest bundle does")]
    Inflated(u64),
    /// What is in it makes no bundle.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// It is not signed as it should be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Reads the bundle `name` from an archive.
pub fn read(
    name: &str,
    bytes: &[u8],
    limits: Limits,
    verification: &Verification,
) -> Result<Archived, ArchiveError> {
    read_named(name, &format!("{name}/"), bytes, limits, verification)
}

/// Like [`read`], with modules called `module_prefix` and their path.
pub(super) fn read_named(
    name: &str,
    module_prefix: &str,
    bytes: &[u8],
    limits: Limits,
    verification: &Verification,
) -> Result<Archived, ArchiveError> {
    let compressed = bytes.len() as u64;
    if compressed > limits.size {
        return Err(ArchiveError::TooLarge(limits.size));
    }
    let meter = Meter::new(compressed, limits);
    let mut unpacked = meter.watch(MultiGzDecoder::new(bytes));
    let mut files = Unverified::new(verification);
    unpack(&mut unpacked, &mut files, limits).map_err(|error| meter.explain(error))?;
    // A tar file says itself where it ends; the check sums of gzip come after that.
    io::copy(&mut unpacked, &mut io::sink()).map_err(|error| meter.explain(broken(&error)))?;
    let content = Content::read(files.verify("")?, module_prefix.to_owned(), true)?;
    Ok(content.finish(name, limits.rego_version)?)
}

/// Undoes a `Content-Encoding: gzip`. Object stores put that label on archives that are compressed
/// but once; such an archive is given back as it is.
pub(super) fn undo_encoding(bytes: Vec<u8>, limits: Limits) -> Result<Vec<u8>, ArchiveError> {
    let meter = Meter::new(bytes.len() as u64, limits);
    let mut inner = meter.watch(MultiGzDecoder::new(bytes.as_slice()));
    let mut unpacked = vec![0; 2];
    let begun = inner.read_exact(&mut unpacked);
    if begun.is_err() || unpacked != [0x1f, 0x8b] {
        return Ok(bytes);
    }
    let read = inner.read_to_end(&mut unpacked);
    read.map_err(|error| meter.explain(broken(&error)))?;
    Ok(unpacked)
}

// === impl Limits ===

impl Limits {
    /// The limits of a bundle whose configuration says nothing.
    #[must_use]
    pub const fn new(size: u64, rego_version: RegoVersion) -> Self {
        Self {
            size,
            files: 100_000,
            ratio: 250,
            ratio_from: 16 << 20,
            rego_version,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(1 << 30, RegoVersion::default())
    }
}

/// Counts what comes out of the decompressor, and remembers which limit it stopped at: the error
/// itself does not come through the tar reader whole.
struct Meter {
    compressed: u64,
    limits: Limits,
    expanded: Cell<u64>,
    excess: Cell<Option<Excess>>,
}

#[derive(Debug, Clone, Copy)]
enum Excess {
    Size,
    Ratio,
}

struct Watched<'a, R> {
    reader: R,
    meter: &'a Meter,
}

// === impl Meter ===

impl Meter {
    fn new(compressed: u64, limits: Limits) -> Self {
        Self {
            compressed,
            limits,
            expanded: Cell::new(0),
            excess: Cell::new(None),
        }
    }

    fn watch<R: Read>(&self, reader: R) -> Watched<'_, R> {
        Watched {
            reader,
            meter: self,
        }
    }

    fn add(&self, bytes: usize) -> io::Result<()> {
        let expanded = self.expanded.get() + bytes as u64;
        self.expanded.set(expanded);
        let excess = if expanded > self.limits.size {
            Excess::Size
        } else if expanded > self.limits.ratio_from
            && expanded > self.compressed.saturating_mul(self.limits.ratio)
        {
            Excess::Ratio
        } else {
            return Ok(());
        };
        self.excess.set(Some(excess));
        Err(io::Error::other("limit"))
    }

    fn explain(&self, error: ArchiveError) -> ArchiveError {
        match self.excess.get() {
            Some(Excess::Size) => ArchiveError::TooLarge(self.limits.size),
            Some(Excess::Ratio) => ArchiveError::Inflated(self.limits.ratio),
            None => error,
        }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.meter.add(count)?;
        Ok(count)
    }
}

fn unpack(
    reader: &mut impl Read,
    files: &mut Unverified<'_>,
    limits: Limits,
) -> Result<(), ArchiveError> {
    let mut archive = tar::Archive::new(reader);
    for (index, entry) in archive
        .entries()
        .map_err(|error| broken(&error))?
        .enumerate()
    {
        if index >= limits.files {
            return Err(ArchiveError::TooManyFiles(limits.files));
        }
        let mut entry = entry.map_err(|error| broken(&error))?;
        // Links and devices are no files: nothing is ever written to a disk or followed here.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path_bytes();
        let name = std::str::from_utf8(&name).map_err(|_| ContentError::Path {
            path: String::from_utf8_lossy(&name).into_owned(),
            reason: "has a name that is not UTF-8",
        })?;
        let path = FilePath::parse(name)?;
        if !files.wants(path.kind()) {
            continue;
        }
        let size = entry.size();
        if size > limits.size {
            return Err(ArchiveError::TooLarge(limits.size));
        }
        // The size is a claim; the vector grows with what really comes.
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(1 << 20)).unwrap_or(0));
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| broken(&error))?;
        if (bytes.len() as u64) < size {
            return Err(broken(&io::ErrorKind::UnexpectedEof.into()));
        }
        files.add(path, bytes)?;
    }
    Ok(())
}

/// An error of the tar reader says what it did; why that failed stands in its causes.
fn broken(error: &io::Error) -> ArchiveError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !reason.ends_with(&next) {
            reason = format!("{reason}: {next}");
        }
        cause = error.source();
    }
    ArchiveError::Unpack(reason)
}

#[cfg(test)]
mod tests;
