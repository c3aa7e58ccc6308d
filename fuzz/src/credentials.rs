//! What registries and Amazon's services answer, and the files that Amazon's tools share.

use regate::bundle::oci::Reference;
use regate::http::credentials::aws::{profile, xml};
use regate::http::credentials::registry::Challenge;

/// Pieces of challenges, answers, files and references.
pub(crate) const PIECES: &[&str] = &[
    "Bearer ",
    "realm=",
    "service=",
    "scope=",
    "\"",
    "\\",
    ",",
    "https://r/t",
    "<Code>",
    "</Code>",
    "<Code",
    "&amp;",
    "[default]",
    "[ default",
    "]",
    "\n",
    "\n ",
    "key = ",
    "# ",
    " ;",
    "host/",
    "a/b",
    ":v1",
    "@sha256:",
    "0000000000000000000000000000000000000000000000000000000000000000",
];

/// One text, read as all of them.
pub fn credentials(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(challenge) = Challenge::parse(&text) {
        assert!(!challenge.realm.is_empty(), "a challenge leads somewhere");
        let parts = [Some(challenge.realm), challenge.service, challenge.scope];
        let length: usize = parts.iter().flatten().map(String::len).sum();
        assert!(length < text.len(), "nothing is added");
    }
    if let Some(element) = xml::element(&text, "Code") {
        assert!(text.contains(&format!("<Code>{element}</Code>")));
        assert!(!element.contains('<'), "an element's text");
    }
    if let Some(value) = profile::value(&text, "default", "key") {
        assert!(text.contains(value) && value.trim() == value);
        assert!(!value.contains('\n'), "one line");
    }
    if Reference::parse(&text).is_ok() {
        let image = text.split_once('/').map_or("", |(_, image)| image);
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:@".contains(&byte);
        assert!(!image.is_empty() && image.bytes().all(good), "{image}");
    }
}
