//! `glob.match` and `glob.quote_meta`: globs for names with delimiters.
//!
//! `*` and `?` stop at delimiters, `**` does not, `[a-c]`, `[abc]` and `[!abc]` are one character, and
//! `{a,b}` is one of several globs. A glob becomes a regular expression, which is compiled once.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use ::regex::RegexBuilder;

use super::declare::{boolean, named, string, takes};
use super::operand;
use super::{Budget, Builtin, Context, Error, Ready};
use crate::types::Type;
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "glob.match",
        "Says whether a glob matches a text as a whole. `regex.globs_match` is something else.",
        is_match,
    )
    .declared(|| {
        let delimiters = Type::one_of([Type::Null, Type::array(Type::String)]);
        takes([
            string("pattern", "the glob"),
            named(
                "delimiters",
                delimiters,
                "the characters that `*` stops at: `[\".\"]` where the array is empty, none for `null`",
            ),
            string("match", "the text to match"),
        ])
        .gives(boolean("result", "whether it matches"))
    })
    .prepares(prepare),
    Builtin::new(
        "glob.quote_meta",
        "Escapes what has a meaning in a glob.",
        quote_meta,
    )
    .declared(|| {
        takes([string("pattern", "the text")])
            .gives(string("output", "the glob that matches just this text"))
    }),
];

/// What a glob itself uses.
const SPECIAL: [char; 7] = ['*', '?', '\\', '[', ']', '{', '}'];

/// How many bytes a compiled glob may have.
const MOST_BYTES: usize = 4 << 20;

fn is_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let glob = operand::string(args, 0)?;
    let delimiters = delimiters(operand::value(args, 1)?)?;
    let text = operand::string(args, 2)?;
    let compiled = context.caches.glob(glob, &delimiters, context.budget)?;
    context.budget.step(1 + text.len() as u64 / 16)?;
    Ok(Value::from(compiled.is_match(text)))
}

fn quote_meta(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let text = operand::string(args, 0)?;
    context.budget.build(text.len() as u64 * 2)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if SPECIAL.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(Value::from(out))
}

fn prepare(ready: &mut Ready, args: &[Option<&Value>]) {
    if let [Some(Value::String(glob)), Some(list), _] = args
        && let Ok(delimiters) = delimiters(list)
    {
        ready.glob(glob, &delimiters);
    }
}

fn delimiters(value: &Value) -> Result<Vec<char>, Error> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if list.is_empty() => return Ok(vec!['.']),
        Value::Array(list) => list,
        other => return Err(operand::mismatch(1, other, &["array", "null"])),
    };
    let single = |item: &Value| {
        let Value::String(text) = item else {
            return Err(operand::element_mismatch(1, value, item, &["string"]));
        };
        let mut chars = text.chars();
        let first = chars.next().filter(|_| chars.next().is_none());
        first.ok_or_else(|| {
            operand::wrong(1, "must be an array of characters, each a string of one")
        })
    };
    list.iter().map(single).collect()
}

/// What a glob with its delimiters is kept under: the number keeps a delimiter from being taken for a part of the
/// glob.
pub(super) fn key(glob: &str, delimiters: &[char]) -> String {
    let mut key: String = delimiters.iter().collect();
    let bytes = key.len();
    // Writing to a string does not fail.
    let _ = write!(key, "{glob}\0{bytes}");
    key
}

/// Compiles a glob.
pub(super) fn compile(
    glob: &str,
    delimiters: &[char],
    budget: &mut Budget,
) -> Result<::regex::Regex, Error> {
    budget.build((glob.len() as u64).saturating_mul(64 + delimiters.len() as u64 * 8))?;
    let pattern = translate(glob, delimiters).ok_or_else(|| {
        Error::Failed(format!(
            "glob: syntax error: an unclosed or malformed `[`, `{{` or `\\` in `{glob}`"
        ))
    })?;
    RegexBuilder::new(&pattern)
        .size_limit(MOST_BYTES)
        .build()
        .map_err(|_| Error::Failed("glob: too large or nested too deep: shorten it".to_owned()))
}

fn translate(glob: &str, delimiters: &[char]) -> Option<String> {
    let mut one = String::new();
    for &c in delimiters {
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
mod tests;
