//! Random text never panics, and what is printed reads back as what it was.

use proptest::prelude::*;

use regate_rego::source::File;
use regate_rego::syntax::ast::RegoVersion;
use regate_rego::syntax::{Options, json, parse_module, parse_query};

const TOKENS: &[&str] = &[
    "package a\n",
    "import ",
    "future.keywords",
    "rego.v1",
    "data.x",
    "\n",
    "\n",
    " ",
    " ",
    "p",
    "q",
    "x",
    "_",
    "input",
    "if",
    " if ",
    " contains ",
    " in ",
    " every ",
    " some ",
    " not ",
    " and ",
    " or ",
    " with ",
    " as ",
    "default ",
    " else ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    ":",
    ".",
    ":=",
    "=",
    "==",
    "!=",
    "<",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "|",
    "1",
    "-2.5e3",
    "\"s\"",
    "`r`",
    "$\"",
    "$`",
    "\"",
    "`",
    "# c\n",
    "# METADATA\n",
    "# title: x\n",
    "null",
    "true",
    "set()",
    "f(x)",
    "\\",
    "é",
    "@",
];

fn read(text: &str) {
    let file = File::new("t.rego", text);
    for version in [RegoVersion::V0, RegoVersion::V1] {
        for future_keywords in [false, true] {
            let options = Options {
                version,
                future_keywords,
                ..Options::default()
            };
            if let Ok(module) = parse_module(&file, &options) {
                let _ = json::module(&module);
            }
            let _ = parse_query(&file, &options);
        }
    }
}

fn term() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_owned()),
        Just("_".to_owned()),
        Just("input.a[\"b c\"][i]".to_owned()),
        Just("-1.50".to_owned()),
        Just("set()".to_owned()),
        Just("null".to_owned()),
        "[a-z{\\\\\"\t é]{0,4}".prop_map(|s| format!("{s:?}").replace("\\u{", "u")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let body = inner.clone().prop_map(|t| format!("y := {t}; not z"));
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}, {b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f.g({a}, {b})[0]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b} * 2)")),
            (inner.clone(), body.clone()).prop_map(|(a, b)| format!("[({a}) | {b}]")),
            (inner.clone(), body.clone()).prop_map(|(a, b)| format!("{{({a}) | {b}}}")),
            (inner.clone(), inner.clone(), body)
                .prop_map(|(a, b, c)| format!("{{({a}): ({b}) | {c}}}")),
            inner.clone().prop_map(|a| format!("$\"a{{{a}}}b\"")),
        ]
    })
}

fn literal() -> impl Strategy<Value = String> {
    (0..8_u8, term(), term()).prop_map(|(shape, a, b)| match shape {
        0 => format!("x := {a}"),
        1 => format!("{a} = {b}"),
        2 => format!("not {a}"),
        3 => format!("some k, v in {a}"),
        4 => format!("every k, v in {a} {{ v == {b} }}"),
        5 => format!("{a} with input.x as {b}"),
        6 => format!("{a} >= {b}"),
        _ => format!("{a} in {b}"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_text_never_panics(text in "\\PC*", prefix in any::<bool>()) {
        read(&text);
        if prefix {
            read(&format!("package a\np := {text}"));
        }
    }

    #[test]
    fn random_tokens_never_panic(picks in prop::collection::vec(0..TOKENS.len(), 0..60)) {
        let text: String = picks.iter().map(|at| TOKENS[*at]).collect();
        read(&text);
        read(&format!("package a\n{text}"));
    }

    #[test]
    fn what_is_printed_reads_back(literals in prop::collection::vec(literal(), 1..4)) {
        let options = Options::default();
        // A line that begins with a minus would go on with the one before.
        let text = literals.join(";\n");
        let first = parse_query(&File::new("q", text.as_str()), &options);
        let first = first.map_err(|e| TestCaseError::fail(format!("{text}\n{}", e[0])))?;
        let printed = first.to_string();
        let second = parse_query(&File::new("q", printed.as_str()), &options);
        let second = second.map_err(|e| TestCaseError::fail(format!("{printed}\n{}", e[0])))?;
        prop_assert_eq!(first.literals.len(), second.literals.len());
        let third = parse_query(&File::new("q", second.to_string()), &options);
        let third = third.map_err(|e| TestCaseError::fail(format!("{second}\n{}", e[0])))?;
        prop_assert_eq!(second.to_string(), third.to_string());
    }
}
