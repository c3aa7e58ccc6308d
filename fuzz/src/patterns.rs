//! Patterns that built-ins match texts with: regular expressions and globs.

use regate_rego::Value;
use regate_rego::builtins::{Caches, Error};

use crate::builtin::{call, texts};

/// Pieces of regular expressions.
pub(crate) const REGEX_PIECES: &[&str] = &[
    "\0",
    "(",
    ")",
    "(?:",
    "(?i)",
    "(?P<n>",
    "(?s-m:",
    "[",
    "]",
    "[^",
    "[[:alpha:]]",
    "a-z",
    "|",
    "*",
    "+",
    "?",
    "*?",
    "{2,3}",
    "{1000}",
    ".",
    "^",
    "$",
    "\\b",
    "\\d",
    "\\W",
    "\\pL",
    "\\p{Greek}",
    "\\x{10FFFF}",
    "\\Q",
    "\\E",
    "\\A",
    "\\z",
    "\\C",
    "\\1",
    "$1",
    "${n}",
    "{",
    "}",
    "é",
    "\u{1f600}",
];

/// Pieces of globs.
pub(crate) const GLOB_PIECES: &[&str] = &[
    "\0",
    "*",
    "**",
    "?",
    "[",
    "]",
    "[!",
    "[a-z]",
    "-",
    "{",
    "}",
    "{a,b}",
    ",",
    "\\",
    ".",
    "/",
    ":",
    "é",
    "\u{1f600}",
];

/// A pattern, a text and a replacement: a pattern is valid where it can be used, and what it matches it finds.
pub fn regex(data: &[u8]) {
    let [pattern, text, other] = texts::<3>(data).map(Value::from);
    let caches = Caches::default();
    let asked = |name: &str, args: &[&Value]| call(&caches, name, args);
    let valid = asked("regex.is_valid", &[&pattern]);
    let matched = asked("regex.match", &[&pattern, &text]);
    match &valid {
        Ok(Value::Bool(false)) => assert!(matched.is_err(), "an invalid pattern matches nothing"),
        Ok(_) => {
            if let Err(Error::Failed(why)) = &matched {
                assert!(why.contains("too large"), "a valid pattern answers: {why}");
            }
        }
        Err(_) => {}
    }
    let found = asked("regex.find_n", &[&pattern, &text, &1_i64.into()]);
    if let (Ok(matched), Ok(found)) = (&matched, found) {
        let any = found != Value::from(Vec::new());
        assert_eq!(*matched, any.into(), "what matches is found");
    }
    let same = asked("regex.replace", &[&text, &pattern, &"${0}".into()]);
    if let Ok(same) = same {
        assert_eq!(same, text, "a match replaced by itself");
    }
    drop(asked("regex.replace", &[&text, &pattern, &other]));
    drop(asked("regex.split", &[&pattern, &text]));
    let all = Value::from(-1_i64);
    drop(asked(
        "regex.find_all_string_submatch_n",
        &[&pattern, &text, &all],
    ));
    drop(asked("regex.globs_match", &[&pattern, &other]));
    let (open, close) = ("{".into(), "}".into());
    drop(asked(
        "regex.template_match",
        &[&pattern, &text, &open, &close],
    ));
}

/// A glob, a text and delimiters: a text with its special characters quoted matches that text.
pub fn glob(data: &[u8]) {
    let [pattern, text, delimiters] = texts::<3>(data);
    let caches = Caches::default();
    let apart: Vec<Value> = delimiters.chars().map(|c| c.to_string().into()).collect();
    let [pattern, text] = [pattern, text].map(Value::from);
    for delimiters in [Value::Null, apart.into()] {
        drop(call(&caches, "glob.match", &[&pattern, &delimiters, &text]));
        let quoted = call(&caches, "glob.quote_meta", &[&text]);
        let Ok(quoted) = quoted else { continue };
        let matched = call(&caches, "glob.match", &[&quoted, &delimiters, &text]);
        assert!(
            matches!(matched, Ok(Value::Bool(true)) | Err(Error::Cancelled)),
            "a quoted text matches itself: {matched:?}"
        );
    }
}
