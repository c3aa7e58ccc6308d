//! A compiled pattern, and how it takes texts apart: Go's rules for empty matches and templates.

use ::regex::{Captures, RegexBuilder};

use super::re2::{self, Translated};
use crate::builtins::{Budget, Error};
use crate::value::Value;

/// A pattern of RE2's syntax, compiled.
#[derive(Debug)]
pub struct Regex {
    compiled: ::regex::Regex,
    names: Vec<Option<String>>,
    /// Whether the pattern is no text at all.
    empty: bool,
}

/// How many bytes a compiled pattern may have.
const MOST_BYTES: usize = 10 << 20;

/// How deep a pattern may nest: as RE2 bounds it in Go.
const MOST_NESTED: u32 = 1000;

/// What one match costs, whatever its length.
const MATCH: u64 = 8;

// === impl Regex ===

impl Regex {
    /// Compiles a pattern of RE2's syntax.
    pub fn compile(text: &str, budget: &mut Budget) -> Result<Self, Error> {
        let Some(translated) = re2::translate(text) else {
            return Err(refused(text));
        };
        match build(&translated, budget)? {
            Ok(compiled) => Ok(Self {
                compiled,
                names: translated.names,
                empty: text.is_empty(),
            }),
            Err(::regex::Error::CompiledTooBig(_)) => Err(Error::Failed(format!(
                "error parsing regexp: expression too large, use fewer or smaller repetitions: `{text}`"
            ))),
            Err(_) => Err(refused(text)),
        }
    }

    /// Whether `text` is a pattern, of whatever size.
    pub(super) fn is_valid(text: &str, budget: &mut Budget) -> Result<bool, Error> {
        let Some(translated) = re2::translate(text) else {
            return Ok(false);
        };
        let built = build(&translated, budget)?;
        Ok(matches!(
            built,
            Ok(_) | Err(::regex::Error::CompiledTooBig(_))
        ))
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_match(&self, text: &str, budget: &mut Budget) -> Result<bool, Error> {
        budget.step(scan(text))?;
        Ok(self.compiled.is_match(text))
    }

    /// Its first `most` matches in `text`.
    pub(super) fn find(
        &self,
        text: &str,
        most: usize,
        budget: &mut Budget,
    ) -> Result<Vec<Value>, Error> {
        budget.step(scan(text))?;
        let mut all = Vec::new();
        for found in self.compiled.find_iter(text).take(most) {
            charge(budget, found.len())?;
            all.push(Value::from(found.as_str()));
        }
        Ok(all)
    }

    /// Its first `most` matches in `text`, each with what its groups matched.
    pub(super) fn find_groups(
        &self,
        text: &str,
        most: usize,
        budget: &mut Budget,
    ) -> Result<Vec<Value>, Error> {
        budget.step(scan(text))?;
        let mut all = Vec::new();
        for found in self.compiled.captures_iter(text).take(most) {
            let mut groups = Vec::with_capacity(found.len());
            for group in found.iter() {
                let group = group.map_or("", |group| group.as_str());
                charge(budget, group.len())?;
                groups.push(Value::from(group));
            }
            all.push(Value::from(groups));
        }
        Ok(all)
    }

    /// What lies between its matches in `text`.
    pub(super) fn split(&self, text: &str, budget: &mut Budget) -> Result<Vec<Value>, Error> {
        budget.step(scan(text))?;
        if text.is_empty() && !self.empty {
            return Ok(vec![Value::from("")]);
        }
        let (mut parts, mut from, mut end) = (Vec::new(), 0, 0);
        for found in self.compiled.find_iter(text) {
            end = found.start();
            // Nothing is before an empty match at the very beginning.
            if found.end() != 0 {
                charge(budget, end.saturating_sub(from))?;
                parts.push(Value::from(text.get(from..end).unwrap_or_default()));
            }
            from = found.end();
        }
        if end != text.len() {
            charge(budget, text.len().saturating_sub(from))?;
            parts.push(Value::from(text.get(from..).unwrap_or_default()));
        }
        Ok(parts)
    }

    /// `text` with each match replaced by `template`, in which `$1`, `${1}`, `$name` and `${name}` stand for groups.
    pub(super) fn replace(
        &self,
        text: &str,
        template: &str,
        budget: &mut Budget,
    ) -> Result<String, Error> {
        budget.step(scan(text))?;
        let (mut out, mut from) = (String::new(), 0);
        for found in self.compiled.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            let before = out.len();
            out.push_str(text.get(from..whole.start()).unwrap_or_default());
            self.expand(template, &found, &mut out, budget)?;
            charge(budget, out.len() - before)?;
            from = whole.end();
        }
        let rest = text.get(from..).unwrap_or_default();
        charge(budget, rest.len())?;
        out.push_str(rest);
        Ok(out)
    }

    fn expand(
        &self,
        template: &str,
        found: &Captures<'_>,
        out: &mut String,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            budget.step(1)?;
            out.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                let group = self.group(name).and_then(|number| found.get(number));
                let group = group.map_or("", |group| group.as_str());
                budget.build(group.len() as u64)?;
                out.push_str(group);
                rest = after;
            } else {
                out.push('$');
            }
        }
        out.push_str(rest);
        Ok(())
    }

    fn group(&self, name: &str) -> Option<usize> {
        let digits = name.bytes().all(|b| b.is_ascii_digit());
        if digits && (name == "0" || !name.starts_with('0')) {
            return name.parse().ok();
        }
        let named = |own: &Option<String>| own.as_deref() == Some(name);
        self.names.iter().position(named).map(|at| at + 1)
    }
}

/// Compiles what was translated, and charges it: a repeated part costs as often as it is repeated.
fn build(
    translated: &Translated,
    budget: &mut Budget,
) -> Result<Result<::regex::Regex, ::regex::Error>, Error> {
    let size = translated.pattern.len() as u64;
    budget.build(size.saturating_mul(64))?;
    budget.step(size.saturating_mul(u64::from(translated.repeats)))?;
    Ok(RegexBuilder::new(&translated.pattern)
        .size_limit(MOST_BYTES)
        .nest_limit(MOST_NESTED)
        .build())
}

#[cold]
fn refused(text: &str) -> Error {
    Error::Failed(format!(
        "error parsing regexp: not a pattern of RE2's syntax: `{text}`"
    ))
}

/// What it costs to look through `text` once.
fn scan(text: &str) -> u64 {
    1 + text.len() as u64 / 16
}

fn charge(budget: &mut Budget, bytes: usize) -> Result<(), Error> {
    budget.build(bytes as u64)?;
    budget.step(MATCH)
}

/// The name at the head of `text`, as long as it can be, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let body = inner.unwrap_or(text);
    let end = body
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(body.len());
    let (name, after) = body.split_at_checked(end)?;
    let after = if inner.is_some() {
        after.strip_prefix('}')?
    } else {
        after
    };
    (!name.is_empty()).then_some((name, after))
}
