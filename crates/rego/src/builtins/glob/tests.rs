//! Answers of OPA, one row a call.

use crate::builtins::calls::{answers, call};

#[test]
fn globs_match_as_opa_says() {
    answers(&[
        ("glob.match", r#"["/a/*", ["/"], "/a/b"]"#, "true"),
        ("glob.match", r#"["/a/*", ["/"], "/a/b/c"]"#, "false"),
        ("glob.match", r#"["/a/*", ["/"], "/a/"]"#, "true"),
        ("glob.match", r#"["/a**", ["/"], "/a/b/c"]"#, "true"),
        ("glob.match", r#"["/a/**/c", ["/"], "/a/c"]"#, "false"),
        (
            "glob.match",
            r#"["*.github.com", [], "api.github.com"]"#,
            "true",
        ),
        (
            "glob.match",
            r#"["*.github.com", [], "api.cdn.github.com"]"#,
            "false",
        ),
        (
            "glob.match",
            r#"["*.github.com", null, "api.cdn.github.com"]"#,
            "true",
        ),
        ("glob.match", r#"["*:x", [":"], "a.b:x"]"#, "true"),
        ("glob.match", r#"["a?c", ["/"], "a/c"]"#, "false"),
        ("glob.match", r#"["a?c", ["/"], "aéc"]"#, "true"),
        ("glob.match", r#"["[a-c]at", [], "bat"]"#, "true"),
        ("glob.match", r#"["[!a-c]at", [], ".at"]"#, "true"),
        ("glob.match", r#"["[abc-]", [], "-"]"#, "true"),
        ("glob.match", r#"["[\\]a]", [], "]"]"#, "true"),
        ("glob.match", r#"["{cat,bat,[fr]at}", [], "rat"]"#, "true"),
        ("glob.match", r#"["{a,{b,c}*}", [], "cx"]"#, "true"),
        ("glob.match", r#"["{,a}b", [], "b"]"#, "true"),
        ("glob.match", r#"["{}b", [], "b"]"#, "true"),
        ("glob.match", r#"["a,b}", [], "a,b}"]"#, "true"),
        ("glob.match", r#"["\\*\\{", [], "*{"]"#, "true"),
        ("glob.match", r#"["a*", ["/"], "a\nb"]"#, "true"),
        ("glob.match", r#"["*", [".", "/"], "a.b"]"#, "false"),
        ("glob.match", r#"["a*", ["]", "^", "-"], "ab^"]"#, "false"),
        ("glob.match", r#"["ab*ba", [], "aba"]"#, "false"),
        ("glob.match", r#"["[]-a]", [], "^"]"#, "true"),
        ("glob.match", r#"["***", ["/"], "a/b"]"#, "true"),
    ]);
}

#[test]
fn globs_and_delimiters_are_not_mixed_up() {
    answers(&[
        ("glob.match", r#"["/*", ["/"], "/a/b"]"#, "false"),
        ("glob.match", r#"["*", ["/", "/"], "a/b"]"#, "false"),
        ("glob.match", r#"["//*", null, "//a/b"]"#, "true"),
    ]);
}

#[test]
fn quoted_text_matches_itself() {
    answers(&[
        (
            "glob.quote_meta",
            r#"["*?\\[]{}a,!-"]"#,
            r#""\\*\\?\\\\\\[\\]\\{\\}a,!-""#,
        ),
        (
            "glob.match",
            r#"["\\*\\?\\\\\\[\\]\\{\\}a,!-", [], "*?\\[]{}a,!-"]"#,
            "true",
        ),
    ]);
}

#[test]
fn globs_nested_too_deep_are_refused() {
    let nested = format!("{}{}", "{".repeat(100_000), "}".repeat(100_000));
    assert!(call("glob.match", &format!(r#"["{nested}", [], "a"]"#)).is_err());
}
