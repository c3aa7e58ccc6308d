//! The recorded cases of opa-envoy-plugin: finding and reading them, and comparing JSON by value.
//!
//! They are read by regate's own reader, since some nest deeper than serde_json's limit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regate::data::{Doc, json};

/// One file of cases.
pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// Its content.
    pub(crate) doc: Doc<'static>,
}

/// The files of all cases of ext_authz, by name; nothing, said aloud, where they are not at hand.
///
/// # Panics
/// In CI, where a test that is skipped would be a lie.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to be seen")]
pub(crate) fn files() -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("REGATE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let folder = root.join("ext_authz");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let message = format!("the recorded cases are not in `{}`", folder.display());
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
        eprintln!("SKIPPED: {message}; set REGATE_CONFORMANCE to their folder");
        return None;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "no recorded cases in `{}`",
        folder.display()
    );
    Some(files)
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

/// All cases of ext_authz, by name.
pub(crate) fn load() -> Option<Vec<Case>> {
    let read = |path: PathBuf| {
        let text: &'static [u8] = std::fs::read(&path).unwrap().leak();
        let name = stem(&path);
        let doc = json::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Case { name, doc }
    };
    Some(files()?.into_iter().map(read).collect())
}

/// The value below `path`'s keys.
pub(crate) fn get<'d, 'a>(doc: &'d Doc<'a>, path: &[&str]) -> Option<&'d Doc<'a>> {
    path.iter().try_fold(doc, |doc, key| match doc {
        Doc::Object(fields) => fields
            .iter()
            .rfind(|(name, _)| name == key)
            .map(|(_, doc)| doc),
        _ => None,
    })
}

/// The text below `path`'s keys.
pub(crate) fn text<'d>(doc: &'d Doc<'_>, path: &[&str]) -> Option<&'d str> {
    match get(doc, path) {
        Some(Doc::String(text)) => Some(text),
        _ => None,
    }
}

/// The elements of the array below `path`'s keys.
pub(crate) fn items<'d, 'a>(doc: &'d Doc<'a>, path: &[&str]) -> &'d [Doc<'a>] {
    match get(doc, path) {
        Some(Doc::Array(items)) => items,
        _ => &[],
    }
}

/// Tells whether two documents are equal: numbers by value, objects in any order, bytes outside
/// UTF-8 as the log shows them.
pub(crate) fn equal(left: &Doc<'_>, right: &Doc<'_>) -> bool {
    match (left, right) {
        (Doc::Number(left), Doc::Number(right)) => decimal(left) == decimal(right),
        (Doc::Array(left), Doc::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Doc::Object(left), Doc::Object(right)) => {
            let map = |fields: &[(_, _)]| -> BTreeMap<_, _> { fields.iter().cloned().collect() };
            let (left, right): (BTreeMap<_, Doc<'_>>, BTreeMap<_, Doc<'_>>) =
                (map(left), map(right));
            left.len() == right.len()
                && left
                    .iter()
                    .zip(&right)
                    .all(|((lk, l), (rk, r))| lk == rk && equal(l, r))
        }
        (Doc::Octets(bytes), other) => equal(
            &Doc::String(regate::data::quote::lossy(bytes).into()),
            other,
        ),
        (left, right) => left == right,
    }
}

/// A number's sign, digits without zeros at either end, and power of ten.
fn decimal(text: &str) -> (bool, String, i64) {
    let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (negative, digits) = mantissa
        .strip_prefix('-')
        .map_or((false, mantissa), |d| (true, d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{part}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(zeros).unwrap() - i64::try_from(part.len()).unwrap();
    (
        negative,
        significant.to_owned(),
        power.parse::<i64>().unwrap() + shift,
    )
}
