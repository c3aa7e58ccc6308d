//! The real `opa`, where it is at hand.

use std::path::PathBuf;

/// `REGATE_OPA`, or the `opa` of the `PATH`; a test without it is skipped, and says so.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("REGATE_OPA").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut found = named
        .into_iter()
        .chain(std::env::split_paths(&paths).map(|folder| folder.join("opa")));
    let found = found.find(|path| path.is_file());
    if found.is_none() {
        super::skip("`opa` 1.22 is not installed; `make opa` builds it, REGATE_OPA names it");
    }
    found
}
