//! The files of a bundle before anybody has looked into them. The only way on from here is
//! [`Unverified::verify`].

use std::collections::BTreeSet;

use super::content::{ContentError, FilePath, Kind};
use super::signature::{SignatureError, Verification};

/// Files in the order in which they came.
pub(super) struct Unverified<'v> {
    verification: &'v Verification,
    seen: BTreeSet<String>,
    files: Vec<(FilePath, Vec<u8>)>,
    signatures: Option<Vec<u8>>,
}

/// Files that nothing speaks against.
pub(super) struct Verified(pub(super) Vec<(FilePath, Vec<u8>)>);

// === impl Unverified ===

impl<'v> Unverified<'v> {
    pub(super) fn new(verification: &'v Verification) -> Self {
        Self {
            verification,
            seen: BTreeSet::new(),
            files: Vec::new(),
            signatures: None,
        }
    }

    /// Whether the bytes of such a file are asked for.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        kind != Kind::Other || self.verification.covers_all_files()
    }

    /// Takes a file, of which there may be but one of its name.
    pub(super) fn add(&mut self, path: FilePath, bytes: Vec<u8>) -> Result<(), ContentError> {
        let name = path.to_string();
        // Archives may have been made around a directory: these count wherever they lie, and then
        // there may be only one of each.
        let key = match path.kind() {
            Kind::Manifest => ".manifest",
            Kind::Signatures => ".signatures.json",
            Kind::Patch => "patch.json",
            _ => &name,
        };
        if !self.seen.insert(key.to_owned()) {
            return Err(ContentError::Duplicate(name));
        }
        if path.kind() == Kind::Signatures {
            self.signatures = Some(bytes);
        } else {
            self.files.push((path, bytes));
        }
        Ok(())
    }

    /// The files, if the signature is what is asked for. Names in it may begin with `prefix`.
    pub(super) fn verify(self, prefix: &str) -> Result<Verified, SignatureError> {
        let signatures = self.signatures.as_deref();
        self.verification.check(&self.files, signatures, prefix)?;
        Ok(Verified(self.files))
    }
}
