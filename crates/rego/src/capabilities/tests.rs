//! What is written is what is read, and what cannot be read is said.

use super::Capabilities;
use crate::value::{Value, json};

/// A capabilities file with one built-in of every form of type.
const FILE: &str = r#"{
    "builtins": [
        {
            "name": "example.one",
            "description": "An example.",
            "categories": ["examples"],
            "decl": {
                "type": "function",
                "args": [
                    {"name": "x", "description": "the first", "type": "any", "of": [{"type": "string"}, {"type": "set", "of": {"type": "number"}}]},
                    {"type": "object", "static": [{"key": "a", "value": {"type": "null"}}], "dynamic": {"key": {"type": "string"}, "value": {"type": "any"}}}
                ],
                "result": {"name": "y", "type": "array", "static": [{"type": "boolean"}], "dynamic": {"type": "any"}}
            },
            "infix": "~",
            "relation": true,
            "nondeterministic": true,
            "deprecated": true
        },
        {"name": "example.print", "decl": {"type": "function", "variadic": {"type": "any"}}}
    ],
    "future_keywords": ["and"],
    "features": ["rego_v1"],
    "allow_net": ["example.com"]
}"#;

#[test]
fn what_is_read_is_written() {
    let file = json::parse(FILE).expect("the file is JSON");
    let capabilities = Capabilities::from_json(&file).expect("the file is read");
    assert_eq!(capabilities.to_json(), file);
    assert!(capabilities.has_feature("rego_v1"));
    assert!(!capabilities.has_feature("rego_v2"));
    let declared: Vec<_> = capabilities.declared().collect();
    let names: Vec<_> = declared.iter().map(|declared| &*declared.name).collect();
    assert_eq!(names, ["example.one", "example.print"]);
}

#[test]
fn ours_are_read_as_written() {
    let ours = Capabilities::current();
    assert!(!ours.builtins.is_empty());
    let read = Capabilities::from_json(&ours.to_json());
    assert_eq!(read, Ok(ours));
}

/// What OPA 1.22 lists with `capabilities --current`, without its descriptions; recorded with
/// `opa capabilities --current`.
const OPA: &str = include_str!("../../../../tests/cases/capabilities.json");

#[test]
fn ours_are_those_of_opa() {
    let Ok(Value::Array(theirs)) = json::parse(OPA) else {
        panic!("the recording is an array");
    };
    let ours: Vec<Value> = Capabilities::current()
        .builtins
        .iter()
        .map(|builtin| plain(&builtin.to_json()))
        .collect();
    assert_eq!(
        ours.len(),
        theirs.len(),
        "each of OPA's is here, and no other"
    );
    for (ours, theirs) in ours.iter().zip(theirs.iter()) {
        assert_eq!(ours, theirs);
    }
}

/// Without descriptions, which are in each engine's own words.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter(|(key, _)| key.as_str() != Some("description"));
            let kept = kept.map(|(key, value)| (key.clone(), plain(value)));
            Value::from(kept.collect::<crate::value::Object>())
        }
        Value::Array(items) => Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let cases = [
        (
            "1",
            "capabilities: \"capabilities\" has the wrong form: expected an object",
        ),
        (
            r#"{"builtins": 1}"#,
            "capabilities: \"builtins\" has the wrong form: expected an array",
        ),
        (
            r#"{"builtins": [{}]}"#,
            "capabilities: the built-in at position 0 has no name: expected a string",
        ),
        (
            r#"{"builtins": [{"name": "f"}]}"#,
            "capabilities: the declaration of f: expected a type: an object whose member \"type\" is a string, got null",
        ),
        (
            r#"{"builtins": [{"name": "f", "decl": {"type": "string"}}]}"#,
            "capabilities: the declaration of f: the member \"type\" of a type has the wrong form: expected \"function\"",
        ),
        (
            r#"{"features": [1]}"#,
            "capabilities: \"features\" has the wrong form: expected an array of strings",
        ),
    ];
    for (text, want) in cases {
        let file: Value = json::parse(text).expect("the case is JSON");
        let error = Capabilities::from_json(&file).expect_err(text);
        assert_eq!(error.to_string(), want, "{text}");
    }
}

#[test]
fn what_the_language_does_itself_is_declared_too() {
    let current = Capabilities::current();
    let names: Vec<_> = current.declared().map(|declared| declared.name).collect();
    assert!(names.iter().any(|name| &**name == "print"));
}

#[test]
fn the_parser_keeps_to_the_features_of_a_file() {
    use crate::syntax::{self, Features, Options};
    let rows = [
        ("package a\np if true", "rego_v1"),
        ("package a\np := $\"a{1}\"", "template_strings"),
        ("package a\np if input.if.x", "keywords_in_refs"),
        ("package a\nimport future.keywords.not\np if true", "not"),
        ("package a\nimport future.keywords.or\np if true", "or"),
    ];
    for (text, missing) in rows {
        let mut less = Capabilities::current();
        assert_eq!(less.syntax(), Features::default());
        less.features.retain(|feature| &**feature != missing);
        less.future_keywords.retain(|keyword| &**keyword != missing);
        let parse = |features| {
            let options = Options {
                features,
                ..Options::default()
            };
            syntax::parse_module(&crate::source::File::new("m.rego", text), &options)
        };
        assert!(parse(less.syntax()).is_err(), "{text}");
        assert!(parse(Features::default()).is_ok(), "{text}");
    }
}
