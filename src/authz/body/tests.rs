//! Which bodies are parsed, and what the headers say about them.

use super::*;

fn run(headers: &[(&str, &str)], body: &str) -> String {
    let lookup = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, v)| *v)
    };
    let source = Source {
        headers: &lookup,
        body,
        raw_body: b"",
        parsed_path: &[],
    };
    match parse(&source, None) {
        Ok(parsed) => format!("{:?} {}", parsed.doc, parsed.truncated),
        Err(error) => error.to_string(),
    }
}

#[test]
fn headers_decide() {
    const NONE: &str = "Null false";
    const CUT: &str = "Null true";
    const TRUE: &str = "Bool(true) false";
    let json = ("content-type", "application/json");
    for (headers, body, want) in [
        (&[][..], "true", NONE),
        (&[json], "", NONE),
        (&[json], "true", TRUE),
        (&[("content-type", "Application/JSON")], "true", NONE),
        (&[("content-type", "x; y=application/jsonx")], "true", TRUE),
        (&[("content-type", "application/grpc")], "true", NONE),
        (&[("content-type", "multipart/form-data")], "true", NONE),
        (&[json, ("x-envoy-auth-partial-body", "true")], "tr", CUT),
        (&[("x-envoy-auth-partial-body", "true")], "", CUT),
        (
            &[json, ("x-envoy-auth-partial-body", "True")],
            "tr",
            "unexpected EOF",
        ),
        (&[json, ("content-length", "5")], "true", CUT),
        (&[json, ("content-length", "+4")], "true", TRUE),
        (&[json, ("content-length", "-7")], "true", TRUE),
        (&[json, ("content-length", "x")], "", NONE),
        (
            &[json, ("content-length", "4.0")],
            "true",
            r#"strconv.ParseInt: parsing "4.0": invalid syntax"#,
        ),
        (
            &[json, ("content-length", "9223372036854775808")],
            "true",
            r#"strconv.ParseInt: parsing "9223372036854775808": value out of range"#,
        ),
    ] {
        assert_eq!(run(headers, body), want, "{headers:?} {body}");
    }
}

#[test]
fn the_text_wins_over_the_bytes() {
    let lookup = |name: &str| (name == "content-type").then_some("application/json");
    let mut source = Source {
        headers: &lookup,
        body: "1",
        raw_body: b"2",
        parsed_path: &[],
    };
    assert_eq!(parse(&source, None).unwrap().doc, Doc::Number("1".into()));
    source.body = "";
    assert_eq!(parse(&source, None).unwrap().doc, Doc::Number("2".into()));
}
