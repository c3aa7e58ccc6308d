//! Answers of OPA, one row a call.

use crate::builtins::calls::answers;

#[test]
fn globs_match_as_opa_says() {
    answers(&[
        ("glob.match", r#"["/a/*", ["/"], "/a/b"]"#, r#"true"#),
        ("glob.match", r#"["/a/*", ["/"], "/a/b/c"]"#, r#"false"#),
        ("glob.match", r#"["/a/*", ["/"], "/a/"]"#, r#"true"#),
        ("glob.match", r#"["/a**", ["/"], "/a/b/c"]"#, r#"true"#),
        ("glob.match", r#"["/a/**/c", ["/"], "/a/c"]"#, r#"false"#),
        (
            "glob.match",
            r#"["*.github.com", [], "api.github.com"]"#,
            r#"true"#,
        ),
        (
            "glob.match",
            r#"["*.github.com", [], "api.cdn.github.com"]"#,
            r#"false"#,
        ),
        (
            "glob.match",
            r#"["*.github.com", null, "api.cdn.github.com"]"#,
            r#"true"#,
        ),
        ("glob.match", r#"["*:x", [":"], "a.b:x"]"#, r#"true"#),
        ("glob.match", r#"["a?c", ["/"], "a/c"]"#, r#"false"#),
        ("glob.match", r#"["a?c", ["/"], "aéc"]"#, r#"true"#),
        ("glob.match", r#"["[a-c]at", [], "bat"]"#, r#"true"#),
        ("glob.match", r#"["[!a-c]at", [], ".at"]"#, r#"true"#),
        ("glob.match", r#"["[abc-]", [], "-"]"#, r#"true"#),
        ("glob.match", r#"["[\\]a]", [], "]"]"#, r#"true"#),
        (
            "glob.match",
            r#"["{cat,bat,[fr]at}", [], "rat"]"#,
            r#"true"#,
        ),
        ("glob.match", r#"["{a,{b,c}*}", [], "cx"]"#, r#"true"#),
        ("glob.match", r#"["{,a}b", [], "b"]"#, r#"true"#),
        ("glob.match", r#"["{}b", [], "b"]"#, r#"true"#),
        ("glob.match", r#"["a,b}", [], "a,b}"]"#, r#"true"#),
        ("glob.match", r#"["\\*\\{", [], "*{"]"#, r#"true"#),
        ("glob.match", r#"["a*", ["/"], "a\nb"]"#, r#"true"#),
        ("glob.match", r#"["*", [".", "/"], "a.b"]"#, r#"false"#),
        (
            "glob.match",
            r#"["a*", ["]", "^", "-"], "ab^"]"#,
            r#"false"#,
        ),
        ("glob.match", r#"["ab*ba", [], "aba"]"#, r#"false"#),
        ("glob.match", r#"["[]-a]", [], "^"]"#, r#"true"#),
        ("glob.match", r#"["***", ["/"], "a/b"]"#, r#"true"#),
    ]);
}

#[test]
fn globs_and_delimiters_are_not_mixed_up() {
    answers(&[
        ("glob.match", r#"["/*", ["/"], "/a/b"]"#, r#"false"#),
        ("glob.match", r#"["*", ["/", "/"], "a/b"]"#, r#"false"#),
        ("glob.match", r#"["//*", null, "//a/b"]"#, r#"true"#),
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
            r#"true"#,
        ),
    ]);
}
