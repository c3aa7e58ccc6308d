//! `regex.*`: patterns as RE2 reads them, texts and templates as Go treats them.

mod compiled;
mod intersection;
mod re2;
mod template;

pub use compiled::Regex;

use super::declare::{boolean, named, number, string, takes, unnamed};
use super::operand;
use super::{Budget, Builtin, Context, Error, Ready};
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
    })
    .prepares(|ready, args| prepare(ready, args, 0)),
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
    })
    .prepares(|ready, args| prepare(ready, args, 0)),
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
    })
    .prepares(|ready, args| prepare(ready, args, 0)),
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
    })
    .prepares(|ready, args| prepare(ready, args, 1)),
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
    })
    .prepares(|ready, args| prepare(ready, args, 0)),
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
    })
    .prepares(prepare_template),
    Builtin::new("re_match", "The old name of `regex.match`.", is_match)
        .declared(|| takes([unnamed(Type::String), unnamed(Type::String)]).gives(Type::Boolean))
        .deprecated()
    .prepares(|ready, args| prepare(ready, args, 0)),
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
    let template = (&**template, start, end);
    let pattern = context.caches.template(template, context.budget)?;
    Ok(Value::from(pattern.is_match(text, context.budget)?))
}

fn globs_match(context: &mut Context<'_>, args: &[&Value]) -> Result<Value, Error> {
    let (one, other) = (operand::string(args, 0)?, operand::string(args, 1)?);
    let answer = intersection::non_empty(one, other, context.budget)?;
    Ok(Value::from(answer))
}

/// What a template is kept under with its delimiters.
pub(super) fn template_key(template: &str, start: u8, end: u8) -> String {
    format!("{template}\0{start} {end}")
}

/// The pattern that matches what a template does.
pub(super) fn compile_template(
    template: &str,
    start: u8,
    end: u8,
    budget: &mut Budget,
) -> Result<Regex, Error> {
    let pattern = template::pattern(template, start, end, budget)?;
    Regex::compile(&pattern, budget)
}

fn prepare(ready: &mut Ready, args: &[Option<&Value>], at: usize) {
    if let Some(Some(Value::String(pattern))) = args.get(at) {
        ready.regex(pattern);
    }
}

fn prepare_template(ready: &mut Ready, args: &[Option<&Value>]) {
    if let [
        Some(Value::String(template)),
        _,
        Some(Value::String(start)),
        Some(Value::String(end)),
    ] = args
        && let (&[start], &[end]) = (start.as_bytes(), end.as_bytes())
    {
        ready.template(template, start, end);
    }
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
