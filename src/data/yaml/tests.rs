//! Tables of YAML 1.1 texts and the JSON they mean.

use std::fmt::Write as _;

use super::*;

fn json(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(text) => text.clone(),
        Kind::String(text) => serde_json::to_string(text).expect("a string"),
        Kind::Array(items) => {
            format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(","))
        }
        Kind::Object(entries) => {
            let members = entries
                .iter()
                .map(|e| format!("{:?}:{}", e.key, json(&e.value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    let table = [
        ("yes", "true"),
        ("No", "false"),
        ("ON", "true"),
        ("off", "false"),
        ("y", "true"),
        ("n", "false"),
        ("TRUE", "true"),
        ("tRUE", r#""tRUE""#),
        ("'yes'", r#""yes""#),
        ("0777", "511"),
        ("08", "8"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("-0x10", "-16"),
        ("0b101", "5"),
        ("1_000", "1000"),
        ("+5", "5"),
        ("-0", "0"),
        ("0", "0"),
        ("9223372036854775808", "9223372036854775808"),
        ("100000000000000000000", "100000000000000000000"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("1e300", "1e+300"),
        ("1e-9", "1e-9"),
        ("9007199254740993.0", "9007199254740992"),
        ("2024-01-02", r#""2024-01-02""#),
        ("12:30:45", r#""12:30:45""#),
        ("190:20", r#""190:20""#),
        ("1.2.3", r#""1.2.3""#),
        ("-", "[null]"),
        ("e3", r#""e3""#),
        ("0x", r#""0x""#),
        ("~", "null"),
        ("", "null"),
        ("Null", "null"),
        ("nULL", r#""nULL""#),
        ("!!str 5", r#""5""#),
        ("!!int '5'", "5"),
        ("!!float 5", "5"),
        ("!custom 5", r#""5""#),
        ("! 5", r#""5""#),
        ("!!binary aGk=", r#""hi""#),
        ("!!bool 'on'", "true"),
        ("|\n  a\n  b\n", r#""a\nb\n""#),
    ];
    for (text, want) in table {
        let node = parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
        assert_eq!(json(&node), want, "`{text}`");
    }
}

#[test]
fn documents_are_read_as_opa_reads_them() {
    let table = [
        ("on: 1\ny: 2\n", r#"{"true":2}"#),
        ("1: a\n1.5: b\n0x10: c\n", r#"{"1":"a","1.5":"b","16":"c"}"#),
        ("a: 1\nb: 2\na: 3\n", r#"{"a":3,"b":2}"#),
        ("a: 1\n---\na: 2\n", r#"{"a":1}"#),
        ("# only a comment\n", "null"),
        (
            "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  x: 3\n",
            r#"{"base":{"x":1,"true":2},"c":{"x":3,"true":2}}"#,
        ),
        (
            "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc: {<<: [*a, *b]}\n",
            r#"{"a":{"k":1},"b":{"k":2,"l":3},"c":{"k":1,"l":3}}"#,
        ),
        ("a: &x [1, 2]\nb: *x\n", r#"{"a":[1,2],"b":[1,2]}"#),
        (
            "{\"a\":{\"b\":[1,true,null,\"x\\u00e9\"]},\"c\":1.0}",
            r#"{"a":{"b":[1,true,null,"xé"]},"c":1}"#,
        ),
        ("{\n\t\"a\": 1\n}\n", r#"{"a":1}"#),
        ("\u{feff}a: 1\n", r#"{"a":1}"#),
        ("'<<': 1\n", r#"{"<<":1}"#),
    ];
    for (text, want) in table {
        let node = parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
        assert_eq!(json(&node), want, "`{text}`");
    }
}

#[test]
fn what_json_cannot_show_is_an_error_with_its_line() {
    let table = [
        ("a: 1\n~: 2\n", 2, "a key is null"),
        ("a: .inf\n", 1, "infinity"),
        ("a:\n- -.Inf\n", 2, "infinity"),
        ("a: .nan\n", 1, "infinity"),
        ("? [1, 2]\n: 3\n", 1, "a key is a list"),
        ("a: !!int x\n", 1, "not of its tag's type"),
        ("a: 1\nb: <<\nc:\n  <<: 5\n", 4, "a merge key"),
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML"),
        ("a: &a [*a]\n", 1, "inside the value"),
        ("a: *nowhere\n", 1, "not valid YAML"),
    ];
    for (text, line, part) in table {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(part), "`{text}`: {error}");
        assert_eq!(error.line, line, "`{text}`: {error}");
    }
}

#[test]
fn lines_are_those_of_the_text() {
    let node = parse("# head\na:\n  b: 1\n  c:\n    - x\n    - y\n").expect("valid");
    let Kind::Object(entries) = &node.kind else {
        panic!("a mapping")
    };
    assert_eq!(entries[0].line, 2);
    let a = node.get("a").expect("a");
    assert_eq!(a.get("b").map(|n| n.line), Some(3));
    let Some(Kind::Array(items)) = a.get("c").map(|n| &n.kind) else {
        panic!("a list")
    };
    assert_eq!(items[1].line, 6);
}

#[test]
fn a_small_text_cannot_become_a_large_tree() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let row = vec![format!("*a{}", i - 1); 10].join(", ");
        writeln!(laughs, "a{i}: &a{i} [{row}]").expect("a string");
    }
    let error = parse(&laughs).expect_err("too many");
    assert_eq!(error.message, "aliases expand to too many values");

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(&deep).is_err());
    let block = (0..2000).fold(String::new(), |text, i| {
        text + &" ".repeat(i)
            + "a:
"
    });
    assert_eq!(
        parse(&block).expect_err("too deep").message,
        "values are nested too deeply"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-c0-9:{}\\[\\],&*!|>'\"#~.\\\\ \t\n<?%@$]{0,60}") {
        let _ = parse(&text).map(Node::into_doc);
    }
}
