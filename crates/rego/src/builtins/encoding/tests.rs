//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, holds};

const CASES: &[Case] = &[
    ("base64.encode", r#"["hello?>"]"#, r#""aGVsbG8/Pg==""#),
    ("base64.decode", r#"["aGVsbG8="]"#, r#""hello""#),
    (
        "base64.decode",
        r#"["aGVsbG8"]"#,
        "error: base64.decode: illegal base64 data at input byte 4",
    ),
    ("base64.decode", r#"["aGVs\nbG8="]"#, r#""hello""#),
    ("base64.decode", r#"["aGVsbG9="]"#, r#""hello""#),
    (
        "base64.decode",
        r#"["!!!!"]"#,
        "error: base64.decode: illegal base64 data at input byte 0",
    ),
    ("base64.is_valid", r#"["aGVsbG8="]"#, "true"),
    ("base64.is_valid", r#"["aGVsbG8"]"#, "false"),
    ("base64.is_valid", r#"[""]"#, "true"),
    ("base64.is_valid", "[1]", "false"),
    ("base64.is_valid", r#"["aGVs\nbG8="]"#, "true"),
    ("base64.is_valid", r#"["aGVsbG9="]"#, "true"),
    ("base64url.encode", r#"["hello?>~~"]"#, r#""aGVsbG8_Pn5-""#),
    ("base64url.encode", r#"["a?>~"]"#, r#""YT8-fg==""#),
    ("base64url.encode_no_pad", r#"["a?>~"]"#, r#""YT8-fg""#),
    ("base64url.decode", r#"["YT8-fg=="]"#, r#""a?>~""#),
    ("base64url.decode", r#"["YT8-fg"]"#, r#""a?>~""#),
    (
        "base64url.decode",
        r#"["YT8+fg"]"#,
        "error: base64url.decode: illegal base64 data at input byte 3",
    ),
    (
        "base64url.decode",
        r#"["a"]"#,
        "error: base64url.decode: illegal base64url string: a",
    ),
    (
        "base64url.decode",
        r#"["YT8-fg="]"#,
        "error: base64url.decode: illegal base64 data at input byte 7",
    ),
    ("base64url.decode", r#"["YT8-\nfg=="]"#, r#""a?>~""#),
    ("hex.encode", r#"["héllo"]"#, r#""68c3a96c6c6f""#),
    ("hex.decode", r#"["68c3A9"]"#, r#""hé""#),
    (
        "hex.decode",
        r#"["6"]"#,
        "error: hex.decode: encoding/hex: odd length hex string",
    ),
    (
        "hex.decode",
        r#"["zz"]"#,
        "error: hex.decode: encoding/hex: invalid byte: U+007A 'z'",
    ),
    (
        "urlquery.encode",
        r#"["a b&c=d/é~-_.*+"]"#,
        r#""a+b%26c%3Dd%2F%C3%A9~-_.%2A%2B""#,
    ),
    ("urlquery.decode", r#"["a+b%26%C3%a9"]"#, r#""a b&é""#),
    (
        "urlquery.decode",
        r#"["%"]"#,
        r#"error: urlquery.decode: invalid URL escape "%""#,
    ),
    (
        "urlquery.decode",
        r#"["%zz"]"#,
        r#"error: urlquery.decode: invalid URL escape "%zz""#,
    ),
    (
        "urlquery.decode",
        r#"["%f"]"#,
        r#"error: urlquery.decode: invalid URL escape "%f""#,
    ),
    (
        "urlquery.encode_object",
        r#"[{"~": "1", "a": "b c", null: "x"}]"#,
        r#""a=b+c&null=x&~=1""#,
    ),
    (
        "urlquery.encode_object",
        r#"[{"a":"b","c":["d","e"],"f":{"y","x"},"z":[]}]"#,
        r#""a=b&c=d&c=e&f=x&f=y""#,
    ),
    (
        "urlquery.encode_object",
        r#"[{"a b":"b&"}]"#,
        r#""a+b=b%26""#,
    ),
    (
        "urlquery.encode_object",
        r#"[{"a":1}]"#,
        "type error: urlquery.encode_object: operand 1 values must be string, array[string], or set[string]",
    ),
    (
        "urlquery.encode_object",
        r#"[{"a":[1]}]"#,
        "type error: urlquery.encode_object: operand 1 values must be string, array[string], or set[string]",
    ),
    (
        "urlquery.encode_object",
        "[1]",
        "type error: urlquery.encode_object: operand 1 must be object but got number",
    ),
    ("urlquery.encode_object", "[{}]", r#""""#),
    (
        "urlquery.decode_object",
        r#"["a=b&c=d&c=e&f&=g&h="]"#,
        r#"{"": ["g"], "a": ["b"], "c": ["d", "e"], "f": [""], "h": [""]}"#,
    ),
    (
        "urlquery.decode_object",
        r#"["a=b;c=d"]"#,
        "error: urlquery.decode_object: invalid semicolon separator in query",
    ),
    (
        "urlquery.decode_object",
        r#"["a=%zz"]"#,
        r#"error: urlquery.decode_object: invalid URL escape "%zz""#,
    ),
    ("urlquery.decode_object", r#"[""]"#, "{}"),
    (
        "urlquery.decode_object",
        r#"["a+b=c%20d"]"#,
        r#"{"a b": ["c d"]}"#,
    ),
    ("urlquery.decode_object", r#"["&&a"]"#, r#"{"a": [""]}"#),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}
