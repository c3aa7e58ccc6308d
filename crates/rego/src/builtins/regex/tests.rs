//! Answers of OPA, one row a call.

use crate::builtins::calls::{answers, call};
use crate::value::Value;

#[test]
fn texts_are_taken_apart_as_go_does() {
    answers(&[
        (
            "regex.find_n",
            r#"["o.", "foo bob", -1]"#,
            r#"["oo", "ob"]"#,
        ),
        ("regex.find_n", r#"["o*", "foo", -1]"#, r#"["", "oo"]"#),
        ("regex.find_n", r#"["o", "foo", 1]"#, r#"["o"]"#),
        ("regex.find_n", r#"["o", "foo", 0]"#, "[]"),
        ("regex.find_n", r#"["a|ab", "ab", -1]"#, r#"["a"]"#),
        (
            "regex.find_n",
            r#"["(?U)a+", "aaa", -1]"#,
            r#"["a", "a", "a"]"#,
        ),
        ("regex.find_n", r#"["", "é", -1]"#, r#"["", ""]"#),
        ("regex.find_n", r#"["x*", "éx", 2]"#, r#"["", "x"]"#),
        (
            "regex.find_all_string_submatch_n",
            r#"["a(x*)(y)?", "-axx-", -1]"#,
            r#"[["axx", "xx", ""]]"#,
        ),
        (
            "regex.find_all_string_submatch_n",
            r#"["(a)|(b)", "ab", -1]"#,
            r#"[["a", "a", ""], ["b", "", "b"]]"#,
        ),
        (
            "regex.find_all_string_submatch_n",
            r#"["a*", "baa", -1]"#,
            r#"[[""], ["aa"]]"#,
        ),
        ("regex.split", r#"["a", ""]"#, r#"[""]"#),
        ("regex.split", r#"["", ""]"#, "[]"),
        ("regex.split", r#"["", "abc"]"#, r#"["a", "b", "c"]"#),
        ("regex.split", r#"["a", "abaca"]"#, r#"["", "b", "c", ""]"#),
        ("regex.split", r#"["/+", "/a//b"]"#, r#"["", "a", "b"]"#),
        ("regex.split", r#"["b*", "abc"]"#, r#"["a", "c"]"#),
        ("regex.split", r#"["$", "ab"]"#, r#"["ab"]"#),
    ]);
}

#[test]
fn templates_name_groups_as_go_does() {
    answers(&[
        (
            "regex.replace",
            r#"["-ab-axxb-", "a(x*)b", "${1}W"]"#,
            r#""-W-xxW-""#,
        ),
        (
            "regex.replace",
            r#"["-ab-axxb-", "a(x*)b", "$1W"]"#,
            r#""---""#,
        ),
        (
            "regex.replace",
            r#"["ab", "(?P<n>a)", "$$$n.$0 ${n $"]"#,
            r#""$a.a ${n $b""#,
        ),
        ("regex.replace", r#"["abc", "", "-"]"#, r#""-a-b-c-""#),
        (
            "regex.replace",
            r#"["ab", "(?<n>a)", "${n}x$nx"]"#,
            r#""axb""#,
        ),
        ("regex.replace", r#"["foo", "^[a-z]", "F"]"#, r#""Foo""#),
        ("regex.replace", r#"["aé", "é", "$9"]"#, r#""a""#),
        ("regex.replace", r#"["a", "(a)", "$01"]"#, r#""""#),
        ("regex.replace", r#"["a", "(a)", "${1"]"#, r#""${1""#),
        ("regex.replace", r#"["aaa", "a*?", "x"]"#, r#""xaxaxax""#),
        (
            "regex.replace",
            r#"["b", "(?P<n>a)|(?P<n>b)", "<$n>"]"#,
            r#""<b>""#,
        ),
    ]);
}

#[test]
fn patterns_match_as_in_re2() {
    answers(&[
        ("regex.match", r#"["^\\d$", "٣"]"#, "false"),
        ("regex.match", r#"["(?i)k", "\u212a"]"#, "true"),
        ("regex.match", r#"["(?i)s", "ſ"]"#, "true"),
        ("regex.match", r#"["\\bé", "é"]"#, "false"),
        ("regex.match", r#"["a$", "a\n"]"#, "false"),
        ("regex.match", r#"["(?m)a$", "a\n"]"#, "true"),
        ("regex.match", r#"["^.$", "\n"]"#, "false"),
        ("regex.match", r#"["(?s)^.$", "\n"]"#, "true"),
        ("regex.match", r#"["[[:word:]]", "é"]"#, "false"),
        ("regex.match", r#"["\\pN", "٣"]"#, "true"),
        ("re_match", r#"["a.c", "abc"]"#, "true"),
        ("regex.is_valid", r#"["a{1000}"]"#, "true"),
        ("regex.is_valid", r#"["a{1001}"]"#, "false"),
        ("regex.is_valid", r#"["(?=a)"]"#, "false"),
        ("regex.is_valid", r#"["(a)\\1"]"#, "false"),
        ("regex.is_valid", r#"["\\C"]"#, "false"),
        ("regex.is_valid", r#"["(?P<n>a)(?P<n>b)"]"#, "true"),
        ("regex.is_valid", r#"["a**"]"#, "false"),
        ("regex.is_valid", r#"["(?i)a"]"#, "true"),
        ("regex.is_valid", "[1]", "false"),
        ("regex.is_valid", r#"["\\p{Greek}"]"#, "true"),
        ("regex.is_valid", r#"["\\p{Alphabetic}"]"#, "false"),
    ]);
}

#[test]
fn templates_match_whole_texts() {
    answers(&[
        (
            "regex.template_match",
            r#"["urn:foo:{.*}", "urn:foo:bar:baz", "{", "}"]"#,
            "true",
        ),
        (
            "regex.template_match",
            r#"["a.<[0-9]{2,3}>", "axx12", "<", ">"]"#,
            "false",
        ),
        (
            "regex.template_match",
            r#"["a.<[0-9]{2,3}>", "a.12", "<", ">"]"#,
            "true",
        ),
        (
            "regex.template_match",
            r#"["<a|b>c", "ac", "<", ">"]"#,
            "true",
        ),
        (
            "regex.template_match",
            r#"["<<a>>", "<a>", "<", ">"]"#,
            "true",
        ),
    ]);
}

#[test]
fn globs_meet_as_opa_says() {
    answers(&[
        ("regex.globs_match", r#"["a.a.[0-9]+z", "b.b.b2"]"#, "false"),
        ("regex.globs_match", r#"["[a-z]+", "[0-9]*"]"#, "false"),
        ("regex.globs_match", r#"["a*", "a*b"]"#, "false"),
        ("regex.globs_match", r#"["a+", "b*a"]"#, "false"),
        ("regex.globs_match", r#"[".*b", "a+b"]"#, "true"),
        ("regex.globs_match", r#"["[ab]+", "[ba]*"]"#, "true"),
        ("regex.globs_match", r#"["", "a*"]"#, "false"),
        ("regex.globs_match", r#"["\\.", "."]"#, "true"),
        ("regex.globs_match", r#"["a*b*", "b+a+"]"#, "false"),
        ("regex.globs_match", r#"["a.c*d", ".[bc]cd"]"#, "true"),
        ("regex.globs_match", r#"["", ""]"#, "true"),
    ]);
}

#[test]
fn patterns_nest_only_so_deep() {
    let nested = |depth: usize| format!(r#"["{}{}"]"#, "(".repeat(depth), ")".repeat(depth));
    for (depth, want) in [(249, true), (1001, false), (100_000, false)] {
        let got = call("regex.is_valid", &nested(depth));
        assert_eq!(got, Ok(Value::from(want)), "{depth}");
    }
}

#[test]
fn a_pattern_too_large_to_compile_is_valid_but_fails() {
    let args = r#"["(\\pL{100}){10}", "a"]"#;
    assert!(call("regex.match", args).is_err());
    answers(&[("regex.is_valid", r#"["(\\pL{100}){10}"]"#, "true")]);
}
