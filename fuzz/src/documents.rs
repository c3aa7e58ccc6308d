//! Documents that built-ins read out of policies' inputs: GraphQL, JSON Schema, JSON Patch and YAML.

use regate_rego::Value;
use regate_rego::builtins::{Caches, Error};
use regate_rego::value::json;

use crate::builtin::{call, call_all, texts};

/// Pieces of YAML.
pub(crate) const YAML_PIECES: &[&str] = &[
    "\n",
    "\n  ",
    "- ",
    ": ",
    "? ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "|2+\n",
    "'",
    "\"",
    "\\x41",
    "\\ud83d",
    "# ",
    "\n---\n",
    "\n...\n",
    "%YAML 1.1\n",
    "!!str ",
    "!!binary ",
    "!a ",
    "0o7",
    "0x1F",
    "1_000",
    "1e400",
    ".inf",
    "~",
    "yes",
    "2001-01-01",
    "\t",
];

/// Pieces of JSON Patch and of the paths of `json.filter`.
pub(crate) const PATCH_PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "/",
    "~0",
    "~1",
    "-",
    "0",
    "01",
    "\"a\"",
    "\"/a/0\"",
    "{\"op\":\"add\",\"path\":\"/a/-\",\"value\":1}",
    "\"op\":\"copy\"",
    "\"op\":\"move\"",
    "\"op\":\"test\"",
    "\"op\":\"replace\"",
    "\"op\":\"remove\"",
    "\"from\":\"/a\"",
    "\"path\":",
    "\"value\":",
    "null",
];

/// A query and a schema with a zero byte between them: what can be read is the same when its tree is handed back.
pub fn graphql(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (query, schema) = text
        .split_once('\0')
        .unwrap_or((&text, "type Query { a: Int }"));
    let (query, schema) = (Value::from(query), Value::from(schema));
    let caches = Caches::default();
    drop(call(&caches, "graphql.is_valid", &[&query, &schema]));
    if let Ok(tree) = call(&caches, "graphql.parse_schema", &[&schema]) {
        let of_text = call(&caches, "graphql.schema_is_valid", &[&schema]);
        let of_tree = call(&caches, "graphql.schema_is_valid", &[&tree]);
        if let (Ok(of_text), Ok(of_tree)) = (of_text, of_tree) {
            assert_eq!(of_text, of_tree, "a schema and its tree");
        }
    }
    drop(call(&caches, "graphql.parse_query", &[&query]));
}

/// A document and a schema in an array: a schema that verifies can be matched.
pub fn json_schema(data: &[u8]) {
    let Some([document, schema]) = pair(data) else {
        return;
    };
    let caches = Caches::default();
    let verified = call(&caches, "json.verify_schema", &[&schema]);
    let matched = call(&caches, "json.match_schema", &[&document, &schema]);
    if let (Ok(verified), Ok(_)) = (verified, matched) {
        let valid = verified.get(&Value::from(0_i64));
        assert_eq!(
            valid,
            Some(&Value::from(true)),
            "what is matched is a schema"
        );
    }
}

/// A document, and patches or paths, in an array.
pub fn json_patch(data: &[u8]) {
    let Some([document, patches]) = pair(data) else {
        return;
    };
    let names = ["json.patch", "json.filter", "json.remove"];
    call_all(&Caches::default(), &names, &[&document, &patches]);
}

/// A text: it is valid where it can be read, and what was read is read again from what is written of it.
pub fn yaml(data: &[u8]) {
    let [text] = texts::<1>(data).map(Value::from);
    let caches = Caches::default();
    let read = call(&caches, "yaml.unmarshal", &[&text]);
    let valid = call(&caches, "yaml.is_valid", &[&text]);
    if !matches!((&read, &valid), (Err(Error::Cancelled), _) | (_, Err(_))) {
        assert_eq!(valid, Ok(read.is_ok().into()), "valid is what can be read");
    }
    let Ok(value) = read else { return };
    // Both are written without quotes, as by OPA, and read as a merge and as the end of a line.
    let text = value.to_string();
    if ["<<", "\u{85}", "\\u0085"]
        .iter()
        .any(|other| text.contains(other))
    {
        return;
    }
    let Ok(written) = call(&caches, "yaml.marshal", &[&value]) else {
        return;
    };
    match call(&caches, "yaml.unmarshal", &[&written]) {
        Ok(again) => assert_eq!(again, value, "it reads back as itself: {written}"),
        Err(error) => assert_eq!(error, Error::Cancelled, "it can be read: {written}"),
    }
}

/// The two values of an array.
fn pair(data: &[u8]) -> Option<[Value; 2]> {
    let Ok(Value::Array(both)) = json::parse(data) else {
        return None;
    };
    let [first, second] = &*both else {
        return None;
    };
    Some([first.clone(), second.clone()])
}
