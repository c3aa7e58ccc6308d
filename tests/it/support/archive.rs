//! Builds bundle archives for tests, good ones and broken ones.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A bundle archive with `files`, in their order; names are taken as they are, also bad ones.
pub(crate) fn bundle(files: &[(&str, &[u8])]) -> Vec<u8> {
    gzip(&tar(files))
}

/// A tar file with `files`.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = header(name, tar::EntryType::Regular, content.len());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The header of an entry, whose check sum is still to be set.
pub(crate) fn header(name: &str, kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    // The crate's own setter refuses the names that tests are about.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
