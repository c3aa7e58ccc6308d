//! The fuzz targets: each takes any bytes and panics when a promise is broken.
//!
//! They know nothing of who calls them: the bounded run of `main.rs`, or libFuzzer.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use regate::authz::body::{self, Descriptor, Source};
use regate::authz::url::{self, Text};
use regate::config::{Config, Flags};
use regate::data::{Doc, json, yaml};

mod builtin;
mod bundles;
mod certificates;
mod check_request;
mod credentials;
mod documents;
mod formats;
mod http_send;
mod patterns;
mod rego;
mod rest;
mod token;

pub use bundles::{bundle_archive, bundle_delta, bundle_signatures};
pub use certificates::rego_certificates;
pub use check_request::check_request;
pub use credentials::credentials;
pub use documents::{graphql, json_patch, json_schema, yaml};
pub use formats::{address, encoding, template, time_layout, units};
pub use http_send::http_request;
pub use patterns::{glob, regex};
pub use rego::{rego_check, rego_eval, rego_parse, rego_value};
pub use rest::rest;
pub use token::token;

/// A target's name, its function, and pieces that its inputs are likely made of.
pub struct Target {
    /// The name, which is also its corpus' folder.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    /// Pieces of inputs.
    pub pieces: &'static [&'static str],
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "path_query",
        run: path_query,
        pieces: &[
            "/", "//", "%2F", "%25", "%C3%BC", "%FF", "%", "?", "&", "=", ";", "+", "#",
        ],
    },
    Target {
        name: "body",
        run: body,
        pieces: &[
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\ud800",
            "1e400",
            "-0",
            "null",
            "true",
            "\r\n--b\r\n",
            "\r\n--b--\r\n",
            "\n",
            "\r\n\r\n",
            "%41",
            "&",
            "Content-Disposition: form-data; name=",
            "Content-Type: application/json\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "name*=utf-8''",
            "\0\0\0\0",
        ],
    },
    Target {
        name: "check_request",
        run: check_request,
        pieces: &[
            "\n\0",
            "\u{12}\u{2}\n\0",
            "content-type",
            "application/json",
            "/a?b=c",
        ],
    },
    Target {
        name: "config",
        run: config,
        pieces: &[
            "plugins:\n",
            "  envoy_ext_authz_grpc:\n",
            "    addr: ",
            ":9191",
            "- ",
            "{",
            "}",
            "&a ",
            "*a",
            "<<: ",
            "|\n",
            "'",
            "\"",
            "${HOME}",
            "0777",
            "yes",
            "~",
            "# ",
            "\n---\n",
            "!!str ",
        ],
    },
    Target {
        name: "bundle_archive",
        run: bundle_archive,
        pieces: &[
            "\x1f",
            "ustar\0",
            "data.json",
            "policy.rego",
            ".manifest",
            "../",
            "0000644\0",
        ],
    },
    Target {
        name: "bundle_signatures",
        run: bundle_signatures,
        pieces: bundles::SIGNATURE_PIECES,
    },
    Target {
        name: "bundle_delta",
        run: bundle_delta,
        pieces: bundles::DELTA_PIECES,
    },
    Target {
        name: "rego_parse",
        run: rego_parse,
        pieces: rego::PIECES,
    },
    Target {
        name: "rego_check",
        run: rego_check,
        pieces: rego::PIECES,
    },
    Target {
        name: "rego_eval",
        run: rego_eval,
        pieces: &["\0", "\u{1}", "\u{7f}"],
    },
    Target {
        name: "rego_certificates",
        run: rego_certificates,
        pieces: certificates::PIECES,
    },
    Target {
        name: "rego_value",
        run: rego_value,
        pieces: &[
            "[", "]", "{", "}", ",", ":", "\"", "\"a\":", "1e5", "-0", "1.0", "null", "\\ud800",
            "1e400",
        ],
    },
    Target {
        name: "token",
        run: token,
        pieces: token::PIECES,
    },
    Target {
        name: "graphql",
        run: graphql,
        pieces: &[
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ":",
            "!",
            "=",
            "|",
            "&",
            "@",
            "$",
            "...",
            "\"",
            "\"\"\"",
            "#",
            "\n",
            "\0",
            "on ",
            "type ",
            "query ",
            "fragment ",
            "extend ",
            "input ",
            "Int",
            "-1.5e3",
        ],
    },
    Target {
        name: "json_schema",
        run: json_schema,
        pieces: &[
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "\"",
            "1",
            "0.1",
            "\"$ref\":\"#/definitions/a\"",
            "\"definitions\":",
            "\"anyOf\":",
            "\"not\":",
            "\"items\":",
            "\"type\":\"integer\"",
            "\"properties\":",
            "\"multipleOf\":",
            "\"format\":",
            "\"pattern\":",
            "\"$id\":",
            "true",
        ],
    },
    Target {
        name: "json_patch",
        run: json_patch,
        pieces: documents::PATCH_PIECES,
    },
    Target {
        name: "yaml",
        run: yaml,
        pieces: documents::YAML_PIECES,
    },
    Target {
        name: "regex",
        run: regex,
        pieces: patterns::REGEX_PIECES,
    },
    Target {
        name: "glob",
        run: glob,
        pieces: patterns::GLOB_PIECES,
    },
    Target {
        name: "template",
        run: template,
        pieces: formats::TEMPLATE_PIECES,
    },
    Target {
        name: "units",
        run: units,
        pieces: formats::UNITS_PIECES,
    },
    Target {
        name: "time_layout",
        run: time_layout,
        pieces: formats::TIME_PIECES,
    },
    Target {
        name: "encoding",
        run: encoding,
        pieces: formats::ENCODING_PIECES,
    },
    Target {
        name: "address",
        run: address,
        pieces: formats::ADDRESS_PIECES,
    },
    Target {
        name: "http_request",
        run: http_request,
        pieces: http_send::PIECES,
    },
    Target {
        name: "credentials",
        run: credentials,
        pieces: credentials::PIECES,
    },
    Target {
        name: "rest",
        run: rest,
        pieces: rest::PIECES,
    },
];

