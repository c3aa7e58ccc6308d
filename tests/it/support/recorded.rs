//! The requests of the recorded cases, as the bytes that were sent.

use std::path::Path;

use data_encoding::BASE64;
use regate::decision::ApiVersion;
use serde::Deserialize;
use serde_json::Value;

use super::{corpus, protojson};

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

/// A case file, and its requests.
pub(crate) struct Case {
    /// The file's content.
    pub(crate) json: Value,
    /// Its requests.
    pub(crate) requests: Vec<Recorded>,
}

/// Reads a case file.
pub(crate) fn case(file: &Path) -> Case {
    let text = std::fs::read_to_string(file).expect("a readable case");
    let json = parse(&text);
    let stem = corpus::stem(file);
    let requests = json["requests"].as_array().into_iter().flatten();
    let requests = requests.map(|request| recorded(&stem, request)).collect();
    Case { json, requests }
}

/// All requests of all case files; `None`, loudly, when there are no case files here.
pub(crate) fn requests() -> Option<Vec<Recorded>> {
    let files = corpus::files()?;
    Some(files.iter().flat_map(|file| case(file).requests).collect())
}

/// JSON that nests deeper than `serde_json` allows by itself.
pub(crate) fn parse(text: &str) -> Value {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).expect("JSON")
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
