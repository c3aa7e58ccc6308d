//! Answers of OPA, one row a call.

use crate::builtins::calls::answers;

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
        ("regex.find_n", r#"["o", "foo", 0]"#, r#"[]"#),
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
        ("regex.split", r#"["", ""]"#, r#"[]"#),
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
        ("regex.match", r#"["^\\d$", "٣"]"#, r#"false"#),
        ("regex.match", r#"["(?i)k", "K"]"#, r#"true"#),
        ("regex.match", r#"["(?i)s", "ſ"]"#, r#"true"#),
        ("regex.match", r#"["\\bé", "é"]"#, r#"false"#),
        ("regex.match", r#"["a$", "a\n"]"#, r#"false"#),
        ("regex.match", r#"["(?m)a$", "a\n"]"#, r#"true"#),
        ("regex.match", r#"["^.$", "\n"]"#, r#"false"#),
        ("regex.match", r#"["(?s)^.$", "\n"]"#, r#"true"#),
        ("regex.match", r#"["[[:word:]]", "é"]"#, r#"false"#),
        ("regex.match", r#"["\\pN", "٣"]"#, r#"true"#),
        ("re_match", r#"["a.c", "abc"]"#, r#"true"#),
        ("regex.is_valid", r#"["a{1000}"]"#, r#"true"#),
        ("regex.is_valid", r#"["a{1001}"]"#, r#"false"#),
        ("regex.is_valid", r#"["(?=a)"]"#, r#"false"#),
        ("regex.is_valid", r#"["(a)\\1"]"#, r#"false"#),
        ("regex.is_valid", r#"["\\C"]"#, r#"false"#),
        ("regex.is_valid", r#"["(?P<n>a)(?P<n>b)"]"#, r#"true"#),
        ("regex.is_valid", r#"["a**"]"#, r#"false"#),
        ("regex.is_valid", r#"["(?i)a"]"#, r#"true"#),
        ("regex.is_valid", r#"[1]"#, r#"false"#),
        ("regex.is_valid", r#"["\\p{Greek}"]"#, r#"true"#),
        ("regex.is_valid", r#"["\\p{Alphabetic}"]"#, r#"false"#),
    ]);
}

#[test]
fn templates_match_whole_texts() {
    answers(&[
        (
            "regex.template_match",
            r#"["urn:foo:{.*}", "urn:foo:bar:baz", "{", "}"]"#,
            r#"true"#,
        ),
        (
            "regex.template_match",
            r#"["a.<[0-9]{2,3}>", "axx12", "<", ">"]"#,
            r#"false"#,
        ),
        (
            "regex.template_match",
            r#"["a.<[0-9]{2,3}>", "a.12", "<", ">"]"#,
            r#"true"#,
        ),
        (
            "regex.template_match",
            r#"["<a|b>c", "ac", "<", ">"]"#,
            r#"true"#,
        ),
        (
            "regex.template_match",
            r#"["<<a>>", "<a>", "<", ">"]"#,
            r#"true"#,
        ),
    ]);
}

#[test]
fn globs_meet_as_opa_says() {
    answers(&[
        (
            "regex.globs_match",
            r#"["a.a.[0-9]+z", "b.b.b2"]"#,
            r#"false"#,
        ),
        ("regex.globs_match", r#"["[a-z]+", "[0-9]*"]"#, r#"false"#),
        ("regex.globs_match", r#"["a*", "a*b"]"#, r#"false"#),
        ("regex.globs_match", r#"["a+", "b*a"]"#, r#"false"#),
        ("regex.globs_match", r#"[".*b", "a+b"]"#, r#"true"#),
        ("regex.globs_match", r#"["[ab]+", "[ba]*"]"#, r#"true"#),
        ("regex.globs_match", r#"["", "a*"]"#, r#"false"#),
        ("regex.globs_match", r#"["\\.", "."]"#, r#"true"#),
        ("regex.globs_match", r#"["a*b*", "b+a+"]"#, r#"false"#),
        ("regex.globs_match", r#"["a.c*d", ".[bc]cd"]"#, r#"true"#),
        ("regex.globs_match", r#"["", ""]"#, r#"true"#),
    ]);
}
