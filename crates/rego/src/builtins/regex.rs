//! `regex.*`: patterns as RE2 reads them, texts and templates as Go treats them.

mod compiled;
mod intersection;
mod re2;
mod template;

pub use compiled::Regex;

use super::declare::{boolean, named, number, string, takes, unnamed};
use super::operand;
use super::{Builtin, Context, Error};
use crate::types::Type;
use crate::value::Value;

/// The family's functions.
pub(super) static TABLE: &[Builtin] = &[
    Builtin::new(
        "regex.find_all_string_submatch_n",
        "Gives the first matches of a pattern, each with what its groups matched.",
        find_groups,
    )
    .declared(|| {
        let rows = Type::array(Type::array(Type::String));
        takes([
            string("pattern", "the regular expression"),
            string("value", "the text to look through"),
            number("number", "how many matches to give; -1 for all"),
        ])
        .gives(named("output", rows, "the matches, one array each"))
    }),
    Builtin::new(
        "regex.find_n",
        "Gives the first matches of a pattern.",
        find,
    )
    .declared(|| {
        takes([
            string("pattern", "the regular expression"),
            string("value", "the text to look through"),
            number("number", "how many matches to give; -1 for all"),
        ])
        .gives(named("output", Type::array(Type::String), "the matches"))
    }),
    Builtin::new(
        "regex.globs_match",
        "Says whether two globs, written with `.`, `*`, `+` and `[]` as in regular expressions, match a common text.",
        globs_match,
    )
    .declared(|| {
        takes([string("glob1", "one glob"), string("glob2", "the other glob")])
            .gives(boolean("result", "whether there is such a text"))
    }),
    Builtin::new(
        "regex.is_valid",
        "Says whether a text is a regular expression of RE2's syntax.",
        is_valid,
    )
    .declared(|| {
        takes([string("pattern", "the text")])
            .gives(boolean("result", "whether it is a regular expression"))
    }),
    Builtin::new(
        "regex.match",
        "Says whether a regular expression matches somewhere in a text.",
        is_match,
    )
    .declared(|| {
        takes([
            string("pattern", "the regular expression"),
            string("value", "the text to look through"),
        ])
        .gives(boolean("result", "whether it matches"))
    }),
    Builtin::new(
        "regex.replace",
        "Replaces each match of a regular expression in a text.",
        replace,
    )
    .declared(|| {
        takes([
            string("s", "the text"),
            string("pattern", "the regular expression"),
            string("value", "what stands for a match; `$1` and `${name}` are its groups"),
        ])
        .gives(string("output", "the new text"))
    }),
    Builtin::new(
        "regex.split",
        "Splits a text where a regular expression matches.",
        split,
    )
    .declared(|| {
        takes([
            string("pattern", "the regular expression"),
            string("value", "the text to split"),
        ])
        .gives(named("output", Type::array(Type::String), "the parts"))
    }),
    Builtin::new(
        "regex.template_match",
        "Says whether a text matches a template: text with regular expressions between delimiters.",
        template_match,
    )
    .declared(|| {
        takes([
            string("template", "the template"),
            string("value", "the text to match"),
            string("delimiter_start", "the character before a regular expression"),
            string("delimiter_end", "the character after a regular expression"),
        ])
        .gives(boolean("result", "whether it matches"))
    }),
    Builtin::new("re_match", "The old name of `regex.match`.", is_match)
        .declared(|| takes([unnamed(Type::String), unnamed(Type::String)]).gives(Type::Boolean))
        .deprecated(),
];

fn is_valid(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    match operand::string(args, 0) {
        Ok(pattern) => Ok(Value::from(Regex::is_valid(pattern, context.budget)?)),
        Err(_) => Ok(Value::from(false)),
    }
}

fn is_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (pattern, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let pattern = context.caches.regex(pattern, context.budget)?;
    Ok(Value::from(pattern.is_match(text, context.budget)?))
}

fn find(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (pattern, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let most = most(args)?;
    let pattern = context.caches.regex(pattern, context.budget)?;
    Ok(Value::from(pattern.find(text, most, context.budget)?))
}

fn find_groups(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (pattern, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let most = most(args)?;
    let pattern = context.caches.regex(pattern, context.budget)?;
    let groups = pattern.find_groups(text, most, context.budget)?;
    Ok(Value::from(groups))
}

fn split(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (pattern, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let pattern = context.caches.regex(pattern, context.budget)?;
    Ok(Value::from(pattern.split(text, context.budget)?))
}

fn replace(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (text, pattern) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let template = operand::string(args, 2)?;
    let pattern = context.caches.regex(pattern, context.budget)?;
    let replaced = pattern.replace(text, template, context.budget)?;
    Ok(Value::from(replaced))
}

fn template_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (template, text) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let (start, end) = (operand::string(args, 2)?, operand::string(args, 3)?);
    let start = delimiter("start", start)?;
    let end = delimiter("end", end)?;
    let pattern = template::pattern(template, start, end, context.budget)?;
    let pattern = context.caches.regex(&pattern, context.budget)?;
    Ok(Value::from(pattern.is_match(text, context.budget)?))
}

fn globs_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (one, other) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let answer = intersection::non_empty(one, other, context.budget)?;
    Ok(Value::from(answer))
}

/// How many matches are asked for; less than nothing stands for all.
fn most(args: &[&Value]) -> Result<usize, Error> {
    Ok(usize::try_from(operand::int(args, 2)?).unwrap_or(usize::MAX))
}

fn delimiter(which: &str, text: &str) -> Result<u8, Error> {
    match text.as_bytes() {
        &[one] => Ok(one),
        bytes => Err(Error::Failed(format!(
            "{which} delimiter has to be exactly one character long but is {} long",
            bytes.len()
        ))),
    }
}

#[cfg(test)]
mod tests;