/// A request target, its text in any bytes.
pub fn path_query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(target) = url::parse(&text) else {
        return;
    };
    assert!(!target.path.is_empty(), "a path has at least one segment");
    assert!(
        target.query.is_sorted_by(|left, right| left.0 < right.0),
        "names are unique, sorted"
    );
    let values = target.query.iter().flat_map(|(_, values)| values);
    for piece in target.path.iter().chain(values) {
        if let Text::Octets(bytes) = piece {
            assert!(std::str::from_utf8(bytes).is_err(), "octets are not text");
        }
    }
    if !text.contains(['%', '?']) {
        let pieces: Vec<_> = target
            .path
            .iter()
            .map(|piece| piece.as_str().unwrap())
            .collect();
        assert_eq!(
            pieces.join("/"),
            text.trim_start_matches('/'),
            "nothing is lost"
        );
    }
    let Doc::Array(segments) = target.path_doc() else {
        panic!("a path is an array")
    };
    assert_eq!(segments.len(), target.path.len());
    drop((
        target.path_value(),
        target.query_doc(),
        target.query_value(),
    ));
}

const CONTENT_TYPES: [&str; 6] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=\"b c\"",
    "application/grpc",
    "text/plain",
];

fn descriptor() -> Arc<Descriptor> {
    static DESCRIPTOR: LazyLock<Arc<Descriptor>> =
        LazyLock::new(|| Arc::new(Descriptor::load(include_bytes!("../messages.pb")).unwrap()));
    Arc::clone(&DESCRIPTOR)
}

