//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{Case, answer, holds};

const CASES: &[Case] = &[
    (
        "json.marshal",
        r#"[{"b":1,"a":[1,2.50,null,true,"x<>&\u2028\u0001\"\\\n"]}]"#,
        r#""{\"a\":[1,2.50,null,true,\"x\\u003c\\u003e\\u0026\\u2028\\u0001\\\"\\\\\\n\"],\"b\":1}""#,
    ),
    ("json.marshal", r#"[{1,2,"a"}]"#, r#""[1,2,\"a\"]""#),
    (
        "json.marshal",
        "[{1:2,[1]:3,null:4,true:5}]",
        r#""{\"1\":2,\"[1]\":3,\"null\":4,\"true\":5}""#,
    ),
    (
        "json.marshal",
        r#"[{{"a":1}:2}]"#,
        r#""{\"{\\\"a\\\":1}\":2}""#,
    ),
    ("json.marshal", "[{{1,2}:2}]", r#""{\"[1,2]\":2}""#),
    ("json.marshal", "[1.10]", r#""1.10""#),
    ("json.marshal", "[1e5]", r#""1e5""#),
    ("json.marshal", "[set()]", r#""[]""#),
    ("json.marshal", r#"["a"]"#, r#""\"a\"""#),
    (
        "json.marshal_with_options",
        r#"[{"a":[1,{"b":2}],"c":{},"d":[]},{"pretty":true}]"#,
        r#""{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": 2\n\t\t}\n\t],\n\t\"c\": {},\n\t\"d\": []\n}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"pretty":false}]"#,
        r#""{\"a\":1}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{}]"#,
        r#""{\"a\":1}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"indent":"  "}]"#,
        r#""{\n  \"a\": 1\n}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"prefix":"> "}]"#,
        r#""> {\n> \t\"a\": 1\n> }""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"prefix":"> ","pretty":true,"indent":"--"}]"#,
        r#""> {\n> --\"a\": 1\n> }""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"prefix":"> ","pretty":false,"indent":"--"}]"#,
        r#""{\"a\":1}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"indent":1}]"#,
        r#"type error: json.marshal_with_options: operand 2 key "indent" failed cast to string: operand 0 must be string but got number"#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"pretty":1}]"#,
        r#"type error: json.marshal_with_options: operand 2 key "pretty" failed cast to bool"#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"prefix":1}]"#,
        r#"type error: json.marshal_with_options: operand 2 key "prefix" failed cast to string: operand 0 must be string but got number"#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},{"foo":1}]"#,
        r#"type error: json.marshal_with_options: operand 2 object contained unknown key "foo""#,
    ),
    (
        "json.marshal_with_options",
        r#"[{"a":1},1]"#,
        "type error: json.marshal_with_options: operand 2 must be object but got number",
    ),
    (
        "json.marshal_with_options",
        r#"[{},{"pretty":true}]"#,
        r#""{}""#,
    ),
    (
        "json.marshal_with_options",
        r#"[[[],{}],{"pretty":true}]"#,
        r#""[\n\t[],\n\t{}\n]""#,
    ),
    ("json.unmarshal", r#"["{\"a\":1,\"a\":2}"]"#, r#"{"a": 2}"#),
    ("json.unmarshal", r#"[" 1 "]"#, "1"),
    ("json.unmarshal", r#"["\"\\ud800\""]"#, r#""�""#),
    ("json.unmarshal", r#"["\"\\ud83d\\ude00\""]"#, r#""😀""#),
    ("json.unmarshal", r#"["1e1000"]"#, "1e1000"),
    ("json.unmarshal", r#"["1.50"]"#, "1.50"),
    ("json.is_valid", r#"["{}"]"#, "true"),
    ("json.is_valid", r#"["{"]"#, "false"),
    ("json.is_valid", r#"["1 2"]"#, "false"),
    ("json.is_valid", r#"[""]"#, "false"),
];

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(CASES);
}

#[test]
fn what_is_no_json_is_an_error() {
    for text in [
        "",
        "1 2",
        "{a:1}",
        "01",
        "+1",
        "1.",
        "[1,]",
        "nul",
        r#"{"a":1"#,
        "\"a\nb\"",
    ] {
        let args = format!("[{}]", serde_json::json!(text));
        let answer = answer("json.unmarshal", &args);
        assert!(
            answer.starts_with("error: json.unmarshal: "),
            "{text}: {answer}"
        );
    }
}
