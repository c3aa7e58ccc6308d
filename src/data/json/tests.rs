//! Tables of texts and what is read from them.

use super::*;

fn number(text: &str) -> Doc<'_> {
    Doc::Number(Cow::Borrowed(text))
}

fn string(text: &str) -> Doc<'_> {
    Doc::String(Cow::Borrowed(text))
}

#[test]
fn values_are_read() {
    for (text, want) in [
        (" null ", Doc::Null),
        ("true", Doc::Bool(true)),
        ("\t\r\nfalse", Doc::Bool(false)),
        ("-0.50e+10", number("-0.50e+10")),
        ("1e400", number("1e400")),
        (
            "123456789012345678901234567890",
            number("123456789012345678901234567890"),
        ),
        (r#""""#, string("")),
        (r#""a\"\\\/\b\f\n\r\tz""#, string("a\"\\/\u{8}\u{c}\n\r\tz")),
        (r#""\u00fc\ud83d\ude00""#, string("ü😀")),
        (
            r#""\ud800\u0041\udc00\ud800""#,
            string("\u{fffd}A\u{fffd}\u{fffd}"),
        ),
        (r#""\ud800\ud83d\ude00""#, string("\u{fffd}😀")),
        ("[]", Doc::Array(vec![])),
        (
            "[ [ ] , 1 ]",
            Doc::Array(vec![Doc::Array(vec![]), number("1")]),
        ),
        ("{ }", Doc::Object(vec![])),
        (
            r#"{"a":{"b":[]},"":0}"#,
            Doc::Object(vec![
                (
                    "a".into(),
                    Doc::Object(vec![("b".into(), Doc::Array(vec![]))]),
                ),
                ("".into(), number("0")),
            ]),
        ),
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(want), "{text}");
    }
}

#[test]
fn strings_are_borrowed_unless_they_have_an_escape() {
    let Ok(Doc::Array(items)) = parse(br#"["plain", "esc\n"]"#) else {
        panic!("an array was expected");
    };
    assert!(matches!(items[0], Doc::String(Cow::Borrowed("plain"))));
    assert!(matches!(items[1], Doc::String(Cow::Owned(_))));
}

#[test]
fn bad_utf8_becomes_one_replacement_per_byte() {
    assert_eq!(parse(b"\"a\xe6\x97\""), Ok(string("a\u{fffd}\u{fffd}")));
    assert_eq!(parse(b"\"\\n\xff\""), Ok(string("\n\u{fffd}")));
}

#[test]
fn errors_say_what_and_where() {
    for (text, want) in [
        ("", "EOF"),
        (" \n", "EOF"),
        ("[", "unexpected EOF"),
        ("{\"a\":", "unexpected EOF"),
        ("\"abc", "unexpected EOF"),
        ("\"\\u12", "unexpected EOF"),
        ("5.", "unexpected EOF"),
        ("1e+", "unexpected EOF"),
        ("tru", "unexpected EOF"),
        ("x", "invalid character 'x' looking for beginning of value"),
        (
            "[1,]",
            "invalid character ']' looking for beginning of value",
        ),
        ("[1 2]", "invalid character '2' after array element"),
        ("[01]", "invalid character '1' after array element"),
        (
            "{,}",
            "invalid character ',' looking for beginning of object key string",
        ),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        (
            "{\"a\":1]",
            "invalid character ']' after object key:value pair",
        ),
        ("--1", "invalid character '-' in numeric literal"),
        (
            "1.x",
            "invalid character 'x' after decimal point in numeric literal",
        ),
        (
            "1ex",
            "invalid character 'x' in exponent of numeric literal",
        ),
        (
            "nulx",
            "invalid character 'x' in literal null (expecting 'l')",
        ),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        (
            "\"\\u00g0\"",
            "invalid character 'g' in \\u hexadecimal character escape",
        ),
        ("1 x", "invalid character 'x' after top-level value"),
        ("1 null", "invalid character 'n' after top-level value"),
    ] {
        assert_eq!(
            parse(text.as_bytes()).unwrap_err().to_string(),
            want,
            "{text}"
        );
    }
    let error = parse(b"[1, x]").unwrap_err();
    assert!(
        matches!(error, JsonError::Unexpected { offset: 4, .. }),
        "{error:?}"
    );
}

#[test]
fn a_body_may_end_with_null() {
    assert_eq!(parse_body(b"1 null "), Ok(number("1")));
    for (text, want) in [
        ("1 null null", "invalid character 'n' after top-level value"),
        ("1 null x", "invalid character 'x' after top-level value"),
        ("1 2", "error: invalid character '2' after top-level value"),
        (
            "1 \"x\"",
            "error: invalid character 'x' after top-level value",
        ),
        (
            "1 true",
            "error: invalid character '%!s(bool=true)' after top-level value",
        ),
        ("1[", "error: invalid character '[' after top-level value"),
        ("1]", "invalid character ']' looking for beginning of value"),
        ("1 nul", "unexpected EOF"),
    ] {
        assert_eq!(
            parse_body(text.as_bytes()).unwrap_err().to_string(),
            want,
            "{text}"
        );
    }
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    let check = || {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = |n: usize| format!("{}0{}", open.repeat(n), close.repeat(n));
            assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
            let error = parse(deep(MAX_DEPTH + 1).as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.ends_with("exceeded max depth"), "{error}");
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(check)
        .unwrap();
    thread.join().unwrap();
}
