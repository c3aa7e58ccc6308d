//! Patterns as RE2 reads them, one row each.

use super::*;

fn matches(pattern: &str, text: &str) -> Option<bool> {
    let translated = translate(pattern)?;
    let regex = regex::Regex::new(&translated.pattern);
    Some(regex.expect(&translated.pattern).is_match(text))
}

#[test]
fn patterns_match_as_re2_does() {
    let cases = [
        (r"^\d+$", "٣", false),
        (r"^\d+$", "3", true),
        (r"^\D$", "٣", true),
        (r"^\w+$", "é", false),
        (r"^[\w]+$", "é", false),
        (r"^[^\W]+$", "é", false),
        (r"^[\W]$", "é", true),
        (r"^\s$", "\u{a0}", false),
        (r"^\s$", "\u{b}", false),
        (r"^[\s\d]+$", " 1\t", true),
        (r"^[[:space:]]$", "\u{b}", true),
        (r"\bb", "éb", true),
        (r"é\B", "éb", false),
        (r"a\Bb", "ab", true),
        (r"(?i)^straSSe$", "STRASSE", true),
        (r"(?i)^É$", "é", true),
        (r"(?i)^\w$", "\u{212a}", true),
        (r"^.$", "é", true),
        (r"^\pL\p{Greek}\P{Greek}\p{^Lu}$", "éαbc", true),
        (r"^\p{Letter}$", "é", true),
        (r"\Qa.b*\E*c", "a.b***c", true),
        (r"\Qa.b", "axb", false),
        (r"^\x41\x{1F600}\101\0$", "A😀A\0", true),
        (r"a{,2}", "a{,2}", true),
        (r"^a{02}$", "a{02}", true),
        (r"^x{2,3}?$", "xxx", true),
        (r"^[]a]+$", "]a", true),
        (r"^[a&&b]+$", "&ab", true),
        (r"^[a~~b&&c]+$", "~b", true),
        (r"^[\d-z]+$", "5-z", true),
        (r"^[[a]+$", "[a", true),
        (r"^[[:word:]-]+$", "a-b_", true),
        (r"^[^a]$", "\n", true),
        (r"a$", "a\n", false),
        (r"(?m)a$", "a\nb", true),
        (r"(?s)a.b", "a\nb", true),
        (r"(?s-i:a.b)", "a\nb", true),
        (r"(?P<a>x)(?<b>y)(?:z)", "xyz", true),
        (r"(?P<1>x)", "x", true),
        (r"a # b", "a # b", true),
        (r"}]", "}]", true),
        (r"\-\_\/\ ", "-_/ ", true),
        ("(|a)+b", "b", true),
        ("", "", true),
        ("(?)a", "a", true),
        ("(a{10}){100}", "a", false),
    ];
    for (pattern, text, want) in cases {
        assert_eq!(matches(pattern, text), Some(want), "{pattern} on {text:?}");
    }
}

#[test]
fn patterns_that_re2_refuses_are_refused() {
    let cases = [
        r"(a)\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?<!a)b",
        "(?>a)",
        "(?x)a",
        "(?u)a",
        "a**",
        "a+*",
        "a*??",
        "a{2}{3}",
        "*a",
        "a|*",
        "(*)",
        "a{1001}",
        "a{3,2}",
        "(a{500}){3}",
        "a{99999999999}",
        "[b-a]",
        "[",
        "[a",
        "[]",
        r"[a-\d]",
        "[[:nope:]]",
        r"\C",
        r"\Z",
        r"\h",
        r"\8",
        r"\é",
        r"\",
        r"\x4",
        r"\x{}",
        r"\x{110000}",
        r"[\b]",
        r"[\Qa\E]",
        "(",
        ")",
        "(?P<a>x)(?P<a>y)",
        "(?P<a-b>x)",
        "(?P=a)",
        "(?-)",
        r"\p{Nope}",
        r"\p{Alphabetic}",
        r"\p{sc=Greek}",
        "(?i",
        r"\E",
    ];
    for pattern in cases {
        let got = translate(pattern).map(|translated| translated.pattern);
        assert_eq!(got, None, "{pattern}");
    }
}

#[test]
fn quoted_text_matches_itself() {
    let text = r"a.b*[c]{d}\e é^$|()+?-_/ <>";
    assert_eq!(matches(&format!("^{}$", quote(text)), text), Some(true));
}