/// A body; its first byte chooses the content type.
pub fn body(data: &[u8]) {
    let Some((first, raw_body)) = data.split_first() else {
        return;
    };
    let content_type = CONTENT_TYPES[usize::from(*first) % CONTENT_TYPES.len()];
    let path = url::parse("/t.S/M").unwrap().path;
    let lookup = |name: &str| (name == "content-type").then_some(content_type);
    let source = Source {
        headers: &lookup,
        body: "",
        raw_body,
        parsed_path: &path,
    };
    let parsed = body::parse(&source, Some(&descriptor()));
    if let Ok(parsed) = &parsed {
        assert!(
            !parsed.truncated || content_type == "application/grpc",
            "no length was given"
        );
    }
    if content_type == "application/json" {
        agree_on_json(raw_body);
    }
}

/// Compares with serde_json, where the two mean to agree.
fn agree_on_json(text: &[u8]) {
    let ours = json::parse(text);
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    match (&ours, &theirs) {
        (Err(error), Ok(_)) => panic!("serde_json accepts this: {error}"),
        (Ok(_), Err(error)) => {
            // It takes no lone surrogates, no bad UTF-8, and no more than 128 levels.
            let deep = text
                .iter()
                .filter(|byte| matches!(byte, b'[' | b'{'))
                .count()
                > 100;
            let lone = text
                .windows(3)
                .any(|bytes| bytes.eq_ignore_ascii_case(b"\\ud"));
            let bad = std::str::from_utf8(text).is_err();
            assert!(deep || lone || bad, "serde_json refuses this: {error}");
        }
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, &doc(theirs, ours), "serde_json reads it so"),
        (Err(_), Err(_)) => {}
    }
}

/// Shows serde_json's value as a document; the shape that both have is walked, so objects keep
/// the order and the repeated names of `like`.
fn doc<'a>(value: &serde_json::Value, like: &Doc<'a>) -> Doc<'a> {
    match (value, like) {
        (serde_json::Value::Bool(value), _) => Doc::Bool(*value),
        (serde_json::Value::String(value), _) => Doc::String(value.clone().into()),
        // serde_json writes `E5` as `e+5`: numbers compare as floats.
        (serde_json::Value::Number(value), Doc::Number(text)) => {
            let same = value.to_string().parse::<f64>().ok() == text.parse::<f64>().ok();
            if same {
                like.clone()
            } else {
                Doc::Number(value.to_string().into())
            }
        }
        (serde_json::Value::Array(values), Doc::Array(likes)) if values.len() == likes.len() => {
            Doc::Array(
                values
                    .iter()
                    .zip(likes)
                    .map(|(value, like)| doc(value, like))
                    .collect(),
            )
        }
        (serde_json::Value::Object(values), Doc::Object(likes)) if values.len() <= likes.len() => {
            let last = |name: &str| likes.iter().rposition(|(known, _)| known == name);
            let fields = likes.iter().enumerate().map(|(index, (name, like))| {
                let shown = match values.get(name.as_ref()) {
                    Some(value) if last(name) == Some(index) => doc(value, like),
                    Some(_) => like.clone(),
                    None => Doc::Null,
                };
                (name.clone(), shown)
            });
            Doc::Object(fields.collect())
        }
        (serde_json::Value::Null, _) => Doc::Null,
        // Another shape than that of `like`: what no reader of JSON gives.
        _ => Doc::Octets(Vec::new()),
    }
}

/// A configuration file's text.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let variables = [("HOME", "/h"), ("A", "- b: [c"), ("EMPTY", "")];
    let env: HashMap<String, String> = variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    match Config::from_text(text, &Flags::default(), &env) {
        Ok(loaded) => {
            let shown = loaded.effective.to_yaml();
            assert!(
                yaml::parse(&shown).is_ok(),
                "what is in force can be read again"
            );
            drop(loaded.effective.to_json());
            assert!(!loaded.config.authz.max_eval_time.is_zero());
        }
        Err(error) => assert!(!error.to_string().is_empty(), "an error says something"),
    }
}
