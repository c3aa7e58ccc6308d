<<<<<<< HEAD
//! The recorded conformance cases: where they are and how they are read.

use std::path::PathBuf;

use data_encoding::BASE64;
use regate::decision::ApiVersion;
use serde::Deserialize;
use serde_json::Value;

use super::protojson;

/// One request of a case file.
pub(crate) struct Recorded {
    /// `file: name`.
    pub(crate) name: String,
    /// Which API it speaks.
    pub(crate) version: ApiVersion,
    /// The `CheckRequest`.
    pub(crate) message: Vec<u8>,
    /// What was recorded.
    pub(crate) want: Value,
}

/// All requests of all case files; `None`, loudly, when there are no case files here.
pub(crate) fn requests() -> Option<Vec<Recorded>> {
    let folder = std::env::var_os("REGATE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(folder.join("ext_authz")) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no conformance cases at {}",
            folder.display()
        );
        eprintln!(
            "SKIPPED: no conformance cases at {}; set REGATE_CONFORMANCE",
            folder.display()
        );
        return None;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut requests = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable case");
        let case = parse(&text);
        let stem = file
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for request in case["requests"].as_array().into_iter().flatten() {
            requests.push(recorded(&stem, request));
        }
    }
    Some(requests)
}

/// A case's JSON, which nests deeper than `serde_json` allows by itself.
fn parse(text: &str) -> Value {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).expect("a case is JSON")
}

fn recorded(file: &str, request: &Value) -> Recorded {
    let version = match request["version"].as_str() {
        Some("v2") => ApiVersion::V2,
        _ => ApiVersion::V3,
    };
    let message = match request["request_base64"].as_str() {
        Some(text) => BASE64.decode(text.as_bytes()).expect("base64"),
        None => protojson::encode_check_request(version, &request["request"]),
    };
    Recorded {
        name: format!("{file}: {}", request["name"].as_str().expect("a name")),
        version,
        message,
        want: request["want"].clone(),
    }
}
=======
//! The recorded cases of opa-envoy-plugin: finding and reading them, and comparing JSON by value.
//!
//! They are read by regate's own reader, since some nest deeper than serde_json's limit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use regate::data::{Doc, json};

/// One file of cases.
pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// Its content.
    pub(crate) doc: Doc<'static>,
}

/// All cases of ext_authz, by name; nothing, said aloud, where they are not at hand.
///
/// # Panics
/// In CI, where a test that is skipped would be a lie.
pub(crate) fn load() -> Option<Vec<Case>> {
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
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text: &'static [u8] = std::fs::read(&path).unwrap().leak();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let doc = json::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Case { name, doc }
    };
    Some(paths.into_iter().map(read).collect())
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
>>>>>>> body
