//! `glob.match` and `glob.quote_meta`: globs for names with delimiters, as Rego has them.
//!
//! `*` and `?` stop at delimiters, `**` does not, `[a-c]`, `[abc]` and `[!abc]` are one character, and
//! `{a,b}` is one of several globs. A glob becomes a pattern, which is compiled once per thread.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::rc::Rc;
use std::str::Chars;

use regex::Regex;

use super::cache::Cache;
use regorus::Value;

/// What a glob itself uses.
const SPECIAL: [char; 7] = ['*', '?', '\\', '[', ']', '{', '}'];

thread_local! {
    /// Globs by their delimiters and text, `None` for one that does not compile.
    static GLOBS: RefCell<Cache<Option<Rc<Regex>>>> = RefCell::new(Cache::new());
}

/// `glob.match(pattern, delimiters, match)`.
pub(super) fn is_match(arguments: &[Value]) -> Option<Value> {
    let [Value::String(glob), delimiters, Value::String(text)] = arguments else {
        return None;
    };
    let mut key = match delimiters {
        Value::Null => String::new(),
        Value::Array(list) if list.is_empty() => ".".to_owned(),
        Value::Array(list) => list.iter().map(delimiter).collect::<Option<String>>()?,
        _ => return None,
    };
    let delimiters = key.len();
    key.push_str(glob);
    // The number keeps a delimiter from being taken for a part of the glob.
    let _ = write!(key, "\0{delimiters}");
    let regex = GLOBS.with_borrow_mut(|globs| {
        globs.get(&key, || {
            let pattern = translate(glob, key.get(..delimiters)?)?;
            Regex::new(&pattern).ok().map(Rc::new)
        })
    })?;
    Some(Value::Bool(regex.is_match(text)))
}

/// `glob.quote_meta(pattern)`: a glob that matches just this text.
pub(super) fn quote_meta(arguments: &[Value]) -> Option<Value> {
    let [Value::String(text)] = arguments else {
        return None;
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if SPECIAL.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    Some(Value::from(out))
}

fn delimiter(value: &Value) -> Option<char> {
    let Value::String(text) = value else {
        return None;
    };
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn translate(glob: &str, delimiters: &str) -> Option<String> {
    let mut one = String::new();
    for c in delimiters.chars() {
        literal(&mut one, c);
    }
    let one = if one.is_empty() {
        ".".to_owned()
    } else {
        format!("[^{one}]")
    };
    let mut out = r"(?s)\A(?:".to_owned();
    let mut groups = 0_u32;
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => out.push_str(".*"),
            '*' => out.extend([one.as_str(), "*"]),
            '?' => out.push_str(&one),
            '[' => class(&mut rest, &mut out)?,
            '{' => {
                groups += 1;
                out.push_str("(?:");
            }
            ',' if groups > 0 => out.push('|'),
            '}' if groups > 0 => {
                groups -= 1;
                out.push(')');
            }
            '\\' => literal(&mut out, rest.next()?),
            c => literal(&mut out, c),
        }
    }
    out.push_str(r")\z");
    (groups == 0).then_some(out)
}

/// One range, or a list in which only `\` and `]` are special.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'!').is_some() {
        out.push('^');
    }
    let mut ahead = rest.clone();
    let low = ahead.next()?;
    if ahead.next() == Some('-') {
        let high = ahead.next()?;
        if ahead.next()? != ']' || high < low {
            return None;
        }
        literal(out, low);
        out.push('-');
        literal(out, high);
        *rest = ahead;
    } else {
        if low == ']' {
            return None;
        }
        loop {
            match rest.next()? {
                ']' => break,
                '\\' => literal(out, rest.next()?),
                c => literal(out, c),
            }
        }
    }
    out.push(']');
    Some(())
}

fn literal(out: &mut String, c: char) {
    if c.is_alphanumeric() {
        out.push(c);
    } else {
        // Writing to a string does not fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, delimiters: &str, text: &str) -> Option<bool> {
        let delimiters = Value::from_json_str(delimiters).expect("JSON");
        let answer = is_match(&[Value::from(glob), delimiters, Value::from(text)])?;
        answer.as_bool().ok().copied()
    }

    #[test]
    fn globs_match_as_rego_has_them() {
        let cases = [
            ("/a/*", r#"["/"]"#, "/a/b", true),
            ("/a/*", r#"["/"]"#, "/a/b/c", false),
            ("/a/*", r#"["/"]"#, "/a/", true),
            ("/a**", r#"["/"]"#, "/a/b/c", true),
            ("a**b", r#"["/"]"#, "a/x/b", true),
            ("/a/**/c", r#"["/"]"#, "/a/c", false),
            ("**/b", r#"["/"]"#, "b", false),
            ("*.github.com", "[]", "api.github.com", true),
            ("*.github.com", "[]", "api.cdn.github.com", false),
            ("*.github.com", "null", "api.cdn.github.com", true),
            ("*:x", r#"[":"]"#, "a.b:x", true),
            ("a?c", r#"["/"]"#, "a/c", false),
            ("a?c", r#"["/"]"#, "aéc", true),
            ("[a-c]at", "[]", "bat", true),
            ("[!a-c]at", "[]", "bat", false),
            ("[!a-c]at", "[]", ".at", true),
            ("[abc-]", "[]", "-", true),
            (r"[\]a]", "[]", "]", true),
            ("{cat,bat,[fr]at}", "[]", "rat", true),
            ("{a,{b,c}*}", "[]", "cx", true),
            ("{,a}b", "[]", "b", true),
            ("a,b}", "[]", "a,b}", true),
            (r"\*\{", "[]", "*{", true),
            ("a*", r#"["/"]"#, "a\nb", true),
            ("a.b", "[]", "axb", false),
            ("", "[]", "", true),
            ("*", r#"["/", "."]"#, "a.b", false),
            ("a*", r#"["]", "^", "-"]"#, "ab^", false),
        ];
        for (glob, delimiters, text, want) in cases {
            let got = matches(glob, delimiters, text);
            assert_eq!(got, Some(want), "{glob} {delimiters} {text:?}");
        }
    }

    #[test]
    fn what_is_no_glob_has_no_answer() {
        for glob in ["{a", "[a", "[]", "[c-a]", "[a-", "[a-cd]", "a\\", "[!"] {
            assert_eq!(matches(glob, "[]", "a"), None, "{glob}");
        }
        for delimiters in [r#"["ab"]"#, r#"[""]"#, "[1]", r#"".""#] {
            assert_eq!(matches("a", delimiters, "a"), None, "{delimiters}");
        }
    }

    #[test]
    fn a_glob_and_its_delimiters_are_not_mixed_up() {
        assert_eq!(matches("/*", r#"["/"]"#, "/a/b"), Some(false));
        assert_eq!(matches("*", r#"["/", "/"]"#, "a/b"), Some(false));
        assert_eq!(matches("//*", "null", "//a/b"), Some(true));
    }

    #[test]
    fn quoted_text_matches_itself() {
        let text = r"*?\[]{}a,!-";
        let quoted = quote_meta(&[Value::from(text)]).expect("text");
        let quoted = quoted.as_string().expect("text");
        assert_eq!(matches(quoted, "[]", text), Some(true));
    }
}
