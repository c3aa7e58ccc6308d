//! JSON against the answers of OPA 1.22.

use super::*;

#[test]
fn documents_read_as_opa_reads_them() {
    let cases: &[(&[u8], &str)] = &[
        (b" {\"a\":1,\"a\":2} ", r#"{"a": 2}"#),
        (
            b"[1.50, 1E5, -0, -0.0, 1e400]",
            "[1.50, 1E5, -0, -0.0, 1e400]",
        ),
        (b"[true,false,null,[],{}]", "[true, false, null, [], {}]"),
        (
            br#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
            r#""\"\\/\b\f\n\r\té😀""#,
        ),
        (
            br#""\ud800x\udc00\ud800\ud800""#,
            "\"\u{fffd}x\u{fffd}\u{fffd}\u{fffd}\"",
        ),
        (br#""\ud800\u0041""#, "\"\u{fffd}A\""),
        (b"\"\xff\xfex\"", "\"\u{fffd}\u{fffd}x\""),
        (b"\"\xed\xa0\x80\"", "\"\u{fffd}\u{fffd}\u{fffd}\""),
        (b"\"\xe2\x82\"", "\"\u{fffd}\u{fffd}\""),
        (b"{\"\xc3\":1}", "{\"\u{fffd}\": 1}"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap().to_string(), *expected);
    }
}

#[test]
fn what_is_no_json_is_refused_where_it_ends_to_be() {
    let cases = [
        ("", 0),
        ("  ", 2),
        ("[", 1),
        ("[1", 2),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("{", 1),
        ("{1:2}", 1),
        ("{\"a\"}", 4),
        ("{\"a\":1,}", 7),
        ("1 2", 2),
        ("01", 0),
        ("1.", 0),
        ("-", 0),
        ("nul", 0),
        ("\"a", 2),
        ("\"\\x\"", 1),
        ("\"\\u12\"", 1),
        ("\"\n\"", 1),
        ("1e30103", 0),
        ("[1}", 2),
        ("\u{feff}1", 0),
    ];
    for (text, offset) in cases {
        assert_eq!(
            parse(text).map_err(|error| error.offset),
            Err(offset),
            "{text:?}"
        );
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(parse(nested(MAX_DEPTH)).unwrap().depth(), MAX_DEPTH);
    assert_eq!(
        parse(nested(MAX_DEPTH + 1)).map_err(|error| error.offset),
        Err(MAX_DEPTH)
    );
    assert!(parse_with(nested(3), 2).is_err());
    assert!(parse("[".repeat(1_000_000)).is_err());
    assert!(parse("{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn long_keys_that_repeat_share_their_text() {
    let key = "a key that is longer than what is kept inline";
    let value = parse(format!(r#"[{{"{key}": 1}}, {{"{key}": 2}}]"#)).unwrap();
    let Value::Array(items) = value else {
        panic!("an array")
    };
    let text = |at: usize| match &items[at] {
        Value::Object(object) => object
            .at(0)
            .and_then(|(key, _)| key.as_str())
            .map(str::as_ptr),
        _ => None,
    };
    assert!(text(0).is_some());
    assert_eq!(text(0), text(1));
}
